//! Where names and values begin and end in a text, also in quotes.

/// Splits off the name at the end of a text.
pub(super) fn split_name(text: &[u8]) -> (&[u8], &[u8]) {
    let before = text.iter().rposition(|&byte| !is_of_name(byte));
    text.split_at(before.map_or(0, |at| at + 1))
}

/// The same without a quote that closes the name.
pub(super) fn split_quoted_name(text: &[u8]) -> (&[u8], &[u8]) {
    let quoted = text.split_last().filter(|(last, _)| is_quote(**last));
    split_name(quoted.map_or(text, |(_, name)| name))
}

pub(super) fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-.".contains(&byte)
}

/// The length of a value: what is quoted at its beginning, and the rest up to a blank,
/// one of these bytes, or after a quote the end of a field in JSON.
pub(super) fn value_length(text: &[u8], ends: &[u8]) -> usize {
    let mut at = 0;
    while let Some([quote, inside @ ..]) = text.get(at..)
        && is_quote(*quote)
    {
        at += 1 + quoted_length(inside, *quote);
    }
    let rest = text.get(at..).unwrap_or_default();
    let ends_field = |byte: &u8| at > 0 && b",}])".contains(byte);
    let is_end = |byte: &u8| byte.is_ascii_whitespace() || ends.contains(byte) || ends_field(byte);
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

pub(super) fn starts_with_quote(text: &[u8]) -> bool {
    text.first().is_some_and(|&byte| is_quote(byte))
}

/// How many of these bytes a text begins with.
pub(super) fn count(text: &[u8], bytes: &[u8]) -> usize {
    let of_them = text.iter().take_while(|byte| bytes.contains(byte));
    of_them.count()
}
