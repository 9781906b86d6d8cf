//! The value of every `name=value` whose name promises a secret, anywhere in a text.
//! Blanks may be around the `=`, and quotes around both.

use std::ops::Range;

use super::super::secret_names::promises_secret;
use super::quoting::{count, is_of_name, is_quote, split_quoted_name, value_length};

/// The value of a text that is one assignment: it may contain anything.
pub(super) fn in_whole(text: &[u8]) -> Vec<Range<usize>> {
    let first = text.iter().position(|&byte| byte == b'=').unwrap_or(0);
    let (name, value) = text.split_at(first);
    let name = name.trim_ascii_end();
    let is_name = name
        .iter()
        .all(|&byte| is_of_name(byte) || !byte.is_ascii());
    let start = text.len() - value.strip_prefix(b"=").unwrap_or_default().len();
    let value = text.get(start..).unwrap_or_default();
    let start = start + count(value, SPACED_GAP);
    let is_secret = is_name && start < text.len() && assigns_secret(name, value);
    is_secret.then_some(start..text.len()).into_iter().collect()
}

/// What may be between a name, a blank and a value: `=`, `==`, `=>`.
const SPACED_GAP: &[u8] = b"=> \t";

pub(super) fn in_text(text: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some((before, after)) = text.get(from..).and_then(split_at_equals) {
        let start = text.len() - after.len();
        from = start;
        let name = before.trim_ascii_end();
        let is_spaced = name.len() < before.len();
        let gap = if is_spaced {
            count(after, SPACED_GAP)
        } else {
            0
        };
        let value = after.get(gap..).unwrap_or_default();
        if is_secret(name, value) {
            from = start + gap + value_length(value, b"&;'\"");
            found.extend((from > start + gap).then_some(start + gap..from));
        }
    }
    found
}

fn split_at_equals(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = text.iter().position(|&byte| byte == b'=')?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

fn is_secret(before: &[u8], value: &[u8]) -> bool {
    let (before, name) = split_quoted_name(before);
    assigns_secret(name, value) || is_value_of_secret(before, name)
}

/// Whether the value of a name is secret. `PWD` is a directory, whose path is absolute,
/// or the password of a connection string.
fn assigns_secret(name: &[u8], value: &[u8]) -> bool {
    let is_path = |value: &[u8]| value.iter().find(|&&byte| !is_quote(byte)) == Some(&b'/');
    promises_secret(name) || (name == b"PWD" && !is_path(value))
}

/// Whether a name says "value" and the value before it is a name that promises a secret:
/// `{"name": "API_TOKEN", "value": …}`, `ParameterKey=Password,ParameterValue=…`.
pub(super) fn is_value_of_secret(before: &[u8], name: &[u8]) -> bool {
    let is_value = || name.to_ascii_lowercase().ends_with(b"value");
    let is_between = |byte: &u8| b"\"', \t\r\n-".contains(byte);
    let end = before.iter().rposition(|byte| !is_between(byte));
    let name_before = split_quoted_name(before.get(..=end.unwrap_or(0)).unwrap_or_default()).1;
    is_value() && promises_secret(name_before)
}
