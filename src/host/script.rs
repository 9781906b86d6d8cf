//! The script as qli waits for it: its own child, or that of a monitor.

use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::net::UnixStream;

use nix::unistd::{Pid, getpgid};
use rustix::io::retry_on_intr;
use rustix::process::{WaitStatus, wait};

use super::child::{CHANGES, end_of};
use super::monitor::{Order, Report};
use super::signals::Signal;

/// wait(2) adds this bit to the signal when a core was dumped.
const CORE_FLAG: i32 = 0x80;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Ended {
        status: Result<u8, Signal>,
        core: bool,
    },
    /// By this signal.
    Stopped(i32),
    Continued,
}

impl Change {
    fn of_status(status: WaitStatus) -> Self {
        match (end_of(status), status.stopping_signal()) {
            (Some(end), _) => Self::Ended {
                status: end,
                core: end.is_err() && status.as_raw() & CORE_FLAG != 0,
            },
            (None, Some(signal)) => Self::Stopped(signal),
            (None, None) => Self::Continued,
        }
    }

    fn of_report(report: Report) -> Option<Self> {
        let ended = |status, core| Some(Self::Ended { status, core });
        match report {
            Report::Exited(code) => ended(Ok(u8::try_from(code & 0xff).unwrap_or(u8::MAX)), false),
            Report::Killed(signal) => ended(Err(Signal::new(signal)), false),
            Report::Dumped(signal) => ended(Err(Signal::new(signal)), true),
            Report::Stopped(signal) => Some(Self::Stopped(signal)),
            Report::Continued => Some(Self::Continued),
            Report::Started(_) | Report::Failed(_) => None,
        }
    }
}

/// A script that was started.
#[derive(Debug)]
pub(super) struct Script {
    pid: Pid,
    monitor: Option<Monitor>,
}

#[derive(Debug)]
pub(super) struct Monitor {
    pub(super) pid: Pid,
    /// Reads block.
    pub(super) socket: UnixStream,
    /// Whether the script has the foreground of its terminal.
    pub(super) foreground: bool,
}

impl Script {
    pub(super) fn child(pid: Pid) -> Self {
        Self { pid, monitor: None }
    }

    /// Waits until the monitor has started the script.
    pub(super) fn monitored(mut monitor: Monitor) -> io::Result<Self> {
        match monitor.read()? {
            Some(Report::Started(pid)) => Ok(Self {
                pid: Pid::from_raw(pid),
                monitor: Some(monitor),
            }),
            Some(Report::Failed(errno)) => Err(io::Error::from_raw_os_error(errno)),
            _ => Err(io::Error::other("its terminal could not be set up")),
        }
    }

    pub(super) fn pid(&self) -> Pid {
        self.pid
    }

    /// Whether it has a terminal of its own, and so never gets what qli's group gets.
    pub(super) fn is_monitored(&self) -> bool {
        self.monitor.is_some()
    }

    pub(super) fn monitor_pid(&self) -> Option<Pid> {
        Some(self.monitor.as_ref()?.pid)
    }

    pub(super) fn is_foreground(&self) -> bool {
        self.monitor.as_ref().is_some_and(|one| one.foreground)
    }

    /// Becomes readable when the script changes, beside CHLD.
    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.monitor.as_ref().map(|one| one.socket.as_fd())
    }

    /// Returns a change of its state; reaps other children on the way, and passes on each
    /// process id, and whether a signal ended it.
    pub(super) fn next(&mut self, reaped: &mut dyn FnMut(i32, bool)) -> io::Result<Option<Change>> {
        while let Some((child, status)) = retry_on_intr(|| wait(CHANGES))? {
            let child = child.as_raw_nonzero().get();
            // It becomes qli's child if the monitor is killed (PR_SET_CHILD_SUBREAPER).
            if child == self.pid.as_raw() {
                return Ok(Some(Change::of_status(status)));
            }
            if let Some(end) = end_of(status) {
                reaped(child, end.is_err());
            }
        }
        let Some(monitor) = &mut self.monitor else {
            return Ok(None);
        };
        if let Ok(report) = monitor.read_if_ready() {
            return Ok(report.and_then(Change::of_report));
        }
        // It was killed.
        self.monitor = None;
        self.next(reaped)
    }

    /// Sets whether the script has the foreground of its terminal.
    pub(super) fn set_foreground(&mut self, foreground: bool) {
        if let Some(monitor) = &mut self.monitor {
            monitor.foreground = foreground;
            monitor.send(if foreground {
                Order::Foreground
            } else {
                Order::Background
            });
        }
    }

    /// After the end: the script is not signalled any more.
    pub(super) fn release(&mut self) {
        if let Some(monitor) = &mut self.monitor {
            monitor.send(Order::Release);
        }
    }

    /// Sends a signal to the script, or to its process group.
    pub(super) fn send(&self, signal: Signal, to_group: bool) -> io::Result<()> {
        match getpgid(Some(self.pid)) {
            Ok(group) if to_group => signal.send_to_group(group),
            _ => signal.send(self.pid),
        }
    }
}

impl Monitor {
    fn send(&mut self, order: Order) {
        // It may be gone.
        drop(self.socket.write_all(&[order.byte()]));
    }

    fn read(&mut self) -> io::Result<Option<Report>> {
        let mut bytes = [0; Report::BYTES];
        self.socket.read_exact(&mut bytes)?;
        Ok(Report::of_bytes(bytes))
    }

    /// None if there is no report. A report is written, and so arrives, in one piece.
    fn read_if_ready(&mut self) -> io::Result<Option<Report>> {
        self.socket.set_nonblocking(true)?;
        let read = self.read();
        self.socket.set_nonblocking(false)?;
        match read {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            read => read,
        }
    }
}
