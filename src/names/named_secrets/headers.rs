//! The value of each header such as `Authorization: …` or `PRIVATE-TOKEN: …`, and of
//! each field of JSON or YAML whose name promises a secret.

use std::ops::Range;

use super::super::secret_names::is_secret_header;
use super::assignments::is_value_of_secret;
use super::quoting::{count, is_quote, split_quoted_name, starts_with_quote, value_length};

pub(super) fn in_text(text: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    let colons = (0..text.len()).filter(|&at| text.get(at) == Some(&b':'));
    for at in colons {
        let name = text.get(from..at);
        let value = text.get(at + 1..).unwrap_or_default();
        let is_url = value.starts_with(b"//");
        if let Some(name) = name.filter(|name| !is_url && names_secret(name)) {
            let start = at + 1 + count(value, b" \t");
            let value = text.get(start..).unwrap_or_default();
            from = start + length(name, value);
            found.extend((from > start).then_some(start..from));
        }
    }
    found
}

/// Whether a text ends in the name of a header, or of a field, that promises a secret.
/// What follows `/` or `@` belongs to a URL or an image.
pub(super) fn names_secret(text: &[u8]) -> bool {
    let (before, name) = split_quoted_name(text.trim_ascii_end());
    let is_begin = |byte: &u8| b" \t\r\n\"'{(,=".contains(byte);
    before.last().is_none_or(is_begin)
        && (is_secret_header(name) || is_value_of_secret(before, name))
}

/// A field of JSON ends at its closing quote, and a header at the end of the line.
fn length(name: &[u8], value: &[u8]) -> usize {
    let is_quoted = name.trim_ascii_end().last().is_some_and(|&it| is_quote(it));
    if is_quoted && starts_with_quote(value) {
        value_length(value, b"")
    } else {
        lines_length(value)
    }
}

/// With the lines that continue it (RFC 9112, section 5.2).
fn lines_length(value: &[u8]) -> usize {
    let ends = |at: &usize| {
        let is_end = value.get(*at).is_some_and(|byte| b"\r\n".contains(byte));
        let next = value.get(at + 1).copied().unwrap_or(b'x');
        is_end && !b" \t\r\n".contains(&next)
    };
    let end = (0..value.len()).find(ends).unwrap_or(value.len());
    value.get(..end).unwrap_or_default().trim_ascii_end().len()
}
