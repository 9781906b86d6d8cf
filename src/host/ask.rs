//! Asking the user: on the terminal, never on standard input, so that a pipe cannot
//! answer.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags};
use rustix::termios::{QueueSelector, tcflush};

use super::AskError;
use super::handlers::SignalHandlers;
use super::poll::{Polled, poll};
use super::terminal::{self, LineMode};

/// Longest answer read, in bytes: a terminal's line is no longer (`N_TTY`).
const LINE_MAX: usize = 4096;

/// Prints a question on the terminal and reads one line. What was typed before the
/// question is discarded.
pub(super) fn ask(question: &str, signals: &mut SignalHandlers) -> Result<String, AskError> {
    let tty = terminal::open(true)?;
    discard_input(&tty)?;
    let mode = LineMode::set(&tty)?;
    print_question(&tty, question, signals)?;
    loop {
        signals.wait(&[tty.as_fd()], None)?;
        let pending = signals.before_start();
        if let Some(signal) = pending.fatal {
            end_line(&tty);
            return Err(AskError::Interrupted(signal));
        }
        if pending.resumed {
            discard_input(&tty)?;
            mode.set_again()?;
            print_question(&tty, question, signals)?;
        }
        if is_ready(&tty, PollFlags::POLLIN)? {
            return Ok(read_line(&tty)?);
        }
    }
}

fn discard_input(tty: &File) -> io::Result<()> {
    Ok(tcflush(tty, QueueSelector::IFlush)?)
}

fn print_question(
    tty: &File,
    question: &str,
    signals: &mut SignalHandlers,
) -> Result<(), AskError> {
    match signals.write(tty, question.as_bytes(), None)? {
        None => Ok(()),
        Some(signal) => Err(AskError::Interrupted(signal)),
    }
}

/// Ends the question's line, so that the shell's prompt starts on a new one. Does
/// nothing if the terminal is gone or not ready.
fn end_line(tty: &File) {
    if is_ready(tty, PollFlags::POLLOUT).unwrap_or(false) {
        let _ = nix::unistd::write(tty, b"\n");
    }
}

fn is_ready(tty: &File, for_what: PollFlags) -> io::Result<bool> {
    let mut fds = [PollFd::new(tty.as_fd(), for_what)];
    Ok(poll(&mut fds, Some(Duration::ZERO))? == Polled::Ready)
}

fn read_line(mut tty: &File) -> io::Result<String> {
    let mut line = [0; LINE_MAX];
    let length = tty.read(&mut line)?;
    let typed = line.get(..length).unwrap_or_default();
    if let Some(whole) = typed.strip_suffix(b"\n") {
        return Ok(String::from_utf8_lossy(whole).trim().to_owned());
    }
    // End of file: the cursor is still behind the question.
    end_line(tty);
    Ok(String::new())
}
