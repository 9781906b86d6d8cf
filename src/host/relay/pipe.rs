//! One stream that is no terminal: what the script writes into a pipe is masked and
//! written to where the stream went.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags};

use super::super::poll::poll;
use super::super::streams::Blocking;
use super::control::Control;
use super::held::Held;

/// As much as a pipe holds by default (pipe(7)).
const CHUNK: usize = 64 * 1024;

pub(super) struct Pipe<'m> {
    pub(super) source: File,
    pub(super) sink: Blocking<OwnedFd>,
    pub(super) control: Control,
    pub(super) held: Held<'m>,
}

/// The script's side is closed, or nothing more can be written.
struct Ended(io::Result<()>);

impl Pipe<'_> {
    /// Relays until the end. An error of the stream is the answer that qli gets last; the
    /// script gets it as a pipe that is closed.
    pub(super) fn run(mut self) {
        let mut buffer = vec![0; CHUNK];
        let ended = loop {
            if let Err(Ended(ended)) = self.step(&mut buffer) {
                break ended;
            }
        };
        let Self { sink, held, .. } = &mut self;
        let ended = ended.and_then(|()| writing(sink, |sink| held.release(sink)));
        if let Some(errno) = ended.err().and_then(|error| error.raw_os_error())
            && errno != Errno::EPIPE as i32
        {
            self.control.answer(u8::try_from(errno).unwrap_or(u8::MAX));
        }
    }

    fn step(&mut self, buffer: &mut [u8]) -> Result<(), Ended> {
        let flushing = self.control.asked.map(|_| Duration::ZERO);
        let (readable, asked) = self.wait(self.held.left().or(flushing)).map_err(failed)?;
        if asked {
            self.control.read(&self.source);
        }
        let Self { sink, held, .. } = self;
        if readable {
            let read = read(&mut self.source, buffer).map_err(failed)?;
            let read = read.ok_or(Ended(Ok(())))?;
            self.control.note_read(read.len());
            writing(sink, |sink| held.push(read, sink)).map_err(failed)?;
        } else {
            writing(sink, |sink| held.release_if_due(sink)).map_err(failed)?;
        }
        let is_flushed = held.left().is_none() && self.control.has_read_all();
        if self.control.asked.is_some() && is_flushed && !asked {
            self.control.answer(0);
        }
        Ok(())
    }

    /// Whether the script has written, and whether qli has asked.
    fn wait(&self, at_most: Option<Duration>) -> io::Result<(bool, bool)> {
        let fds = [Some(self.source.as_fd()), self.control.fd()];
        let fds = fds.into_iter().flatten();
        let mut fds: Vec<_> = fds.map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
        poll(&mut fds, at_most)?;
        let mut ready = fds.iter().map(|fd| fd.any() == Some(true));
        Ok((ready.next() == Some(true), ready.next() == Some(true)))
    }
}

fn failed(error: io::Error) -> Ended {
    Ended(Err(error))
}

/// None at the end of the stream.
fn read<'b>(source: &mut File, buffer: &'b mut [u8]) -> io::Result<Option<&'b [u8]>> {
    let count = match source.read(buffer) {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(Some(&[])),
        count => count?,
    };
    Ok(buffer.get(..count).filter(|read| !read.is_empty()))
}

/// Calls a function that hands on what may be written, and writes that.
fn writing(
    sink: &mut Blocking<OwnedFd>,
    act: impl FnOnce(&mut dyn FnMut(&[u8])),
) -> io::Result<()> {
    let mut written = Ok(());
    act(&mut |bytes| {
        if written.is_ok() {
            written = sink.write_all(bytes);
        }
    });
    written
}
