//! The controlling terminal and job control.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;

use nix::errno::Errno;
use nix::libc::O_NOCTTY;
use nix::sys::signal as unix;
use nix::unistd::{getpgrp, getppid, getsid};
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, OutputModes, Termios, tcgetattr, tcgetpgrp, tcsetattr,
};

pub(super) fn open(write: bool) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(write)
        .custom_flags(O_NOCTTY)
        .open("/dev/tty")
}

/// A terminal on which a line can be typed: Enter ends it, Ctrl-C is a signal, and the
/// line is visible (termios(3)). A program that crashed may have left other modes,
/// which are restored when this is dropped.
pub(super) struct LineMode<'t> {
    tty: &'t File,
    before: Termios,
}

impl<'t> LineMode<'t> {
    pub(super) fn set(tty: &'t File) -> io::Result<Self> {
        let before = tcgetattr(tty)?;
        let mode = Self { tty, before };
        mode.set_again()?;
        Ok(mode)
    }

    /// Discards input if the modes change: it was typed under the old ones.
    pub(super) fn set_again(&self) -> io::Result<()> {
        let now = tcgetattr(self.tty)?;
        let mut wanted = now.clone();
        wanted.input_modes |= InputModes::ICRNL;
        wanted.input_modes -= InputModes::IGNCR | InputModes::INLCR;
        wanted.output_modes |= OutputModes::OPOST | OutputModes::ONLCR;
        wanted.local_modes |= LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
        if modes(&wanted) != modes(&now) {
            tcsetattr(self.tty, OptionalActions::Flush, &wanted)?;
        }
        Ok(())
    }
}

impl Drop for LineMode<'_> {
    fn drop(&mut self) {
        restore(self.tty, &self.before);
    }
}

/// Whether a terminal is that of qli's process group: a terminal that controls no session
/// of qli's is nobody else's.
pub(super) fn is_foreground(tty: &File) -> bool {
    match tcgetpgrp(tty) {
        Ok(group) => group.as_raw_nonzero().get() == getpgrp().as_raw(),
        Err(error) => error == rustix::io::Errno::NOTTY,
    }
}

/// Whether qli's process group has the controlling terminal.
pub(super) fn has_foreground() -> bool {
    open(false).is_ok_and(|tty| is_foreground(&tty))
}

pub(super) fn restore(tty: &File, before: &Termios) {
    // In the background qli would be stopped, and the modes are no longer its own.
    let is_changed = |now| modes(&now) != modes(before);
    if is_foreground(tty) && tcgetattr(tty).is_ok_and(is_changed) {
        // A terminal that is gone has no modes.
        let _ = tcsetattr(tty, OptionalActions::Now, before);
    }
}

/// The modes of a terminal whose keys and output another terminal handles, unless it is
/// shared: others who write there expect its output modes.
pub(super) fn raw(before: &Termios, is_shared: bool) -> Termios {
    let mut raw = before.clone();
    raw.make_raw();
    if is_shared {
        raw.output_modes |= before.output_modes & (OutputModes::OPOST | OutputModes::ONLCR);
    }
    raw
}

/// Restores modes that still are as they were set here, also in the background: qli may have
/// been killed, and a shell that has its own modes has set them.
pub(super) fn restore_if_unchanged(tty: &File, set: &Termios, before: &Termios) {
    if tcgetattr(tty).is_ok_and(|now| modes(&now) == modes(set)) {
        // A terminal that is gone has no modes.
        let _ = tcsetattr(tty, OptionalActions::Now, before);
    }
}

fn modes(of: &Termios) -> (InputModes, OutputModes, LocalModes) {
    (of.input_modes, of.output_modes, of.local_modes)
}

/// Fails if the process or the system cannot open anything: that says nothing about a
/// terminal.
pub(super) fn exists() -> io::Result<bool> {
    match open(false) {
        Err(error) if is_exhausted(&error) => Err(error),
        opened => Ok(opened.is_ok()),
    }
}

/// Whether a file could not be opened for want of descriptors or memory (open(2)).
pub fn is_exhausted(error: &io::Error) -> bool {
    let errno = error.raw_os_error().map(Errno::from_raw);
    matches!(errno, Some(Errno::EMFILE | Errno::ENFILE | Errno::ENOMEM))
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
    known && same_session && apart && exists().unwrap_or(false)
}

/// The modes of the controlling terminal before the script started.
#[derive(Debug)]
pub(super) struct SavedModes(Termios);

impl SavedModes {
    pub(super) fn read() -> Option<Self> {
        tcgetattr(open(false).ok()?).ok().map(Self)
    }

    pub(super) fn restore(&self) {
        if let Ok(tty) = open(false) {
            restore(&tty, &self.0);
        }
    }
}

/// Stops this process until it is continued.
pub(super) fn stop_self(signal: unix::Signal) {
    // Raising a stop signal has no documented failure; at worst qli does not stop.
    let _ = unix::raise(signal);
}
