//! What a line was meant to say: written in the way of another language, or
//! without its quotation marks.

use super::super::known::{Wanted, example, wanted};
use super::super::quoted;
use crate::names::looks_secret;

/// Takes a line apart as its writer meant it: `export A=b`, `a: b`, `a "b"`.
pub(super) fn name_and_value(line: &str) -> (&str, &str) {
    let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
    let is_name = |c: char| c.is_alphanumeric() || "_-.\"'".contains(c);
    let end = line.find(|c| !is_name(c)).unwrap_or(line.len());
    let (name, rest) = line.split_at_checked(end).unwrap_or((line, ""));
    let value = rest
        .trim_start()
        .trim_start_matches(['=', ':'])
        .trim_start();
    (name.trim_matches(['"', '\'']), without_comment(value))
}

/// Returns what stands behind a boolean or a number that would be whole without
/// it.
pub(super) fn behind_a_whole_value(value: &str) -> Option<&str> {
    let end = value.find([' ', '\t', ',', ';'])?;
    let (first, rest) = value.split_at_checked(end)?;
    let whole =
        matches!(first, "true" | "false") || first.bytes().all(|byte| byte.is_ascii_digit());
    whole.then(|| rest.trim_start())
}

/// Takes the comment from behind a value.
fn without_comment(value: &str) -> &str {
    let quoted = value.starts_with(['"', '\'']);
    let comment = if quoted { None } else { value.find('#') };
    value
        .get(..comment.unwrap_or(value.len()))
        .unwrap_or(value)
        .trim_end()
}

/// Writes a line as it must be, with the value that was meant.
pub(super) fn as_written(name: &str, value: &str) -> String {
    if value.is_empty() {
        return format!("write {}", quoted(&format!("{name} = {}", example(name))));
    }
    let bare = value.trim_matches([
        '"', '\'', '`', '\u{201c}', '\u{201d}', '\u{201e}', '\u{2018}', '\u{2019}',
    ]);
    let line = match wanted(name) {
        Wanted::Boolean => return boolean(name, bare),
        Wanted::Integer => format!("{name} = {}", example(name)),
        Wanted::Text | Wanted::Table | Wanted::Tables if looks_secret(name) => {
            format!("{name} = {}", example(name))
        }
        Wanted::Text | Wanted::Table | Wanted::Tables => {
            let quote = if bare.contains(['"', '\\']) {
                '\''
            } else {
                '"'
            };
            format!("{name} = {quote}{bare}{quote}")
        }
    };
    format!("write {}", quoted(&line))
}

fn boolean(name: &str, meant: &str) -> String {
    let meant = meant.to_ascii_lowercase();
    if matches!(meant.as_str(), "true" | "false") {
        return format!("write `{name} = {meant}`");
    }
    format!("write `{name} = true` or `{name} = false`")
}

/// Returns what other languages begin a comment with, if a line does so.
pub(super) fn foreign_comment(line: &str) -> Option<&'static str> {
    ["//", "--", "/*", ";"]
        .into_iter()
        .find(|mark| line.trim_start().starts_with(mark))
}
