//! Signals that arrive before the script starts, or while it is being started.

use std::fs::File;
use std::io::{PipeReader, PipeWriter, pipe};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::os::unix::process::ExitStatusExt as _;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::Signal;
use nix::unistd::{Pid, write};

use crate::support::until;
use crate::world::{
    Lines, Run, World, bit, is_gone, mask, rounds, status_of, wait_for_state, wait_until_open,
};

const SECRET: &str = "[[secrets]]\nenv = \"S\"\nref = \"op://v/i/f\"\nprovider = \"one_password\"";

/// A fake `op` that never answers, with a child that never ends.
fn silent_op(trap: &str) -> World {
    let op = format!(
        "{trap}\n(echo CHILD $(exec sh -c 'echo $PPID') >\"$OUT\"; read x <\"$HOLD\") &\n\
         echo OP $$ >\"$OUT\"\nread x <\"$HOLD\"\n"
    );
    let world = World::new(SECRET).script("hello", "echo RAN $$ >\"$OUT\"");
    world.provider("op", &op)
}

#[test]
fn a_signal_while_a_provider_is_called_ends_it_with_all_its_children() {
    let term = Signal::SIGTERM;
    for (signal, trap) in [
        (term, ""),
        (term, "trap '' TERM"),
        (Signal::SIGABRT, ""),
        (Signal::SIGXCPU, ""),
    ] {
        let world = silent_op(trap);
        let mut lines = world.lines();
        let qli = Run::start(&mut world.qli(["hello"]));
        let tools = ["OP", "CHILD"].map(|name| lines.wait_for(name).parse().unwrap());
        qli.send(signal);
        assert_eq!(qli.end().signal(), Some(signal as i32));
        for tool in tools {
            until("the provider's end", || {
                is_gone(Pid::from_raw(tool)).then_some(())
            });
        }
        assert_eq!(lines.all().len(), 2, "{:?}", lines.all());
        assert!(world.log().is_empty());
    }
}

#[test]
fn a_provider_starts_with_no_signal_blocked() {
    let op = "#!/bin/sh\ncat /proc/self/status >status\necho value\n";
    let world = World::new(SECRET).script("hello", "exit 0");
    let world = world.executable("bin/op", op);
    assert!(Run::start(&mut world.qli(["hello"])).end().success());
    let status = std::fs::read_to_string(world.path("status")).unwrap();
    assert_eq!(mask(&status, "SigBlk"), 0);
}

#[test]
fn a_signal_while_the_log_is_locked_ends_the_run() {
    let world = World::new("").script("hello", "echo RAN $$ >\"$OUT\"");
    let mut lines = world.lines();
    let log = world.path("state/log");
    let mut options = File::options();
    let held = options.create_new(true).append(true).mode(0o600).open(&log);
    let held = held.unwrap();
    held.lock().unwrap();
    let qli = Run::start(&mut world.qli(["hello"]));
    wait_until_open(qli.pid(), &log);
    qli.send(Signal::SIGTERM);
    assert_eq!(qli.end().signal(), Some(Signal::SIGTERM as i32));
    assert!(lines.all().is_empty());
    assert_eq!(held.metadata().unwrap().len(), 0);
    assert_eq!(held.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

/// How far an interrupted run got.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reached {
    /// The script did not start, and the log says so or is empty.
    NotStarted,
    /// The script had started, and received the signal.
    Script,
}

/// Checks a run that was ended by INT.
pub(crate) fn reached(world: &World, lines: &mut Lines) -> Reached {
    let started = !lines.all().is_empty();
    if world.log().is_empty() {
        assert!(!started, "it ran without a record");
        return Reached::NotStarted;
    }
    let end = world.end();
    assert_eq!(
        (&end["event"], &end["signal"]),
        (&"interrupted".into(), &"SIGINT".into())
    );
    if end["spawned"] == false {
        assert!(!started, "it ran, but the log says that it did not");
        return Reached::NotStarted;
    }
    Reached::Script
}

/// A script that only waits for a signal.
pub(crate) const WAIT: &str = "echo READY $$ >\"$OUT\"\nread x <\"$HOLD\"";

/// The nth of many moments, spread evenly over a duration by the golden ratio.
pub(crate) fn moment(nth: u32, within: Duration) -> Duration {
    within.mul_f64((f64::from(nth) * 0.618_033_988_749_895).fract())
}

/// Passes time without sleeping: the exact moment is what is tested.
pub(crate) fn busy(time: Duration) {
    let since = Instant::now();
    while since.elapsed() < time {
        std::hint::spin_loop();
    }
}

#[test]
fn an_interrupt_at_any_moment_stops_the_run_or_reaches_the_script() {
    let rounds = rounds(500, 1000);
    let mut reaches = Vec::new();
    for nth in 0..rounds {
        let world = World::new("").script("wait", "echo STARTED $$ >\"$OUT\"\nread x <\"$HOLD\"");
        let mut lines = world.lines();
        let qli = Run::start(&mut world.qli(["wait"]));
        busy(moment(nth, Duration::from_millis(30)));
        qli.send(Signal::SIGINT);
        let ended = qli.end();
        assert_eq!(ended.signal(), Some(Signal::SIGINT as i32), "{ended:?}");
        reaches.push(reached(&world, &mut lines));
    }
    assert!(reaches.contains(&Reached::NotStarted) && reaches.contains(&Reached::Script));
}

/// A full pipe, and its reader, which never reads.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, writer) = pipe().unwrap();
    fcntl(&writer, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
    for size in [4096, 1] {
        while write(&writer, &[0; 4096][..size]).is_ok() {}
    }
    fcntl(&writer, FcntlArg::F_SETFL(OFlag::empty())).unwrap();
    (reader, writer)
}

#[test]
fn a_signal_ends_the_run_even_if_standard_error_is_a_full_pipe() {
    for manifest in ["banner = \"B\"", "[requires_env]\nNOT = \"set\""] {
        let (reader, writer) = full_pipe();
        let world = World::new(manifest).script("wait", "exit 0");
        let qli = Run::start(world.qli(["wait"]).stderr(writer));
        until("its signal handlers", || {
            let status = status_of(qli.pid())?;
            (mask(&status, "SigCgt") & bit(Signal::SIGTERM) != 0).then_some(())
        });
        qli.send(Signal::SIGTERM);
        let ended = qli.end();
        let refused = ended.code() == Some(125);
        assert!(
            refused || ended.signal() == Some(15),
            "{manifest}: {ended:?}"
        );
        assert!(world.log().len() != 1);
        drop(reader);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_deadly_signal_without_a_handler_ends_a_run_whose_banner_no_one_reads() {
    let (reader, writer) = full_pipe();
    let world = World::new("banner = \"B\"").script("start", "echo STARTED 1 >\"$OUT\"");
    let mut lines = world.lines();
    let qli = Run::start(world.qli(["start"]).stderr(writer));
    until("its blocked signals", || {
        let status = status_of(qli.pid())?;
        (mask(&status, "SigBlk") & bit(Signal::SIGABRT) != 0).then_some(())
    });
    wait_for_state(qli.pid(), 'S');
    qli.send(Signal::SIGABRT);
    assert_eq!(qli.end().signal(), Some(Signal::SIGABRT as i32));
    assert_eq!((lines.all().len(), world.log().len()), (0, 0));
    drop(reader);
}
