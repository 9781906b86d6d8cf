//! Masks what a script prints, in a process of its own, the relay.
//!
//! It lives until nobody can write into a stream any more: what the script leaves running
//! prints on, and a script whose qli is killed does, too. It gives the user's terminal
//! back when qli is gone. A relay that is killed closes the script's streams.

mod control;
mod held;
mod job;
mod pipe;
mod redirect;
mod terminal;

use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use nix::libc::SIGCONT;
use nix::unistd::Pid;
use rustix::io::Errno;
use rustix::net::RecvFlags;

use super::Masking;
use super::child::{deny_dumps, ended_by_signal};
use super::handlers::SignalHandlers;
use super::handover;
use super::signals::Signal;
use super::stage::{self, Stage};
use super::streams::Blocking;
use crate::masking::Masker;

use control::{Control, Request, ask, signal_of};
use held::Held;
use job::Job;
use pipe::Pipe;
use redirect::{Output, Redirection};
pub(super) use redirect::{ScriptTerminal, Streams};
use terminal::Terminal;

/// A relay answers at once where it has nothing to write.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

/// qli's side of a relay.
#[derive(Debug)]
pub(super) struct Relay {
    pid: Pid,
    /// One for each stream; that of the terminal is first.
    streams: Vec<UnixStream>,
    has_terminal: bool,
    /// By a signal, so that some output is lost.
    pub(super) was_killed: bool,
    /// Whether it has the user's terminal.
    pub(super) has_taken_over: bool,
    /// The signals of keys that were pressed on the terminal meanwhile.
    typed: Vec<i32>,
}

impl Relay {
    /// Starts a relay for those standard streams that are masked. Returns it with the
    /// script's streams; none if no stream is.
    pub(super) fn start(masking: &Masking<'_>) -> io::Result<Option<(Self, Streams)>> {
        let Some(Redirection { streams, outputs }) = Redirection::of_qli(masking.terminal)? else {
            return Ok(None);
        };
        let terminal = streams.terminal.as_ref();
        let flags = [
            terminal.is_some(),
            terminal.is_some_and(|one| one.is_shared),
        ];
        let (ours, theirs) = UnixStream::pair()?;
        let pid = stage::start(Stage::Relay, theirs)?;
        let mut asked = Vec::new();
        let mut files: Vec<OwnedFd> = Vec::new();
        for Output { source, sink, more } in outputs {
            let (ours, theirs) = UnixStream::pair()?;
            ours.set_read_timeout(Some(ANSWER_TIMEOUT))?;
            asked.push(ours);
            files.extend([source, sink, theirs.into()].into_iter().chain(more));
        }
        let files: Vec<BorrowedFd<'_>> = files.iter().map(|file| file.as_fd()).collect();
        handover::send(&ours, &Job::encode(masking, flags), &files)?;
        let relay = Self {
            pid,
            has_terminal: flags[0],
            streams: asked,
            was_killed: false,
            has_taken_over: false,
            typed: Vec::new(),
        };
        Ok(Some((relay, streams)))
    }

    pub(super) fn pid(&self) -> Pid {
        self.pid
    }

    pub(super) fn has_terminal(&self) -> bool {
        self.has_terminal
    }

    /// Takes over the user's terminal, if it is qli's, for a script that is about to start:
    /// what that prints first is for a terminal in raw mode. Keys wait.
    pub(super) fn take_over(&mut self) -> bool {
        self.has_taken_over = self.ask_terminal(Request::TakeOver) == Some(1);
        self.has_taken_over
    }

    /// Passes on what is typed: a key that makes a signal needs a script to signal.
    pub(super) fn read_typed(&mut self) {
        let _: Option<u8> = self.ask_terminal(Request::Read);
    }

    /// Gives the user's terminal back: no script was started.
    pub(super) fn give_back_unused(&mut self) {
        let _: Option<u8> = self.ask_terminal(Request::Flush);
    }

    /// The same, after a stop.
    pub(super) fn take_over_again(&mut self) -> bool {
        self.has_taken_over = self.ask_terminal(Request::TakeOverAgain) == Some(1);
        self.has_taken_over
    }

    /// Continues it: whoever stopped qli's group stopped it too.
    pub(super) fn resume(&self) {
        // It fails only if it is gone.
        drop(Signal::new(SIGCONT).send(self.pid));
    }

    /// Takes the signals of keys that were pressed.
    pub(super) fn take_typed(&mut self) -> Vec<i32> {
        let terminal = self.streams.first_mut().filter(|_| self.has_terminal);
        if let Some(terminal) = terminal {
            let _: Option<u8> = answer(terminal, &mut self.typed);
        }
        std::mem::take(&mut self.typed)
    }

    /// Writes what has been printed, and gives the user's terminal back.
    pub(super) fn give_back(&mut self, signals: &mut SignalHandlers) {
        self.has_taken_over = false;
        if let Some(terminal) = self.streams.first_mut().filter(|_| self.has_terminal)
            && ask(terminal, Request::Flush).is_ok()
        {
            while answer(terminal, &mut self.typed).is_none()
                && signals.wait(&[terminal.as_fd()], None).is_ok()
            {}
        }
    }

    /// Passes on the size of the user's terminal.
    pub(super) fn resize(&mut self) {
        let _: Option<u8> = self.ask_terminal(Request::Resize);
    }

    fn ask_terminal(&mut self, request: Request) -> Option<u8> {
        use std::io::Read as _;
        let terminal = self.streams.first_mut().filter(|_| self.has_terminal)?;
        ask(terminal, request).ok()?;
        loop {
            let mut byte = [0];
            terminal.read_exact(&mut byte).ok()?;
            match signal_of(byte[0]) {
                Some(signal) => self.typed.push(signal),
                None => return Some(byte[0]),
            }
        }
    }

    /// Waits until all that has been printed is written, and the user's terminal given
    /// back, or until a signal arrives that ends a run. Returns that, or why something
    /// could not be written.
    pub(super) fn flush(&mut self, signals: &mut SignalHandlers) -> Flushed {
        self.has_taken_over = false;
        for stream in &mut self.streams {
            // One that has ended may have said why.
            drop(ask(stream, Request::Flush));
        }
        let mut flushed = Flushed::default();
        let mut closed = 0;
        let mut waiting: Vec<_> = self.streams.iter_mut().collect();
        while !waiting.is_empty() && flushed.signal.is_none() {
            let fds: Vec<_> = waiting.iter().map(|stream| stream.as_fd()).collect();
            if signals.wait(&fds, None).is_err() {
                break;
            }
            drop(fds);
            flushed.signal = signals.before_start().fatal;
            waiting.retain_mut(|stream| match answer(stream, &mut self.typed) {
                None => true,
                Some(0) => false,
                Some(CLOSED) => {
                    closed += 1;
                    false
                }
                Some(errno) => {
                    flushed.error = Some(io::Error::from_raw_os_error(errno.into()));
                    false
                }
            });
        }
        // A relay whose streams have all ended is ending.
        self.was_killed |= closed == self.streams.len() && ended_by_signal(self.pid);
        flushed
    }
}

/// How the output of a run ended.
#[derive(Debug, Default)]
pub(super) struct Flushed {
    pub(super) signal: Option<Signal>,
    pub(super) error: Option<io::Error>,
}

/// None if there is no answer yet.
fn answer(stream: &UnixStream, typed: &mut Vec<i32>) -> Option<u8> {
    let mut byte = [0];
    loop {
        match rustix::net::recv(stream, &mut byte, RecvFlags::DONTWAIT) {
            Ok((_, 1)) => match signal_of(byte[0]) {
                Some(signal) => typed.push(signal),
                None => return Some(byte[0]),
            },
            Err(Errno::WOULDBLOCK | Errno::INTR) => return None,
            _ => return Some(CLOSED),
        }
    }
}

/// Stands for the end of a stream, which was flushed before or is lost.
const CLOSED: u8 = u8::MAX;

/// What the relay does.
pub(super) fn run() -> Option<()> {
    let _limit = deny_dumps();
    let qli = handover::socket().ok()?;
    let (bytes, files) = handover::receive(&qli).ok()?;
    let job = Job::decode(&bytes)?;
    drop(bytes);
    let values = job.values.iter();
    let masker = Masker::of(values.map(|(name, value)| (&**name, value.as_slice())));
    let mut files = files.into_iter();
    let held = || Held::new(&masker, job.hold);
    thread::scope(|scope| {
        if job.has_terminal {
            let terminal = open_terminal(&mut files, held(), job.is_shared)?;
            scope.spawn(|| terminal.run());
        }
        while let Some(source) = files.next() {
            let pipe = Pipe {
                source: File::from(source),
                sink: Blocking::new(files.next()?),
                control: Control::new(files.next()?.into()),
                held: held(),
            };
            scope.spawn(|| pipe.run());
        }
        Some(())
    })
}

fn open_terminal<'m>(
    files: &mut impl Iterator<Item = OwnedFd>,
    held: Held<'m>,
    is_shared: bool,
) -> Option<Terminal<'m>> {
    let pty = File::from(files.next()?);
    let user = redirect::reopen(files.next()?);
    let control = Control::new(files.next()?.into());
    Some(Terminal {
        pty,
        user: Some(user),
        control,
        held,
        is_shared,
        before: None,
        reads: false,
        output: Vec::new(),
        input: Vec::new(),
        _monitor: files.next()?.into(),
    })
}
