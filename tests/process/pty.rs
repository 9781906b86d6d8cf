//! A pseudo-terminal with a process on it.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::termios::{LocalFlags, Termios, tcgetattr};
use nix::unistd::{Pid, tcgetpgrp};
use rexpect::process::PtyProcess;
use rustix::process::{WaitOptions, waitpid};

use crate::masks::has_own_terminal;
use crate::support::{restore_signals_for_children, until};

/// A new terminal whose session a program leads.
pub(crate) struct Terminal {
    /// Killed at the end of the test if it is still running.
    _process: PtyProcess,
    leader: Pid,
    screen: File,
    text: String,
    /// All that was ever printed.
    printed: Vec<u8>,
}

impl Terminal {
    /// Starts a program with its streams on a new terminal.
    pub(crate) fn start(mut command: Command) -> Self {
        restore_signals_for_children();
        command
            .stdin(Stdio::inherit())
            .stdout(Stdio::inherit())
            .stderr(Stdio::inherit());
        let mut process = PtyProcess::new(command).unwrap();
        process.set_kill_timeout(Some(0));
        let screen = process.get_file_handle().unwrap();
        fcntl(&screen, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
        let leader = until("the leader of the session", || foreground(&screen));
        Self {
            _process: process,
            leader,
            screen,
            text: String::new(),
            printed: Vec::new(),
        }
    }

    /// The program's process id.
    pub(crate) fn leader(&self) -> Pid {
        self.leader
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.press_bytes(keys.as_bytes());
    }

    pub(crate) fn press_bytes(&mut self, keys: &[u8]) {
        self.screen.write_all(keys).unwrap();
    }

    /// Waits until a text appears, and drops everything up to its end.
    pub(crate) fn wait_for(&mut self, text: &str) {
        let after = until(text, || {
            self.read();
            self.text.find(text).map(|at| at + text.len())
        });
        self.text.drain(..after);
    }

    /// Presses keys every half second until a text appears, and drops everything up to
    /// its end.
    pub(crate) fn press_until(&mut self, keys: &str, text: &str) {
        let mut next = Instant::now();
        let after = until(text, || {
            if Instant::now() >= next {
                self.press(keys);
                next = Instant::now() + Duration::from_millis(500);
            }
            self.read();
            self.text.find(text).map(|at| at + text.len())
        });
        self.text.drain(..after);
    }

    /// Returns what else has been printed so far.
    pub(crate) fn rest(&mut self) -> &str {
        self.read();
        &self.text
    }

    /// Returns all that has been printed from the start.
    pub(crate) fn printed(&mut self) -> &[u8] {
        self.read();
        &self.printed
    }

    fn read(&mut self) {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = self.screen.read(&mut buffer) {
            self.printed.extend_from_slice(&buffer[..length]);
            self.text
                .push_str(&String::from_utf8_lossy(&buffer[..length]));
        }
    }

    pub(crate) fn modes(&self) -> Termios {
        tcgetattr(&self.screen).unwrap()
    }

    /// Waits until its keys are those of the script's own terminal, if that has one.
    pub(crate) fn wait_until_taken_over(&self) {
        let is_raw = || !self.modes().local_flags.contains(LocalFlags::ISIG);
        until("raw mode", || {
            (!has_own_terminal() || is_raw()).then_some(())
        });
    }

    pub(crate) fn screen(&self) -> &File {
        &self.screen
    }

    /// Waits for the end of the program.
    pub(crate) fn end(&self) -> ExitStatus {
        let leader = rustix::process::Pid::from_raw(self.leader.as_raw());
        until("the end of the terminal's program", || {
            let (_, status) = waitpid(leader, WaitOptions::NOHANG).unwrap()?;
            Some(ExitStatus::from_raw(status.as_raw()))
        })
    }
}

/// Returns the process group in the foreground, once there is one.
fn foreground(screen: &File) -> Option<Pid> {
    tcgetpgrp(screen).ok().filter(|pid| pid.as_raw() > 0)
}
