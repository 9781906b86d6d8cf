//! Asking a person: on the terminal itself, never on standard input, so that
//! no pipe can answer.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;

use nix::libc::O_NOCTTY;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::termios::{FlushArg, tcflush};

use super::AskError;
use super::signals::{Signals, Stopped};

const TTY: &str = "/dev/tty";

/// Longest answer read, in bytes: a terminal's line is no longer (`N_TTY`).
const LINE_MAX: usize = 4096;

fn open(write: bool) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(write)
        .custom_flags(O_NOCTTY)
        .open(TTY)
}

/// Says whether this process has a controlling terminal.
pub(super) fn exists() -> bool {
    open(false).is_ok()
}

/// Prints a question on the terminal and reads one line.
///
/// What was typed before the question is thrown away. Waiting goes through
/// `poll` together with the signals, since handlers restart a blocked `read`.
pub(super) fn ask(question: &str, signals: &mut Signals) -> Result<String, AskError> {
    let mut tty = open(true).map_err(AskError::Io)?;
    put_question(&mut tty, question, signals)?;
    loop {
        signals.wait(&[tty.as_fd()], None).map_err(AskError::Io)?;
        match signals.guard_phase() {
            (Some(signal), _) => {
                end_line(&tty);
                return Err(AskError::Interrupted(signal));
            }
            (None, Stopped::Yes) => put_question(&mut tty, question, signals)?,
            (None, Stopped::No) => {}
        }
        if ready(&tty, PollFlags::POLLIN).map_err(AskError::Io)? {
            return read_line(&mut tty).map_err(AskError::Io);
        }
    }
}

fn put_question(tty: &mut File, question: &str, signals: &mut Signals) -> Result<(), AskError> {
    tcflush(tty.as_fd(), FlushArg::TCIFLUSH).map_err(|error| AskError::Io(error.into()))?;
    match signals.write(tty, question.as_bytes(), None) {
        Ok(None) => Ok(()),
        Ok(Some(signal)) => Err(AskError::Interrupted(signal)),
        Err(error) => Err(AskError::Io(error)),
    }
}

/// Leaves the question's line, so that the shell's prompt does not stand behind
/// it; a terminal that takes nothing now, or is gone, is no loss.
fn end_line(tty: &File) {
    if ready(tty, PollFlags::POLLOUT).unwrap_or(false) {
        let _ = nix::unistd::write(tty, b"\n");
    }
}

fn ready(tty: &File, for_what: PollFlags) -> io::Result<bool> {
    let mut fds = [PollFd::new(tty.as_fd(), for_what)];
    match poll(&mut fds, PollTimeout::ZERO) {
        Ok(ready) => Ok(ready > 0),
        Err(nix::errno::Errno::EINTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn read_line(tty: &mut File) -> io::Result<String> {
    let mut line = [0; LINE_MAX];
    let length = tty.read(&mut line)?;
    let typed = line.get(..length).unwrap_or_default();
    if let Some(whole) = typed.strip_suffix(b"\n") {
        return Ok(String::from_utf8_lossy(whole).trim().to_owned());
    }
    // An end of file, or a terminal in raw mode: nobody has finished a line,
    // and the cursor still stands behind the question.
    end_line(tty);
    Ok(String::new())
}
