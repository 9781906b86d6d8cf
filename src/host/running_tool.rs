//! A provider's program while it runs: its streams, its end, and what it has started.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read as _, Write as _, pipe};
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::spawn::PosixSpawnFileActions;
use nix::sys::signal::killpg;
use nix::unistd::Pid;
use rustix::process::WaitIdStatus;
use zeroize::Zeroizing;

use super::child::{reap, spawn_tool, state_of};
use super::descendants::{self, Descendant};
use super::terminal::{self, SavedModes};
use super::{Signal, ToolCall, ToolError, ToolInput, ToolOutput};

/// How long what a program has left behind may write to its output.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Bytes of standard error that are kept.
const STDERR_KEPT: usize = 4096;

/// A program that has been started, and is not reaped before it is of no more interest: its
/// id remains its own.
pub(super) struct Running {
    pid: Pid,
    on_terminal: bool,
    deadline: Instant,
    /// When its output ends, once the program has ended.
    last_words: Option<Instant>,
    out: CappedPipe,
    err: CappedPipe,
    /// What it has not read yet.
    input: Option<(PipeWriter, Vec<u8>)>,
    /// Those of the terminal that it may change.
    modes: Option<SavedModes>,
}

impl Running {
    pub(super) fn start(call: ToolCall) -> io::Result<Self> {
        let on_terminal = call.input == ToolInput::Terminal;
        let modes = on_terminal.then(SavedModes::read).flatten();
        let (out, out_end) = pipe()?;
        let (err, err_end) = pipe()?;
        let (stdin_end, stdin) = pipe()?;
        let [stdin_of, stderr_of] = match &call.input {
            ToolInput::Nothing => [File::open("/dev/null")?.into(), err_end.into()],
            ToolInput::Text(_) => [OwnedFd::from(stdin_end), err_end.into()],
            ToolInput::Terminal => {
                let tty = terminal::open(true)?;
                [tty.try_clone()?.into(), tty.into()]
            }
        };
        let mut actions = PosixSpawnFileActions::init()?;
        actions.add_dup2(stdin_of.as_raw_fd(), 0)?;
        actions.add_dup2(out_end.as_raw_fd(), 1)?;
        actions.add_dup2(stderr_of.as_raw_fd(), 2)?;
        set_non_blocking(&stdin)?;
        let (out, err) = (
            CappedPipe::new(out, call.limit)?,
            CappedPipe::new(err, STDERR_KEPT)?,
        );
        let pid = spawn_tool(&call, &actions, !on_terminal)?;
        let input = match call.input {
            ToolInput::Text(text) => Some((stdin, text)),
            ToolInput::Nothing | ToolInput::Terminal => None,
        };
        Ok(Self {
            pid,
            on_terminal,
            deadline: Instant::now() + call.timeout,
            last_words: None,
            out,
            err,
            input,
            modes,
        })
    }

    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }

    pub(super) fn extend(&mut self, by: Duration) {
        self.deadline += by;
    }

    pub(super) fn readable(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        [self.out.fd(), self.err.fd()].into_iter().flatten()
    }

    pub(super) fn writable(&self) -> Option<BorrowedFd<'_>> {
        self.input.as_ref().map(|(stdin, _)| stdin.as_fd())
    }

    /// What the program returned, if it has ended. A grandchild that keeps its streams
    /// open, as an agent does, is given [`LAST_WORDS`]: what has been written by then is the
    /// output.
    pub(super) fn step(&mut self) -> Result<Option<ToolOutput>, ToolError> {
        let state = state_of(self.pid)?;
        if state.as_ref().is_some_and(WaitIdStatus::stopped) && !self.on_terminal {
            return Err(ToolError::Stopped);
        }
        self.write();
        self.err.read()?;
        self.out.read()?;
        if self.out.cut {
            return Err(ToolError::TooMuch(self.out.limit));
        }
        match state.filter(|state| !state.stopped()) {
            Some(_) if self.may_be_written_to() => Ok(None),
            Some(end) => Ok(Some(ToolOutput {
                code: end.exit_status(),
                stdout: std::mem::take(&mut self.out.bytes),
                stderr: std::mem::take(&mut self.err.bytes),
                stderr_cut: self.err.cut,
            })),
            None if Instant::now() >= self.deadline => Err(ToolError::TimedOut),
            None => Ok(None),
        }
    }

    /// Whether a process that the program has left behind, such as the end of a shell's
    /// pipeline, still has its output open, and has had little time to write its rest.
    fn may_be_written_to(&mut self) -> bool {
        let until = *self
            .last_words
            .get_or_insert_with(|| Instant::now() + LAST_WORDS);
        self.deadline = until;
        self.out.fd().is_some() && Instant::now() < until
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

    /// It is gone too if its state is unknown.
    pub(super) fn has_ended(&self) -> bool {
        state_of(self.pid).map_or(true, |state| state.is_some_and(|state| !state.stopped()))
    }

    /// What ends when the program must: its group, or on the terminal, where it has none of
    /// its own, what it has started.
    pub(super) fn target(&self) -> Target {
        if !self.on_terminal {
            return Target::Group(self.pid);
        }
        let pid = self.pid.as_raw();
        let started = descendants::of(pid).into_iter();
        let started = started.filter_map(|one| Descendant::open(one, pid));
        Target::Processes(self.pid, started.collect())
    }

    /// To be called once the program has ended.
    pub(super) fn reap(self) {
        reap(self.pid);
    }

    /// To be called once the program has been killed: restores what it may have changed.
    pub(super) fn reap_killed(self) {
        reap(self.pid);
        self.modes.iter().for_each(SavedModes::restore);
    }
}

/// Processes that are ended together.
pub(super) enum Target {
    Group(Pid),
    Processes(Pid, Vec<Descendant>),
}

impl Target {
    /// One that is already gone is fine.
    pub(super) fn signal(&self, signal: Signal) {
        match self {
            Self::Group(id) => {
                let number = nix::sys::signal::Signal::try_from(signal.number());
                let _ = number.and_then(|number| killpg(*id, number));
            }
            Self::Processes(pid, started) => {
                drop(signal.send(*pid));
                for one in started {
                    one.signal(signal);
                }
            }
        }
    }
}

fn set_non_blocking(pipe: &impl AsFd) -> io::Result<()> {
    fcntl(pipe, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    Ok(())
}

/// One output stream of the program; what exceeds the limit is dropped.
struct CappedPipe {
    pipe: Option<PipeReader>,
    bytes: Zeroizing<Vec<u8>>,
    limit: usize,
    cut: bool,
}

impl CappedPipe {
    /// The buffer has its full size from the start: growing would leave copies of a
    /// secret in memory that are never erased.
    fn new(pipe: PipeReader, limit: usize) -> io::Result<Self> {
        set_non_blocking(&pipe)?;
        Ok(Self {
            pipe: Some(pipe),
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
