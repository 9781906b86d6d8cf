//! The script as a process: started, waited for, stopped and continued.
//!
//! One thread owns waiting, killing and reaping, so a process id is never
//! signalled after it was reaped, and cannot be reused before.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout};
use nix::sys::signal as unix;
use nix::unistd::Pid;
use rustix::process::{WaitOptions, WaitStatus, wait, waitpid};

use super::signals::{self, Circumstances, Received, Sender, Signal, Signals, can_stop, passes_on};
use super::termination::{Escalation, TerminationPolicy};
use super::{Start, TimeLimits, ToolCall};

/// How the script ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildEnd {
    /// Its exit code, or the signal it died of.
    pub status: Result<u8, Signal>,
    /// Whether it left a core dump.
    pub core: bool,
    /// The signals qli received while it ran.
    pub received: Vec<Received>,
    /// How long it was stopped.
    pub suspended: Duration,
    /// Whether its timeout was over.
    pub timed_out: bool,
    /// Whether it was killed because somebody interrupted it three times.
    pub escalated: bool,
    /// How many processes it left running behind it, where there are some and the
    /// system says how many (Linux).
    pub left_running: Option<usize>,
}

/// Starts the script. `Command` keeps copies of the environment that cannot be
/// erased, so it lives no longer than this call.
pub(super) fn spawn(start: &Start<'_>) -> io::Result<Pid> {
    // What the script leaves running becomes qli's to count, and to bury
    // (PR_SET_CHILD_SUBREAPER, prctl(2)). A kernel that refuses counts nothing.
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_child_subreaper(true);
    let mut command = Command::new(start.program);
    command.args(start.args).envs(start.env.iter().copied());
    command.spawn().map(|child| pid_of(&child))
}

/// Starts a provider's tool in a process group of its own, with nothing on
/// its standard input.
pub(super) fn spawn_tool(call: &ToolCall<'_>) -> io::Result<std::process::Child> {
    use std::process::Stdio;
    Command::new(call.program)
        .args(call.args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
}

pub(super) fn pid_of(child: &std::process::Child) -> Pid {
    Pid::from_raw(child.id().cast_signed())
}

const CHANGES: WaitOptions = WaitOptions::NOHANG
    .union(WaitOptions::UNTRACED)
    .union(WaitOptions::CONTINUED);

/// Asks for a change of a child's state without waiting for one.
///
/// rustix, because nix's `waitpid` loses a death by a real-time signal.
pub(super) fn poll_state(pid: Pid) -> io::Result<Option<WaitStatus>> {
    let status = waitpid(rustix::process::Pid::from_raw(pid.as_raw()), CHANGES)?;
    Ok(status.map(|(_, status)| status))
}

/// Asks for a change of the script's state; what it left behind and has died since
/// is buried on the way.
fn poll_script(pid: Pid) -> io::Result<Option<WaitStatus>> {
    while let Some((child, status)) = wait(CHANGES)? {
        if child.as_raw_nonzero().get() == pid.as_raw() {
            return Ok(Some(status));
        }
    }
    Ok(None)
}

/// Counts what the script left running, once it has been buried itself.
fn left_running() -> Option<usize> {
    // Nobody left is an error (ECHILD, waitpid(2)).
    while wait(CHANGES).ok()?.is_some() {}
    let children = super::process::read("thread-self/children")?;
    Some(children.split_whitespace().count())
}

/// Reads the end out of a wait status; none for a stop or a continuation.
pub(super) fn end_of(status: WaitStatus) -> Option<Result<u8, Signal>> {
    if let Some(code) = status.exit_status() {
        return Some(Ok(u8::try_from(code & 0xff).unwrap_or(u8::MAX)));
    }
    status
        .terminating_signal()
        .map(|number| Err(Signal::new(number)))
}

/// The bit that wait(2) sets beside the signal when a core was dumped.
const CORE_FLAG: i32 = 0x80;

/// A running script that is being waited for.
pub(super) struct Waiting<'a> {
    pid: Pid,
    signals: &'a mut Signals,
    patience: TerminationPolicy,
    since: Instant,
    /// Since when the script is stopped.
    stopped: Option<Instant>,
    received: Vec<Received>,
    suspended: Duration,
    timed_out: bool,
    escalated: bool,
}

impl<'a> Waiting<'a> {
    pub(super) fn new(pid: Pid, limits: TimeLimits, signals: &'a mut Signals) -> Self {
        Self {
            pid,
            signals,
            patience: TerminationPolicy::new(limits),
            since: Instant::now(),
            stopped: None,
            received: Vec::new(),
            suspended: Duration::ZERO,
            timed_out: false,
            escalated: false,
        }
    }

    /// How long the script could run: without the time it was stopped.
    fn ran(&self) -> Duration {
        let stopped = self.stopped.map_or(Duration::ZERO, |since| since.elapsed());
        let paused = self.suspended.saturating_add(stopped);
        self.since.elapsed().saturating_sub(paused)
    }

    /// Waits for the end. Whatever arrived up to here may have arrived before
    /// the script was there.
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
            self.take(
                arrived,
                Circumstances {
                    spawning,
                    ..self.circumstances()
                },
            );
            spawning = false;
            let at_most = self.end_in_time();
            self.signals.wait(&[], at_most)?;
            // Taken before the script's state is asked for, so that no CHLD is
            // missed, and judged after it: a CONT is passed on to a script
            // whose stop was told of by a CHLD that arrived with it.
            arrived = self.signals.drain();
        }
    }

    fn finish(
        mut self,
        status: WaitStatus,
        end: Result<u8, Signal>,
        mut arrived: Vec<(Signal, Sender)>,
    ) -> ChildEnd {
        arrived.append(&mut self.signals.drain());
        let late = arrived.into_iter().map(|(signal, sender)| Received {
            signal,
            sender,
            forwarded: false, // the process is reaped: there is nobody left to send it to
        });
        self.received.extend(late);
        ChildEnd {
            core: end.is_err() && status.as_raw() & CORE_FLAG != 0,
            status: end,
            received: self.received,
            suspended: self.suspended,
            timed_out: self.timed_out,
            escalated: self.escalated,
            left_running: left_running(),
        }
    }

    fn take(&mut self, arrived: Vec<(Signal, Sender)>, now: Circumstances) {
        for (signal, sender) in arrived {
            // A script that has just ended cannot be sent anything: not forwarded.
            let forwarded =
                passes_on(signal, sender, now) && signals::send(self.pid, signal).is_ok();
            self.received.push(Received {
                signal,
                sender,
                forwarded,
            });
            let now = self.since.elapsed();
            if let Some(measure) = self.patience.interrupted(signal, sender, now) {
                self.carry_out(measure);
            }
        }
    }

    /// Ends the script if its limits are used up; returns when to look again. A
    /// script that is stopped uses up nothing.
    fn end_in_time(&mut self) -> Option<Duration> {
        if self.stopped.is_some() {
            return None;
        }
        let ran = self.ran();
        if let Some(measure) = self.patience.due(ran) {
            self.carry_out(measure);
        }
        self.patience.left(ran)
    }

    /// Does what is due, and says so to whoever is there to read it.
    fn carry_out(&mut self, measure: Escalation) {
        let pid = self.pid;
        let (signal, words) = match measure {
            Escalation::Warn => {
                say(&format!(
                    "qli: still waiting for process {pid}; once more within 10 s kills it\n"
                ));
                return;
            }
            Escalation::Terminate => (unix::Signal::SIGTERM, "the timeout is over"),
            Escalation::Kill => (unix::Signal::SIGKILL, "the timeout is long over"),
            Escalation::Escalate => (unix::Signal::SIGKILL, "interrupted three times"),
        };
        let name = signal.as_str();
        // A script that runs as somebody else by now may not be sent anything.
        if let Err(error) = signals::send(pid, Signal::new(signal as i32)) {
            let why = super::reason(&error);
            say(&format!(
                "qli: {words}: {name} cannot be sent to process {pid}: {why}\n"
            ));
            return;
        }
        self.timed_out |= measure == Escalation::Terminate;
        self.escalated |= measure == Escalation::Escalate;
        say(&format!("qli: {words}: {name} sent to process {pid}\n"));
    }

    fn circumstances(&self) -> Circumstances {
        Circumstances {
            own: signals::own_pid(),
            child: self.pid.as_raw(),
            stopped: self.stopped.is_some(),
            spawning: false,
        }
    }

    /// Follows a stop of the script, so that the shell gets its prompt back.
    fn follow(&mut self, status: WaitStatus) -> io::Result<()> {
        let Some(number) = status.stopping_signal() else {
            let stopped = self.stopped.take();
            self.suspended += stopped.map_or(Duration::ZERO, |since| since.elapsed());
            return Ok(());
        };
        self.stopped.get_or_insert_with(Instant::now);
        if !can_stop() {
            return Ok(());
        }
        signals::stop_self(own_stop(number));
        // Whoever continued qli continued the script, which may end before anybody
        // asks for its state: counted now, and from now on anew.
        let stopped = self.stopped.replace(Instant::now());
        self.suspended += stopped.map_or(Duration::ZERO, |since| since.elapsed());
        self.continue_script()
    }

    /// After qli was continued: whoever continued the whole group continued
    /// the script too, so it is only helped if it is still stopped a moment
    /// later. CONT must not reach it twice.
    fn continue_script(&mut self) -> io::Result<()> {
        const MOMENT: Duration = Duration::from_millis(50);
        let since = Instant::now();
        while let Some(left) = MOMENT.checked_sub(since.elapsed()) {
            if waitable(self.pid)? {
                return Ok(());
            }
            self.signals.wait(&[], Some(left))?;
            // Not "stopped": the CONT that woke qli is not for the script.
            let arrived = self.signals.drain();
            self.take(
                arrived,
                Circumstances {
                    stopped: false,
                    ..self.circumstances()
                },
            );
        }
        signals::send(self.pid, Signal::new(unix::Signal::SIGCONT as i32))
    }
}

/// Says something beside the script. Nobody has to read it, and the script's
/// signals are not to wait: it is said only where it is taken at once.
fn say(words: &str) {
    let stderr = io::stderr();
    let mut fds = [PollFd::new(stderr.as_fd(), PollFlags::POLLOUT)];
    let takes = nix::poll::poll(&mut fds, PollTimeout::ZERO).is_ok_and(|ready| ready == 1);
    if takes {
        let _ = nix::unistd::write(&stderr, words.as_bytes());
    }
}

/// The stop qli gives itself: a caught TSTP would not stop it, and what asks
/// for the terminal must show as such in the shell.
fn own_stop(number: i32) -> unix::Signal {
    match unix::Signal::try_from(number) {
        Ok(signal @ (unix::Signal::SIGTTIN | unix::Signal::SIGTTOU)) => signal,
        _ => unix::Signal::SIGSTOP,
    }
}

/// Says whether a change of the script's state waits to be taken, without
/// taking it.
fn waitable(pid: Pid) -> io::Result<bool> {
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
