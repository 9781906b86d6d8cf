//! The signal handlers: they only note a signal and wake a self-pipe (signal-hook);
//! the main thread does the rest.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use nix::errno::Errno;
use nix::libc::{
    SIGALRM, SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGPIPE, SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1,
    SIGUSR2, SIGWINCH, SIGXFSZ,
};
use nix::poll::{PollFd, PollFlags};
use nix::sys::signal as unix;
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::low_level::siginfo::{Cause, Origin};

use super::blocked::BlockedSignals;
use super::poll::{Polled, poll};
use super::signals::{Received, Sender, Signal};
use super::terminal::{can_stop, stop_self};

#[derive(Debug)]
pub(super) struct SignalHandlers {
    delivery: SignalDelivery<UnixStream, WithOrigin>,
    /// Those that were ignored on entry.
    ignored: u64,
    /// The other deadly signals.
    others: Option<BlockedSignals>,
    /// Whether one of those has arrived.
    has_others: bool,
}

/// What arrived before the script started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pending {
    /// The first signal that ends the run.
    pub(super) fatal: Option<Signal>,
    /// Whether qli was stopped and continued: the screen may have changed.
    pub(super) resumed: bool,
}

impl SignalHandlers {
    /// A signal that was ignored on entry (`nohup`, `&` in sh) stays ignored, in qli
    /// and in the script. CHLD is always caught, since a kernel told to ignore it
    /// discards the script's exit status; XFSZ is caught so that a file-size limit
    /// fails a write instead of killing qli. A signal that was blocked on entry is
    /// unblocked: a blocked CHLD would never report the script's end, and the script
    /// would inherit the mask.
    ///
    /// `ignored` is the bit mask of the signals that were ignored on entry.
    pub(super) fn install(ignored: u64) -> io::Result<Self> {
        let caught = [
            SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGCONT, SIGTSTP,
            SIGWINCH, SIGXFSZ, SIGCHLD,
        ];
        let is_ignored = |number: i32| number != SIGCHLD && ignored & bit(number) != 0;
        let caught = caught.into_iter().filter(|&number| !is_ignored(number));
        let (read, write) = UnixStream::pair()?;
        // signal-hook loses a signal that arrives after its handler is installed and
        // before its action is registered, so signals are blocked meanwhile.
        let blocked = unix::SigSet::all().thread_swap_mask(unix::SigmaskHow::SIG_SETMASK)?;
        let delivery = SignalDelivery::with_pipe(read, write, WithOrigin::default(), caught);
        let ignored = with_pipe(ignored, blocked.contains(unix::Signal::SIGPIPE));
        // If that fails, they end qli.
        let (others, mask) = BlockedSignals::new(ignored).ok().unzip();
        mask.unwrap_or_else(unix::SigSet::empty).thread_set_mask()?;
        Ok(Self {
            delivery: delivery?,
            ignored,
            others,
            has_others: false,
        })
    }

    pub(super) fn ignores_pipe(&self) -> bool {
        self.ignored & bit(SIGPIPE) != 0
    }

    /// One of them becomes readable when a signal arrives; that of `others` is first.
    fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let blocked = self.others.as_ref().map(BlockedSignals::fd);
        blocked
            .into_iter()
            .chain([self.delivery.get_read().as_fd()])
    }

    /// Takes the signals that have arrived, except CHLD and XFSZ.
    pub(super) fn drain(&mut self) -> Vec<Received> {
        let internal = [SIGCHLD, SIGXFSZ];
        let arrived = self.delivery.pending();
        let arrived = arrived.filter(|origin| !internal.contains(&origin.signal));
        let arrived = arrived.map(|origin| Received {
            signal: Signal::new(origin.signal),
            sender: sender(&origin),
            forwarded: false,
        });
        let mut arrived: Vec<_> = arrived.collect();
        if std::mem::take(&mut self.has_others) {
            arrived.extend(self.drain_others());
        }
        arrived
    }

    /// Takes the other deadly signals that have arrived.
    pub(super) fn drain_others(&self) -> impl Iterator<Item = Received> {
        let others = self.others.as_ref();
        std::iter::from_fn(move || others?.next())
    }

    /// Handles the signals that arrive before the script starts: returns the first
    /// one that ends the run, and stops qli on TSTP.
    pub(super) fn before_start(&mut self) -> Pending {
        let mut resumed = false;
        loop {
            let arrived = self.drain();
            let mut signals = arrived.iter().map(|one| one.signal);
            let fatal = signals.clone().find(|one| one.ends_before_start());
            let asked_to_stop = signals.any(|one| one.number() == SIGTSTP);
            if fatal.is_some() || !asked_to_stop || !can_stop() {
                return Pending { fatal, resumed };
            }
            stop_self(unix::Signal::SIGSTOP);
            // Check again: a signal that ends the run may have continued qli.
            resumed = true;
        }
    }

    /// Waits until a signal arrives, one of `others` can be read, or the time is up.
    pub(super) fn wait(
        &mut self,
        others: &[BorrowedFd<'_>],
        at_most: Option<Duration>,
    ) -> io::Result<()> {
        self.wait_for(others, &[], at_most)
    }

    /// As [`Self::wait`], or until one of `writable` can be written to.
    pub(super) fn wait_for(
        &mut self,
        readable: &[BorrowedFd<'_>],
        writable: &[BorrowedFd<'_>],
        at_most: Option<Duration>,
    ) -> io::Result<()> {
        let readable = self.fds().chain(readable.iter().copied());
        let readable = readable.map(|fd| PollFd::new(fd, PollFlags::POLLIN));
        let writable = writable.iter().copied();
        let writable = writable.map(|fd| PollFd::new(fd, PollFlags::POLLOUT));
        let mut fds: Vec<_> = readable.chain(writable).collect();
        poll(&mut fds, at_most)?;
        let first = fds.first().is_some_and(|fd| fd.any() == Some(true));
        self.has_others = first && self.others.is_some();
        Ok(())
    }

    /// Writes to a stream that may never be read, without missing a signal that ends
    /// the run; returns that signal if it arrives before the text is written. If the
    /// reader reads nothing for `at_most`, the rest is dropped.
    pub(super) fn write(
        &mut self,
        stream: &(impl AsFd + ?Sized),
        mut text: &[u8],
        at_most: Option<Duration>,
    ) -> io::Result<Option<Signal>> {
        let chunk = match nix::unistd::isatty(stream) {
            Ok(true) => TERMINAL_CHUNK,
            _ => PIPE_CHUNK,
        };
        while !text.is_empty() {
            let mut fds = vec![PollFd::new(stream.as_fd(), PollFlags::POLLOUT)];
            fds.extend(self.fds().map(|fd| PollFd::new(fd, PollFlags::POLLIN)));
            let polled = poll(&mut fds, at_most)?;
            let mut ready = fds.iter().map(|fd| fd.any() == Some(true));
            let out = ready.next() == Some(true);
            self.has_others = ready.next() == Some(true) && self.others.is_some();
            if let Some(signal) = self.before_start().fatal {
                return Ok(Some(signal));
            }
            if out {
                let part = text.get(..text.len().min(chunk)).unwrap_or_default();
                text = text.get(write_some(stream, part)?..).unwrap_or_default();
            } else if polled == Polled::TimedOut {
                break;
            }
        }
        Ok(None)
    }
}

fn bit(number: i32) -> u64 {
    1 << (number - 1)
}

/// Rust's runtime ignores PIPE; `entry.c` blocks it if it was ignored on entry.
fn with_pipe(ignored: u64, blocked: bool) -> u64 {
    let others = ignored & !bit(SIGPIPE);
    others | if blocked { bit(SIGPIPE) } else { 0 }
}

/// A stream that is ready accepts this many bytes without blocking: a pipe has a free
/// page (pipe(7)), a terminal possibly room for one byte.
const PIPE_CHUNK: usize = 4096;
const TERMINAL_CHUNK: usize = 1;

/// A stream that another process made non-blocking may accept nothing after all.
fn write_some(stream: &(impl AsFd + ?Sized), part: &[u8]) -> io::Result<usize> {
    match nix::unistd::write(stream, part) {
        Ok(written) => Ok(written),
        Err(Errno::EAGAIN | Errno::EINTR) => Ok(0),
        Err(error) => Err(error.into()),
    }
}

fn sender(origin: &Origin) -> Sender {
    match (origin.cause, origin.process) {
        (Cause::Sent(_), Some(process)) => Sender::Process {
            pid: process.pid,
            uid: process.uid,
        },
        _ => Sender::Kernel,
    }
}
