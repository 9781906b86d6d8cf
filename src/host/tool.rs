//! Running providers' programs for their output, several side by side.

use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::{Signal as Unix, kill, killpg};
use nix::unistd::Pid;
use rustix::process::WaitStatus;
use zeroize::Zeroizing;

use super::child::{end_of, pid_of, poll_state, spawn_unblocked};
use super::handlers::SignalHandlers;
use super::terminal::SavedModes;
use super::{CallQueue, HostView, Signal, ToolCall, ToolError, ToolInput, ToolOutput};

/// Bytes of standard error that are kept.
const STDERR_KEPT: usize = 4096;

/// Time between TERM and KILL.
const GRACE: Duration = Duration::from_secs(2);

/// Makes the calls of all queues, side by side, until none is left, one asks for the end,
/// or a signal ends the run, which is returned. Nothing that was started is left running.
pub(super) fn call_all(
    queues: &mut [&mut dyn CallQueue],
    view: &dyn HostView,
    signals: &mut SignalHandlers,
) -> io::Result<Option<Signal>> {
    let mut running: Vec<Option<Running>> = queues.iter().map(|_| None).collect();
    let called = run_all(queues, &mut running, view, signals);
    end_all(&running, signals);
    called
}

fn run_all(
    queues: &mut [&mut dyn CallQueue],
    running: &mut [Option<Running>],
    view: &dyn HostView,
    signals: &mut SignalHandlers,
) -> io::Result<Option<Signal>> {
    for (queue, place) in queues.iter_mut().zip(&mut *running) {
        match start_next(*queue, view) {
            ControlFlow::Continue(next) => *place = next,
            ControlFlow::Break(()) => return Ok(None),
        }
    }
    while running.iter().any(Option::is_some) {
        wait(running, signals)?;
        if let Some(signal) = signals.before_start().fatal {
            return Ok(Some(signal));
        }
        for (queue, place) in queues.iter_mut().zip(&mut *running) {
            if step(*queue, place, view).is_break() {
                return Ok(None);
            }
        }
    }
    Ok(None)
}

/// Starts the next call of a queue.
fn start_next(queue: &mut dyn CallQueue, view: &dyn HostView) -> ControlFlow<(), Option<Running>> {
    while let Some(call) = queue.next(view)? {
        match Running::start(call) {
            Ok(running) => return ControlFlow::Continue(Some(running)),
            Err(error) => queue.finished(Err(error.into()))?,
        }
    }
    ControlFlow::Continue(None)
}

/// Reads what a program has written; once it has ended, starts the next call. A program
/// that is to be ended stays in its place.
fn step(
    queue: &mut dyn CallQueue,
    place: &mut Option<Running>,
    view: &dyn HostView,
) -> ControlFlow<()> {
    let Some(end) = place
        .as_mut()
        .and_then(|running| running.step().transpose())
    else {
        return ControlFlow::Continue(());
    };
    let has_ended = end.is_ok();
    queue.finished(end)?;
    if has_ended {
        *place = start_next(queue, view)?;
        return ControlFlow::Continue(());
    }
    ControlFlow::Break(())
}

/// Waits until a program writes, reads or ends, the time of one is up, or a signal
/// arrives.
fn wait(running: &[Option<Running>], signals: &mut SignalHandlers) -> io::Result<()> {
    let running = || running.iter().flatten();
    let readable: Vec<_> = running().flat_map(Running::readable).collect();
    let writable: Vec<_> = running().filter_map(Running::writable).collect();
    let deadline = running().map(|one| one.deadline).min();
    let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
    signals.wait_for(&readable, &writable, left)
}

/// A program that has been started.
struct Running {
    call: ToolCall,
    child: Child,
    deadline: Instant,
    out: CappedPipe<std::process::ChildStdout>,
    err: CappedPipe<std::process::ChildStderr>,
    /// What it has not read yet.
    input: Option<(ChildStdin, Vec<u8>)>,
    /// Those of the terminal that it may change.
    modes: Option<SavedModes>,
}

impl Running {
    fn start(call: ToolCall) -> io::Result<Self> {
        let on_terminal = call.input == ToolInput::Terminal;
        let modes = on_terminal.then(SavedModes::read).flatten();
        let mut command = Command::new(&call.program);
        command
            .args(&call.args)
            .env_clear()
            .envs(&call.environment)
            .stdin(match call.input {
                ToolInput::Nothing => Stdio::null(),
                ToolInput::Text(_) => Stdio::piped(),
                ToolInput::Terminal => Stdio::inherit(),
            })
            .stdout(Stdio::piped())
            .stderr(if on_terminal {
                Stdio::inherit()
            } else {
                Stdio::piped()
            });
        if !on_terminal {
            command.process_group(0);
        }
        let mut child = spawn_unblocked(&mut command)?;
        let out = CappedPipe::new(child.stdout.take(), call.limit)?;
        let err = CappedPipe::new(child.stderr.take(), STDERR_KEPT)?;
        let stdin = child.stdin.take();
        if let Some(stdin) = &stdin {
            fcntl(stdin, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        }
        let text = match &call.input {
            ToolInput::Text(text) => text.clone(),
            ToolInput::Nothing | ToolInput::Terminal => Vec::new(),
        };
        Ok(Self {
            deadline: Instant::now() + call.timeout,
            input: stdin.map(|stdin| (stdin, text)),
            call,
            child,
            out,
            err,
            modes,
        })
    }

    fn is_on_terminal(&self) -> bool {
        self.call.input == ToolInput::Terminal
    }

    fn readable(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        [self.out.fd(), self.err.fd()].into_iter().flatten()
    }

    fn writable(&self) -> Option<BorrowedFd<'_>> {
        self.input.as_ref().map(|(stdin, _)| stdin.as_fd())
    }

    /// What the program returned, if it has ended. A grandchild that keeps its streams
    /// open does not matter: what has been written by then is the output.
    fn step(&mut self) -> Result<Option<ToolOutput>, ToolError> {
        let status = poll_state(pid_of(&self.child))?;
        if status.is_some_and(WaitStatus::stopped) && !self.is_on_terminal() {
            return Err(ToolError::Stopped);
        }
        self.write();
        self.err.read()?;
        self.out.read()?;
        if self.out.cut {
            return Err(ToolError::TooMuch(self.call.limit));
        }
        match status.and_then(end_of) {
            Some(end) => Ok(Some(ToolOutput {
                code: end.ok().map(i32::from),
                stdout: std::mem::take(&mut self.out.bytes),
                stderr: std::mem::take(&mut self.err.bytes),
                stderr_cut: self.err.cut,
            })),
            None if Instant::now() >= self.deadline => Err(ToolError::TimedOut),
            None => Ok(None),
        }
    }

    /// Writes what the program can take. One that reads nothing more is its own business.
    fn write(&mut self) {
        while let Some((stdin, text)) = self.input.as_mut() {
            match stdin.write(text) {
                Ok(written) if written > 0 && written < text.len() => drop(text.drain(..written)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(_) | Err(_) => self.input = None,
            }
        }
    }

    /// Sends a signal to the program, and to its group if it has one of its own.
    fn signal(&self, signal: Unix) {
        let pid = pid_of(&self.child);
        // One that is already gone is fine.
        let _: Result<(), Errno> = if self.is_on_terminal() {
            kill(pid, signal)
        } else {
            killpg(pid, signal)
        };
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

/// Ends programs: TERM, then KILL after [`GRACE`]. They are reaped.
fn end_all(running: &[Option<Running>], signals: &mut SignalHandlers) {
    let running: Vec<_> = running.iter().flatten().collect();
    if running.is_empty() {
        return;
    }
    let send = |signal| running.iter().for_each(|one| one.signal(signal));
    let mut left = running.iter().map(|one| pid_of(&one.child)).collect();
    send(Unix::SIGTERM);
    send(Unix::SIGCONT); // a stopped program receives TERM only then
    reap(&mut left, Some(Instant::now() + GRACE), signals);
    send(Unix::SIGKILL);
    reap(&mut left, None, signals);
    running
        .iter()
        .filter_map(|one| one.modes.as_ref())
        .for_each(SavedModes::restore);
}

/// Waits for the ends of processes.
fn reap(left: &mut Vec<Pid>, deadline: Option<Instant>, signals: &mut SignalHandlers) {
    loop {
        left.retain(|&pid| !is_reaped(pid));
        let time = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let is_over = time.is_some_and(|time| time.is_zero());
        if left.is_empty() || is_over || signals.wait(&[], Some(time.unwrap_or(GRACE))).is_err() {
            return;
        }
        // A second signal changes nothing: the run is ending.
        drop(signals.drain());
    }
}

fn is_reaped(pid: Pid) -> bool {
    // It fails if there is no such child: it is reaped already.
    poll_state(pid).map_or(true, |status| status.and_then(end_of).is_some())
}
