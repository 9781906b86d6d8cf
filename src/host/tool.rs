//! Running a provider's program for its output.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::{Signal as Unix, killpg};
use nix::unistd::Pid;
use rustix::process::WaitStatus;
use zeroize::Zeroizing;

use super::child::{end_of, pid_of, poll_state, spawn_unblocked};
use super::handlers::SignalHandlers;
use super::{ToolCall, ToolError, ToolOutput};

/// Bytes of standard error that are kept.
const STDERR_KEPT: usize = 4096;

/// Time between TERM and KILL.
const GRACE: Duration = Duration::from_secs(2);

/// Runs a program and collects its output until it ends, a signal ends the run, or a
/// limit is exceeded; then its whole process group is killed before this returns.
pub(super) fn call(
    call: &ToolCall<'_>,
    environment: &BTreeMap<OsString, OsString>,
    signals: &mut SignalHandlers,
) -> Result<ToolOutput, ToolError> {
    let mut command = Command::new(call.program);
    command
        .args(call.args)
        .env_clear()
        .envs(environment)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    let mut child = spawn_unblocked(&mut command)?;
    let output = collect(&mut child, call, signals);
    if output.is_err() {
        kill_group(pid_of(&child), signals);
    }
    output
}

/// Reads both streams until the program ends. A grandchild that keeps them open does not
/// matter: what has been written by then is the output.
fn collect(
    child: &mut Child,
    call: &ToolCall<'_>,
    signals: &mut SignalHandlers,
) -> Result<ToolOutput, ToolError> {
    let deadline = Instant::now() + call.timeout;
    let mut out = CappedPipe::new(child.stdout.take(), call.limit)?;
    let mut err = CappedPipe::new(child.stderr.take(), STDERR_KEPT)?;
    loop {
        let status = poll_state(pid_of(child))?;
        if status.is_some_and(WaitStatus::stopped) {
            return Err(ToolError::Stopped);
        }
        err.read()?;
        out.read()?;
        if out.cut {
            return Err(ToolError::TooMuch);
        }
        if let Some(end) = status.and_then(end_of) {
            return Ok(ToolOutput {
                code: end.ok().map(i32::from),
                stdout: out.bytes,
                stderr: err.bytes,
                stderr_cut: err.cut,
            });
        }
        let left = deadline.checked_duration_since(Instant::now());
        let left = left.ok_or(ToolError::TimedOut)?;
        let open: Vec<_> = [out.fd(), err.fd()].into_iter().flatten().collect();
        signals.wait(&open, Some(left))?;
        if let Some(signal) = signals.before_start().fatal {
            return Err(ToolError::Interrupted(signal));
        }
    }
}

/// One output stream of the program; what exceeds the limit is dropped.
struct CappedPipe<R> {
    pipe: Option<R>,
    bytes: Zeroizing<Vec<u8>>,
    limit: usize,
    cut: bool,
}

impl<R: Read + AsFd> CappedPipe<R> {
    /// The buffer has its full size from the start: growing would leave copies of a
    /// secret in memory that are never erased.
    fn new(pipe: Option<R>, limit: usize) -> io::Result<Self> {
        if let Some(pipe) = &pipe {
            fcntl(pipe, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        }
        Ok(Self {
            pipe,
            bytes: Zeroizing::new(Vec::with_capacity(limit)),
            limit,
            cut: false,
        })
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.pipe.as_ref().map(AsFd::as_fd)
    }

    /// Reads what is available, up to the first chunk beyond the limit.
    fn read(&mut self) -> io::Result<()> {
        let mut buffer = Zeroizing::new([0; 4096]);
        while let Some(pipe) = self.pipe.as_mut() {
            match pipe.read(&mut *buffer) {
                Ok(0) => self.pipe = None,
                Ok(length) => {
                    let free = self.limit - self.bytes.len();
                    let kept = buffer.get(..length.min(free)).unwrap_or_default();
                    self.bytes.extend_from_slice(kept);
                    if length > free {
                        self.cut = true;
                        break;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Ends a process group: TERM, then KILL after [`GRACE`]. The program is reaped.
fn kill_group(pid: Pid, signals: &mut SignalHandlers) {
    let deadline = Instant::now() + GRACE;
    // A group that is already gone is fine.
    let _ = killpg(pid, Unix::SIGTERM);
    let _ = killpg(pid, Unix::SIGCONT); // a stopped program receives TERM only then
    while let Some(left) = deadline.checked_duration_since(Instant::now()) {
        if is_reaped(pid) || signals.wait(&[], Some(left)).is_err() {
            break;
        }
        // A second signal changes nothing: the run is ending.
        drop(signals.drain());
    }
    let _ = killpg(pid, Unix::SIGKILL);
    while !is_reaped(pid) && signals.wait(&[], Some(GRACE)).is_ok() {
        drop(signals.drain());
    }
}

fn is_reaped(pid: Pid) -> bool {
    // It fails if there is no such child: it is reaped already.
    poll_state(pid).map_or(true, |status| status.and_then(end_of).is_some())
}
