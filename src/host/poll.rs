//! poll(2): whatever may block goes through it, together with the signals, since
//! signal handlers restart a blocked system call.

use std::io;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollTimeout};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Polled {
    Ready,
    Interrupted,
    TimedOut,
}

/// Waits until a descriptor is ready, a signal arrives or the time is up.
pub(super) fn poll(fds: &mut [PollFd<'_>], at_most: Option<Duration>) -> io::Result<Polled> {
    match nix::poll::poll(fds, timeout(at_most)) {
        Ok(0) => Ok(Polled::TimedOut),
        Ok(_) => Ok(Polled::Ready),
        Err(Errno::EINTR) => Ok(Polled::Interrupted),
        Err(error) => Err(error.into()),
    }
}

/// Rounded up: a timeout cut to zero would turn waiting into a busy loop.
fn timeout(at_most: Option<Duration>) -> PollTimeout {
    at_most.map_or(PollTimeout::NONE, |time| {
        PollTimeout::try_from(time + Duration::from_micros(999)).unwrap_or(PollTimeout::MAX)
    })
}
