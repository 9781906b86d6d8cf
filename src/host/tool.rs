//! Calling a provider's own program for its output.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::{Signal as Unix, killpg};
use nix::unistd::Pid;
use zeroize::Zeroizing;

use super::child::{end_of, pid_of, poll_state, spawn_tool};
use super::signals::Signals;
use super::{ToolCall, ToolError, ToolOutput};

/// How much of a tool's standard error is kept, in bytes.
const STDERR_KEPT: usize = 4096;

/// How long an ended tool has between TERM and KILL.
const GRACE: Duration = Duration::from_secs(2);

/// Calls a program and collects its output until it ends, a signal ends the
/// run, or a limit is passed; in the latter cases the program's whole process
/// group is ended before this returns.
pub(super) fn call(call: &ToolCall<'_>, signals: &mut Signals) -> Result<ToolOutput, ToolError> {
    let mut child = spawn_tool(call).map_err(ToolError::Io)?;
    let pid = pid_of(&child);
    let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(ToolError::Io(io::ErrorKind::BrokenPipe.into()));
    };
    let mut running = Running {
        pid,
        out: Stream::new(out, call.limit),
        err: Stream::new(err, STDERR_KEPT),
        deadline: Instant::now() + call.timeout,
    };
    let ended = running.until_end(signals);
    if ended.is_err() {
        end_group(pid, signals);
    }
    let code = ended?;
    Ok(ToolOutput {
        code,
        stdout: running.out.bytes,
        stderr: running.err.bytes,
        stderr_cut: running.err.cut,
    })
}

struct Running<O, E> {
    pid: Pid,
    out: Stream<O>,
    err: Stream<E>,
    deadline: Instant,
}

impl<O: Read + AsFd, E: Read + AsFd> Running<O, E> {
    /// Reads both streams until the program has ended. A grandchild that
    /// keeps them open does not matter: what is there by then is the output.
    fn until_end(&mut self, signals: &mut Signals) -> Result<Option<i32>, ToolError> {
        self.out.unblock().map_err(ToolError::Io)?;
        self.err.unblock().map_err(ToolError::Io)?;
        loop {
            let status = poll_state(self.pid).map_err(ToolError::Io)?;
            if status.is_some_and(rustix::process::WaitStatus::stopped) {
                return Err(ToolError::Stopped);
            }
            let ended = status.and_then(end_of);
            self.read()?;
            if let Some(end) = ended {
                return Ok(end.ok().map(i32::from));
            }
            let left = self.deadline.checked_duration_since(Instant::now());
            let left = left.ok_or(ToolError::TimedOut)?;
            let open: Vec<_> = [self.out.fd(), self.err.fd()]
                .into_iter()
                .flatten()
                .collect();
            signals.wait(&open, Some(left)).map_err(ToolError::Io)?;
            if let (Some(signal), _) = signals.guard_phase() {
                return Err(ToolError::Interrupted(signal));
            }
        }
    }

    fn read(&mut self) -> Result<(), ToolError> {
        self.err.read().map_err(ToolError::Io)?;
        match self.out.read().map_err(ToolError::Io)? {
            Room::Left => Ok(()),
            Room::Full => Err(ToolError::TooMuch),
        }
    }
}

/// Whether a stream stayed within its limit.
#[derive(PartialEq, Eq)]
enum Room {
    Left,
    Full,
}

/// One output stream of the program; what goes beyond the limit is dropped.
struct Stream<R> {
    pipe: Option<R>,
    bytes: Zeroizing<Vec<u8>>,
    limit: usize,
    cut: bool,
}

impl<R: Read + AsFd> Stream<R> {
    /// The buffer has its full size from the start: growing would leave
    /// copies of a secret in memory that nobody erases.
    fn new(pipe: R, limit: usize) -> Self {
        Self {
            pipe: Some(pipe),
            bytes: Zeroizing::new(Vec::with_capacity(limit)),
            limit,
            cut: false,
        }
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.pipe.as_ref().map(AsFd::as_fd)
    }

    fn unblock(&self) -> io::Result<()> {
        if let Some(fd) = self.fd() {
            fcntl(fd, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        }
        Ok(())
    }

    /// Reads what is there.
    fn read(&mut self) -> io::Result<Room> {
        let mut buffer = Zeroizing::new([0; 4096]);
        let mut room = Room::Left;
        while let Some(pipe) = self.pipe.as_mut() {
            match pipe.read(&mut *buffer) {
                Ok(0) => self.pipe = None,
                Ok(length) => {
                    let free = self.limit - self.bytes.len();
                    let kept = buffer.get(..length.min(free)).unwrap_or_default();
                    self.bytes.extend_from_slice(kept);
                    if length > free {
                        self.cut = true;
                        room = Room::Full;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            if room == Room::Full {
                break;
            }
        }
        Ok(room)
    }
}

/// Ends a process group: TERM, a while, KILL. The program itself is reaped.
fn end_group(pid: Pid, signals: &mut Signals) {
    let deadline = Instant::now() + GRACE;
    // The group may be gone already; that is what is wanted.
    let _ = killpg(pid, Unix::SIGTERM);
    let _ = killpg(pid, Unix::SIGCONT); // a stopped program takes TERM only then
    while let Some(left) = deadline.checked_duration_since(Instant::now()) {
        if reaped(pid) {
            break;
        }
        if signals.wait(&[], Some(left)).is_err() {
            break;
        }
        // A second signal changes nothing: the run is ending.
        drop(signals.drain());
    }
    let _ = killpg(pid, Unix::SIGKILL);
    while !reaped(pid) && signals.wait(&[], Some(GRACE)).is_ok() {
        drop(signals.drain());
    }
}

fn reaped(pid: Pid) -> bool {
    match poll_state(pid) {
        Ok(Some(status)) => end_of(status).is_some(),
        Ok(None) => false,
        Err(_) => true, // no such child: somebody reaped it
    }
}
