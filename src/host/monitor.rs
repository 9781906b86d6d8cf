//! The script on a pseudo-terminal: the monitor leads its session, and is its parent.
//!
//! A script that led its session itself could not be stopped: the kernel never stops a
//! group that nobody in its session could continue (`setpgid(2)`, orphaned). The monitor
//! tells qli of each change of the script, and gives it the terminal's foreground.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use nix::errno::Errno;
use nix::libc::{SIGCONT, SIGHUP};
use nix::spawn::{PosixSpawnFileActions, PosixSpawnFlags};
use nix::sys::signal::{SigSet, Signal as Unix};
use nix::unistd::Pid;
use rustix::process::{
    WaitId, WaitIdOptions, WaitIdStatus, getpid, ioctl_tiocsctty, setsid, waitid,
};
use rustix::stdio::{dup2_stderr, dup2_stdout};
use rustix::termios::{Termios, tcgetattr, tcgetpgrp, tcsetpgrp};

use super::child::{attributes, execute, lines, reap};
use super::handlers::SignalHandlers;
use super::process::own_stat;
use super::signals::Signal;
use super::stage::{Stage, own_program};
use super::terminal::{raw, restore_if_unchanged};
use super::{handover, terminal};

/// What the monitor tells qli: one byte and a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Report {
    /// The process id.
    Started(i32),
    /// The error number.
    Failed(i32),
    /// By this signal.
    Stopped(i32),
    Continued,
    /// With this code.
    Exited(i32),
    /// By this signal.
    Killed(i32),
    Dumped(i32),
}

impl Report {
    pub(super) const BYTES: usize = 5;

    fn to_bytes(self) -> [u8; Self::BYTES] {
        let (kind, number) = match self {
            Self::Started(pid) => (b'p', pid),
            Self::Failed(errno) => (b'e', errno),
            Self::Stopped(signal) => (b's', signal),
            Self::Continued => (b'c', 0),
            Self::Exited(code) => (b'x', code),
            Self::Killed(signal) => (b'k', signal),
            Self::Dumped(signal) => (b'd', signal),
        };
        let [a, b, c, d] = number.to_be_bytes();
        [kind, a, b, c, d]
    }

    pub(super) fn of_bytes([kind, number @ ..]: [u8; Self::BYTES]) -> Option<Self> {
        let number = i32::from_be_bytes(number);
        Some(match kind {
            b'p' => Self::Started(number),
            b'e' => Self::Failed(number),
            b's' => Self::Stopped(number),
            b'c' => Self::Continued,
            b'x' => Self::Exited(number),
            b'k' => Self::Killed(number),
            b'd' => Self::Dumped(number),
            _ => return None,
        })
    }

    fn of_status(status: &WaitIdStatus) -> Option<Self> {
        let stopped = status.stopping_signal().map(Self::Stopped);
        let continued = status.continued().then_some(Self::Continued);
        let exited = status.exit_status().map(Self::Exited);
        let died = status.terminating_signal().map(if status.dumped() {
            Self::Dumped
        } else {
            Self::Killed
        });
        stopped.or(continued).or(exited).or(died)
    }
}

/// What qli tells the monitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Give the script the foreground of its terminal.
    Foreground,
    /// Take it.
    Background,
    /// The script is not signalled any more.
    Release,
}

impl Order {
    const ALL: [Self; 3] = [Self::Foreground, Self::Background, Self::Release];

    pub(super) fn byte(self) -> u8 {
        match self {
            Self::Foreground => b'f',
            Self::Background => b'b',
            Self::Release => b'r',
        }
    }
}

/// The argument of a script that starts in the foreground of its terminal.
pub(super) const FOREGROUND: &str = "foreground";
const BACKGROUND: &str = "background";

/// The arguments of a monitor.
pub(super) fn arguments<'a>(
    foreground: bool,
    program: &'a OsStr,
    args: &'a [&'a OsStr],
) -> impl Iterator<Item = &'a OsStr> {
    let ground = if foreground { FOREGROUND } else { BACKGROUND };
    let own = [Stage::Monitor.argument(), ground].map(OsStr::new);
    own.into_iter().chain([program]).chain(args.iter().copied())
}

struct Monitor {
    qli: Option<UnixStream>,
    /// Closed when nobody has the pseudo-terminal open.
    relay: Option<UnixStream>,
    script: Pid,
    has_ended: bool,
    is_reaped: bool,
    /// The user's terminal, and its modes before the script started.
    user: File,
    modes: Option<Termios>,
    /// The group that had the terminal before the monitor took it.
    before: Option<rustix::process::Pid>,
}

/// What the monitor does.
pub(super) fn run(args: &[OsString]) -> Option<()> {
    let mut qli = handover::socket().ok()?;
    let (_, files) = handover::receive(&qli).ok()?;
    // Whoever reads those of qli waits for their end.
    let nothing = File::options()
        .read(true)
        .write(true)
        .open("/dev/null")
        .ok()?;
    dup2_stdout(&nothing)
        .and_then(|()| dup2_stderr(&nothing))
        .ok()?;
    let mut signals = SignalHandlers::install(own_stat().ignored).ok()?;
    // The monitor is in the background of the terminal, and takes its foreground.
    let background = SigSet::from_iter([Unix::SIGTTIN, Unix::SIGTTOU]);
    background.thread_block().ok()?;
    let [stdin, stdout, stderr, terminal, user, relay] = <[OwnedFd; 6]>::try_from(files).ok()?;
    let modes = tcgetattr(&terminal).ok();
    let started = lead_session(&terminal)
        .and_then(|()| start(args, [&stdin, &stdout, &stderr], signals.ignores_pipe()));
    // From here on only the script keeps the terminal open.
    drop([stdin, stdout, stderr, terminal]);
    let report = match &started {
        Ok(pid) => Report::Started(pid.as_raw()),
        Err(error) => Report::Failed(error.raw_os_error().unwrap_or(Errno::EIO as i32)),
    };
    qli.write_all(&report.to_bytes()).ok()?;
    qli.set_nonblocking(true).ok()?;
    let monitor = Monitor {
        qli: Some(qli),
        relay: Some(relay.into()),
        script: started.ok()?,
        has_ended: false,
        is_reaped: false,
        user: user.into(),
        modes,
        before: None,
    };
    monitor.run(&mut signals)
}

fn lead_session(terminal: &OwnedFd) -> io::Result<()> {
    setsid()?;
    Ok(ioctl_tiocsctty(terminal)?)
}

/// Starts the script, in a group of its own.
fn start(args: &[OsString], streams: [&OwnedFd; 3], ignores_pipe: bool) -> io::Result<Pid> {
    let (ours, theirs) = UnixStream::pair()?;
    let mut actions = PosixSpawnFileActions::init()?;
    actions.add_dup2(theirs.as_raw_fd(), 0)?;
    let args = args.iter().map(|arg| &**arg);
    let args = [Stage::Script.argument()]
        .map(OsStr::new)
        .into_iter()
        .chain(args);
    let variables: Vec<_> = std::env::vars_os().collect();
    let pid = execute(
        &own_program()?,
        Stage::Script.shown().as_ref(),
        args,
        lines(variables.iter().map(|(name, value)| (&**name, &**value))),
        &actions,
        &attributes(ignores_pipe, PosixSpawnFlags::POSIX_SPAWN_SETPGROUP)?,
    )?;
    drop(theirs);
    handover::send(&ours, &[], &streams.map(|stream| stream.as_fd()))?;
    let mut errno = [0; 4];
    match (&ours).read_exact(&mut errno) {
        Ok(()) => {
            reap(pid);
            Err(io::Error::from_raw_os_error(i32::from_be_bytes(errno)))
        }
        // Closed by the execution.
        Err(_) => Ok(pid),
    }
}

impl Monitor {
    fn run(mut self, signals: &mut SignalHandlers) -> Option<()> {
        while self.relay.is_some() || !self.is_reaped {
            self.report_changes()?;
            let others = [self.qli.as_ref(), self.relay.as_ref()];
            let fds: Vec<BorrowedFd<'_>> =
                others.into_iter().flatten().map(|fd| fd.as_fd()).collect();
            signals.wait(&fds, None).ok()?;
            drop(fds);
            // What the terminal sends to the leader of a session is for the script's group,
            // which qli signals.
            drop(signals.drain());
            self.obey();
            self.notice_hangup();
            self.stand_in();
        }
        Some(())
    }

    /// The end stays to be waited for, so that the process id is not reused.
    fn report_changes(&mut self) -> Option<()> {
        if self.is_reaped {
            return Some(());
        }
        let script = WaitId::Pid(rustix::process::Pid::from_raw(self.script.as_raw())?);
        let stops = WaitIdOptions::STOPPED | WaitIdOptions::CONTINUED;
        let ends = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        if self.has_ended {
            return Some(());
        }
        // One that has ended is no child that could stop (ECHILD, wait(2)).
        while let Ok(Some(status)) = waitid(script.clone(), stops | WaitIdOptions::NOHANG) {
            self.report(&status);
        }
        if let Some(status) = waitid(script, ends | WaitIdOptions::NOHANG).ok()? {
            self.has_ended = true;
            self.report(&status);
            // What it left running must not read what the user types to others.
            self.take_foreground();
            if self.qli.is_none() {
                self.reap();
            }
        }
        Some(())
    }

    fn report(&mut self, status: &WaitIdStatus) {
        if let (Some(qli), Some(report)) = (&mut self.qli, Report::of_status(status)) {
            // qli may be gone.
            drop(qli.write_all(&report.to_bytes()));
        }
    }

    fn obey(&mut self) {
        let mut byte = [0];
        while let Some(read) = self.qli.as_mut().map(|qli| qli.read(&mut byte)) {
            match read {
                Ok(1) => {
                    let mut all = Order::ALL.into_iter();
                    self.carry_out(all.find(|order| [order.byte()] == byte));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                _ => {
                    self.qli = None;
                    self.reap_if_ended();
                }
            }
        }
    }

    fn carry_out(&mut self, order: Option<Order>) {
        match order {
            Some(Order::Foreground) => self.give_foreground(),
            Some(Order::Background) => self.take_foreground(),
            Some(Order::Release) => self.reap_if_ended(),
            None => {}
        }
    }

    fn reap_if_ended(&mut self) {
        if self.has_ended {
            self.reap();
        }
    }

    fn reap(&mut self) {
        if !std::mem::replace(&mut self.is_reaped, true) {
            reap(self.script);
        }
    }

    /// Returns the terminal to the group that had it last.
    fn give_foreground(&mut self) {
        let script = rustix::process::Pid::from_raw(self.script.as_raw());
        if let (Ok(terminal), Some(group)) = (terminal::open(true), self.before.take().or(script)) {
            let given = tcsetpgrp(&terminal, group);
            // A group of the script's own may be gone.
            if let (Err(_), Some(script)) = (given, script) {
                let _ = tcsetpgrp(&terminal, script);
            }
        }
    }

    fn take_foreground(&mut self) {
        let Ok(terminal) = terminal::open(true) else {
            return;
        };
        let group = tcgetpgrp(&terminal).ok();
        if group != Some(getpid()) {
            self.before = group;
            // It fails only on a terminal that has hung up.
            let _ = tcsetpgrp(&terminal, getpid());
        }
    }

    /// The pseudo-terminal is closed.
    fn notice_hangup(&mut self) {
        let Some(relay) = &mut self.relay else {
            return;
        };
        drop(relay.set_nonblocking(true));
        if matches!(relay.read(&mut [0]), Ok(0)) {
            self.relay = None;
        }
    }

    /// If qli and the relay were killed, no one else gives the user's terminal back, or
    /// tells the script that its own has hung up.
    fn stand_in(&mut self) {
        if self.relay.is_some() || self.qli.is_some() {
            return;
        }
        if let Some(before) = self.modes.take() {
            for is_shared in [false, true] {
                restore_if_unchanged(&self.user, &raw(&before, is_shared), &before);
            }
            for signal in [SIGHUP, SIGCONT].into_iter().filter(|_| !self.is_reaped) {
                // It fails only if the group is gone.
                drop(Signal::new(signal).send_to_group(self.script));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_read_as_it_was_written() {
        for report in [
            Report::Started(4_194_303),
            Report::Failed(8),
            Report::Stopped(20),
            Report::Continued,
            Report::Exited(255),
            Report::Killed(64),
            Report::Dumped(11),
        ] {
            assert_eq!(Report::of_bytes(report.to_bytes()), Some(report));
        }
        assert_eq!(Report::of_bytes([0; Report::BYTES]), None);
    }
}
