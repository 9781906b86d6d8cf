//! The terminal of a script: a pseudo-terminal, whose output is masked and written to the
//! user's terminal, and whose input is what the user types. The kernel makes the signals
//! of the keys there, so the user's own terminal is in raw mode meanwhile.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags};
use nix::unistd::getpgrp;
use rustix::termios::{
    LocalModes, OptionalActions, OutputModes, Termios, tcgetattr, tcgetpgrp, tcgetwinsize,
    tcsetattr, tcsetwinsize,
};

use super::super::poll::poll;
use super::super::terminal::{is_foreground, raw, restore, restore_if_unchanged};
use super::control::{Control, KEYS, Request, key};
use super::held::Held;

/// How much of what is typed waits for the script.
const INPUT: usize = 4096;

/// How often the relay looks whether a shell has got the terminal: it reads the keys then.
/// That happens if qli is stopped, and so cannot say it.
const LOOK_EVERY: Duration = Duration::from_millis(250);

pub(super) struct Terminal<'m> {
    pub(super) pty: File,
    /// None once it has hung up.
    pub(super) user: Option<File>,
    pub(super) control: Control,
    pub(super) held: Held<'m>,
    /// Whether others write to the user's terminal too.
    pub(super) is_shared: bool,
    /// Its modes before it was taken over, until it is given back.
    pub(super) before: Option<Termios>,
    /// Whether the script is there to get what is typed.
    pub(super) reads: bool,
    /// What the user's terminal has not taken yet.
    pub(super) output: Vec<u8>,
    /// What the script has not read yet.
    pub(super) input: Vec<u8>,
    /// Closed with the pseudo-terminal, which the monitor notices.
    pub(super) _monitor: UnixStream,
}

/// What poll(2) reports.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts")]
struct Ready {
    printed: bool,
    typed: bool,
    asked: bool,
    /// The user's terminal, or the script's, takes more.
    user: bool,
    pty: bool,
}

impl Terminal<'_> {
    /// Relays until no process has the pseudo-terminal open.
    pub(super) fn run(mut self) {
        let mut buffer = vec![0; INPUT];
        while let Ok(ready) = self.wait()
            && self.step(&ready, &mut buffer).is_some()
        {}
        let output = &mut self.output;
        self.held
            .release(&mut |bytes| output.extend_from_slice(bytes));
        while self.user.is_some() && !self.output.is_empty() && self.wait().is_ok() {
            self.write();
        }
        self.give_back();
    }

    /// None at the end.
    fn step(&mut self, ready: &Ready, buffer: &mut [u8]) -> Option<()> {
        if ready.asked && !self.control.read(&self.pty) {
            // qli was killed: nobody else gives the terminal back.
            self.give_back();
        }
        if ready.user {
            self.write();
        }
        if ready.typed {
            self.read_typed(buffer)?;
        } else if self.before.is_some() && self.user.as_ref().is_some_and(is_known) {
            self.give_back();
        }
        if ready.pty {
            self.pass_input();
        }
        if ready.printed {
            self.read_printed(buffer)?;
        } else {
            let output = &mut self.output;
            self.held
                .release_if_due(&mut |bytes| output.extend_from_slice(bytes));
        }
        if !ready.asked {
            self.respond(ready);
        }
        Some(())
    }

    fn respond(&mut self, ready: &Ready) {
        match self.control.asked {
            Some(request @ (Request::TakeOver | Request::TakeOverAgain)) => {
                let again = request == Request::TakeOverAgain;
                let taken = self.take_over(again).is_ok();
                self.reads |= again;
                self.control.answer(taken.into());
            }
            Some(Request::Read) => {
                self.reads = true;
                self.control.answer(0);
            }
            Some(Request::Resize) => {
                self.resize();
                self.control.answer(0);
            }
            Some(Request::Flush) if self.is_flushed(ready) => {
                self.give_back();
                self.control.answer(0);
            }
            Some(Request::Flush) | None => {}
        }
    }

    fn is_flushed(&self, ready: &Ready) -> bool {
        let is_written = self.output.is_empty() && self.held.left().is_none();
        is_written && (!ready.printed || self.control.has_read_all())
    }

    fn wait(&self) -> io::Result<Ready> {
        let mut wanted = Vec::new();
        wanted.extend(self.control.fd().map(|fd| (fd, PollFlags::POLLIN)));
        let mut pty = PollFlags::empty();
        pty.set(PollFlags::POLLIN, self.output.is_empty());
        pty.set(PollFlags::POLLOUT, !self.input.is_empty());
        wanted.push((self.pty.as_fd(), pty));
        if let Some(user) = &self.user {
            let mut flags = PollFlags::empty();
            let reads = self.reads && self.before.is_some();
            flags.set(PollFlags::POLLIN, reads && self.input.len() < INPUT);
            flags.set(PollFlags::POLLOUT, !self.output.is_empty());
            wanted.push((user.as_fd(), flags));
        }
        // One that has hung up is always ready.
        wanted.retain(|(_, flags)| !flags.is_empty());
        let mut fds: Vec<_> = wanted
            .into_iter()
            .map(|(fd, flags)| PollFd::new(fd, flags))
            .collect();
        let asked = self.control.asked.map(|_| Duration::ZERO);
        let asked = asked.filter(|_| self.output.is_empty());
        let looks = self.before.is_some() && self.reads;
        let looks = looks.then_some(LOOK_EVERY);
        poll(&mut fds, self.held.left().or(asked).or(looks))?;
        Ok(self.ready(&fds))
    }

    fn ready(&self, fds: &[PollFd<'_>]) -> Ready {
        use std::os::fd::AsRawFd as _;
        let mut ready = Ready::default();
        let control = self.control.fd().map(|fd| fd.as_raw_fd());
        for fd in fds {
            let found = fd.revents().unwrap_or(PollFlags::empty());
            let hung_up = found.intersects(PollFlags::POLLHUP | PollFlags::POLLERR);
            let input = found.contains(PollFlags::POLLIN) || hung_up;
            let output = found.contains(PollFlags::POLLOUT) || hung_up;
            let number = fd.as_fd().as_raw_fd();
            if Some(number) == control {
                ready.asked = input;
            } else if number == self.pty.as_raw_fd() {
                ready.printed = input && self.output.is_empty();
                ready.pty = output && !self.input.is_empty();
            } else {
                ready.typed = input && self.before.is_some();
                ready.user = output && !self.output.is_empty();
            }
        }
        ready
    }

    /// Reads what the script prints; none if nobody can print any more.
    fn read_printed(&mut self, buffer: &mut [u8]) -> Option<()> {
        let read = match (&self.pty).read(buffer) {
            Ok(0) => return None,
            Ok(count) => buffer.get(..count)?,
            Err(error) if is_temporary(&error) => return Some(()),
            // EIO: every process has closed it (pty(7)).
            Err(_) => return None,
        };
        self.control.note_read(read.len());
        let output = &mut self.output;
        self.held
            .push(read, &mut |bytes| output.extend_from_slice(bytes));
        if self.user.is_none() {
            self.output.clear();
        }
        Some(())
    }

    /// None if the user's terminal has hung up: then so does the script's.
    fn read_typed(&mut self, buffer: &mut [u8]) -> Option<()> {
        let room = INPUT.saturating_sub(self.input.len());
        let buffer = buffer.get_mut(..room)?;
        let read = self.user.as_mut().map(|user| user.read(buffer));
        match read {
            Some(Ok(count @ 1..)) => self.add_typed(buffer.get(..count)?),
            Some(Err(error)) if is_temporary(&error) => {}
            // Another process group has got the terminal: qli was stopped alone.
            _ if self.user.as_ref().is_some_and(is_known) => self.give_back(),
            _ => return None,
        }
        Some(())
    }

    /// Tells qli of each key that makes a signal: it is part of the record.
    fn add_typed(&mut self, typed: &[u8]) {
        self.input.extend_from_slice(typed);
        let modes = tcgetattr(&self.pty).ok();
        let Some(modes) = modes.filter(|modes| modes.local_modes.contains(LocalModes::ISIG)) else {
            return;
        };
        for byte in typed {
            let mut keys = KEYS.into_iter();
            let pressed = keys.find(|(code, _)| modes.special_codes[*code] == *byte);
            if let Some((_, signal)) = pressed {
                self.control.tell(key(signal));
            }
        }
    }

    fn pass_input(&mut self) {
        match (&self.pty).write(&self.input) {
            Ok(count) => drop(self.input.drain(..count)),
            Err(error) if is_temporary(&error) => {}
            Err(_) => self.input.clear(),
        }
    }

    fn write(&mut self) {
        let Some(user) = &mut self.user else {
            return self.output.clear();
        };
        let length = if adds_returns(user) {
            start_of_line(&mut self.output)
        } else {
            self.output.len()
        };
        match user.write(self.output.get(..length).unwrap_or_default()) {
            Ok(count) => drop(self.output.drain(..count)),
            Err(error) if is_temporary(&error) => {}
            Err(_) => {
                self.output.clear();
                // In the foreground the read fails, too, and ends all.
                self.user = self.user.take().filter(|_| self.before.is_some());
            }
        }
    }

    /// Lets the script have the keyboard, if qli's process group has it.
    fn take_over(&mut self, again: bool) -> io::Result<()> {
        let user = self.user.as_ref().ok_or(io::ErrorKind::NotFound)?;
        if !is_foreground(user) {
            return Err(Errno::ENOTTY.into());
        }
        let before = tcgetattr(user)?;
        let before = self.before.get_or_insert(before);
        if again {
            tcsetattr(&self.pty, OptionalActions::Now, before)?;
        }
        tcsetwinsize(&self.pty, tcgetwinsize(user)?)?;
        let raw = raw(before, self.is_shared);
        Ok(tcsetattr(user, OptionalActions::Now, &raw)?)
    }

    fn give_back(&mut self) {
        if let (Some(user), Some(before)) = (&self.user, self.before.take()) {
            restore(user, &before);
            restore_if_unchanged(user, &raw(&before, self.is_shared), &before);
        }
    }

    /// Passes on the size; the kernel tells the foreground group of the script's terminal.
    fn resize(&self) {
        if let Some(size) = self.user.as_ref().and_then(|user| tcgetwinsize(user).ok()) {
            // It fails only on what is no terminal.
            let _ = tcsetwinsize(&self.pty, size);
        }
    }
}

/// Whether a terminal makes `\r\n` of `\n`, as that of the script has done already: the
/// user's is not in raw mode, or others write there, too.
fn adds_returns(terminal: &File) -> bool {
    let added = OutputModes::OPOST | OutputModes::ONLCR;
    tcgetattr(terminal).is_ok_and(|modes| modes.output_modes.contains(added))
}

/// Removes the `\r` that the user's terminal adds again; the length up to the next one.
fn start_of_line(output: &mut Vec<u8>) -> usize {
    if output.starts_with(b"\r\n") {
        output.remove(0);
    }
    let next = output.windows(2).position(|two| two == b"\r\n");
    next.unwrap_or(output.len())
}

/// Whether a terminal still knows its foreground group: one that has hung up does not.
fn is_known(terminal: &File) -> bool {
    tcgetpgrp(terminal).is_ok_and(|group| group.as_raw_nonzero().get() != getpgrp().as_raw())
}

fn is_temporary(error: &io::Error) -> bool {
    let kinds = [io::ErrorKind::WouldBlock, io::ErrorKind::Interrupted];
    kinds.contains(&error.kind())
}
