//! Hides the value of every `name=value` whose name promises a secret, anywhere in a
//! text. Blanks may stand around the `=`, and quotes around the value.

use super::secret_names::promises_secret;

pub(super) const REDACTED: &[u8] = b"[redacted]";

pub(super) fn in_assignments(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.iter().position(|&byte| byte == b'=') {
        let (before, after) = rest.split_at(at + 1);
        out.extend_from_slice(before);
        let name = before.strip_suffix(b"=").unwrap_or_default();
        let is_spaced = name.last().is_some_and(u8::is_ascii_whitespace);
        let is_gap = |byte: &&u8| is_spaced && b"= \t".contains(byte);
        let gap = after.iter().take_while(is_gap).count();
        let (gap, value) = after.split_at(gap);
        rest = after;
        let (_, name) = split_name(name.trim_ascii_end());
        if !assigns_secret(name, value) {
            continue;
        }
        let length = value_length(value, b"&;'\"");
        if length > 0 {
            out.extend_from_slice(gap);
            out.extend_from_slice(REDACTED);
            rest = value.get(length..).unwrap_or_default();
        }
    }
    out.extend_from_slice(rest);
    out
}

/// Whether the value of a name is secret. `PWD` is a directory, whose path is absolute,
/// or the password of a connection string.
pub(super) fn assigns_secret(name: &[u8], value: &[u8]) -> bool {
    let is_path = |value: &[u8]| value.iter().find(|&&byte| !is_quote(byte)) == Some(&b'/');
    promises_secret(name) || (name == b"PWD" && !is_path(value))
}

/// Splits off the name at the end of a text.
pub(super) fn split_name(text: &[u8]) -> (&[u8], &[u8]) {
    let before = text.iter().rposition(|&byte| !is_of_name(byte));
    text.split_at(before.map_or(0, |at| at + 1))
}

pub(super) fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-.".contains(&byte)
}

/// The length of a value: what is quoted at its beginning, and the rest up to a blank or
/// one of these bytes.
pub(super) fn value_length(text: &[u8], ends: &[u8]) -> usize {
    let mut at = 0;
    while let Some([quote, inside @ ..]) = text.get(at..)
        && is_quote(*quote)
    {
        at += 1 + quoted_length(inside, *quote);
    }
    let rest = text.get(at..).unwrap_or_default();
    let is_end = |byte: &u8| byte.is_ascii_whitespace() || ends.contains(byte);
    at + rest.iter().position(is_end).unwrap_or(rest.len())
}

/// The length of what follows a quote, with the quote that closes it.
fn quoted_length(inside: &[u8], quote: u8) -> usize {
    let mut is_escaped = false;
    let close = inside.iter().position(|&byte| {
        let closes = byte == quote && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        closes
    });
    close.map_or(inside.len(), |at| at + 1)
}

pub(super) fn is_quote(byte: u8) -> bool {
    b"'\"".contains(&byte)
}
