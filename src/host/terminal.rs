//! The controlling terminal and job control.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;

use nix::libc::O_NOCTTY;
use nix::sys::signal as unix;
use nix::unistd::{getpgrp, getppid, getsid};

/// Opens the controlling terminal.
pub(super) fn open(write: bool) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(write)
        .custom_flags(O_NOCTTY)
        .open("/dev/tty")
}

/// Whether this process has a controlling terminal.
pub(super) fn exists() -> bool {
    open(false).is_ok()
}

/// Whether qli could be continued if it stopped itself: it has a controlling
/// terminal, its parent is in its session, and a shell with job control has put it
/// into a process group apart from the session leader's. An orphaned group that
/// stops stays stopped for ever.
pub(super) fn can_stop() -> bool {
    let parent = getppid();
    // A parent outside this pid namespace has the id 0, and getsid(0) would answer
    // for qli itself.
    let known = parent.as_raw() != 0;
    let session = getsid(None).ok();
    let same_session = session.is_some() && getsid(Some(parent)).ok() == session;
    let apart = session.is_some_and(|session| session != getpgrp());
    known && same_session && apart && exists()
}

/// Stops this process until it is continued.
pub(super) fn stop_self(signal: unix::Signal) {
    // Raising a stop signal has no documented failure; at worst qli does not stop.
    let _ = unix::raise(signal);
}
