//! Splits a byte stream into lines incrementally.

use super::blocks::{LINE_MAX, lines};

#[derive(Debug, Default)]
pub struct LineSplitter {
    carried: Vec<u8>,
    /// The current line is too long to be a record.
    skipping: bool,
}

impl LineSplitter {
    /// Adds bytes and passes on each line that they complete, without its line
    /// end.
    pub fn push<E>(
        &mut self,
        bytes: &[u8],
        add: &mut dyn FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        for line in lines(0, bytes) {
            if !self.skipping {
                self.carried.extend_from_slice(line.bytes);
            }
            self.skipping |= self.carried.len() > LINE_MAX;
            if line.ended {
                if !self.skipping {
                    add(&self.carried)?;
                }
                self.skipping = false;
                self.carried.clear();
            } else if self.skipping {
                self.carried = Vec::new();
            }
        }
        Ok(())
    }

    /// Returns a last line without a line end, and starts again.
    pub fn rest(&mut self) -> Vec<u8> {
        std::mem::take(self).carried
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_do_not_depend_on_how_the_bytes_arrive() {
        let mut text = b"one\n\ntwo\n".to_vec();
        text.extend(vec![b'x'; LINE_MAX + 1]);
        text.extend(b"\nthree\nrest");
        for size in [1, 7, 4096, text.len()] {
            let mut lines = Vec::new();
            let mut splitter = LineSplitter::default();
            for bytes in text.chunks(size) {
                let mut add = |line: &[u8]| {
                    lines.push(String::from_utf8(line.to_vec()).unwrap());
                    Ok::<_, ()>(())
                };
                splitter.push(bytes, &mut add).unwrap();
            }
            assert_eq!(lines, ["one", "", "two", "three"], "{size}");
            assert_eq!(splitter.rest(), b"rest", "{size}");
        }
    }
}
