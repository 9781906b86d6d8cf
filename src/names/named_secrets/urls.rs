//! The password of each `scheme://user:password@host`.

use std::ops::Range;

const MARK: &[u8] = b"://";

/// A password may contain any character, so it extends to the last `@` of the word.
pub(super) fn in_text(text: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text.get(from..).and_then(find_mark) {
        from += start + MARK.len();
        let rest = text.get(from..).unwrap_or_default();
        let url = rest.get(..find_mark(rest).unwrap_or(rest.len()));
        let url = url.and_then(|url| url.split(u8::is_ascii_whitespace).next());
        let password = url.and_then(password);
        found.extend(password.map(|it| from + it.start..from + it.end));
    }
    found
}

fn find_mark(text: &[u8]) -> Option<usize> {
    text.windows(MARK.len()).position(|window| window == MARK)
}

fn password(url: &[u8]) -> Option<Range<usize>> {
    let start = url.iter().position(|&byte| byte == b':')? + 1;
    let end = url.iter().rposition(|&byte| byte == b'@')?;
    (start < end).then_some(start..end)
}
