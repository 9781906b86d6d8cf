//! The script as a process: started, waited for, stopped and continued.
//!
//! One thread owns waiting, killing and reaping, so a process id is never
//! signalled after it was reaped, and cannot be reused before.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::signal as unix;
use nix::unistd::Pid;
use rustix::process::{WaitOptions, WaitStatus, waitpid};

use super::signals::{self, Circumstances, Received, Sender, Signal, Signals, can_stop, passes_on};
use super::{Start, ToolCall};

/// How the script ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildEnd {
    /// Its exit code, or the signal it died of.
    pub status: Result<u8, Signal>,
    /// Whether it left a core dump.
    pub core: bool,
    /// The signals qli received while it ran.
    pub received: Vec<Received>,
    /// How long it was stopped together with qli.
    pub suspended: Duration,
}

/// Starts the script. `Command` keeps copies of the environment that cannot be
/// erased, so it lives no longer than this call.
pub(super) fn spawn(start: &Start<'_>) -> io::Result<Pid> {
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

/// Asks for a change of a child's state without waiting for one.
///
/// rustix, because nix's `waitpid` loses a death by a real-time signal.
pub(super) fn poll_state(pid: Pid) -> io::Result<Option<WaitStatus>> {
    let options = WaitOptions::NOHANG | WaitOptions::UNTRACED | WaitOptions::CONTINUED;
    let status = waitpid(rustix::process::Pid::from_raw(pid.as_raw()), options)?;
    Ok(status.map(|(_, status)| status))
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
    stopped: bool,
    received: Vec<Received>,
    suspended: Duration,
}

impl<'a> Waiting<'a> {
    pub(super) fn new(pid: Pid, signals: &'a mut Signals) -> Self {
        Self {
            pid,
            signals,
            stopped: false,
            received: Vec::new(),
            suspended: Duration::ZERO,
        }
    }

    /// Waits for the end. Whatever arrived up to here may have arrived before
    /// the script was there.
    pub(super) fn until_end(mut self) -> io::Result<ChildEnd> {
        let mut arrived = self.signals.drain();
        let mut spawning = true;
        loop {
            while let Some(status) = poll_state(self.pid)? {
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
            self.signals.wait(&[], None)?;
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
        }
    }

    fn circumstances(&self) -> Circumstances {
        Circumstances {
            own: signals::own_pid(),
            child: self.pid.as_raw(),
            stopped: self.stopped,
            spawning: false,
        }
    }

    /// Follows a stop of the script, so that the shell gets its prompt back.
    fn follow(&mut self, status: WaitStatus) -> io::Result<()> {
        let Some(number) = status.stopping_signal() else {
            self.stopped = false;
            return Ok(());
        };
        self.stopped = true;
        if !can_stop() {
            return Ok(());
        }
        let since = Instant::now();
        signals::stop_self(own_stop(number));
        self.suspended += since.elapsed();
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
