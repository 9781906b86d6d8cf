//! The end of a log that may be growing, read at the same cost for any length.

use std::io::{self, Read as _, SeekFrom};
use std::path::Path;

use crate::audit::Checkpoint;
use crate::host::Readable;

/// How much is read at once while counting lines.
const WINDOW: u64 = 128 << 10;

/// Finds the newest intact record of a log.
pub fn newest(log: &Path, bytes: &mut dyn Readable) -> io::Result<Option<Checkpoint>> {
    let length = bytes.seek(SeekFrom::End(0))?;
    Checkpoint::newest(length, |at, size| last_bytes(bytes, at, size), log)
}

/// Reads the last bytes of a log of some length.
pub fn last_bytes(bytes: &mut dyn Readable, length: u64, window: u64) -> io::Result<Vec<u8>> {
    bytes.seek(SeekFrom::Start(length.saturating_sub(window)))?;
    let mut tail = Vec::new();
    bytes.take(window.min(length)).read_to_end(&mut tail)?;
    Ok(tail)
}

/// Returns where the last `count` lines of a log begin, in bytes from 0.
pub fn last_lines(count: usize, bytes: &mut dyn Readable) -> io::Result<u64> {
    let length = bytes.seek(SeekFrom::End(0))?;
    let (mut end, mut found) = (length, 0);
    while end > 0 && count > 0 {
        let window = last_bytes(bytes, end, WINDOW)?;
        let begin = end - window.len() as u64;
        let ends = window.iter().enumerate().rev();
        for (at, _) in ends.filter(|(_, byte)| **byte == b'\n') {
            let next = begin + at as u64 + 1;
            // No line begins after the last line end.
            found += usize::from(next < length);
            if found == count {
                return Ok(next);
            }
        }
        end = begin;
    }
    Ok(if count == 0 { length } else { 0 })
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::audit::tail::Link;

    fn log(records: usize) -> (Vec<u8>, Vec<u64>) {
        let mut link = Link::FIRST;
        let (mut text, mut offsets) = (Vec::new(), Vec::new());
        for _ in 0..records {
            let json = r#"{"event":"start","timestamp":"t","host":"h","chain":"c"}"#;
            let (sealed, next) = link.seal(json);
            offsets.push(text.len() as u64);
            text.extend(sealed.bytes());
            link = next;
        }
        (text, offsets)
    }

    #[test]
    fn the_newest_record_is_found_whatever_follows_it() {
        let (mut text, _) = log(3);
        text.extend(vec![b'x'; 3 << 17]);
        let head = newest("/l".as_ref(), &mut Cursor::new(text)).unwrap();
        assert_eq!(head.unwrap().seq, 2);
        assert_eq!(
            newest("/l".as_ref(), &mut Cursor::new(b"x\n")).unwrap(),
            None
        );
    }

    #[test]
    fn the_last_lines_are_counted_from_the_end() {
        let (text, offsets) = log(3000);
        let last = |count| last_lines(count, &mut Cursor::new(text.clone())).unwrap();
        assert_eq!(last(0), text.len() as u64);
        assert_eq!(last(1), offsets[2999]);
        assert_eq!(last(2500), offsets[500]);
        assert_eq!(last(9999), 0);
    }
}
