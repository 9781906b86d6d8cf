//! The last stage of a script with a terminal of its own: it takes the foreground of that,
//! before the script can read there, and becomes the script.

use std::ffi::{CString, OsString};
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal};
use nix::unistd::execv;
use rustix::process::getpid;
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};
use rustix::termios::tcsetpgrp;

use super::monitor::FOREGROUND;
use super::{handover, terminal};

/// Tells the monitor the number of an error; the socket is closed where there is none.
pub(super) fn run(args: &[OsString]) -> Option<()> {
    let monitor = handover::socket().ok()?;
    let error = execute(&monitor, args).err()?;
    let errno = error.raw_os_error().unwrap_or(Errno::EIO as i32);
    (&monitor).write_all(&errno.to_be_bytes()).ok()
}

fn execute(monitor: &UnixStream, args: &[OsString]) -> io::Result<()> {
    let (_, files) = handover::receive(monitor)?;
    let [ground, command @ ..] = args else {
        return Err(Errno::EINVAL.into());
    };
    let [stdin, stdout, stderr] = <[OwnedFd; 3]>::try_from(files).map_err(|_| Errno::EINVAL)?;
    dup2_stdin(&stdin)?;
    dup2_stdout(&stdout)?;
    dup2_stderr(&stderr)?;
    // PIPE is blocked if it was ignored (entry.c).
    let ignores_pipe = SigSet::thread_get_mask()?.contains(Signal::SIGPIPE);
    if ground == FOREGROUND {
        // Whoever takes the terminal in the background is stopped (tcsetpgrp(3)).
        SigSet::all().thread_set_mask()?;
        tcsetpgrp(terminal::open(true)?, getpid())?;
    }
    SigSet::empty().thread_set_mask()?;
    replace(command, ignores_pipe)
}

/// `Command` resets PIPE, which Rust's runtime ignores.
fn replace(command: &[OsString], ignores_pipe: bool) -> io::Result<()> {
    let (program, args) = command.split_first().ok_or(Errno::EINVAL)?;
    if !ignores_pipe {
        return Err(Command::new(program).args(args).exec());
    }
    let words = command
        .iter()
        .map(|word| CString::new(word.as_encoded_bytes()));
    let words = words.collect::<Result<Vec<_>, _>>()?;
    let program = words.first().ok_or(Errno::EINVAL)?;
    match execv(program, &words)? {}
}
