//! Signals: which ones qli watches, who sent one, and whether it is passed on.
//!
//! Handlers only note the signal and wake a self-pipe (signal-hook); the main
//! thread does the rest. Once the handlers are there, no signal is ever blocked:
//! a child would inherit the blocked mask.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal as unix;
use nix::unistd::{Pid, getpgid, getpgrp, getpid, getppid, getsid};
use serde::{Serialize, Serializer};
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::low_level::siginfo::{Cause, Origin};

/// A signal by its number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signal(i32);

impl Signal {
    /// Takes a signal number as the kernel reports it.
    pub fn new(number: i32) -> Self {
        Self(number)
    }

    /// Returns its number.
    pub fn number(self) -> i32 {
        self.0
    }

    /// Returns its name: `SIGTERM`, or `SIGRTMIN+3` for a real-time signal.
    pub fn name(self) -> String {
        match unix::Signal::try_from(self.0) {
            Ok(known) => known.as_str().to_owned(),
            Err(_) => self.number_name(),
        }
    }

    #[cfg(target_os = "linux")]
    fn number_name(self) -> String {
        match self.0 - nix::libc::SIGRTMIN() {
            0 => "SIGRTMIN".to_owned(),
            above if above > 0 => format!("SIGRTMIN+{above}"),
            _ => format!("SIG{}", self.0),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn number_name(self) -> String {
        format!("SIG{}", self.0)
    }

    /// Says whether somebody stops a run by it: HUP, INT, QUIT, TERM.
    pub fn interrupts(self) -> bool {
        use unix::Signal as S;
        [S::SIGHUP, S::SIGINT, S::SIGQUIT, S::SIGTERM]
            .iter()
            .any(|&one| one as i32 == self.0)
    }

    /// Says whether it ends a run whose script has not started.
    fn ends_before_start(self) -> bool {
        use unix::Signal as S;
        self.interrupts()
            || [S::SIGUSR1, S::SIGUSR2, S::SIGALRM]
                .iter()
                .any(|&one| one as i32 == self.0)
    }

    fn is(self, other: unix::Signal) -> bool {
        self.0 == other as i32
    }
}

impl std::fmt::Debug for Signal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name())
    }
}

impl Serialize for Signal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name())
    }
}

/// Who sent a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// The kernel or the terminal: a whole process group received it.
    Kernel,
    /// A process.
    Process {
        /// Its process id.
        pid: i32,
        /// The uid it sent as.
        uid: u32,
        /// Its process group, if it was still there to be asked.
        group: Option<i32>,
    },
}

/// A signal that qli received while the script ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// Which.
    pub signal: Signal,
    /// From whom.
    pub sender: Sender,
    /// Whether qli sent it on to the script.
    pub forwarded: bool,
}

/// The circumstances under which a signal arrived.
#[derive(Debug, Clone, Copy)]
pub(super) struct Circumstances {
    /// qli's own process id.
    pub(super) own: i32,
    /// The script's process id.
    pub(super) child: i32,
    /// Whether the script is stopped.
    pub(super) stopped: bool,
    /// Whether it may have arrived before the script was there to receive it.
    pub(super) spawning: bool,
}

/// Decides whether a signal is passed on to the script.
///
/// What the terminal sent, the script has already; what the script or its
/// group sent, was meant for qli or has reached the group. While the script
/// was being started it may have reached qli alone, so then it is passed on
/// whoever sent it but the script itself, except WINCH, which nobody loses by
/// missing. CONT is for a stopped script only.
pub(super) fn passes_on(signal: Signal, sender: Sender, now: Circumstances) -> bool {
    if signal.is(unix::Signal::SIGCONT) && !now.stopped {
        return false;
    }
    if now.spawning {
        let from_script = matches!(sender, Sender::Process { pid, .. } if pid == now.child);
        return !from_script && !signal.is(unix::Signal::SIGWINCH);
    }
    match sender {
        Sender::Kernel => false,
        Sender::Process { pid, group, .. } => {
            let own = |id: i32| id == now.child || id == now.own;
            !own(pid) && !group.is_some_and(own)
        }
    }
}

fn sender(origin: &Origin) -> Sender {
    match (origin.cause, origin.process) {
        (Cause::Sent(_), Some(process)) => Sender::Process {
            pid: process.pid,
            uid: process.uid,
            // Pid 0 is a sender outside this pid namespace, and getpgid(0)
            // would answer for qli itself.
            group: (process.pid > 0)
                .then(|| getpgid(Some(Pid::from_raw(process.pid))).ok())
                .flatten()
                .map(Pid::as_raw),
        },
        _ => Sender::Kernel,
    }
}

/// The installed handlers and what they noted.
pub(super) struct Signals {
    delivery: SignalDelivery<UnixStream, WithOrigin>,
}

impl std::fmt::Debug for Signals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signals")
    }
}

impl Signals {
    /// Installs the handlers.
    ///
    /// A signal that was ignored on entry (`nohup`, `&` in sh) stays ignored,
    /// in qli and in the script. CHLD is always taken, since a kernel told to
    /// ignore it throws the script's exit status away; XFSZ is taken so that a
    /// file-size limit is an error of a write and not the end of qli. A signal
    /// that was blocked on entry is unblocked: a blocked CHLD would never tell
    /// of the script's end, and the script would inherit the mask.
    ///
    /// `ignored` is the bit mask of those that were ignored on entry.
    pub(super) fn install_signal_handlers(ignored: u64) -> io::Result<Self> {
        use unix::Signal as S;
        let optional = [
            S::SIGHUP,
            S::SIGINT,
            S::SIGQUIT,
            S::SIGTERM,
            S::SIGUSR1,
            S::SIGUSR2,
            S::SIGALRM,
            S::SIGCONT,
            S::SIGTSTP,
            S::SIGWINCH,
            S::SIGXFSZ,
        ];
        let watched = optional
            .into_iter()
            .map(|signal| signal as i32)
            .filter(|number| ignored & (1 << (number - 1)) == 0)
            .chain([S::SIGCHLD as i32]);
        let (read, write) = UnixStream::pair()?;
        // Between installing a handler and knowing what it is to do, signal-hook
        // drops the signal. Held back meanwhile, it meets a handler that is ready.
        unix::SigSet::all().thread_set_mask()?;
        let delivery = SignalDelivery::with_pipe(read, write, WithOrigin::default(), watched);
        unix::SigSet::empty().thread_set_mask()?;
        Ok(Self {
            delivery: delivery?,
        })
    }

    /// Returns what becomes readable when a signal arrives.
    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.delivery.get_read().as_fd()
    }

    /// Takes what has arrived, housekeeping signals apart.
    pub(super) fn drain(&mut self) -> Vec<(Signal, Sender)> {
        self.delivery
            .pending()
            .map(|origin| (Signal(origin.signal), sender(&origin)))
            .filter(|(signal, _)| {
                !signal.is(unix::Signal::SIGCHLD) && !signal.is(unix::Signal::SIGXFSZ)
            })
            .collect()
    }

    /// Takes what has arrived before the script started: returns the first
    /// signal that ends the run, and whether qli stopped meanwhile.
    pub(super) fn guard_phase(&mut self) -> (Option<Signal>, Stopped) {
        let mut stopped = Stopped::No;
        loop {
            let arrived: Vec<_> = self.drain().into_iter().map(|(signal, _)| signal).collect();
            if let Some(end) = arrived.iter().find(|signal| signal.ends_before_start()) {
                return (Some(*end), stopped);
            }
            let stop = arrived
                .iter()
                .any(|signal| signal.is(unix::Signal::SIGTSTP));
            if !stop || !can_stop() {
                return (None, stopped);
            }
            stop_self(unix::Signal::SIGSTOP);
            // Once more: what continued qli may have been a signal to end it.
            stopped = Stopped::Yes;
        }
    }

    /// Waits until a signal arrives, one of `others` can be read, or the time
    /// is over.
    pub(super) fn wait(
        &self,
        others: &[BorrowedFd<'_>],
        at_most: Option<Duration>,
    ) -> io::Result<()> {
        let mut fds: Vec<_> = std::iter::once(self.fd())
            .chain(others.iter().copied())
            .map(|fd| PollFd::new(fd, PollFlags::POLLIN))
            .collect();
        match nix::poll::poll(&mut fds, super::write::timeout(at_most)) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Whether qli was stopped and continued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stopped {
    /// It went on without a pause.
    No,
    /// It was stopped; what stood on the screen may be gone.
    Yes,
}

/// Says whether somebody could continue qli if it stopped itself: it has a
/// controlling terminal, its parent is in its session, and a shell with job
/// control has put it into a group apart from that of the session's leader.
/// An orphaned group that stopped would stay so for ever.
pub(super) fn can_stop() -> bool {
    let parent = getppid();
    // A parent outside this pid namespace has the id 0, and getsid(0) would
    // answer for qli itself.
    let known = parent.as_raw() != 0;
    let session = getsid(None).ok();
    let same_session = session.is_some() && getsid(Some(parent)).ok() == session;
    let apart = session.is_some_and(|session| session != getpgrp());
    known && same_session && apart && super::terminal::exists()
}

/// Stops this process until somebody continues it.
pub(super) fn stop_self(signal: unix::Signal) {
    // Raising a stop signal at oneself fails for no documented reason; if it
    // did, qli would only stay awake.
    let _ = unix::raise(signal);
}

/// Sends a signal to a process that has not been reaped yet.
pub(super) fn send(pid: Pid, signal: Signal) -> io::Result<()> {
    let signal = unix::Signal::try_from(signal.0)?;
    unix::kill(pid, signal).map_err(Into::into)
}

/// Ends this process by a signal, as the script ended: without a core of its
/// own, by the default action. Returns only if the signal has none here.
pub(super) fn die_of(signal: Signal) {
    // The kernel lets no signal end the first process of a pid namespace, and
    // signal-hook would abort where the signal did not end it.
    if own_pid() == 1 {
        return;
    }
    // Both can only fail where the limit is not ours to lower, or the signal
    // has no default action; the caller exits with 128+N then.
    let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
    drop(signal_hook::low_level::emulate_default_handler(signal.0));
}

/// Returns this process's id.
pub(super) fn own_pid() -> i32 {
    getpid().as_raw()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHILD: i32 = 200;
    const OWN: i32 = 100;

    fn passes(signal: unix::Signal, sender: Sender, stopped: bool, spawning: bool) -> bool {
        let now = Circumstances {
            own: OWN,
            child: CHILD,
            stopped,
            spawning,
        };
        passes_on(Signal(signal as i32), sender, now)
    }

    fn process(pid: i32, group: Option<i32>) -> Sender {
        Sender::Process { pid, uid: 0, group }
    }

    #[test]
    fn only_a_sender_from_outside_is_passed_on() {
        let term = |sender| passes(unix::Signal::SIGTERM, sender, false, false);
        assert!(!term(Sender::Kernel));
        assert!(!term(process(CHILD, Some(OWN))));
        assert!(!term(process(201, Some(CHILD))));
        assert!(!term(process(202, Some(OWN))));
        assert!(term(process(7, Some(7))));
        assert!(term(process(7, None)));
        assert!(term(process(0, None)));
    }

    #[test]
    fn a_signal_in_the_instant_of_the_spawn_is_passed_on_whoever_sent_it() {
        for sender in [Sender::Kernel, process(7, Some(7))] {
            assert!(passes(unix::Signal::SIGINT, sender, false, true));
            assert!(!passes(unix::Signal::SIGCONT, sender, false, true));
            assert!(passes(unix::Signal::SIGCONT, sender, true, true));
            assert!(!passes(unix::Signal::SIGWINCH, sender, false, true));
        }
        assert!(!passes(
            unix::Signal::SIGHUP,
            process(CHILD, Some(OWN)),
            false,
            true
        ));
    }

    #[test]
    fn cont_is_passed_on_only_to_a_stopped_script() {
        let outside = process(7, Some(7));
        assert!(passes(unix::Signal::SIGCONT, outside, true, false));
        assert!(!passes(unix::Signal::SIGCONT, outside, false, false));
    }

    #[test]
    fn signals_have_the_names_people_know() {
        assert_eq!(Signal(15).name(), "SIGTERM");
        #[cfg(target_os = "linux")]
        assert_eq!(Signal(nix::libc::SIGRTMIN() + 3).name(), "SIGRTMIN+3");
    }
}
