//! What a run leaves in the log, in the spool and at the anchor.

use std::path::PathBuf;

use super::*;
use crate::audit::Fallback;
use crate::host::fake::FileChange;
use crate::host::{FileKind, HostView as _};

/// A group that is guarded as usual, with settings of its log.
fn with(settings: &str) -> World {
    World::new()
        .manifest("g", &format!("{ALL}[audit]\n{settings}"))
        .var("A", "1")
        .terminal("y")
        .tool("op", 0, b"hunter2", b"")
}

fn words(world: &World) -> Vec<String> {
    let events = events(world);
    let words = events.iter().map(|one| one["event"].as_str().unwrap());
    words.map(str::to_owned).collect()
}

fn in_spool(unrecorded: Unrecorded) -> PathBuf {
    let Fallback::InSpool(path) = unrecorded.left else {
        panic!("{unrecorded:?}");
    };
    path
}

fn nowhere(unrecorded: Unrecorded) -> String {
    let Fallback::Nowhere(record) = unrecorded.left else {
        panic!("{unrecorded:?}");
    };
    record
}

#[test]
fn an_end_record_that_cannot_be_written_is_spooled_and_the_exit_code_is_unchanged() {
    let world = guarded()
        .fails(Op::Append, 2, Errno::ENOSPC)
        .ends(|end| end.status = Ok(5));
    let (world, outcome) = carry(world);
    assert_eq!(outcome.ended.exit(), Exit::Code(5));
    let kept = in_spool(outcome.unrecorded.unwrap());
    assert!(kept.starts_with("/home/ops/.local/state/qli/spool"));
    let text = world.text(&kept.display().to_string()).unwrap();
    assert!(
        text.contains("\"event\":\"finish\"") && text.contains(LOG),
        "{text}"
    );
}

#[test]
fn where_the_spool_fails_too_the_record_itself_is_returned() {
    let world =
        guarded()
            .fails(Op::Append, 2, Errno::ENOSPC)
            .fails(Op::SpoolWrite, 1, Errno::ENOSPC);
    let record = nowhere(carry(world).1.unrecorded.unwrap());
    assert!(record.starts_with("{\"event\":\"finish\""), "{record}");
}

/// A run that could not record its end leaves it in the spool.
fn with_one_in_the_spool() -> World {
    let (world, _) = carry(guarded().fails(Op::Append, 2, Errno::ENOSPC));
    assert_eq!(words(&world), ["start"]);
    world.terminal("y")
}

fn spooled_files(world: &World) -> usize {
    let spool = "/home/ops/.local/state/qli/spool";
    world.list(spool.as_ref()).map_or(0, |names| names.len())
}

#[test]
fn the_next_run_takes_over_what_waits_in_the_spool() {
    let (world, outcome) = carry(with_one_in_the_spool());
    assert!(outcome.unrecorded.is_none());
    assert_eq!(words(&world), ["start", "finish", "start", "finish"]);
    let events = events(&world);
    assert_eq!(events[1]["spooled"], true);
    assert_eq!(events[1]["run_id"], events[0]["run_id"]);
    for (before, after) in events.iter().zip(&events[1..]) {
        assert_eq!(before["hash"], after["prev"]);
        assert_eq!(before["chain"], after["chain"]);
    }
    assert_eq!(spooled_files(&world), 0);
}

#[test]
fn what_cannot_be_taken_over_stays_in_the_spool() {
    let (world, outcome) = carry(with_one_in_the_spool().fails(Op::Append, 3, Errno::EIO));
    assert_eq!(outcome.ended.exit(), Exit::Code(0));
    assert_eq!(words(&world), ["start", "start", "finish"]);
    assert_eq!(spooled_files(&world), 1);
}

#[test]
fn what_was_taken_over_and_not_removed_is_not_taken_over_again() {
    let (world, _) = carry(with_one_in_the_spool().fails(Op::SpoolRemove, 1, Errno::EIO));
    assert_eq!(words(&world), ["start", "finish", "start", "finish"]);
    assert_eq!(spooled_files(&world), 1);
    let (world, _) = carry(world.terminal("y"));
    assert_eq!(words(&world).len(), 6);
    assert_eq!(spooled_files(&world), 0);
}

#[test]
fn an_end_that_could_not_be_synced_is_recorded_once() {
    for rotated in [false, true] {
        let (world, outcome) = carry(guarded().fails(Op::Sync, 2, Errno::EIO));
        drop(in_spool(outcome.unrecorded.unwrap()));
        assert_eq!(words(&world), ["start", "finish"]);
        let old = world.text(LOG).unwrap();
        let world = if rotated {
            // The next record creates the log.
            world.file(&format!("{LOG}.1"), &old).without(LOG)
        } else {
            world
        };
        let (world, _) = carry(world.terminal("y"));
        let new = world.text(LOG).unwrap();
        let all = if rotated { old + &new } else { new };
        assert_eq!(all.matches("\"event\":\"finish\"").count(), 2, "{all}");
        assert_eq!(spooled_files(&world), 0);
    }
}

/// The file that a run left in the spool, changed by another program.
fn with_changed_spool(change: impl FnOnce(&str) -> String) -> World {
    let world = with_one_in_the_spool();
    let spool = "/home/ops/.local/state/qli/spool";
    let name = world.list(spool.as_ref()).unwrap().remove(0);
    let path = format!("{spool}/{}", name.to_str().unwrap());
    let text = world.text(&path).unwrap();
    let changed = change(&text);
    assert_ne!(changed, text);
    world.node(&path, FileKind::File, 0o600, &changed)
}

#[test]
fn a_damaged_file_in_the_spool_does_not_get_into_the_log() {
    for (old, new) in [
        ("\"timestamp\":", "\"time\":"),
        ("\"timestamp\":\"2", "\"timestamp\":\"x"),
        ("\"host\":\"testhost\"", "\"host\":1"),
        ("\"uid\":", "\"uid\":-"),
        ("\"exit_code\":0", "\"exit_code\":\"0\""),
        ("\"event\":\"finish\"", "\"event\":\"start\""),
        ("\"duration_ms\"", "\"signals\":[7],\"duration_ms\""),
        ("\"group\":\"g\",", ""),
    ] {
        let (world, _) = carry(with_changed_spool(|text| text.replace(old, new)));
        assert_eq!(words(&world), ["start", "start", "finish"], "{new}");
        assert_eq!(spooled_files(&world), 1, "{new}");
    }
    let padded = |length| {
        let pad = format!("\"pad\":\"{}\",\"duration_ms\"", "x".repeat(length));
        carry(with_changed_spool(|text| {
            text.replace("\"duration_ms\"", &pad)
        }))
        .0
    };
    assert_eq!(words(&padded(70_000)), ["start", "start", "finish"]);
    // A later version may write more fields.
    let all = ["start", "finish", "start", "finish"];
    assert_eq!(words(&padded(60_000)), all);
}

fn start_gone(change: FileChange) -> (World, Option<Unrecorded>) {
    let (world, outcome) = carry(guarded().while_running(LOG, change));
    (world, outcome.unrecorded)
}

#[test]
fn a_start_record_that_vanished_during_its_run_is_reported() {
    let foreign = "hello\n".repeat(999);
    for change in [
        FileChange::Removed,
        FileChange::Contains(String::new()),
        FileChange::Contains(foreign),
        FileChange::RenamedTo("/home/ops/log/elsewhere".into()),
    ] {
        let (world, unrecorded) = start_gone(change.clone());
        let unrecorded = unrecorded.unwrap();
        assert_eq!(unrecorded.left, Fallback::WithoutStart, "{change:?}");
        let text = world.text(LOG).unwrap();
        let last = text.lines().last().unwrap();
        assert!(last.contains("\"start_gone\":true"), "{change:?}: {last}");
    }
}

#[test]
fn a_log_that_was_replaced_by_a_backup_has_lost_the_start() {
    let (world, _) = carry(guarded());
    let backup = world.text(LOG).unwrap();
    let change = FileChange::Contains(backup.clone());
    let (world, outcome) = carry(world.terminal("y").while_running(LOG, change));
    assert_eq!(outcome.unrecorded.unwrap().left, Fallback::WithoutStart);
    assert!(world.text(LOG).unwrap().starts_with(&backup));
    assert_eq!(words(&world), ["start", "finish", "finish"]);
}

#[test]
fn a_start_record_in_a_rotated_file_is_not_gone() {
    let change = FileChange::RenamedTo(format!("{LOG}.1").into());
    let (world, unrecorded) = start_gone(change);
    assert_eq!(unrecorded, None);
    assert_eq!(words(&world), ["finish"]);
    assert!(events(&world)[0].get("start_gone").is_none());
}

#[test]
fn an_end_from_the_spool_says_if_its_start_is_gone() {
    for (rotated, gone) in [(false, true), (true, false)] {
        let world = with_one_in_the_spool();
        let old = world.text(LOG).unwrap();
        let world = if rotated {
            world.file(&format!("{LOG}.1"), &old)
        } else {
            world
        };
        let (world, outcome) = carry(world.without(LOG));
        let left = outcome.unrecorded.map(|unrecorded| unrecorded.left);
        assert_eq!(left, gone.then_some(Fallback::EarlierWithoutStart));
        assert_eq!(words(&world), ["finish", "start", "finish"]);
        let marks: Vec<_> = events(&world)
            .iter()
            .map(|one| one.get("start_gone").is_some())
            .collect();
        assert_eq!(marks, [gone, false, false]);
    }
}

#[test]
fn what_others_may_have_put_into_the_spool_is_not_taken_over() {
    let open = with_one_in_the_spool();
    let open = open.alter("/home/ops/.local/state/qli/spool", |stat| stat.mode = 0o777);
    assert_eq!(words(&carry(open).0), ["start", "start", "finish"]);
}

/// A machine that crashed while it wrote leaves any beginning of a line.
#[test]
fn a_record_that_was_cut_at_any_byte_is_marked_and_the_chain_goes_on() {
    let (world, _) = carry(guarded());
    let text = world.text(LOG).unwrap();
    let start = text.find('\n').unwrap() + 1;
    for cut in start + 1..text.len() {
        let kept = text.get(..cut).unwrap();
        let torn =
            guarded()
                .directory("/home/ops/log", 0o700)
                .node(LOG, FileKind::File, 0o600, kept);
        let (world, _) = carry(torn);
        let all = world.text(LOG).unwrap();
        assert!(all.starts_with(kept), "something was cut away");
        let records = all
            .lines()
            .filter_map(|line| line.parse::<serde_json::Value>().ok());
        let records: Vec<_> = records.collect();
        // Only the line end is missing: the record is whole.
        let is_whole = cut == text.len() - 1;
        let found = records.iter().any(|one| one["event"] == "recovered");
        assert_eq!(found, !is_whole, "cut at {cut}");
        for (before, after) in records.iter().zip(&records[1..]) {
            assert_eq!(before["hash"], after["prev"], "cut at {cut}");
        }
    }
}

#[test]
fn a_refusal_is_recorded_where_the_manifest_asks_for_it() {
    let (world, outcome) = carry(with("refusals = true\n").var("A", "2"));
    assert_eq!(outcome.ended.exit(), Exit::Code(125));
    let refused = &events(&world)[0];
    assert_eq!(refused["event"], "refused");
    assert_eq!(refused["step"], "requires_env");
    assert_eq!(refused["reason"], "requires-env");
    assert_eq!(refused["exit_code"], 125);
    let guards = refused["guards"].as_array().unwrap();
    assert_eq!(guards[0]["step"], "banner");
    assert_eq!(guards[1]["verdict"], "refuse");
    assert_eq!(
        events(&carry(guarded().var("A", "2")).0),
        Vec::<serde_json::Value>::new()
    );
}

#[test]
fn a_signal_at_the_question_is_a_refusal_with_its_signal() {
    let world = with("refusals = true\n").signal_at(Op::Ask, Signal::new(15));
    let (world, outcome) = carry(world);
    assert_eq!(outcome.ended.exit(), Exit::Signal(Signal::new(15)));
    let refused = &events(&world)[0];
    assert_eq!(
        (
            &refused["reason"],
            &refused["signal"],
            &refused["exit_code"]
        ),
        (&"signal".into(), &"SIGTERM".into(), &143.into())
    );
}

#[test]
fn a_refusal_that_cannot_be_recorded_stays_a_refusal() {
    let world = with("refusals = true\n").var("A", "2");
    let (_, outcome) = carry(world.fails(Op::Append, 1, Errno::ENOSPC));
    assert_eq!(outcome.ended.exit(), Exit::Code(125));
    assert_eq!(outcome.unrecorded.unwrap().left, Fallback::Dropped);
}

#[test]
fn a_log_that_cannot_be_written_is_not_asked_twice() {
    let world = with("refusals = true\n").fails(Op::Append, 1, Errno::ENOSPC);
    let (world, outcome) = carry(world);
    assert!(outcome.unrecorded.is_none());
    assert_eq!(words(&world), Vec::<String>::new());
}

#[test]
fn no_setting_records_the_value_of_a_secret() {
    for mode in ["full", "redacted", "digest"] {
        let (world, outcome) = carry(with(&format!("args = \"{mode}\"\n")));
        assert_eq!(outcome.ended.exit(), Exit::Code(0));
        let text = world.text(LOG).unwrap();
        assert!(!text.contains("hunter2"), "{mode}: {text}");
        assert_eq!(text.contains("--pw=[secret:S]"), mode != "digest", "{mode}");
    }
}

const ANCHOR: &str = "/home/ops/anchor/heads";

#[test]
fn every_record_is_told_to_the_anchor() {
    let settings = format!("anchor = \"file:{ANCHOR}\"\n");
    let (world, outcome) = carry(with(&settings));
    assert!(outcome.unrecorded.is_none());
    let text = world.text(ANCHOR).unwrap();
    let heads = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    for (head, record) in heads.zip(events(&world)) {
        for key in ["host", "chain", "seq", "hash", "timestamp", "run_id"] {
            assert_eq!(head[key], record[key], "{key}");
        }
    }
    assert_eq!(text.lines().count(), 2);
    let (world, _) =
        carry(with("anchor = \"syslog\"\n").node("/dev/log", FileKind::Special, 0o666, ""));
    let logged = world
        .acts()
        .iter()
        .filter(|act| matches!(act, Act::Logged))
        .count();
    assert_eq!(logged, 2);
}

#[test]
fn a_start_that_cannot_be_anchored_does_not_start() {
    let world = with("anchor = \"syslog\"\n").node("/dev/log", FileKind::Special, 0o666, "");
    let (world, outcome) = carry(world.fails(Op::Syslog, 1, Errno::ECONNREFUSED));
    assert_eq!(outcome.ended.exit(), Exit::Code(125));
    assert!(!spawned(&world));
    assert_eq!(words(&world), ["start", "interrupted"]);
    assert_eq!(events(&world)[1]["reason"], "anchor");
    let absent = carry(with("anchor = \"syslog\"\n"));
    assert_eq!(words(&absent.0), Vec::<String>::new());
}

#[test]
fn an_end_that_cannot_be_anchored_is_a_warning() {
    let world = with("anchor = \"syslog\"\n").node("/dev/log", FileKind::Special, 0o666, "");
    let (world, outcome) = carry(world.fails(Op::Syslog, 2, Errno::ECONNREFUSED));
    assert_eq!(outcome.ended.exit(), Exit::Code(0));
    assert_eq!(outcome.unrecorded.unwrap().left, Fallback::Unanchored);
    assert_eq!(words(&world), ["start", "finish"]);
}

#[test]
fn a_run_whose_claims_and_names_are_long_has_a_record_of_the_usual_size() {
    let secret =
        |nth| format!("[[secrets]]\nenv = \"SECRET_{nth:05}\"\nref = \"A\"\nprovider = \"env\"\n");
    let secrets: String = (0..2000).map(secret).collect();
    let manifest = format!("audit_log = \"{LOG}\"\n{secrets}");
    let world = World::new()
        .manifest("g", &manifest)
        .var("A", "the value")
        .var("SSH_CONNECTION", "1".repeat(100_000));
    let (world, outcome) = carry(world);
    assert_eq!(outcome.ended.exit(), Exit::Code(0));
    let events = events(&world);
    let named = events[0]["env_var_names"].as_array().unwrap().len() as u64;
    assert_eq!(events[0]["env_vars_left_out"], 2000 - named);
    assert_eq!(events[0]["claimed"]["SSH_CONNECTION"]["len"], 100_000);
    assert!(world.text(LOG).unwrap().len() < 8 << 10);
}
