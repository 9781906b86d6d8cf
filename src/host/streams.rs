//! qli's own output streams.

use std::io::{self, BufWriter, Read, StdoutLock, Write};
use std::os::fd::AsFd as _;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags};

use super::poll::poll;

/// Makes a panic report only where it happened: its message may contain a secret.
pub fn quiet_panics() {
    std::panic::set_hook(Box::new(|info| {
        let location = info.location().map(ToString::to_string).unwrap_or_default();
        write_stderr(&format!(
            "error: internal error at {location}; please report it\n"
        ));
    }));
}

pub fn write_stdout(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

pub fn stdin() -> impl Read + Send {
    io::stdin()
}

pub type Output = BufWriter<StdoutLock<'static>>;

pub fn buffered_stdout() -> Output {
    BufWriter::with_capacity(64 * 1024, io::stdout().lock())
}

/// Waits at most this long for the reader of standard output to close it.
pub fn is_stdout_closed_within(time: Duration) -> bool {
    let stdout = io::stdout();
    let mut fds = [PollFd::new(stdout.as_fd(), PollFlags::empty())];
    // A failed wait only shortens the pause.
    drop(poll(&mut fds, Some(time)));
    let [events] = fds.map(|fd| fd.revents().unwrap_or(PollFlags::empty()));
    events.intersects(PollFlags::POLLERR | PollFlags::POLLHUP | PollFlags::POLLNVAL)
}

/// Writes to standard error; an error has nowhere to go.
pub fn write_stderr(text: &str) {
    drop(io::stderr().lock().write_all(text.as_bytes()));
}

/// One of qli's own output streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    Stdout,
    Stderr,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamFacts {
    pub terminal: bool,
    /// The terminal's width, if it reports one.
    pub columns: Option<usize>,
}

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
