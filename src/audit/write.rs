//! Writing to a log whose lock is held: what its end needs first, then the
//! record, by one write.

use std::io;

use serde::Serialize;

use super::Log;
use super::record::{EventName, Record, RecoveredRecord, timestamp};
use super::spool::{self, SpooledRecord};
use super::tail::{Ending, Link, RECORD_MAX};
use crate::host::{Host, LogFile};
use crate::names::to_json_line;

/// So much of a log's end is read first: three records and more.
const TAIL_FIRST: u64 = 4 << 10;

/// So far back from a log's end, a record that was taken over is looked for.
const TAKEN_OVER: u64 = 64 << 10;

/// More than this is never read of a log to append to it; what has no record
/// of ours in its last bytes starts a chain anew.
const TAIL_MAX: u64 = 16 << 20;

/// Writes a record under the lock. If it does not go in whole, the file is
/// cut back to what it was: a torn line would swallow the next record. A log
/// that is empty begins at a given place.
pub(super) fn write<B: Serialize>(
    file: &mut dyn LogFile,
    length: u64,
    record: &mut Record<B>,
    begin: Link,
    host: &mut dyn Host,
) -> io::Result<Link> {
    let link = end_with_whole_line(file, length, begin, &record.timestamp, host);
    let written = link.and_then(|link| put(file, record, link, host));
    if written.is_err() {
        // If cutting fails too, the next run will find a torn line and mark it.
        drop(file.truncate(length));
    }
    written
}

/// Appends the records of this log that wait in the spool. One that does not go
/// in is left to the next run. Returns the log's length afterwards.
pub(super) fn take_over(
    log: &Log,
    file: &mut dyn LogFile,
    mut length: u64,
    begin: &Link,
    host: &mut dyn Host,
) -> io::Result<u64> {
    for waiting in spool::waiting(&log.path, host) {
        let is_there = waiting.is_in(&file.before(length, TAKEN_OVER)?);
        if !is_there && take_over_one(&waiting, log, file, length, begin.clone(), host).is_err() {
            // If cutting fails too, the next run will find a torn line and mark it.
            drop(file.truncate(length));
            break;
        }
        // It is in the log now. If it cannot be removed from the spool after all,
        // the next run finds it in both.
        drop(host.spool_remove(&waiting.path));
        length = file.length()?;
    }
    Ok(length)
}

fn take_over_one(
    waiting: &SpooledRecord,
    log: &Log,
    file: &mut dyn LogFile,
    length: u64,
    begin: Link,
    host: &mut dyn Host,
) -> io::Result<()> {
    let now = timestamp(host.now());
    let link = end_with_whole_line(file, length, begin, &now, host)?.with_chain(host)?;
    let json = waiting.json(link.chain.as_deref().unwrap_or_default());
    put_bytes(file, link.close(&json).0.as_bytes())?;
    if log.sync {
        file.sync()?;
    }
    Ok(())
}

/// Reads how a log of some length ends.
pub(super) fn ending(log: &dyn LogFile, length: u64) -> io::Result<Ending> {
    last_lines(log, length, Ending::of, Ending::is_known)
}

/// Reads something from the last lines of a log of some length, as many as it
/// takes: usually a few records' worth, whatever the length.
pub(super) fn last_lines<T>(
    log: &dyn LogFile,
    length: u64,
    read: impl Fn(&[u8]) -> T,
    is_enough: impl Fn(&T) -> bool,
) -> io::Result<T> {
    let mut window = TAIL_FIRST;
    loop {
        let tail = log.before(length, window)?;
        if window >= length.min(TAIL_MAX) {
            return Ok(read(&tail));
        }
        // The first line is cut, unless the window happens to begin with one.
        let first_end = tail.iter().position(|&byte| byte == b'\n');
        let lines = first_end.and_then(|at| tail.get(at + 1..));
        let found = read(lines.unwrap_or_default());
        if is_enough(&found) {
            return Ok(found);
        }
        window *= 4;
    }
}

/// Makes the log end with a whole line, and says where its chain goes on; one
/// that is empty begins at a given place.
fn end_with_whole_line(
    file: &mut dyn LogFile,
    length: u64,
    begin: Link,
    timestamp: &str,
    host: &mut dyn Host,
) -> io::Result<Link> {
    match ending(file, length)? {
        Ending::Whole(_) if length == 0 => Ok(begin),
        Ending::Whole(link) => Ok(link),
        Ending::Unended(link) => put_bytes(file, b"\n").map(|()| link),
        Ending::Torn(link, torn_bytes, torn_hash) => {
            put_bytes(file, b"\n")?;
            let body = RecoveredRecord {
                torn_bytes,
                torn_hash,
            };
            let mut recovered =
                Record::new(EventName::Recovered, &host.identity(), host.now(), body);
            timestamp.clone_into(&mut recovered.timestamp);
            put(file, &mut recovered, link, host)
        }
    }
}

fn put<B: Serialize>(
    log: &mut dyn LogFile,
    record: &mut Record<B>,
    link: Link,
    host: &mut dyn Host,
) -> io::Result<Link> {
    let link = link.with_chain(host)?;
    record.chain = link.chain.clone().unwrap_or_default();
    let (closed, next) = link.close(&to_json_line(record));
    if closed.len() > RECORD_MAX {
        let length = closed.len();
        let message = format!("the record has {length} bytes, at most {RECORD_MAX} fit");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    put_bytes(log, closed.as_bytes())?;
    Ok(next)
}

/// Writes bytes by one write.
fn put_bytes(log: &mut dyn LogFile, bytes: &[u8]) -> io::Result<()> {
    let taken = log.append(bytes)?;
    if taken == bytes.len() {
        return Ok(());
    }
    let message = format!("only {taken} of {} bytes were taken", bytes.len());
    Err(io::Error::new(io::ErrorKind::WriteZero, message))
}
