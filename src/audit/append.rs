//! Appending one record: check the path, lock the log, repair its end if needed,
//! write the record at once, sync.

use std::io;

use super::codec::{EventName, RECORD_MAX};
use super::log::Log;
use super::open_log::{AppendError, LockWait, open_locked, put_bytes};
use super::record::{Body, Record, RecoveredRecord, timestamp};
use super::rotated;
use super::spool::{self, SpooledRecord};
use super::tail::{LastLine, Link, LogEnd, log_end};
use super::written::Written;
use crate::host::{Host, LogFile};
use crate::names::to_json_line;

/// What was appended.
#[derive(Debug)]
pub(super) struct Appended {
    pub(super) written: Written,
    /// The runs whose ends were taken from the spool, and whose starts are gone.
    pub(super) without_start: Vec<String>,
}

/// Appends a record to a log. Returns where it is.
///
/// In this order: check the path, open it, check what was opened, lock it, check
/// that rotation has not renamed it, read the end of the chain, write once,
/// unlock, sync. Syncing after the unlock lets concurrent runs share one disk
/// commit.
pub(super) fn append<B: Body>(
    log: &Log,
    record: &mut Record<B>,
    start: Option<&Written>,
    wait: LockWait,
    host: &mut dyn Host,
) -> Result<Appended, AppendError> {
    let (file, length) = open_locked(log, wait, host)?;
    let begin = match length {
        0 => rotated::link(log, wait, host)?,
        _ => Link::FIRST,
    };
    let mut end = End {
        file,
        length,
        begin,
        chain: start.map(|start| start.chain.clone()),
    };
    let without_start = match wait {
        LockWait::UntilSignal => drain_spool(log, &mut end, host).map_err(AppendError::Write)?,
        LockWait::Stubborn => Vec::new(),
    };
    let written = undone_on_error(&mut end, |end| write(end, record, start, host));
    // If it fails, the lock ends when the file is closed: what is written stays valid.
    drop(end.file.unlock());
    let written = written.map_err(AppendError::Write)?;
    if log.sync {
        end.file.sync().map_err(AppendError::Sync)?;
    }
    if let Some(anchor) = &log.anchor {
        anchor
            .write(&written.checkpoint(record, &log.path), log.access, host)
            .map_err(AppendError::Unanchored)?;
    }
    Ok(Appended {
        written,
        without_start,
    })
}

/// The end of a log that is locked.
struct End {
    file: Box<dyn LogFile>,
    length: u64,
    /// Where an empty log begins.
    begin: Link,
    /// The log's chain, if it is known.
    chain: Option<String>,
}

impl End {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        put_bytes(&mut *self.file, bytes)?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Makes the log end with a complete line, and returns where its chain
    /// continues.
    fn complete(&mut self, timestamp: &str, host: &mut dyn Host) -> io::Result<Link> {
        if self.length == 0 {
            return Ok(self.begin.clone());
        }
        let LogEnd { link, last_line } = log_end(&*self.file, self.length, self.chain.as_deref())?;
        match last_line {
            LastLine::Complete => Ok(link),
            LastLine::NoLineEnd => self.put(b"\n").map(|()| link),
            LastLine::Torn(torn_bytes, torn_hash) => {
                self.put(b"\n")?;
                let body = RecoveredRecord {
                    torn_bytes,
                    torn_hash,
                };
                let mut recovered =
                    Record::new(EventName::Recovered, &host.identity(), host.now(), body);
                timestamp.clone_into(&mut recovered.timestamp);
                self.put_record(&mut recovered, link, host)
            }
        }
    }

    fn put_record<B: Body>(
        &mut self,
        record: &mut Record<B>,
        link: Link,
        host: &mut dyn Host,
    ) -> io::Result<Link> {
        let link = link.with_chain(host)?;
        record.chain = link.chain.clone().unwrap_or_default();
        let (sealed, next) = link.seal(&to_json_line(record));
        if sealed.len() > RECORD_MAX {
            let length = sealed.len();
            let message = format!("the record has {length} bytes, more than {RECORD_MAX}");
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        self.put(sealed.as_bytes())?;
        self.chain.clone_from(&next.chain);
        Ok(next)
    }
}

/// If only a part was written, cuts the log back to what it was: a torn line would
/// swallow the next record.
fn undone_on_error<T>(
    end: &mut End,
    write: impl FnOnce(&mut End) -> io::Result<T>,
) -> io::Result<T> {
    let length = end.length;
    let written = write(end);
    if written.is_err() {
        // If cutting fails too, the next run finds a torn line and marks it.
        drop(end.file.truncate(length));
        end.length = length;
    }
    written
}

/// Writes a record under the lock; an end says if its start is gone.
fn write<B: Body>(
    end: &mut End,
    record: &mut Record<B>,
    start: Option<&Written>,
    host: &mut dyn Host,
) -> io::Result<Written> {
    let length = end.length;
    let link = end.complete(&record.timestamp, host)?;
    if let Some(start) = start
        && start.is_gone(&*end.file, length, &link)?
    {
        record.body.set_start_gone();
    }
    let next = end.put_record(record, link, host)?;
    Ok(Written::before(&next, end.length))
}

/// Appends this log's records from the spool. One that cannot be written is
/// left for the next run. Returns the runs whose starts are gone.
fn drain_spool(log: &Log, end: &mut End, host: &mut dyn Host) -> io::Result<Vec<String>> {
    let mut without_start = Vec::new();
    for mut spooled in spool::pending(&log.path, host) {
        let is_there = spooled.is_recorded(&*end.file, end.length, log, host)?;
        if !is_there {
            let write = |end: &mut End| write_spooled(&mut spooled, log, end, host);
            match undone_on_error(end, write) {
                Ok(false) => {}
                Ok(true) => without_start.extend(spooled.run_id().map(str::to_owned)),
                Err(_) => break,
            }
        }
        // It is in the log now. If it cannot be removed from the spool after all,
        // the next run finds it in both.
        drop(host.spool_remove(&spooled.path));
    }
    Ok(without_start)
}

/// Writes a record from the spool. Returns whether its start is gone, which it says.
fn write_spooled(
    spooled: &mut SpooledRecord,
    log: &Log,
    end: &mut End,
    host: &mut dyn Host,
) -> io::Result<bool> {
    let length = end.length;
    let now = timestamp(host.now());
    let link = end.complete(&now, host)?.with_chain(host)?;
    let is_gone = match &spooled.start {
        Some(start) => start.is_gone(&*end.file, length, &link)?,
        None => false,
    };
    if is_gone {
        spooled.set_start_gone();
    }
    let json = spooled.json(link.chain.as_deref().unwrap_or_default());
    end.put(link.seal(&json).0.as_bytes())?;
    if log.sync {
        end.file.sync()?;
    }
    Ok(is_gone)
}

#[cfg(test)]
mod tests;
