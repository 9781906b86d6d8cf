//! Diagnostics on one line each, for editors and `grep`.

use super::style::put;
use crate::diagnostics::{Diagnostic, Location};
use crate::names::{visible, visible_path};

/// Writes `path:line:column: severity[code]: message`, one line per problem; without
/// line and column for a path. A policy's rule follows the message.
pub fn concise<'a>(list: impl IntoIterator<Item = &'a Diagnostic>) -> String {
    let mut out = String::new();
    for one in list {
        let location = match &one.location {
            Location::Text { source, span } => {
                let at = source.position(span.start);
                format!(":{}:{}", at.line, at.column)
            }
            Location::Path(_) => String::new(),
        };
        let rule = one.policy.as_ref();
        let rule = rule.map(|rule| format!(" ({})", rule.shown()));
        put!(
            out,
            "{}{location}: {}[{}]: {}{}\n",
            visible_path(one.path()),
            one.severity.as_str(),
            one.code.number(),
            visible(&one.message),
            rule.unwrap_or_default()
        );
    }
    out
}
