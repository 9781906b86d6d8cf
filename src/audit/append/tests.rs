use nix::errno::Errno;

use super::super::open_log::LOCK_WAIT;
use super::super::record::EndRecord;
use super::*;
use crate::host::fake::{Act, Op, World};
use crate::host::{HostView as _, Signal};
use crate::manifest::LogAccess;

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
    append(&log(), &mut record(world), None, wait, world).map(drop)
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
    let mut record = record(&world);
    append(&log, &mut record, None, LockWait::UntilSignal, &mut world).unwrap();
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
fn the_chain_of_a_team_continues_in_a_file_that_a_colleague_has_rotated() {
    let mut world = World::new();
    append_one(&mut world, LockWait::UntilSignal).unwrap();
    let old = world.text(LOG).unwrap();
    let rotated = format!("{LOG}.1");
    for (access, mode, continues) in [
        (LogAccess::Group, 0o660, true),
        (LogAccess::Group, 0o662, false),
        (LogAccess::GroupRead, 0o640, false),
        (LogAccess::Private, 0o600, false),
    ] {
        let mut world = World::new()
            .directory("/home/ops/log", 0o700)
            .node(&rotated, crate::host::FileKind::File, mode, &old)
            .alter(&rotated, |stat| stat.owner += 1);
        let log = Log { access, ..log() };
        let mut record = record(&world);
        append(&log, &mut record, None, LockWait::UntilSignal, &mut world).unwrap();
        let seq = u64::from(continues);
        assert_eq!(lines(&world)[0]["seq"], seq, "{access:?} {mode:o}");
    }
}

#[test]
fn a_partial_write_is_completed_or_undone() {
    let written = |world: World| {
        let mut world = world;
        append_one(&mut world, LockWait::UntilSignal).unwrap();
        let before = world.text(LOG);
        let result = append_one(&mut world, LockWait::UntilSignal);
        (world, before, result)
    };
    let full = |world: World, nth| world.fails(Op::Append, nth, Errno::ENOSPC);
    let short = || World::new().fails(Op::ShortAppend, 2, Errno::ENOSPC);
    for world in [full(World::new(), 2), full(short(), 3)] {
        let (world, before, result) = written(world);
        assert_eq!(world.text(LOG), before);
        let reason = result.unwrap_err().reason(LOG.as_ref());
        assert!(reason.contains("No space left on device"), "{reason}");
    }
    for world in [short(), World::new().fails(Op::Append, 2, Errno::EINTR)] {
        let (world, _, result) = written(world);
        result.unwrap();
        assert_eq!(lines(&world).len(), 2);
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
    let body = EndRecord::not_started(&"x".repeat(64 << 10), None, 0);
    let mut record = Record::new(EventName::Start, &world.identity(), world.now(), body);
    let wait = LockWait::UntilSignal;
    let error = append(&log(), &mut record, None, wait, &mut world).unwrap_err();
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
fn a_record_is_written_although_the_unlock_fails() {
    for errno in [Errno::EINTR, Errno::ENOLCK] {
        let mut world = World::new().fails(Op::Unlock, 1, errno);
        append_one(&mut world, LockWait::UntilSignal).unwrap();
        assert_eq!(world.text(LOG).unwrap().lines().count(), 1);
    }
}

#[test]
fn a_system_without_locks_is_asked_again_and_told_apart() {
    let mut world = World::new()
        .fails(Op::Lock, 1, Errno::ENOLCK)
        .fails(Op::Lock, 2, Errno::EINTR);
    append_one(&mut world, LockWait::UntilSignal).unwrap();
    for (errno, waits, reason) in [
        (Errno::ENOLCK, true, "No locks available"),
        (Errno::EOPNOTSUPP, false, "Operation not supported"),
    ] {
        let mut world =
            (1..2000).fold(World::new(), |world, nth| world.fails(Op::Lock, nth, errno));
        let error = append_one(&mut world, LockWait::UntilSignal).unwrap_err();
        assert_eq!(world.elapsed() >= LOCK_WAIT, waits, "{errno}");
        let expected = format!("cannot lock the log {LOG}: {reason}");
        let found = error.reason(LOG.as_ref());
        assert!(found.starts_with(&expected), "{found}");
    }
    let error = AppendError::NoLock(Errno::ENOLCK.into());
    let diagnosis = error.diagnosis(LOG.as_ref()).unwrap();
    assert!(diagnosis.starts_with("findmnt -T "), "{diagnosis}");
}

#[test]
fn the_chain_does_not_begin_anew_because_the_rotated_file_cannot_be_opened() {
    let mut world = World::new();
    append_one(&mut world, LockWait::UntilSignal).unwrap();
    let old = world.text(LOG).unwrap();
    let rotated = || {
        World::new()
            .directory("/home/ops/log", 0o700)
            .file(&format!("{LOG}.1"), &old)
    };
    for errno in [Errno::EMFILE, Errno::ENFILE, Errno::EIO] {
        let mut world = rotated().fails(Op::OpenRotated, 1, errno);
        let error = append_one(&mut world, LockWait::UntilSignal).unwrap_err();
        assert!(matches!(error, AppendError::Write(_)), "{errno}");
        assert_eq!(world.text(LOG).unwrap_or_default(), "");
    }
    let mut world = rotated().fails(Op::OpenRotated, 1, Errno::ENOENT);
    append_one(&mut world, LockWait::UntilSignal).unwrap();
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
