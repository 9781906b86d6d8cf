//! Starts the script, and reads the states of child processes.

use std::io;
use std::process::{Child, Command};
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::Pid;
use rustix::process::{WaitOptions, WaitStatus, waitpid};

use super::Start;
use super::signals::{Received, Signal};

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

pub(super) const CHANGES: WaitOptions = WaitOptions::NOHANG
    .union(WaitOptions::UNTRACED)
    .union(WaitOptions::CONTINUED);

/// Returns a change of a child's state, without waiting for one.
///
/// By rustix, because nix's `waitpid` loses a death by a real-time signal.
pub(super) fn poll_state(pid: Pid) -> io::Result<Option<WaitStatus>> {
    let status = waitpid(rustix::process::Pid::from_raw(pid.as_raw()), CHANGES)?;
    Ok(status.map(|(_, status)| status))
}

/// Returns the end from a wait status; `None` for a stop or a continuation.
pub(super) fn end_of(status: WaitStatus) -> Option<Result<u8, Signal>> {
    if let Some(code) = status.exit_status() {
        return Some(Ok(u8::try_from(code & 0xff).unwrap_or(u8::MAX)));
    }
    let signal = status.terminating_signal();
    signal.map(|number| Err(Signal::new(number)))
}
