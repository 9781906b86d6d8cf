//! Reads an input in blocks of whole lines, in constant memory.

use std::io::{self, BufRead as _, Read};

use sha2::Digest as _;

use crate::names::Sha256;

/// The longest line that is parsed, in bytes; records are far shorter. A longer
/// line is reported and skipped.
pub(super) const LINE_MAX: usize = 2 << 20;

/// Bytes read at once.
const BLOCK: usize = 256 * 1024;

/// A piece of an input.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Block {
    /// Complete lines; only the last one of an input may lack its line end.
    Lines {
        /// Where they begin in the input, in bytes from 0.
        offset: u64,
        /// With their line ends.
        bytes: Vec<u8>,
    },
    /// A line longer than [`LINE_MAX`].
    TooLong {
        offset: u64,
        /// Without its line end.
        length: u64,
        ended: bool,
        sha256: Sha256,
    },
}

#[derive(Debug)]
pub(super) struct Blocks<R> {
    from: R,
    carried: Vec<u8>,
    /// Buffers to reuse: the kernel has to zero new ones.
    spare: Vec<Vec<u8>>,
    offset: u64,
    at_end: bool,
}

impl<R: Read> Blocks<R> {
    /// Starts at an offset where a line begins.
    pub(super) fn new(from: R, offset: u64) -> Self {
        Self {
            from,
            carried: Vec::new(),
            spare: Vec::new(),
            offset,
            at_end: false,
        }
    }

    /// Returns the next block; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Block>> {
        let mut bytes = std::mem::take(&mut self.carried);
        loop {
            if !self.at_end {
                self.fill(&mut bytes)?;
            }
            if let Some(last) = bytes.iter().rposition(|&byte| byte == b'\n') {
                self.carry(bytes.get(last + 1..).unwrap_or_default());
                bytes.truncate(last + 1);
                return Ok(Some(self.lines(bytes)));
            }
            if bytes.len() > LINE_MAX {
                return self.skip(&bytes).map(Some);
            }
            if self.at_end {
                return Ok((!bytes.is_empty()).then(|| self.lines(bytes)));
            }
        }
    }

    /// Takes back the buffer of a block.
    pub(super) fn reuse(&mut self, block: Block) {
        match block {
            Block::Lines { bytes, .. } => self.spare.push(bytes),
            Block::TooLong { .. } => {}
        }
    }

    fn carry(&mut self, rest: &[u8]) {
        self.carried = self.spare.pop().unwrap_or_default();
        self.carried.clear();
        self.carried.reserve(rest.len() + BLOCK);
        self.carried.extend_from_slice(rest);
    }

    fn lines(&mut self, bytes: Vec<u8>) -> Block {
        let offset = self.offset;
        self.offset += bytes.len() as u64;
        Block::Lines { offset, bytes }
    }

    fn fill(&mut self, bytes: &mut Vec<u8>) -> io::Result<()> {
        bytes.reserve(BLOCK);
        let taken = (&mut self.from).take(BLOCK as u64).read_to_end(bytes)?;
        self.at_end = taken < BLOCK;
        Ok(())
    }

    /// Reads to the end of a line that is already too long.
    fn skip(&mut self, beginning: &[u8]) -> io::Result<Block> {
        let offset = self.offset;
        let mut length = beginning.len() as u64;
        let mut hasher = sha2::Sha256::new_with_prefix(beginning);
        let mut ended = false;
        while !self.at_end {
            let mut more = Vec::new();
            self.fill(&mut more)?;
            if let Some(at) = more.iter().position(|&byte| byte == b'\n') {
                length += at as u64;
                ended = true;
                self.carried = more.split_off(at + 1);
                hasher.update(more.get(..at).unwrap_or_default());
                break;
            }
            length += more.len() as u64;
            hasher.update(&more);
        }
        self.offset += length + u64::from(ended);
        let sha256 = Sha256::from_bytes(hasher.finalize().into());
        Ok(Block::TooLong {
            offset,
            length,
            ended,
            sha256,
        })
    }
}

/// One line of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RawLine<'a> {
    /// Where it begins in the input, in bytes from 0.
    pub(super) offset: u64,
    /// Without the line end.
    pub(super) bytes: &'a [u8],
    pub(super) ended: bool,
}

/// Splits the bytes of a block into lines.
pub(super) fn lines(mut offset: u64, bytes: &[u8]) -> impl Iterator<Item = RawLine<'_>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let all = rest;
        // This searches many bytes at once; reading from memory never fails.
        let length = rest.skip_until(b'\n').ok().filter(|&length| length > 0)?;
        let whole = all.get(..length)?;
        let bytes = whole.strip_suffix(b"\n");
        let line = RawLine {
            offset,
            bytes: bytes.unwrap_or(whole),
            ended: bytes.is_some(),
        };
        offset += length as u64;
        Some(line)
    })
}

/// Splits a byte stream into lines as the bytes come.
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

    /// The offsets and lengths of all lines.
    fn found(input: &[u8]) -> Vec<(u64, u64)> {
        let mut blocks = Blocks::new(input, 0);
        let mut found = Vec::new();
        while let Some(block) = blocks.next().unwrap() {
            match block {
                Block::Lines { offset, bytes } => {
                    let lines = lines(offset, &bytes);
                    found.extend(lines.map(|line| (line.offset, line.bytes.len() as u64)));
                }
                Block::TooLong { offset, length, .. } => found.push((offset, length)),
            }
        }
        found
    }

    #[test]
    fn lines_of_any_length_are_found_at_their_offsets() {
        let lengths = [
            0,
            5,
            BLOCK - 1,
            BLOCK,
            LINE_MAX,
            LINE_MAX + BLOCK,
            3 * LINE_MAX,
            1,
            0,
        ];
        let mut input = Vec::new();
        let mut expected = Vec::new();
        for length in lengths {
            expected.push((input.len() as u64, length as u64));
            input.extend(std::iter::repeat_n(b'x', length));
            input.push(b'\n');
        }
        assert_eq!(found(&input), expected);
        input.extend(b"torn");
        expected.push((input.len() as u64 - 4, 4));
        assert_eq!(found(&input), expected);
        assert_eq!(found(b""), []);
    }

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
