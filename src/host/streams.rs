//! qli's own output streams.

use std::io::{self, BufWriter, Read, StdoutLock, Write};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags};

use super::write::timeout;

/// Makes a panic say where it happened and nothing else: its payload may hold
/// a secret.
pub fn quiet_panics() {
    std::panic::set_hook(Box::new(|info| {
        let location = info.location().map(ToString::to_string).unwrap_or_default();
        write_stderr(&format!("qli: a mistake in qli itself, at {location}\n"));
    }));
}

/// Writes to standard output.
pub fn write_stdout(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

/// Returns standard input.
pub fn stdin() -> impl Read + Send {
    io::stdin()
}

/// Standard output, written to piece by piece.
#[derive(Debug)]
pub struct Output(BufWriter<StdoutLock<'static>>);

impl Output {
    /// Takes standard output; nobody else writes to it meanwhile.
    pub fn new() -> Self {
        Self(BufWriter::with_capacity(64 * 1024, io::stdout().lock()))
    }

    /// Waits so long, or until nobody reads any more; says whether that is so.
    pub fn is_left_within(&self, time: Duration) -> bool {
        let mut fds = [PollFd::new(
            std::os::fd::AsFd::as_fd(self.0.get_ref()),
            PollFlags::empty(),
        )];
        // A failed wait is a short one.
        let _ = nix::poll::poll(&mut fds, timeout(Some(time)));
        let gone = PollFlags::POLLERR | PollFlags::POLLHUP | PollFlags::POLLNVAL;
        fds.iter()
            .filter_map(PollFd::revents)
            .any(|events| events.intersects(gone))
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Writes to standard error. There is nobody left to tell when that fails.
pub fn write_stderr(text: &str) {
    drop(io::stderr().lock().write_all(text.as_bytes()));
}

/// One of qli's own output streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Data.
    Stdout,
    /// Talk.
    Stderr,
}

/// What a stream leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamFacts {
    /// Whether it is a terminal.
    pub terminal: bool,
    /// The terminal's width.
    pub columns: Option<usize>,
}

/// Describes a stream.
pub fn stream(which: Stream) -> StreamFacts {
    let size = match which {
        Stream::Stdout => rustix::termios::tcgetwinsize(io::stdout()),
        Stream::Stderr => rustix::termios::tcgetwinsize(io::stderr()),
    };
    let columns = size.as_ref().ok().map(|size| usize::from(size.ws_col));
    StreamFacts {
        terminal: size.is_ok(),
        columns: columns.filter(|&columns| columns > 0),
    }
}
