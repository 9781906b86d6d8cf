//! Lines out of bytes that come bit by bit.

use super::LINE_MAX;

/// Puts lines together.
#[derive(Debug, Default)]
pub struct Feed {
    carried: Vec<u8>,
    /// The line that is coming is too long to be a record.
    skipping: bool,
}

impl Feed {
    /// Takes the next bytes and hands on each line they end, without its line
    /// end.
    pub fn push(&mut self, bytes: &[u8], take: &mut dyn FnMut(&[u8])) {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            let end = piece.strip_suffix(b"\n");
            if !self.skipping {
                self.carried.extend_from_slice(end.unwrap_or(piece));
            }
            self.skipping |= self.carried.len() > LINE_MAX;
            if end.is_some() {
                if !self.skipping {
                    take(&self.carried);
                }
                self.skipping = false;
                self.carried.clear();
            } else if self.skipping {
                self.carried = Vec::new();
            }
        }
    }

    /// Hands on what has no line end, and will get none.
    pub fn end(&mut self, take: &mut dyn FnMut(&[u8])) {
        if !self.carried.is_empty() {
            take(&self.carried);
        }
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_the_same_however_they_are_cut() {
        let mut text = b"one\n\ntwo\n".to_vec();
        text.extend(vec![b'x'; LINE_MAX + 1]);
        text.extend(b"\nthree\nrest");
        for size in [1, 7, 4096, text.len()] {
            let mut lines = Vec::new();
            let mut take = |line: &[u8]| lines.push(String::from_utf8(line.to_vec()).unwrap());
            let mut feed = Feed::default();
            text.chunks(size)
                .for_each(|bytes| feed.push(bytes, &mut take));
            feed.end(&mut take);
            assert_eq!(lines, ["one", "", "two", "three", "rest"], "{size}");
        }
    }
}
