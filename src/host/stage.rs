//! The other processes of a run that are qli's own program: each is started with its name
//! as the only or the first argument, which no group or command can have.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use nix::sys::signal::SigSet;
use nix::unistd::Pid;

use super::child::pid_of;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Tells a signal to qli from one to its group.
    Witness,
    /// Masks what the script prints.
    Relay,
    /// Leads the session of a script that prints on a pseudo-terminal.
    Monitor,
    /// Becomes that script.
    Script,
}

impl Stage {
    pub(super) const ALL: [Self; 4] = [Self::Witness, Self::Relay, Self::Monitor, Self::Script];

    pub(super) fn argument(self) -> &'static str {
        match self {
            Self::Witness => "__witness",
            Self::Relay => "__relay",
            Self::Monitor => "__monitor",
            Self::Script => "__script",
        }
    }

    /// What a list of processes shows: a command that looks for qli by its name must find
    /// qli alone.
    pub(super) fn shown(self) -> &'static str {
        match self {
            Self::Witness => "signal-witness",
            Self::Relay => "mask-relay",
            Self::Monitor => "terminal-monitor",
            Self::Script => "script",
        }
    }
}

/// qli's own program, whatever has become of its file.
pub(super) fn own_program() -> io::Result<std::path::PathBuf> {
    if cfg!(target_os = "linux") {
        Ok("/proc/self/exe".into())
    } else {
        std::env::current_exe()
    }
}

/// Starts a process of qli with every signal blocked, so that what the terminal sends to
/// all does not end it.
pub(super) fn start(stage: Stage, socket: UnixStream) -> io::Result<Pid> {
    let mut command = Command::new(own_program()?);
    command
        .arg0(stage.shown())
        .arg(stage.argument())
        .env_clear()
        .stdin(OwnedFd::from(socket))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    // A child inherits the mask.
    let before = SigSet::thread_get_mask()?;
    SigSet::all().thread_set_mask()?;
    let child = command.spawn();
    before.thread_set_mask()?;
    Ok(pid_of(&child?))
}
