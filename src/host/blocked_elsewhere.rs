//! Where there is no signalfd(2), deadly signals without a handler end qli.

use std::io;
use std::os::fd::BorrowedFd;

use nix::sys::signal::SigSet;

use super::signals::Received;

#[derive(Debug)]
pub(super) enum BlockedSignals {}

impl BlockedSignals {
    pub(super) fn new(_ignored: u64) -> io::Result<(Self, SigSet)> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        match *self {}
    }

    pub(super) fn next(&self) -> Option<Received> {
        match *self {}
    }
}
