//! Diagnostics on one line each, for editors, `grep` and people in a hurry.

use super::style::put;
use crate::diagnostics::{Diagnostic, Place};
use crate::names::visible;

/// Writes `path:line:column: severity[code] message`, a line a problem; without
/// line and column what is about a path.
pub fn concise<'a>(list: impl IntoIterator<Item = &'a Diagnostic>) -> String {
    let mut out = String::new();
    for one in list {
        let place = match &one.place {
            Place::Text { source, span } => {
                let at = source.position(span.start);
                format!(":{}:{}", at.line, at.column)
            }
            Place::Path(_) => String::new(),
        };
        put(
            &mut out,
            format_args!(
                "{}{place}: {}[{}] {}\n",
                visible(one.path()),
                one.severity.as_str(),
                one.code.number(),
                visible(&one.message)
            ),
        );
    }
    out
}
