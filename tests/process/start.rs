//! Signals that come before the script is there, and in the instant it starts.

use std::fs::File;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::os::unix::process::ExitStatusExt as _;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use nix::unistd::Pid;

use crate::support::{Run, World, bit, is_gone, mask, rounds, status_of, until};

const SECRET: &str = "[[secrets]]\nenv = \"S\"\nref = \"op://v/i/f\"\nprovider = \"one_password\"";

/// A fake `op` that never answers, with a child that never ends.
fn silent_op(trap: &str) -> World {
    let op = format!(
        "#!/bin/sh\n{trap}\n(echo CHILD $(exec sh -c 'echo $PPID') >\"$OUT\"; read x <\"$HOLD\") &\n\
         echo OP $$ >\"$OUT\"\nread x <\"$HOLD\"\n"
    );
    let world = World::new(SECRET).script("hello", "echo RAN $$ >\"$OUT\"");
    world.executable("bin/op", &op)
}

#[test]
fn a_signal_while_a_provider_is_called_ends_it_with_all_its_children() {
    for trap in ["", "trap '' TERM"] {
        let world = silent_op(trap);
        let mut lines = world.lines();
        let qli = Run::start(&mut world.qli(["hello"]));
        let tools = ["OP", "CHILD"].map(|name| lines.wait_for(name).parse().unwrap());
        qli.send(Signal::SIGTERM);
        assert_eq!(qli.end().signal(), Some(Signal::SIGTERM as i32));
        for tool in tools {
            until("the provider's end", || {
                is_gone(Pid::from_raw(tool)).then_some(())
            });
        }
        assert_eq!(lines.all().len(), 2, "{:?}", lines.all());
        assert!(world.log().is_empty());
    }
}

/// Waits until qli has a handler for a signal.
fn wait_for_handlers(qli: Pid) {
    until("signal handlers", || {
        let status = status_of(qli)?;
        (mask(&status, "SigCgt") & bit(Signal::SIGINT) != 0).then_some(())
    });
}

/// Waits until a process has a file open.
fn wait_until_open(pid: Pid, path: &std::path::Path) {
    until("an open log", || {
        let mut entries = std::fs::read_dir(format!("/proc/{pid}/fd")).ok()?;
        entries.find(|entry| {
            let link = entry.as_ref().map(std::fs::DirEntry::path);
            link.is_ok_and(|link| std::fs::read_link(link).is_ok_and(|to| to == path))
        })
    });
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
