//! Reads the lines of a log from the last one to the first.

use std::io;

use super::codec::RECORD_MAX;

/// How much of a log's end is read first: three records and more.
const FIRST_READ: u64 = 4 << 10;

/// How much is read at once before that.
const READ: u64 = 64 << 10;

/// A line of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogLine<'a> {
    /// Where it begins and ends in the log, in bytes from 0; without its line end.
    pub begin: u64,
    pub end: u64,
    pub has_line_end: bool,
    /// Empty for a line that is too long to be a record.
    pub bytes: &'a [u8],
}

/// Passes on the lines of a log of some length, the last one first, until something
/// is found. `before` returns up to so many bytes that end at an offset.
///
/// Memory is bounded, whatever the lines contain; usually one read is enough.
pub fn search_back<T>(
    length: u64,
    mut before: impl FnMut(u64, u64) -> io::Result<Vec<u8>>,
    mut find: impl FnMut(LogLine<'_>) -> Option<T>,
) -> io::Result<Option<T>> {
    let mut line = Unfinished {
        end: length,
        has_line_end: false,
        rest: Vec::new(),
    };
    let (mut at, mut size) = (length, FIRST_READ);
    while at > 0 {
        let bytes = before(at, size)?;
        if bytes.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into()); // it was cut meanwhile
        }
        at -= bytes.len() as u64;
        size = READ;
        let mut unread = bytes.as_slice();
        while let Some(newline) = unread.iter().rposition(|&byte| byte == b'\n') {
            let (earlier, later) = unread.split_at(newline);
            let begin = at + newline as u64 + 1;
            let found = line.finish(begin, later.get(1..).unwrap_or_default(), &mut find);
            if found.is_some() {
                return Ok(found);
            }
            line = Unfinished {
                end: begin - 1,
                has_line_end: true,
                rest: Vec::new(),
            };
            unread = earlier;
        }
        line.prepend(at, unread);
    }
    Ok(line.finish(0, b"", &mut find))
}

/// A line whose beginning was not read yet.
struct Unfinished {
    end: u64,
    has_line_end: bool,
    rest: Vec<u8>,
}

impl Unfinished {
    fn prepend(&mut self, begin: u64, bytes: &[u8]) {
        self.rest = if self.is_too_long(begin) {
            Vec::new()
        } else {
            [bytes, &self.rest].concat()
        };
    }

    fn is_too_long(&self, begin: u64) -> bool {
        self.end - begin >= RECORD_MAX as u64
    }

    fn finish<T>(
        mut self,
        begin: u64,
        beginning: &[u8],
        find: &mut impl FnMut(LogLine<'_>) -> Option<T>,
    ) -> Option<T> {
        if !self.rest.is_empty() || self.is_too_long(begin) {
            self.prepend(begin, beginning);
        }
        let is_whole = self.rest.is_empty() && !self.is_too_long(begin);
        let line = LogLine {
            begin,
            end: self.end,
            has_line_end: self.has_line_end,
            bytes: if is_whole { beginning } else { &self.rest },
        };
        // Nothing follows the last line end.
        let is_line = line.has_line_end || line.begin < line.end;
        is_line.then(|| find(line)).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Begin, end, line end and content of each line, the last one first.
    fn lines(text: &[u8]) -> Vec<(u64, u64, bool, Vec<u8>)> {
        let mut found = Vec::new();
        let before = |at: u64, size: u64| {
            let [from, to] = [at.saturating_sub(size), at].map(|at| usize::try_from(at).unwrap());
            Ok(text[from..to].to_vec())
        };
        let none = search_back(text.len() as u64, before, |line| {
            let bytes = line.bytes.to_vec();
            found.push((line.begin, line.end, line.has_line_end, bytes));
            None::<()>
        });
        assert_eq!(none.unwrap(), None);
        found
    }

    #[test]
    fn every_line_is_found_once_whatever_its_length() {
        assert_eq!(lines(b""), []);
        assert_eq!(lines(b"\n"), [(0, 0, true, vec![])]);
        for ends in [true, false] {
            let (mut text, mut expected) = (Vec::new(), Vec::new());
            for length in [3, 0, 4095, 4096, 4097, 65_534, 65_535, 65_536, 300_000, 1] {
                let begin = text.len() as u64;
                text.extend((0..length).map(|at| b"abcdefg"[at % 7]));
                let bytes = text.split_off(usize::try_from(begin).unwrap());
                text.extend(&bytes);
                let kept = if length < RECORD_MAX {
                    bytes
                } else {
                    Vec::new()
                };
                expected.push((begin, text.len() as u64, true, kept));
                text.push(b'\n');
            }
            if !ends {
                text.pop();
                expected.last_mut().unwrap().2 = false;
            }
            expected.reverse();
            let found = lines(&text);
            assert!(found == expected, "{ends}");
        }
    }

    #[test]
    fn a_record_at_the_end_is_found_by_one_read() {
        let mut reads = Vec::new();
        let before = |at: u64, size: u64| {
            reads.push((at, size));
            Ok(b"aaa\nbbb\n".to_vec())
        };
        let found = search_back(1 << 40, before, |line| Some(line.begin));
        assert_eq!(found.unwrap(), Some((1 << 40) - 4));
        assert_eq!(reads, [(1 << 40, FIRST_READ)]);
    }
}
