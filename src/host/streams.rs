//! qli's own output streams.

use std::io::{self, Write};

/// Makes a panic say where it happened and nothing else: its payload may hold
/// a secret.
pub fn quiet_panics() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        write_stderr(&format!("qli: a mistake in qli itself, at {place}\n"));
    }));
}

/// Writes to standard output.
pub fn write_stdout(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
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
