//! A log that `qli audit tail` reads, from file to file.

use std::collections::VecDeque;
use std::io::{self, Read as _, SeekFrom};
use std::path::PathBuf;

use crate::history::{LineSplitter, RecordSummary, last_lines};
use crate::host::{HostView, Opened, System};

/// Records to print, with their lines.
pub(super) type Records = VecDeque<(RecordSummary, Vec<u8>)>;

/// Adds a line, if it is a record.
pub(super) fn add(records: &mut Records, line: &[u8]) {
    let record = RecordSummary::of(line);
    records.extend(record.map(|record| (record, line.to_vec())));
}

pub(super) struct Follower {
    log: PathBuf,
    opened: Opened,
    splitter: LineSplitter,
    pub(super) records: Records,
}

impl Follower {
    /// Opens a file at its last lines.
    pub(super) fn open(log: PathBuf, lines: usize, host: &System) -> io::Result<Self> {
        let mut opened = host.open(&log)?;
        let begin = last_lines(lines, &mut *opened.bytes)?;
        opened.bytes.seek(SeekFrom::Start(begin))?;
        Ok(Self {
            log,
            opened,
            splitter: LineSplitter::default(),
            records: Records::new(),
        })
    }

    /// Reads until there is a record to print, or nothing more for now. A file that
    /// is not followed may end in a record without a line end.
    pub(super) fn fill(&mut self, is_followed: bool) {
        while self.records.is_empty() {
            if !self.read_some() {
                if !is_followed {
                    self.take_rest();
                }
                break;
            }
        }
    }

    /// Reads what was appended, and moves to the next file after rotation.
    ///
    /// A run may still append to the old file while the new one exists, but
    /// whoever writes the first record to the new one waits for the old one's
    /// lock. So the old file is complete once the new one has a record.
    pub(super) fn look(&mut self, host: &System) {
        self.read_on();
        let Ok(stat) = host.stat(&self.log) else {
            return; // renamed, and not created again yet
        };
        if stat.id == self.opened.stat.id {
            self.restart_if_truncated();
            return;
        }
        let Ok(mut next) = host.open(&self.log) else {
            return;
        };
        let length = next.bytes.seek(SeekFrom::End(0));
        if length.is_ok_and(|length| length > 0) && next.bytes.rewind().is_ok() {
            self.read_on();
            self.take_rest();
            self.opened = next;
            self.read_on();
        }
    }

    fn restart_if_truncated(&mut self) {
        let bytes = &mut self.opened.bytes;
        let (Ok(at), Ok(length)) = (bytes.stream_position(), bytes.seek(SeekFrom::End(0))) else {
            return;
        };
        let is_truncated = length < at;
        let begin = if is_truncated { 0 } else { at };
        if bytes.seek(SeekFrom::Start(begin)).is_ok() && is_truncated {
            self.take_rest();
            self.read_on();
        }
    }

    fn read_on(&mut self) {
        while self.read_some() {}
    }

    /// Adds the records of the next bytes; returns whether there were any bytes. A
    /// log that can no longer be read is like one that does not grow.
    fn read_some(&mut self) -> bool {
        let mut buffer = vec![0; 64 * 1024];
        let length = loop {
            match self.opened.bytes.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other.unwrap_or_default(),
            }
        };
        let records = &mut self.records;
        let bytes = buffer.get(..length).unwrap_or_default();
        let added = self.splitter.push(bytes, &mut |line| {
            add(records, line);
            Ok::<_, std::convert::Infallible>(())
        });
        let Ok(()) = added;
        length > 0
    }

    /// Adds a last record without a line end.
    fn take_rest(&mut self) {
        add(&mut self.records, &self.splitter.rest());
    }
}
