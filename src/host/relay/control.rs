//! What qli asks of a stream of the relay, and what it is answered.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::net::UnixStream;

use nix::libc::{SIGINT, SIGQUIT, SIGTSTP};
use rustix::io::ioctl_fionread;
use rustix::net::SendFlags;
use rustix::termios::SpecialCodeIndex;

/// One byte each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Request {
    /// Write all that has been printed, and give the terminal back.
    Flush,
    /// Take over the user's terminal. What is typed waits there.
    TakeOver,
    /// Read what is typed: the script has the foreground of its own terminal.
    Read,
    /// The same, after a stop: the user may have changed the modes.
    TakeOverAgain,
    /// Pass on the size of the user's terminal.
    Resize,
}

impl Request {
    const ALL: [Self; 5] = [
        Self::Flush,
        Self::TakeOver,
        Self::Read,
        Self::TakeOverAgain,
        Self::Resize,
    ];

    fn byte(self) -> u8 {
        match self {
            Self::Flush => b'f',
            Self::TakeOver => b't',
            Self::Read => b'i',
            Self::TakeOverAgain => b'a',
            Self::Resize => b'r',
        }
    }
}

/// The relay's side.
pub(super) struct Control {
    /// None once qli is gone.
    qli: Option<UnixStream>,
    pub(super) asked: Option<Request>,
    /// How much of what was printed before a flush was asked for is still to be read:
    /// others may print on without end.
    unread: u64,
}

impl Control {
    pub(super) fn new(qli: UnixStream) -> Self {
        Self {
            qli: Some(qli),
            asked: None,
            unread: 0,
        }
    }

    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.qli.as_ref().map(|qli| qli.as_fd())
    }

    /// Notes that so much has been read.
    pub(super) fn note_read(&mut self, count: usize) {
        self.unread = self.unread.saturating_sub(count as u64);
    }

    /// Whether all has been read that is to be flushed.
    pub(super) fn has_read_all(&self) -> bool {
        self.unread == 0
    }

    /// Reads a request; false if qli is gone.
    pub(super) fn read(&mut self, source: &File) -> bool {
        let mut byte = [0];
        let read = self.qli.as_mut().map(|qli| qli.read_exact(&mut byte));
        if !matches!(read, Some(Ok(()))) {
            self.qli = None;
            self.asked = None;
            return false;
        }
        let mut all = Request::ALL.into_iter();
        self.asked = all.find(|one| [one.byte()] == byte);
        self.unread = ioctl_fionread(source).unwrap_or_default();
        true
    }

    /// Tells qli of something that it has not asked for.
    pub(super) fn tell(&mut self, byte: u8) {
        if let Some(qli) = &self.qli {
            // qli may be gone, or too slow to care.
            let _ = rustix::net::send(qli, &[byte], SendFlags::DONTWAIT);
        }
    }

    /// Answers the request.
    pub(super) fn answer(&mut self, byte: u8) {
        self.asked = None;
        if let Some(qli) = &mut self.qli {
            // qli may be gone.
            drop(qli.write_all(&[byte]));
        }
    }
}

/// How the relay tells of a key that makes a signal; an answer is never one of these.
pub(super) const KEYS: [(SpecialCodeIndex, i32); 3] = [
    (SpecialCodeIndex::VINTR, SIGINT),
    (SpecialCodeIndex::VQUIT, SIGQUIT),
    (SpecialCodeIndex::VSUSP, SIGTSTP),
];

/// The byte that stands for such a signal.
pub(super) fn key(signal: i32) -> u8 {
    0x80 | u8::try_from(signal).unwrap_or_default()
}

/// The signal of a key; none if a byte is an answer.
pub(super) fn signal_of(byte: u8) -> Option<i32> {
    let mut signals = KEYS.into_iter().map(|(_, signal)| signal);
    signals.find(|&signal| key(signal) == byte)
}

pub(super) fn ask(relay: &mut UnixStream, request: Request) -> io::Result<()> {
    relay.write_all(&[request.byte()])
}
