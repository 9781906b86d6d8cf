//! Appending one record: check the path, lock the log, repair its end if needed,
//! write the record at once, sync.

use std::io;

use serde::Serialize;

use super::checkpoint::Checkpoint;
use super::codec::{EventName, RECORD_MAX};
use super::log::Log;
use super::open_log::{AppendError, LockWait, open_locked, put_bytes};
use super::record::{Record, RecoveredRecord, timestamp};
use super::rotated;
use super::spool::{self, SpooledRecord};
use super::tail::{LastLine, Link, LogEnd, log_end};
use crate::host::{Host, LogFile};
use crate::names::to_json_line;

/// How far back from a log's end to look for a spooled record that is already
/// there.
const SPOOLED_WITHIN: u64 = 64 << 10;

/// Appends a record to a log.
///
/// In this order: check the path, open it, check what was opened, lock it, check
/// that rotation has not renamed it, read the end of the chain, write once,
/// unlock, sync. Syncing after the unlock lets concurrent runs share one disk
/// commit.
pub(super) fn append<B: Serialize>(
    log: &Log,
    record: &mut Record<B>,
    wait: LockWait,
    host: &mut dyn Host,
) -> Result<(), AppendError> {
    let (mut file, mut length) = open_locked(log, wait, host)?;
    let begin = match length {
        0 => rotated::link(&log.path, wait, host)?,
        _ => Link::FIRST,
    };
    if wait == LockWait::UntilSignal {
        let taken = drain_spool(log, &mut *file, length, &begin, host);
        length = taken.map_err(AppendError::Write)?;
    }
    let written = write(&mut *file, length, record, begin, host);
    let unlocked = file.unlock();
    let next = written.map_err(AppendError::Write)?;
    unlocked.map_err(AppendError::Write)?;
    if log.sync {
        file.sync().map_err(AppendError::Sync)?;
    }
    let Some(anchor) = &log.anchor else {
        return Ok(());
    };
    let Some(checkpoint) = Checkpoint::before(&next, record, &log.path) else {
        return Ok(()); // there is a record before this link: the one just written
    };
    anchor
        .write(&checkpoint, log.access, host)
        .map_err(AppendError::Unanchored)
}

/// Writes a record under the lock. If part of it is missing, the file is cut
/// back to what it was: a torn line would swallow the next record. An empty log
/// begins with a given link.
fn write<B: Serialize>(
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
/// left for the next run. Returns the log's length afterwards.
fn drain_spool(
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
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    put_bytes(log, sealed.as_bytes())?;
    Ok(next)
}

#[cfg(test)]
mod tests {
    use nix::errno::Errno;

    use super::super::open_log::LOCK_WAIT;
    use super::*;
    use crate::host::fake::{Act, Op, World};
    use crate::host::{HostView as _, Signal};

    const LOG: &str = "/home/ops/log/a.log";

    fn log() -> Log {
        Log::plain(LOG)
    }

    fn record(world: &World) -> Record<RecoveredRecord> {
        let body = RecoveredRecord {
            torn_bytes: 1,
            torn_hash: crate::names::Sha256::of(b""),
        };
        Record::new(EventName::Recovered, &world.identity(), world.now(), body)
    }

    fn append_one(world: &mut World, wait: LockWait) -> Result<(), AppendError> {
        append(&log(), &mut record(world), wait, world)
    }

    fn lines(world: &World) -> Vec<serde_json::Value> {
        let text = world.text(LOG).unwrap_or_default();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn records_are_chained_and_synced_after_the_unlock() {
        let mut world = World::new();
        append_one(&mut world, LockWait::UntilSignal).unwrap();
        append_one(&mut world, LockWait::UntilSignal).unwrap();
        let lines = lines(&world);
        assert_eq!(lines[0]["hash"], lines[1]["prev"]);
        assert_eq!(lines[0]["chain"], lines[1]["chain"]);
        assert_eq!((&lines[0]["seq"], &lines[1]["seq"]), (&0.into(), &1.into()));
        let keys: Vec<_> = lines[0].as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys.first().unwrap(), "event");
        assert_eq!(keys[keys.len() - 3..], ["prev", "seq", "hash"]);
        assert_eq!(world.acts().last(), Some(&Act::Synced { locked: false }));
    }

    #[test]
    fn without_sync_nothing_waits_for_the_disk() {
        let mut world = World::new().fails(Op::Sync, 1, Errno::EIO);
        let log = Log {
            sync: false,
            ..log()
        };
        append(&log, &mut record(&world), LockWait::UntilSignal, &mut world).unwrap();
        assert_eq!(lines(&world).len(), 1);
    }

    #[test]
    fn a_torn_line_is_marked_and_kept() {
        let mut world = World::new().directory("/home/ops/log", 0o700).node(
            LOG,
            crate::host::FileKind::File,
            0o600,
            "{\"event\":\"sta",
        );
        append_one(&mut world, LockWait::UntilSignal).unwrap();
        let text = world.text(LOG).unwrap();
        assert!(
            text.starts_with("{\"event\":\"sta\n{\"event\":\"recovered\""),
            "{text}"
        );
        assert!(text.contains("\"torn_bytes\":13"));
        assert_eq!(text.lines().count(), 3);
    }

    #[test]
    fn the_chain_continues_however_far_back_its_last_record_is() {
        let mut world = World::new();
        append_one(&mut world, LockWait::UntilSignal).unwrap();
        let record = world.text(LOG).unwrap();
        let first: serde_json::Value = record.parse().unwrap();
        for length in [1, 4096 - 1, 4096, 5000, 70_000] {
            // A foreign line after it, complete or torn.
            for end in ["\n", ""] {
                let foreign = "x".repeat(length) + end;
                let mut world = World::new().directory("/home/ops/log", 0o700).node(
                    LOG,
                    crate::host::FileKind::File,
                    0o600,
                    &(record.clone() + &foreign),
                );
                append_one(&mut world, LockWait::UntilSignal).unwrap();
                let text = world.text(LOG).unwrap();
                let next: serde_json::Value = text.lines().nth(2).unwrap().parse().unwrap();
                assert_eq!(next["prev"], first["hash"], "{length} {end:?}");
                assert_eq!(next["seq"], 1);
            }
        }
    }

    #[test]
    fn after_rotation_the_chain_continues_from_the_newest_rotated_file() {
        let mut world = World::new();
        for _ in 0..2 {
            append_one(&mut world, LockWait::UntilSignal).unwrap();
        }
        let old = world.text(LOG).unwrap();
        let older = old.lines().next().unwrap().to_owned() + "\n";
        let other = older.replace("\"seq\":0", "\"seq\":7");
        let mut world = World::new()
            .directory("/home/ops/log", 0o700)
            .file(&format!("{LOG}-20261123"), &older)
            .file(&format!("{LOG}-20261124"), &old)
            .file(&format!("{LOG}.bak"), &other)
            .file("/home/ops/log/a-b.log", &other);
        append_one(&mut world, LockWait::UntilSignal).unwrap();
        let lines = lines(&world);
        let before: serde_json::Value = old.lines().nth(1).unwrap().parse().unwrap();
        assert_eq!(lines[0]["prev"], before["hash"]);
        assert_eq!(lines[0]["chain"], before["chain"]);
        assert_eq!(lines[0]["seq"], 2);
    }

    #[test]
    fn a_partial_write_is_undone() {
        for op in [Op::Append, Op::ShortAppend] {
            let mut world = World::new().fails(op, 2, Errno::ENOSPC);
            append_one(&mut world, LockWait::UntilSignal).unwrap();
            let before = world.text(LOG);
            let error = append_one(&mut world, LockWait::UntilSignal).unwrap_err();
            assert!(matches!(error, AppendError::Write(_)), "{op:?}");
            assert_eq!(world.text(LOG), before, "{op:?}");
        }
    }

    #[test]
    fn a_failed_sync_is_an_error_and_not_retried() {
        let mut world = World::new().fails(Op::Sync, 1, Errno::EIO);
        let error = append_one(&mut world, LockWait::UntilSignal).unwrap_err();
        assert!(matches!(error, AppendError::Sync(_)));
        assert!(!world.acts().contains(&Act::Synced { locked: false }));
    }

    #[test]
    fn a_record_that_is_too_long_is_not_written() {
        let mut world = World::new();
        append_one(&mut world, LockWait::UntilSignal).unwrap();
        let before = world.text(LOG);
        let body = std::collections::BTreeMap::from([("text", "x".repeat(64 << 10))]);
        let mut record = Record::new(EventName::Start, &world.identity(), world.now(), body);
        let error = append(&log(), &mut record, LockWait::UntilSignal, &mut world).unwrap_err();
        let reason = error.reason(LOG.as_ref());
        assert!(reason.contains("more than 65536"), "{reason}");
        assert_eq!(world.text(LOG), before);
    }

    fn held_forever() -> World {
        (1..2000).fold(World::new(), |world, nth| {
            world.fails(Op::Lock, nth, Errno::EAGAIN)
        })
    }

    #[test]
    fn a_wait_for_a_lock_times_out() {
        let mut world = held_forever();
        let error = append_one(&mut world, LockWait::UntilSignal).unwrap_err();
        assert!(matches!(error, AppendError::Locked));
        assert!(world.elapsed() >= LOCK_WAIT);
    }

    #[test]
    fn a_signal_ends_the_wait_only_before_the_script_has_run() {
        let term = Signal::new(15);
        let mut world = held_forever().signal_at(Op::Lock, term);
        let error = append_one(&mut world, LockWait::UntilSignal).unwrap_err();
        assert!(matches!(error, AppendError::Interrupted(signal) if signal == term));
        let mut world = World::new()
            .fails(Op::Lock, 1, Errno::EAGAIN)
            .signal_at(Op::Lock, term);
        append_one(&mut world, LockWait::Stubborn).unwrap();
    }
}
