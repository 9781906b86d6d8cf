//! Starts the script, and reads the states of child processes.

use std::ffi::{CString, NulError, OsStr};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::process::Child;
use std::time::Duration;

use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{SigSet, Signal as Unix};
use nix::unistd::Pid;
use rustix::io::retry_on_intr;
use rustix::process::{
    WaitId, WaitIdOptions, WaitIdStatus, WaitOptions, WaitStatus, waitid, waitpid,
};
use zeroize::Zeroizing;

use super::signals::{Received, Sender, Signal};
use super::{Start, ToolCall};

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

impl ChildEnd {
    /// Whether a key made this signal on the terminal.
    pub(super) fn has_typed(&self, signal: Signal) -> bool {
        let mut all = self.received.iter();
        all.any(|one| one.signal == signal && one.sender == Sender::Kernel && !one.forwarded)
    }
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

/// Prepares this process for holding secrets: no core dump, and on Linux no access by the
/// user's other processes.
pub(super) fn deny_dumps() -> Option<CoreLimit> {
    // PR_SET_DUMPABLE does not fail for this value (prctl(2)).
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_dumpable(false);
    CoreLimit::disable()
}

/// Starts a provider's program, in a group of its own if `apart`. The caller's signals stay
/// blocked meanwhile: one that arrived then would end qli, and leave all programs.
pub(super) fn spawn_tool(
    call: &ToolCall,
    actions: &PosixSpawnFileActions,
    apart: bool,
) -> io::Result<Pid> {
    let args = call.args.iter().map(OsStr::new);
    let variables = call.environment.iter();
    let env = lines(variables.map(|(name, value)| (&**name, &**value)));
    let group = if apart {
        PosixSpawnFlags::POSIX_SPAWN_SETPGROUP
    } else {
        PosixSpawnFlags::empty()
    };
    execute(
        &call.program,
        call.program.as_os_str(),
        args,
        env,
        actions,
        &attributes(false, group)?,
    )
}

/// Executes a program under this name. Not by `Command`, which resets PIPE, and keeps copies
/// of the environment that cannot be erased.
pub(super) fn execute<'a>(
    program: &Path,
    name: &OsStr,
    args: impl Iterator<Item = &'a OsStr>,
    env: Result<Vec<CString>, NulError>,
    actions: &PosixSpawnFileActions,
    attributes: &PosixSpawnAttr,
) -> io::Result<Pid> {
    let program = CString::new(program.as_os_str().as_bytes())?;
    let args = args.map(|arg| CString::new(arg.as_bytes()));
    let args = std::iter::once(CString::new(name.as_bytes())).chain(args);
    let args = args.collect::<Result<Vec<_>, _>>()?;
    let env = Zeroizing::new(env?);
    let env = env.as_slice();
    Ok(posix_spawn(&*program, actions, attributes, &args, env)?)
}

/// A program starts with no signal blocked, and a script with PIPE as qli found it: Rust's
/// runtime ignores that. A new group has the id of the program.
pub(super) fn attributes(ignores_pipe: bool, more: PosixSpawnFlags) -> nix::Result<PosixSpawnAttr> {
    let reset = if ignores_pipe {
        SigSet::empty()
    } else {
        SigSet::from(Unix::SIGPIPE)
    };
    let mut attributes = PosixSpawnAttr::init()?;
    attributes.set_sigdefault(&reset)?;
    attributes.set_sigmask(&SigSet::empty())?;
    let both = PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF | PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK;
    attributes.set_flags(both | more)?;
    Ok(attributes)
}

/// The script's environment, sorted.
pub(super) fn environment(start: &Start<'_>) -> Result<Vec<CString>, NulError> {
    lines(start.env.iter().map(|(name, value)| (*name, *value)))
}

/// The lines of an environment. Each has its full size from the start: growing would leave
/// copies of a secret.
pub(super) fn lines<'a>(
    variables: impl Iterator<Item = (&'a OsStr, &'a OsStr)>,
) -> Result<Vec<CString>, NulError> {
    let lines = variables.map(|(name, value)| {
        let mut line = Vec::with_capacity(name.len() + value.len() + 2);
        for part in [name.as_bytes(), b"=", value.as_bytes()] {
            line.extend_from_slice(part);
        }
        CString::new(line)
    });
    lines.collect()
}

pub(super) fn pid_of(child: &Child) -> Pid {
    Pid::from_raw(child.id().cast_signed())
}

pub(super) const CHANGES: WaitOptions = WaitOptions::NOHANG
    .union(WaitOptions::UNTRACED)
    .union(WaitOptions::CONTINUED);

/// Whether a child has ended or is stopped. One that has ended is not reaped: its id, which
/// may be that of its group, stays its own.
pub(super) fn state_of(pid: Pid) -> io::Result<Option<WaitIdStatus>> {
    let pid = rustix::process::Pid::from_raw(pid.as_raw()).ok_or(io::ErrorKind::NotFound)?;
    let changes = WaitIdOptions::EXITED | WaitIdOptions::STOPPED;
    let options = changes | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    Ok(retry_on_intr(|| waitid(WaitId::Pid(pid), options))?)
}

/// Waits for the end of a child that is ending; whether a signal has ended it. One that was
/// waited for before is not known.
pub(super) fn ended_by_signal(pid: Pid) -> bool {
    let pid = rustix::process::Pid::from_raw(pid.as_raw());
    let ended = retry_on_intr(|| waitpid(pid, WaitOptions::empty()));
    matches!(ended, Ok(Some((_, status))) if status.terminating_signal().is_some())
}

/// Waits for the end of a child that has ended or has been killed.
pub(super) fn reap(pid: Pid) {
    let pid = rustix::process::Pid::from_raw(pid.as_raw());
    // It fails only if there is no such child.
    let _ = retry_on_intr(|| waitpid(pid, WaitOptions::empty()));
}

/// Returns the end from a wait status; `None` for a stop or a continuation.
pub(super) fn end_of(status: WaitStatus) -> Option<Result<u8, Signal>> {
    if let Some(code) = status.exit_status() {
        return Some(Ok(u8::try_from(code & 0xff).unwrap_or(u8::MAX)));
    }
    let signal = status.terminating_signal();
    signal.map(|number| Err(Signal::new(number)))
}
