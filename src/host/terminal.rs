//! The controlling terminal and job control.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;

use nix::libc::O_NOCTTY;
use nix::sys::signal as unix;
use nix::unistd::{getpgrp, getppid, getsid};

pub(super) fn open(write: bool) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(write)
        .custom_flags(O_NOCTTY)
        .open("/dev/tty")
}

pub(super) fn exists() -> bool {
    open(false).is_ok()
}

/// Whether qli could be continued if it stopped itself: it has a controlling
/// terminal, its parent is in its session, and a shell with job control has put it
/// into another process group than the session leader's. A stopped orphaned group is
/// never continued.
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
