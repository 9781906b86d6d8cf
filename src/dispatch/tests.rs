//! Whole runs in memory.

mod delivery;
mod log;
mod masking;

use nix::errno::Errno;

use super::*;
use crate::discovery::Roots;
use crate::guard::{Answer, Request};
use crate::host::fake::{Act, EXEC_LIMITS, Op, World};
use crate::host::{Received, Sender};

const LOG: &str = "/home/ops/log/a.log";

const ALL: &str = "banner = \"B\"\nconfirm = true\naudit_log = \"/home/ops/log/a.log\"\n\
    [requires_env]\nA = \"1\"\n\
    [[secrets]]\nenv = \"S\"\nref = \"op://v/i/f\"\nprovider = \"one_password\"\n";

fn guarded() -> World {
    World::new()
        .manifest("g", ALL)
        .var("A", "1")
        .terminal("y")
        .tool("op", 0, b"hunter2", b"")
}

fn carry(mut world: World) -> (World, Outcome) {
    let request = Request {
        group: "g".parse().unwrap(),
        extension: "hello".parse().unwrap(),
        args: vec!["--pw=hunter2".into()],
        roots: Roots::of(&[], &world),
        answer: Answer::AskPerson,
    };
    let plan = Plan::of(&request, &world).unwrap();
    let outcome = run(&plan, &mut world);
    (world, outcome)
}

fn events(world: &World) -> Vec<serde_json::Value> {
    let text = world.text(LOG).unwrap_or_default();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn spawned(world: &World) -> bool {
    world
        .acts()
        .iter()
        .any(|act| matches!(act, Act::Spawned(..)))
}

#[test]
fn the_steps_happen_in_their_order() {
    let (world, outcome) = carry(guarded());
    assert_eq!(outcome.ended.exit(), Exit::Code(0));
    let acts: Vec<_> = world.acts().iter().map(Act::name).collect();
    assert_eq!(
        acts,
        [
            "HandlersInstalled",
            "Shown",
            "Asked",
            "Protected",
            "Called",
            "Appended",
            "Synced",
            "Spawned",
            "Waited",
            "Appended",
            "Synced"
        ]
    );
}

#[test]
fn the_script_gets_its_secrets_and_the_runs_names() {
    let (world, _) = carry(guarded());
    let acts = world.acts();
    let Some(Act::Spawned(args, env)) = acts.iter().find(|act| act.name() == "Spawned") else {
        panic!("not spawned")
    };
    assert_eq!(args, &["--pw=hunter2"]);
    let value = |name: &str| {
        env.iter()
            .find(|(found, _)| found == name)
            .unwrap()
            .1
            .to_str()
            .unwrap()
    };
    assert_eq!(
        (value("S"), value("QLI_GROUP"), value("QLI_EXTENSION")),
        ("hunter2", "g", "hello")
    );
    assert_eq!(events(&world)[0]["run_id"], value("QLI_RUN_ID"));
}

#[test]
fn a_clock_before_1970_or_far_ahead_is_recorded_as_it_is() {
    for (time, id) in [
        ("1969-12-31T23:59:59.000000001Z", "00000000-0000-7"),
        ("0000-01-01T00:00:00.000000000Z", "00000000-0000-7"),
        ("2263-01-01T00:00:00.000000000Z", "0868"),
        ("9999-12-31T23:59:59.999999999Z", "e677"),
    ] {
        let (world, outcome) = carry(guarded().time(time));
        assert_eq!(outcome.ended.exit(), Exit::Code(0), "{time}");
        let events = events(&world);
        assert_eq!(events.len(), 2);
        for event in events {
            assert_eq!(event["timestamp"], time);
            assert!(event["run_id"].as_str().unwrap().starts_with(id), "{event}");
        }
    }
}

#[test]
fn the_record_holds_no_value_of_a_secret() {
    let (world, _) = carry(guarded());
    assert!(!world.text(LOG).unwrap().contains("hunter2"));
    let events = events(&world);
    assert_eq!(events[0]["args"][0], "--pw=[secret:S]");
    assert_eq!(events[0]["env_var_names"][0], "S");
    assert_eq!(events[1]["event"], "finish");
    assert_eq!(
        (&events[1]["exit_code"], &events[1]["duration_ms"]),
        (&0.into(), &2.into())
    );
}

#[test]
fn a_refusal_starts_nothing_and_records_nothing() {
    let refusals = [
        (guarded().var("A", "2"), "requires-env"),
        (guarded().terminal("n"), "declined"),
        (guarded().tool("op", 1, b"", b"no"), "secret-failed"),
        (
            guarded().fails(Op::Append, 1, Errno::ENOSPC),
            "audit-unwritable",
        ),
    ];
    for (world, name) in refusals {
        let (world, outcome) = carry(world);
        let Ended::NotStarted(refusal) = &outcome.ended else {
            panic!("{outcome:?}")
        };
        assert_eq!(
            (refusal.name(), outcome.ended.exit()),
            (name, Exit::REFUSED)
        );
        assert!(!spawned(&world) && events(&world).is_empty(), "{name}");
    }
}

#[test]
fn no_secret_is_fetched_before_a_person_has_said_yes() {
    let (world, _) = carry(guarded().terminal("n"));
    assert!(!world.acts().iter().any(|act| act.name() == "Called"));
}

#[test]
fn no_one_is_asked_for_a_run_that_is_known_to_be_refused_later() {
    let script = "/home/ops/.local/share/qli/extensions/g/hello";
    let too_long = "x".repeat(EXEC_LIMITS.all);
    for (world, step) in [
        (guarded().executable("/usr/bin/op", ""), Step::Secrets),
        (
            guarded().directory("/home/ops/log", 0o500),
            Step::AuditStart,
        ),
        (guarded().executable(script, "#!/opt/none\n"), Step::Spawn),
        (guarded().var("HUGE", too_long), Step::Spawn),
    ] {
        let (world, outcome) = carry(world);
        let Ended::NotStarted(refusal) = &outcome.ended else {
            panic!("{outcome:?}")
        };
        assert_eq!(refusal.step(), Some(step));
        let acts: Vec<_> = world.acts().iter().map(Act::name).collect();
        assert_eq!(acts, ["HandlersInstalled", "Shown"], "{step:?}");
    }
}

#[test]
fn what_changes_at_the_question_is_found_before_a_secret_is_fetched() {
    let script = "/home/ops/.local/share/qli/extensions/g/hello";
    let world = guarded()
        .executable(script, "#!/opt/by\n")
        .executable("/opt/by", "#!/bin/sh\n");
    let world = world.changes_at_question("/opt/by", "#!/opt/none\n", true);
    let (world, outcome) = carry(world);
    assert_eq!(outcome.ended.exit(), Exit::Code(126));
    assert!(!world.acts().iter().any(|act| act.name() == "Called"));
}

#[test]
fn a_program_of_a_provider_that_changes_at_the_question_is_not_called() {
    let world = guarded().changes_at_question("/usr/bin/op", "#!/bin/sh\n", true);
    let (world, outcome) = carry(world);
    let Ended::NotStarted(refusal) = &outcome.ended else {
        panic!("{outcome:?}")
    };
    assert_eq!(refusal.name(), "changed-since-plan");
    assert!(!world.acts().iter().any(|act| act.name() == "Called"));
}

#[test]
fn a_signal_at_any_step_before_the_script_starts_nothing_and_is_died_of() {
    let term = Signal::new(15);
    for op in [
        Op::Show,
        Op::Ask,
        Op::Call,
        Op::OpenLog,
        Op::Append,
        Op::Sync,
    ] {
        let (world, outcome) = carry(guarded().signal_at(op, term));
        assert_eq!(outcome.ended.exit(), Exit::Signal(term), "{op:?}");
        assert!(!spawned(&world), "{op:?}");
        let events = events(&world);
        if let Some(end) = events.get(1) {
            assert_eq!(end["event"], "interrupted", "{op:?}");
            assert_eq!(
                (&end["spawned"], &end["signal"]),
                (&false.into(), &"SIGTERM".into())
            );
        }
        assert_ne!(events.len(), 1, "a start without its end at {op:?}");
    }
}

#[test]
fn a_script_that_cannot_be_started_leaves_its_end() {
    let (world, outcome) = carry(guarded().fails(Op::Spawn, 1, Errno::EACCES));
    assert_eq!(outcome.ended.exit(), Exit::Code(126));
    let events = events(&world);
    assert_eq!(events[1]["event"], "spawn_failed");
    assert_eq!(
        (&events[1]["exit_code"], &events[1]["errno"]),
        (&126.into(), &13.into())
    );
}

#[test]
fn the_scripts_end_is_mirrored() {
    let code = |world: World| carry(world).1.ended.exit();
    assert_eq!(
        code(guarded().ends(|end| end.status = Ok(7))),
        Exit::Code(7)
    );
    let segv = Signal::new(11);
    assert_eq!(
        code(guarded().ends(|end| end.status = Err(segv))),
        Exit::Signal(segv)
    );
    assert_eq!(
        code(guarded().ends(|end| end.status = Err(Signal::new(9)))),
        Exit::Code(137)
    );
}

#[test]
fn interrupted_means_that_somebody_stopped_the_run() {
    let last = |world: World| events(&carry(world).0).pop().unwrap();
    let crash = last(guarded().ends(|end| end.status = Err(Signal::new(11))));
    assert_eq!(
        (&crash["event"], &crash["signal"]),
        (&"finish".into(), &"SIGSEGV".into())
    );
    let died = last(guarded().ends(|end| end.status = Err(Signal::new(15))));
    assert_eq!(
        (&died["event"], &died["exit_code"]),
        (&"interrupted".into(), &143.into())
    );
    let trapped = last(guarded().ends(|end| {
        end.status = Ok(3);
        end.received = vec![Received {
            signal: Signal::new(2),
            sender: Sender::Process { pid: 7, uid: 0 },
            forwarded: true,
        }];
    }));
    assert_eq!(
        (&trapped["event"], &trapped["exit_code"]),
        (&"interrupted".into(), &3.into())
    );
    assert_eq!(trapped["signals"][0]["from_pid"], 7);
}

#[test]
fn what_changes_while_a_person_thinks_is_not_run() {
    let group = "/home/ops/.local/share/qli/extensions/g";
    for (file, what) in [("_manifest.toml", "manifest"), ("hello", "script")] {
        let path = format!("{group}/{file}");
        let text = guarded().text(&path).unwrap();
        for (text, replaced, how) in [
            (format!("{text}#"), false, "edited"),
            (format!("{text}#"), true, "replaced"),
            (text.clone(), true, "replaced"),
        ] {
            let (world, outcome) = carry(guarded().changes_at_question(&path, &text, replaced));
            let Ended::NotStarted(refusal) = &outcome.ended else {
                panic!("{outcome:?}")
            };
            assert_eq!(
                (refusal.name(), outcome.ended.exit()),
                ("changed-since-plan", Exit::REFUSED)
            );
            let reason = refusal.reason();
            assert!(reason.contains(what) && reason.contains(how), "{reason}");
            assert!(!spawned(&world));
            let end = events(&world).pop().unwrap();
            assert_eq!(
                (&end["event"], &end["spawned"]),
                (&"interrupted".into(), &false.into())
            );
            assert_eq!(end["reason"], "changed-since-plan");
        }
    }
}

#[test]
fn a_sender_in_a_loop_does_not_make_a_record_too_long() {
    let one = Received {
        signal: Signal::new(10),
        sender: Sender::Process { pid: 7, uid: 0 },
        forwarded: true,
    };
    let (world, _) = carry(guarded().ends(|end| end.received = vec![one; 100_000]));
    let end = events(&world).pop().unwrap();
    assert_eq!(end["signals"].as_array().unwrap().len(), 64);
    assert_eq!(end["signals_left_out"], 99_936);
}
