//! Writing to a locked log: first whatever its end needs, then the record, by
//! one write.

use std::io;

use serde::Serialize;

use super::Log;
use super::codec::RECORD_MAX;
use super::record::{EventName, Record, RecoveredRecord, timestamp};
use super::spool::{self, SpooledRecord};
use super::tail::{LastLine, Link, LogEnd, read_last};
use crate::host::{Host, LogFile};
use crate::names::to_json_line;

/// How far back from a log's end to look for a spooled record that is already
/// there.
const SPOOLED_WITHIN: u64 = 64 << 10;

/// Writes a record under the lock. If part of it is missing, the file is cut
/// back to what it was: a torn line would swallow the next record. An empty log
/// begins with a given link.
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
        // If cutting fails too, the next run finds a torn line and marks it.
        drop(file.truncate(length));
    }
    written
}

/// Appends this log's records from the spool. One that cannot be written is
/// left to the next run. Returns the log's length afterwards.
pub(super) fn drain_spool(
    log: &Log,
    file: &mut dyn LogFile,
    mut length: u64,
    begin: &Link,
    host: &mut dyn Host,
) -> io::Result<u64> {
    for spooled in spool::pending(&log.path, host) {
        let is_there = spooled.is_in(&file.before(length, SPOOLED_WITHIN)?);
        if !is_there && write_spooled(&spooled, log, file, length, begin.clone(), host).is_err() {
            // If cutting fails too, the next run finds a torn line and marks it.
            drop(file.truncate(length));
            break;
        }
        // It is in the log now. If it cannot be removed from the spool after all,
        // the next run finds it in both.
        drop(host.spool_remove(&spooled.path));
        length = file.length()?;
    }
    Ok(length)
}

fn write_spooled(
    spooled: &SpooledRecord,
    log: &Log,
    file: &mut dyn LogFile,
    length: u64,
    begin: Link,
    host: &mut dyn Host,
) -> io::Result<()> {
    let now = timestamp(host.now());
    let link = end_with_whole_line(file, length, begin, &now, host)?.with_chain(host)?;
    let json = spooled.json(link.chain.as_deref().unwrap_or_default());
    put_bytes(file, link.seal(&json).0.as_bytes())?;
    if log.sync {
        file.sync()?;
    }
    Ok(())
}

pub(super) fn log_end(log: &dyn LogFile, length: u64) -> io::Result<LogEnd> {
    let before_end = |window| log.before(length, window);
    read_last(length, before_end, LogEnd::of, LogEnd::is_known)
}

/// Makes the log end with a complete line, and returns where its chain
/// continues; an empty one begins with a given link.
fn end_with_whole_line(
    file: &mut dyn LogFile,
    length: u64,
    begin: Link,
    timestamp: &str,
    host: &mut dyn Host,
) -> io::Result<Link> {
    let LogEnd { link, last_line } = log_end(file, length)?;
    match last_line {
        LastLine::Complete if length == 0 => Ok(begin),
        LastLine::Complete => Ok(link),
        LastLine::NoLineEnd => put_bytes(file, b"\n").map(|()| link),
        LastLine::Torn(torn_bytes, torn_hash) => {
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
    let (sealed, next) = link.seal(&to_json_line(record));
    if sealed.len() > RECORD_MAX {
        let length = sealed.len();
        let message = format!("the record has {length} bytes, more than {RECORD_MAX}");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    put_bytes(log, sealed.as_bytes())?;
    Ok(next)
}

/// Writes bytes by one system call.
fn put_bytes(log: &mut dyn LogFile, bytes: &[u8]) -> io::Result<()> {
    let taken = log.append(bytes)?;
    if taken == bytes.len() {
        return Ok(());
    }
    let message = format!("only {taken} of {} bytes were written", bytes.len());
    Err(io::Error::new(io::ErrorKind::WriteZero, message))
}
