//! The script as a process: started, waited for, stopped and continued.
//!
//! One thread waits, kills and reaps, so a signal is never sent to a process id after
//! it was reaped, and the id cannot be reused before.

use std::io;
use std::os::fd::AsFd;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use nix::libc::{SIGCONT, SIGKILL, SIGTERM};
use nix::poll::{PollFd, PollFlags};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal as unix;
use nix::unistd::{Pid, getpid};
use rustix::process::{WaitOptions, WaitStatus, wait, waitpid};

use super::handlers::SignalHandlers;
use super::poll::{Polled, poll};
use super::signals::{Received, RunState, Signal, is_forwarded};
use super::terminal::{can_stop, stop_self};
use super::termination::{Escalation, TerminationPolicy, WINDOW};
use super::{Start, TimeLimits, reason};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildEnd {
    /// Its exit code, or the signal it died of.
    pub status: Result<u8, Signal>,
    pub core: bool,
    /// The signals qli received while it ran.
    pub received: Vec<Received>,
    /// How long it was stopped.
    pub suspended: Duration,
    pub timed_out: bool,
    /// Whether it was killed after three interrupts.
    pub escalated: bool,
    /// Number of processes it left running; `None` if none, or unknown (not Linux).
    pub left_running: Option<usize>,
}

impl Default for ChildEnd {
    fn default() -> Self {
        Self {
            status: Ok(0),
            core: false,
            received: Vec::new(),
            suspended: Duration::ZERO,
            timed_out: false,
            escalated: false,
            left_running: None,
        }
    }
}

/// The limit of core dumps that qli was started with. A process that holds secrets must
/// not dump core, so the soft limit is zero for qli and the tools it runs; the script gets
/// its own back.
#[derive(Debug)]
pub(super) struct CoreLimit {
    soft: u64,
    hard: u64,
}

impl CoreLimit {
    /// Disables core dumps; `None` if they are already disabled.
    pub(super) fn disable() -> Option<Self> {
        let (soft, hard) = getrlimit(Resource::RLIMIT_CORE).ok()?;
        if soft == 0 {
            return None;
        }
        setrlimit(Resource::RLIMIT_CORE, 0, hard).ok()?;
        Some(Self { soft, hard })
    }

    pub(super) fn restore(self) {
        // A soft limit can always be raised up to the hard one (setrlimit(2)).
        let _ = setrlimit(Resource::RLIMIT_CORE, self.soft, self.hard);
    }
}

/// Starts the script. `Command` keeps copies of the environment that cannot be
/// erased, so it is dropped at once.
pub(super) fn spawn(start: &Start<'_>) -> io::Result<Pid> {
    // qli adopts what the script leaves running, to count and to reap it
    // (PR_SET_CHILD_SUBREAPER, prctl(2)). If the kernel refuses, nothing is counted.
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_child_subreaper(true);
    let mut command = Command::new(start.program);
    command.args(start.args).envs(start.env.iter().copied());
    command.spawn().map(|child| pid_of(&child))
}

pub(super) fn pid_of(child: &Child) -> Pid {
    Pid::from_raw(child.id().cast_signed())
}

const CHANGES: WaitOptions = WaitOptions::NOHANG
    .union(WaitOptions::UNTRACED)
    .union(WaitOptions::CONTINUED);

/// Returns a change of a child's state, without waiting for one.
///
/// By rustix, because nix's `waitpid` loses a death by a real-time signal.
pub(super) fn poll_state(pid: Pid) -> io::Result<Option<WaitStatus>> {
    let status = waitpid(rustix::process::Pid::from_raw(pid.as_raw()), CHANGES)?;
    Ok(status.map(|(_, status)| status))
}

/// Returns a change of the script's state; reaps adopted children on the way.
fn poll_script(pid: Pid) -> io::Result<Option<WaitStatus>> {
    while let Some((child, status)) = wait(CHANGES)? {
        if child.as_raw_nonzero().get() == pid.as_raw() {
            return Ok(Some(status));
        }
    }
    Ok(None)
}

/// Counts what the script left running, once the script itself is reaped.
fn left_running() -> Option<usize> {
    // Without any child this fails (ECHILD, waitpid(2)).
    while wait(CHANGES).ok()?.is_some() {}
    let children = super::process::read("thread-self/children")?;
    Some(children.split_whitespace().count())
}

/// Returns the end from a wait status; `None` for a stop or a continuation.
pub(super) fn end_of(status: WaitStatus) -> Option<Result<u8, Signal>> {
    if let Some(code) = status.exit_status() {
        return Some(Ok(u8::try_from(code & 0xff).unwrap_or(u8::MAX)));
    }
    let signal = status.terminating_signal();
    signal.map(|number| Err(Signal::new(number)))
}

/// wait(2) adds this bit to the signal when a core was dumped.
const CORE_FLAG: i32 = 0x80;

/// A script that is being waited for.
pub(super) struct Waiting<'a> {
    pid: Pid,
    signals: &'a mut SignalHandlers,
    policy: TerminationPolicy,
    since: Instant,
    /// Since when the script has been stopped.
    stopped: Option<Instant>,
    /// What is known of its end so far.
    end: ChildEnd,
}

impl<'a> Waiting<'a> {
    pub(super) fn new(pid: Pid, limits: TimeLimits, signals: &'a mut SignalHandlers) -> Self {
        Self {
            pid,
            signals,
            policy: TerminationPolicy::new(limits),
            since: Instant::now(),
            stopped: None,
            end: ChildEnd::default(),
        }
    }

    /// How long the script has run, without the time it was stopped.
    fn running_time(&self) -> Duration {
        let stopped = self.end.suspended + elapsed(self.stopped);
        self.since.elapsed().saturating_sub(stopped)
    }

    /// Waits for the end. What arrived before the first round may have arrived before
    /// the script existed.
    pub(super) fn until_end(mut self) -> io::Result<ChildEnd> {
        let mut arrived = self.signals.drain();
        let mut spawning = true;
        loop {
            while let Some(status) = poll_script(self.pid)? {
                if let Some(end) = end_of(status) {
                    return Ok(self.finish(status, end, arrived));
                }
                self.follow(status)?;
            }
            self.handle(arrived, self.stopped.is_some(), spawning);
            spawning = false;
            let at_most = self.enforce_limits();
            self.signals.wait(&[], at_most)?;
            // Taken before the script's state is read, so that no CHLD is missed, and
            // handled after it: a CONT is forwarded to a script whose stop was
            // reported by a CHLD that arrived with it.
            arrived = self.signals.drain();
        }
    }

    fn finish(
        mut self,
        status: WaitStatus,
        end: Result<u8, Signal>,
        arrived: Vec<Received>,
    ) -> ChildEnd {
        // The script is reaped: these are not forwarded.
        self.end.received.extend(arrived);
        self.end.received.append(&mut self.signals.drain());
        ChildEnd {
            core: end.is_err() && status.as_raw() & CORE_FLAG != 0,
            status: end,
            left_running: left_running(),
            ..self.end
        }
    }

    fn send(&self, number: i32) -> io::Result<()> {
        unix::kill(self.pid, unix::Signal::try_from(number)?).map_err(Into::into)
    }

    fn handle(&mut self, arrived: Vec<Received>, stopped: bool, spawning: bool) {
        let state = RunState {
            own_pid: getpid().as_raw(),
            script_pid: self.pid.as_raw(),
            stopped,
            spawning,
        };
        for mut one in arrived {
            // Sending fails if the script has just ended: not forwarded.
            one.forwarded = is_forwarded(one.signal, one.sender, state)
                && self.send(one.signal.number()).is_ok();
            self.end.received.push(one);
            let now = self.since.elapsed();
            if let Some(due) = self.policy.interrupted(one.signal, one.sender, now) {
                self.escalate(due);
            }
        }
    }

    /// Ends the script if a limit has passed; returns when to check again. Time does
    /// not count while the script is stopped.
    fn enforce_limits(&mut self) -> Option<Duration> {
        if self.stopped.is_some() {
            return None;
        }
        let ran = self.running_time();
        if let Some(due) = self.policy.due(ran) {
            self.escalate(due);
        }
        self.policy.left(ran)
    }

    /// Does what is due, and reports it.
    fn escalate(&mut self, due: Escalation) {
        let pid = self.pid;
        let (signal, why) = match due {
            Escalation::Warn => {
                return warn(&format!(
                    "still waiting for process {pid}; interrupt again within {WINDOW:?} to kill it"
                ));
            }
            Escalation::Terminate(t) => (SIGTERM, format!("still running after {t:?} (timeout)")),
            Escalation::Kill(t) => (
                SIGKILL,
                format!("still running {t:?} after SIGTERM (kill_after)"),
            ),
            Escalation::Interrupted => (SIGKILL, "interrupted three times".to_owned()),
        };
        // It fails if the script now runs as another user.
        let sent = self.send(signal);
        let signal = Signal::new(signal).name();
        if let Err(error) = sent {
            let to = format!("cannot send {signal} to process {pid}");
            return warn(&format!("{why}: {to}: {}", reason(&error)));
        }
        self.end.timed_out |= matches!(due, Escalation::Terminate(_));
        self.end.escalated |= due == Escalation::Interrupted;
        warn(&format!("{why}: sent {signal} to process {pid}"));
    }

    /// Follows a stop of the script, so that the shell gets its prompt back.
    fn follow(&mut self, status: WaitStatus) -> io::Result<()> {
        let Some(number) = status.stopping_signal() else {
            self.end.suspended += elapsed(self.stopped.take());
            return Ok(());
        };
        self.stopped.get_or_insert_with(Instant::now);
        if !can_stop() {
            return Ok(());
        }
        stop_self(match unix::Signal::try_from(number) {
            // The shell must see that the script asks for the terminal.
            Ok(signal @ (unix::Signal::SIGTTIN | unix::Signal::SIGTTOU)) => signal,
            // A caught TSTP would not stop qli.
            _ => unix::Signal::SIGSTOP,
        });
        // Whoever continued qli continued the script too, which may end before its
        // state is read: the time so far is counted now, and the rest from now on.
        self.end.suspended += elapsed(self.stopped.replace(Instant::now()));
        self.continue_script()
    }

    /// After qli was continued: if the whole group was continued, so was the script.
    /// CONT must not reach it twice, so it is only sent if the script is still stopped
    /// a moment later.
    fn continue_script(&mut self) -> io::Result<()> {
        const MOMENT: Duration = Duration::from_millis(50);
        let since = Instant::now();
        while let Some(left) = MOMENT.checked_sub(since.elapsed()) {
            if has_changed(self.pid)? {
                return Ok(());
            }
            self.signals.wait(&[], Some(left))?;
            // Not "stopped": the CONT that woke qli is not for the script.
            let arrived = self.signals.drain();
            self.handle(arrived, false, false);
        }
        self.send(SIGCONT)
    }
}

fn elapsed(since: Option<Instant>) -> Duration {
    since.map_or(Duration::ZERO, |since| since.elapsed())
}

/// Writes a warning if standard error accepts it at once: forwarding signals must not
/// wait for a reader.
fn warn(message: &str) {
    let stderr = io::stderr();
    let mut fds = [PollFd::new(stderr.as_fd(), PollFlags::POLLOUT)];
    if matches!(poll(&mut fds, Some(Duration::ZERO)), Ok(Polled::Ready)) {
        let _ = nix::unistd::write(&stderr, format!("warning: {message}\n").as_bytes());
    }
}

/// Whether the script's state has changed; the change can still be waited for.
fn has_changed(pid: Pid) -> io::Result<bool> {
    use rustix::process::{WaitId, WaitIdOptions, waitid};
    let Some(pid) = rustix::process::Pid::from_raw(pid.as_raw()) else {
        return Ok(false);
    };
    let options = WaitIdOptions::NOHANG
        | WaitIdOptions::NOWAIT
        | WaitIdOptions::EXITED
        | WaitIdOptions::STOPPED
        | WaitIdOptions::CONTINUED;
    Ok(waitid(WaitId::Pid(pid), options)?.is_some())
}
