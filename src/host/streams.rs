//! qli's own output streams.

use std::io::{self, BufWriter, Read, Stdout, Write};
use std::os::fd::AsFd;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags};
use nix::unistd::{read, write};

use super::poll::{Polled, poll};

/// Makes a panic report only where it happened: its message may contain a secret.
pub fn quiet_panics() {
    std::panic::set_hook(Box::new(|info| {
        let location = info.location().map(ToString::to_string).unwrap_or_default();
        write_stderr(&format!(
            "error: internal error at {location}; please report it\n"
        ));
    }));
}

/// A stream that waits where it would block: whoever shares it with qli (a terminal,
/// a pipe of a CI runner) may have made it non-blocking.
#[derive(Debug)]
pub struct Blocking<S>(S);

impl<S> Blocking<S> {
    pub(super) fn new(stream: S) -> Self {
        Self(stream)
    }
}

impl<S: AsFd> Blocking<S> {
    fn until_done(
        &self,
        ready: PollFlags,
        mut attempt: impl FnMut(&S) -> nix::Result<usize>,
    ) -> io::Result<usize> {
        loop {
            match attempt(&self.0) {
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => {
                    poll(&mut [PollFd::new(self.0.as_fd(), ready)], None)?;
                }
                done => return Ok(done?),
            }
        }
    }
}

impl<S: AsFd> Read for Blocking<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.until_done(PollFlags::POLLIN, |stream| read(stream, buffer))
    }
}

impl<S: AsFd> Write for Blocking<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.until_done(PollFlags::POLLOUT, |stream| write(stream, bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub fn write_stdout(bytes: &[u8]) -> io::Result<()> {
    Blocking(io::stdout()).write_all(bytes)
}

pub fn stdin() -> impl Read + Send {
    Blocking(io::stdin())
}

pub type Output = BufWriter<Blocking<Stdout>>;

pub fn buffered_stdout() -> Output {
    BufWriter::with_capacity(64 * 1024, Blocking(io::stdout()))
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
    drop(Blocking(io::stderr()).write_all(text.as_bytes()));
}

/// Writes a warning if standard error accepts it at once: forwarding signals must not
/// wait for a reader.
pub(super) fn warn_now(message: &str) {
    let stderr = io::stderr();
    let mut fds = [PollFd::new(stderr.as_fd(), PollFlags::POLLOUT)];
    if matches!(poll(&mut fds, Some(Duration::ZERO)), Ok(Polled::Ready)) {
        let _ = write(&stderr, format!("warning: {message}\n").as_bytes());
    }
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

#[cfg(test)]
mod tests {
    use std::io::{PipeReader, PipeWriter, pipe};

    use nix::fcntl::{FcntlArg, OFlag, fcntl};

    use super::*;

    fn non_blocking_pipe() -> (PipeReader, PipeWriter) {
        let (reader, writer) = pipe().unwrap();
        fcntl(&reader, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
        fcntl(&writer, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
        (reader, writer)
    }

    /// Waits until a pipe is full.
    fn fill(writer: &PipeWriter) {
        while write(writer, &[b'x'; 4096]) != Err(Errno::EAGAIN) {}
    }

    #[test]
    fn a_writer_waits_for_a_slow_reader_of_a_non_blocking_pipe() {
        let (reader, writer) = non_blocking_pipe();
        fill(&writer);
        let text = vec![b'y'; 1 << 20];
        let read = std::thread::scope(|scope| {
            let reading = scope.spawn(move || {
                let mut all = Vec::new();
                Blocking(reader).read_to_end(&mut all).unwrap();
                all
            });
            Blocking(writer).write_all(&text).unwrap();
            reading.join().unwrap()
        });
        assert!(read.ends_with(&text) && read.len() > text.len());
    }

    #[test]
    fn a_closed_reader_is_an_error_and_not_a_wait() {
        let (reader, writer) = non_blocking_pipe();
        fill(&writer);
        drop(reader);
        let written = Blocking(writer).write_all(b"x");
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
