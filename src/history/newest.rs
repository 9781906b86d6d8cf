//! The newest record of a log, from its end: a log of any length costs the
//! same.

use std::io::{self, Read as _, SeekFrom};
use std::path::Path;

use super::blocks::Block;
use super::parsed::{What, examine};
use crate::audit::Checkpoint;
use crate::host::Readable;

/// The first window that is read; the next ones are four times as long.
const WINDOW: u64 = 128 << 10;

/// No window is longer than this.
const WINDOW_MAX: u64 = 8 << 20;

/// Finds the newest whole record of a log.
pub fn newest(log: &Path, bytes: &mut dyn Readable) -> io::Result<Option<Checkpoint>> {
    let length = bytes.seek(SeekFrom::End(0))?;
    let mut window = WINDOW;
    loop {
        let found = last_in(log, last_bytes(bytes, length, window)?);
        if found.is_some() || window >= length.min(WINDOW_MAX) {
            return Ok(found);
        }
        window *= 4;
    }
}

fn last_bytes(bytes: &mut dyn Readable, length: u64, window: u64) -> io::Result<Vec<u8>> {
    bytes.seek(SeekFrom::Start(length.saturating_sub(window)))?;
    let mut tail = Vec::new();
    bytes.take(window).read_to_end(&mut tail)?;
    Ok(tail)
}

fn last_in(log: &Path, bytes: Vec<u8>) -> Option<Checkpoint> {
    let block = Block::Lines { offset: 0, bytes };
    let examined = examine(&block);
    let mut seen = examined.seen.into_iter().rev();
    let facts = seen.find_map(|seen| match seen.what {
        What::Record(facts) if facts.computed == facts.tail.hash => Some(facts),
        What::Record(_) | What::Empty | What::NotARecord(..) => None,
    })?;
    let (host, chain) = examined.chains.get(facts.of)?.clone();
    Some(Checkpoint {
        timestamp: facts.timestamp.to_string(),
        host,
        chain,
        seq: facts.tail.seq,
        hash: facts.tail.hash,
        run_id: facts.run_id.map(|id| id.to_string()),
        log: Some(log.as_os_str().into()),
    })
}

/// Finds where the last lines of a log begin, in bytes from 0.
pub fn last_lines(count: usize, bytes: &mut dyn Readable) -> io::Result<u64> {
    let length = bytes.seek(SeekFrom::End(0))?;
    let (mut end, mut found) = (length, 0);
    while end > 0 && count > 0 {
        let begin = end.saturating_sub(WINDOW);
        bytes.seek(SeekFrom::Start(begin))?;
        let mut window = Vec::new();
        (&mut *bytes).take(end - begin).read_to_end(&mut window)?;
        for (at, _) in window
            .iter()
            .enumerate()
            .rev()
            .filter(|(_, byte)| **byte == b'\n')
        {
            let behind = begin + at as u64 + 1;
            // The last line end ends a line and begins none.
            found += usize::from(behind < length);
            if found == count {
                return Ok(behind);
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
        let mut location = Link::first();
        let (mut text, mut offsets) = (Vec::new(), Vec::new());
        for _ in 0..records {
            let json = r#"{"event":"start","timestamp":"t","host":"h","chain":"c"}"#;
            let (line, next) = location.close(json);
            offsets.push(text.len() as u64);
            text.extend(line.bytes());
            location = next;
        }
        (text, offsets)
    }

    #[test]
    fn the_newest_record_is_found_behind_whatever_stands_at_the_end() {
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
