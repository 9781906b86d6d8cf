//! Deadly signals that have no handler: blocked, and read from a descriptor
//! (signalfd(2)). They keep their default action, so that qli can die of them.
//!
//! Installing some fifty handlers would cost every run a fifth of its system calls. A
//! child would inherit the mask, so it is started with none.

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd};

use nix::libc::{SI_QUEUE, SI_TKILL, SI_USER};
use nix::sys::signal::{SigSet, Signal as Unix};
use nix::sys::signalfd::{SfdFlags, SignalFd, siginfo};

use super::signals::{Received, Sender, Signal};

/// Signals that are caught, that stop a process, or that qli does not die of.
const EXCEPT: [Unix; 18] = [
    Unix::SIGHUP,
    Unix::SIGINT,
    Unix::SIGQUIT,
    Unix::SIGTERM,
    Unix::SIGUSR1,
    Unix::SIGUSR2,
    Unix::SIGALRM,
    Unix::SIGCONT,
    Unix::SIGTSTP,
    Unix::SIGWINCH,
    Unix::SIGXFSZ,
    Unix::SIGCHLD,
    Unix::SIGPIPE,
    Unix::SIGURG,
    Unix::SIGTTIN,
    Unix::SIGTTOU,
    Unix::SIGKILL,
    Unix::SIGSTOP,
];

#[derive(Debug)]
pub(super) struct BlockedSignals(SignalFd);

impl BlockedSignals {
    /// Returns the signals to block, too: none of them is read before it is blocked.
    pub(super) fn new(ignored: u64) -> io::Result<(Self, SigSet)> {
        let mut set = SigSet::all();
        let was_ignored = |one: &Unix| ignored & (1 << (*one as i32 - 1)) != 0;
        let ignored = Unix::iterator().filter(was_ignored);
        EXCEPT
            .into_iter()
            .chain(ignored)
            .for_each(|signal| set.remove(signal));
        let flags = SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC;
        let signals = SignalFd::with_flags(&set, flags)?;
        Ok((Self(signals), set))
    }

    /// Becomes readable when a signal arrives.
    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    pub(super) fn next(&self) -> Option<Received> {
        let info = self.0.read_signal().ok()??;
        Some(Received {
            signal: Signal::new(info.ssi_signo.cast_signed()),
            sender: sender(&info),
            forwarded: false,
        })
    }
}

fn sender(info: &siginfo) -> Sender {
    match info.ssi_code {
        SI_USER | SI_QUEUE | SI_TKILL => Sender::Process {
            pid: info.ssi_pid.cast_signed(),
            uid: info.ssi_uid,
        },
        _ => Sender::Kernel,
    }
}
