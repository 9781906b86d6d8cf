//! Appending one record: checked, locked, chained, whole, on disk.

use std::io;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use super::log_permissions::{LogObstacle, check_named, check_open, obstacle};
use super::record::Record;
use super::tail::Link;
use super::write::{drain_spool, write};
use super::{Checkpoint, Log, rotated};
use crate::host::{Host, LogFile, OpenLog, Signal, reason};
use crate::manifest::LogAccess;

/// How long to wait for a lock while the log does not grow.
pub const LOCK_WAIT: Duration = Duration::from_secs(5);

/// The longest delay between two attempts to lock: at first, since appending a
/// record takes less, then doubled each time up to the last. Half of the delay is
/// random jitter, so that waiting runs do not retry in step.
const LOCK_RETRY: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(10)];

/// Why a record is not on disk.
#[derive(Debug)]
pub enum AppendError {
    Obstacle(LogObstacle),
    /// Another process held the lock too long.
    Locked,
    /// A signal ended the run while it waited for the lock.
    Interrupted(Signal),
    /// The record was not written; a partial write was undone.
    Write(io::Error),
    /// The record is in the log, but its checkpoint could not be written.
    Unanchored(String),
    /// The record was written but may not be on disk (fsync(2)). Syncing again
    /// proves nothing: the kernel may have dropped the pages.
    Sync(io::Error),
}

impl AppendError {
    /// Says whether the record is in its log nevertheless.
    pub(super) fn is_recorded(&self) -> bool {
        matches!(self, Self::Unanchored(_))
    }

    pub fn reason(&self, path: &Path) -> String {
        let log = crate::names::shell_word(path);
        match self {
            Self::Obstacle(obstacle) => obstacle.reason.clone(),
            Self::Locked => format!(
                "another process has locked the log {log} and written nothing for {} s",
                LOCK_WAIT.as_secs()
            ),
            Self::Interrupted(signal) => {
                format!(
                    "{} arrived while waiting for the lock of the log {log}",
                    signal.name()
                )
            }
            Self::Unanchored(reason) => reason.clone(),
            Self::Write(error) => format!("cannot write the log {log}: {}", reason(error)),
            Self::Sync(error) => {
                format!("cannot sync the log {log} to disk: {}", reason(error))
            }
        }
    }
}

/// Whether a signal ends the wait for a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LockWait {
    /// It does: the script has not started.
    UntilSignal,
    /// It does not: the script has run, and its end must be recorded.
    Stubborn,
}

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

/// Opens a log with its lock held; returns its length too.
fn open_locked(
    log: &Log,
    wait: LockWait,
    host: &mut dyn Host,
) -> Result<(Box<dyn LogFile>, u64), AppendError> {
    loop {
        let mut file = open(log, log.access, host)?;
        lock(&mut *file, wait, host)?;
        if let Some(length) = file.length_in_place().map_err(AppendError::Write)? {
            return Ok((file, length));
        }
    }
}

/// Opens a log, or creates it with these permissions, and checks what was
/// opened. What is not a regular file is not even opened: opening a device can
/// have effects.
pub(super) fn open(
    log: &Log,
    access: LogAccess,
    host: &mut dyn Host,
) -> Result<Box<dyn LogFile>, AppendError> {
    let named = host.lstat(&log.path).ok();
    if let Some(obstacle) = named.and_then(|stat| check_named(log, &stat, host)) {
        return Err(AppendError::Obstacle(obstacle));
    }
    let opened = host.open_log(&log.path, OpenLog::Append);
    let file = opened.or_else(|error| match obstacle(log, host) {
        Some(obstacle) => Err(AppendError::Obstacle(obstacle)),
        None if error.kind() != io::ErrorKind::NotFound => Err(AppendError::Write(error)),
        None => {
            let made = host.open_log(
                &log.path,
                OpenLog::Create {
                    mode: access.mode(),
                },
            );
            made.map_err(AppendError::Write)
        }
    })?;
    match check_open(log, &*file, host).map_err(AppendError::Write)? {
        Some(obstacle) => Err(AppendError::Obstacle(obstacle)),
        None => Ok(file),
    }
}

/// Waits for the lock, as long as the log grows: while other runs append, the
/// queue moves.
pub(super) fn lock(
    log: &mut dyn LogFile,
    wait: LockWait,
    host: &mut dyn Host,
) -> Result<(), AppendError> {
    let mut length = None;
    let [mut retry, longest] = LOCK_RETRY;
    let mut deadline = host.elapsed() + LOCK_WAIT;
    while !log.try_lock().map_err(AppendError::Write)? {
        let now = Some(log.length().map_err(AppendError::Write)?);
        if now != length {
            length = now;
            deadline = host.elapsed() + LOCK_WAIT;
        }
        if host.elapsed() >= deadline {
            return Err(AppendError::Locked);
        }
        let jitter = host.random().map_err(AppendError::Write)?[0];
        let pause = retry * (256 + u32::from(jitter)) / 512;
        retry = longest.min(2 * retry);
        match (host.pause(pause), wait) {
            (Some(signal), LockWait::UntilSignal) => return Err(AppendError::Interrupted(signal)),
            (Some(_), LockWait::Stubborn) | (None, _) => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use nix::errno::Errno;

    use super::super::record::{EventName, RecoveredRecord};
    use super::*;
    use crate::host::HostView as _;
    use crate::host::fake::{Act, Op, World};

    const LOG: &str = "/home/ops/log/a.log";

    fn log() -> Log {
        Log::plain(LOG)
    }

    fn append_one(world: &mut World, wait: LockWait) -> Result<(), AppendError> {
        let body = RecoveredRecord {
            torn_bytes: 1,
            torn_hash: crate::names::Sha256::of(b""),
        };
        let mut record = Record::new(EventName::Recovered, &world.identity(), world.now(), body);
        append(&log(), &mut record, wait, world)
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
        let body = RecoveredRecord {
            torn_bytes: 1,
            torn_hash: crate::names::Sha256::of(b""),
        };
        let mut record = Record::new(EventName::Recovered, &world.identity(), world.now(), body);
        append(&log, &mut record, LockWait::UntilSignal, &mut world).unwrap();
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
    fn the_chain_goes_on_however_far_back_its_last_record_stands() {
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
