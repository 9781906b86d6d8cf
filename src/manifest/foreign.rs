//! Spellings of other tools: names of providers, and references.

use std::ops::Range;

use super::findings::Findings;
use crate::diagnostics::{Code, nearest, quoted};
use crate::providers::Provider;

/// Reports the name of a provider that is not known.
pub(super) fn unknown_provider(written: &str, span: Range<usize>, found: &mut Findings<'_>) {
    let message = format!("unknown provider {}", quoted(written));
    let mut names: Vec<&str> = Provider::built_in().collect();
    names.extend(found.providers.keys().map(String::as_str));
    let help = match nearest(written, names) {
        Some(close) => format!("did you mean `{close}`?"),
        None => "`qli help secrets` lists the built-in providers; others need a table \
            `[providers.NAME]`"
            .to_owned(),
    };
    found.wrong(Code::UnknownProvider, span, message, help);
}
