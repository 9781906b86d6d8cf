//! A first failure, a signal or a timeout ends all programs, with what they have started.

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;

use nix::sys::signal::Signal;
use nix::unistd::Pid;

use super::runs::{ONE, hello, refused, release_all, team};
use crate::support::until;
use crate::world::{Run, World, is_gone};

/// Processes of a test that still run: all have its directory as their own.
fn left_running(world: &World) -> Vec<Pid> {
    let directory = world.path("");
    let is_here = |pid: &Pid| {
        let here = std::fs::read_link(format!("/proc/{pid}/cwd"));
        here.is_ok_and(|here| here == Path::new(&directory)) && !is_gone(*pid)
    };
    let entries = std::fs::read_dir("/proc").unwrap();
    let pids = entries.filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
    pids.map(Pid::from_raw).filter(is_here).collect()
}

pub(super) fn assert_nothing_is_left(world: &World) {
    until("the ends of all programs", || {
        left_running(world).is_empty().then_some(())
    });
    assert_eq!(world.log_text(), "");
    assert!(!world.path("marker").exists());
}

/// Programs that do not end by themselves: one that does nothing about it, one that ignores
/// TERM, and some whose children do so or are stopped.
const VICTIMS: [(&str, &str); 5] = [
    ("plain", "echo UP >\"$OUT\"; exec sleep 300"),
    ("ignores", "trap '' TERM; echo UP >\"$OUT\"; sleep 300"),
    (
        "child",
        "(trap '' TERM; echo UP >\"$OUT\"; sleep 300) & wait",
    ),
    (
        "stopped",
        "sh -c 'kill -STOP $$' & echo UP >\"$OUT\"; wait; sleep 300",
    ),
    (
        "silent",
        "exec >&- 2>&-; sleep 300 & echo UP >\"$OUT\"; wait",
    ),
];

/// A run that calls them all, and `last` too.
fn world(last: &str) -> World {
    let names = VICTIMS.map(|(name, _)| name);
    let mut world = team(&[&names[..], &["last"]].concat(), ONE);
    for (name, body) in VICTIMS {
        world = world.provider(name, body);
    }
    world.provider("last", last)
}

#[test]
fn a_first_failure_ends_all_others_with_their_children() {
    let world = world("sleep 300 & echo UP >\"$OUT\"; : <\"$HOLD\"; exit 3");
    let mut lines = world.lines();
    let qli = Run::start(&mut hello(&world));
    until("all programs", || (lines.all().len() == 6).then_some(()));
    let _hold = release_all(&world);
    assert_eq!(qli.end().code(), Some(125));
    assert_nothing_is_left(&world);
}

fn is_ended_by(signal: Signal) {
    let world = world("echo UP >\"$OUT\"; exec sleep 300");
    let mut lines = world.lines();
    let qli = Run::start(&mut hello(&world));
    until("all programs", || (lines.all().len() == 6).then_some(()));
    qli.send(signal);
    assert_eq!(qli.end().signal(), Some(signal as i32));
    assert_nothing_is_left(&world);
}

#[test]
fn term_ends_all() {
    is_ended_by(Signal::SIGTERM);
}

#[test]
fn int_ends_all() {
    is_ended_by(Signal::SIGINT);
}

#[test]
fn quit_ends_all() {
    is_ended_by(Signal::SIGQUIT);
}

#[test]
fn hup_ends_all() {
    is_ended_by(Signal::SIGHUP);
}

#[test]
fn abrt_ends_all() {
    is_ended_by(Signal::SIGABRT);
}

#[test]
fn xcpu_ends_all() {
    is_ended_by(Signal::SIGXCPU);
}

#[test]
fn a_call_that_takes_too_long_is_ended_and_reported() {
    for (timeout, written) in [("300ms", "300ms"), ("1s", "1s")] {
        let fields = format!("{ONE}\ntimeout = \"{timeout}\"\nsign_in = \"corp login\"");
        let world = team(&["one"], &fields).provider("one", "sleep 300 & echo value; wait");
        let said = refused(&world, &mut hello(&world));
        let why = format!("`S_one` from one r: no answer within {written} (timeout)");
        assert!(said.contains(&why), "{said}");
        assert!(
            said.contains("secret-timeout") && said.contains("corp login"),
            "{said}"
        );
        assert_nothing_is_left(&world);
    }
}

#[test]
fn what_a_failed_program_has_started_ends_with_it() {
    for body in [
        "sleep 300 & exit 3",
        "sleep 300 & kill -KILL $$",
        "sleep 300 & kill -STOP $$",
        "sleep 300 & head -c 2000000 /dev/zero",
        "sleep 300 & exit 0",
    ] {
        let world = team(&["one"], ONE).provider("one", body);
        refused(&world, &mut hello(&world));
        assert_nothing_is_left(&world);
    }
}

/// A signal that qli keeps blocked would end it at once while it is not.
#[test]
fn a_deadly_signal_while_a_program_is_being_started_leaves_nothing() {
    let world = team(&["one"], ONE).provider("one", "echo UP >\"$OUT\"; exec sleep 300");
    let mut lines = world.lines();
    // Delays qli after the call that starts the program.
    let line = "calls=clone,clone3,fork,vfork
        exec strace -D -o calls -e trace=$calls -e inject=$calls:delay_exit=300000 $QLI hello";
    let qli = Run::start(&mut world.sh(line));
    until("the program", || (lines.all().len() == 1).then_some(()));
    qli.send(Signal::SIGABRT);
    assert_eq!(qli.end().signal(), Some(Signal::SIGABRT as i32));
    assert_nothing_is_left(&world);
}
