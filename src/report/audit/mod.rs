//! What `qli audit` shows people. Everything in a record is a stranger's text:
//! it is made visible before it is shown.

mod cells;
mod list;
mod show;
mod verify;

pub use list::RunTable;
pub use show::{candidates, record_line, show};
pub(in crate::report) use verify::message;
pub use verify::{LIMITS, problem, verdict};

use super::Style;
use super::style::wrapped;

/// How many digits of a hash or an id people are shown.
const DIGITS: usize = 12;

/// Writes an indented line, or several where a terminal is narrower; what goes
/// on is indented further.
fn fitted(indent: usize, line: &str, style: &Style) -> String {
    let further = format!("\n{:1$}", "", indent + 2);
    let room = style.width.saturating_sub(indent + 2);
    let lines = if style.terminal {
        wrapped(line, room).join(&further)
    } else {
        line.to_owned()
    };
    format!("{:indent$}{lines}\n", "")
}

/// Shortens a hash.
fn short(hash: crate::names::Sha256) -> String {
    let mut text = hash.to_string();
    text.truncate(DIGITS);
    text
}

/// Cuts RFC 3339 to the seconds, which are what people look for.
fn seconds(time: &str) -> String {
    let time = crate::names::visible(time);
    let shown = time.get(..19).unwrap_or(&time);
    shown.replacen('T', " ", 1)
}
