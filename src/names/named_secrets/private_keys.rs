//! Private keys as they are in files: `-----BEGIN … PRIVATE KEY-----` (RFC 7468).

use std::ops::Range;

pub(super) fn in_text(text: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(label) = find(text, from, b"PRIVATE KEY") {
        from = label.end;
        if let Some(start) = body(text, label.end) {
            let end = find(text, start, b"-----END").unwrap_or(text.len()..text.len());
            found.extend((start < end.start).then_some(start..end.start));
            // The label of its end is no beginning.
            from = find(text, end.end, b"KEY").map_or(text.len(), |it| it.end);
        }
    }
    found
}

/// Where a key begins, after its label.
fn body(text: &[u8], from: usize) -> Option<usize> {
    let after = text.get(from..)?;
    let after = after.strip_prefix(b" BLOCK").unwrap_or(after);
    Some(text.len() - after.strip_prefix(b"-----")?.len())
}

fn find(text: &[u8], from: usize, part: &[u8]) -> Option<Range<usize>> {
    let mut windows = text.get(from..)?.windows(part.len());
    let start = from + windows.position(|window| window == part)?;
    Some(start..start + part.len())
}
