//! Writing to a stream that may never be read: through `poll`, with the signals
//! beside it, since handlers restart a blocked `write`.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout};

use super::signals::{Signal, Signals};

impl Signals {
    /// Writes to a stream that may never be read, without missing a signal that
    /// ends the run; returns that signal if one came before the text was out.
    /// A reader that takes nothing for as long as `patience` loses the rest.
    pub(super) fn write(
        &mut self,
        stream: &(impl AsFd + ?Sized),
        mut text: &[u8],
        patience: Option<Duration>,
    ) -> io::Result<Option<Signal>> {
        let at_once = match nix::unistd::isatty(stream) {
            Ok(true) => TERMINAL_TAKES,
            _ => PIPE_TAKES,
        };
        while !text.is_empty() {
            let ready = self.ready_to_take(stream, patience)?;
            if let (Some(signal), _) = self.guard_phase() {
                return Ok(Some(signal));
            }
            match ready {
                Ready::Now => {
                    let part = text.get(..text.len().min(at_once)).unwrap_or_default();
                    text = text.get(take(stream, part)?..).unwrap_or_default();
                }
                Ready::Woken => {}
                Ready::Never => break,
            }
        }
        Ok(None)
    }

    fn ready_to_take(
        &self,
        stream: &(impl AsFd + ?Sized),
        patience: Option<Duration>,
    ) -> io::Result<Ready> {
        let mut fds = [
            PollFd::new(self.fd(), PollFlags::POLLIN),
            PollFd::new(stream.as_fd(), PollFlags::POLLOUT),
        ];
        match nix::poll::poll(&mut fds, timeout(patience)) {
            Ok(0) => return Ok(Ready::Never),
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        let [_, out] = fds;
        Ok(if out.any() == Some(true) {
            Ready::Now
        } else {
            Ready::Woken
        })
    }
}

/// So many bytes a stream that is ready takes without waiting: a pipe has a page
/// free then (pipe(7)), a terminal may have room for one.
const PIPE_TAKES: usize = 4096;
const TERMINAL_TAKES: usize = 1;

/// Whether a stream takes something.
enum Ready {
    Now,
    /// Something else happened.
    Woken,
    /// Nothing happened for as long as anybody had patience.
    Never,
}

/// Writes what a stream takes. One that somebody made non-blocking may take
/// nothing after all.
fn take(stream: &(impl AsFd + ?Sized), part: &[u8]) -> io::Result<usize> {
    match nix::unistd::write(stream, part) {
        Ok(taken) => Ok(taken),
        Err(nix::errno::Errno::EAGAIN | nix::errno::Errno::EINTR) => Ok(0),
        Err(error) => Err(error.into()),
    }
}

/// Rounded up: a timeout cut to zero would turn waiting into spinning.
pub(super) fn timeout(at_most: Option<Duration>) -> PollTimeout {
    at_most.map_or(PollTimeout::NONE, |time| {
        PollTimeout::try_from(time + Duration::from_micros(999)).unwrap_or(PollTimeout::MAX)
    })
}
