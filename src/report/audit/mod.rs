//! What `qli audit` prints for people. Nothing in a record can be trusted: it is
//! made visible before it is printed.

mod cells;
mod list;
mod show;
mod verify;

pub use list::RunTable;
pub use show::{candidates, record_line, show};
pub use verify::{LIMITS, problem, verdict};

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::Style;
use super::style::wrapped;

/// How many digits of a hash are printed.
const DIGITS: usize = 12;

/// Indents a line, and wraps it on a narrower terminal with a deeper indent.
fn fitted(indent: usize, line: &str, style: &Style) -> String {
    if !style.terminal {
        return format!("{:indent$}{line}\n", "");
    }
    let lines = wrapped(line, style.width.saturating_sub(indent + 2));
    format!(
        "{:indent$}{}\n",
        "",
        lines.join(&format!("\n{:1$}", "", indent + 2))
    )
}

/// Shortens a text that is too wide.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut left = width.saturating_sub(1);
    for c in text.chars() {
        let columns = c.width().unwrap_or(0);
        if columns > left {
            break;
        }
        left -= columns;
        out.push(c);
    }
    out + "\u{2026}"
}
