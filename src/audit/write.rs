//! Writing to a log whose lock is held: what its end needs first, then the
//! record, by one write.

use std::io;

use serde::Serialize;

use super::Log;
use super::record::{EventName, Record, RecoveredRecord, timestamp};
use super::spool::{self, Waiting};
use super::tail::{Ending, Link, RECORD_MAX, ending, is_enough};
use crate::host::{Host, LogFile};
use crate::names::to_json_line;

/// More than this is never read of a log to append to it; what has no record
/// of ours in its last bytes starts a chain anew.
const TAIL_MAX: u64 = 16 << 20;

/// Writes a record under the lock. If it does not go in whole, the file is
/// cut back to what it was: a torn line would swallow the next record. A log
/// that is empty begins at a given place.
pub(super) fn write<B: Serialize>(
    file: &mut dyn LogFile,
    record: &mut Record<B>,
    begin: Link,
    host: &mut dyn Host,
) -> io::Result<Link> {
    let length = file.length()?;
    let link = mend(file, begin, &record.timestamp, host);
    let written = link.and_then(|link| put(file, record, link, host));
    if written.is_err() {
        // If cutting fails too, the next run will find a torn line and mark it.
        drop(file.truncate(length));
    }
    written
}

/// Appends the records of this log that wait in the spool. One that does not go
/// in is left to the next run.
pub(super) fn take_over(log: &Log, file: &mut dyn LogFile, begin: &Link, host: &mut dyn Host) {
    for waiting in spool::waiting(&log.path, host) {
        let Ok(length) = file.length() else { return };
        let is_there = tail_of(file, length).is_ok_and(|tail| waiting.is_in(&tail));
        if !is_there && take_over_one(&waiting, log, file, begin.clone(), host).is_err() {
            // If cutting fails too, the next run will find a torn line and mark it.
            drop(file.truncate(length));
            return;
        }
        // It is in the log now. If it cannot be removed from the spool after all,
        // the next run finds it in both.
        drop(host.forget(&waiting.path));
    }
}

fn take_over_one(
    waiting: &Waiting,
    log: &Log,
    file: &mut dyn LogFile,
    begin: Link,
    host: &mut dyn Host,
) -> io::Result<()> {
    let now = timestamp(host.now());
    let link = mend(file, begin, &now, host)?.with_chain(host)?;
    let json = waiting.json(link.chain.as_deref().unwrap_or_default());
    put_bytes(file, link.close(&json).0.as_bytes())?;
    if log.sync {
        file.sync()?;
    }
    Ok(())
}

/// Reads as much of the log's end as tells how its chain goes on: usually two
/// records' worth, whatever the length of the log.
pub(super) fn tail_of(log: &dyn LogFile, length: u64) -> io::Result<Vec<u8>> {
    let mut window = u64::try_from(RECORD_MAX).unwrap_or(u64::MAX);
    loop {
        let tail = log.tail(window)?;
        if window >= length.min(TAIL_MAX) || is_enough(&tail) {
            return Ok(tail);
        }
        window *= 4;
    }
}

/// Makes the log end with a whole line, and says where its chain goes on; one
/// that is empty begins at a given place.
fn mend(
    file: &mut dyn LogFile,
    begin: Link,
    timestamp: &str,
    host: &mut dyn Host,
) -> io::Result<Link> {
    let length = file.length()?;
    match ending(&tail_of(file, length)?) {
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
