//! Which of the standard streams a relay masks, and what the script gets instead.

use std::fs::{File, OpenOptions};
use std::io::{self, pipe};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::net::UnixStream;

use nix::libc::{O_NOCTTY, O_NONBLOCK};
use nix::unistd::{getpgrp, getpid, isatty};
use rustix::fs::{FileType, OFlags, Stat, fcntl_getfl, fcntl_setfl, fstat};
use rustix::io::{FdFlags, fcntl_dupfd_cloexec, fcntl_setfd};
use rustix::pty::{OpenptFlags, grantpt, openpt, unlockpt};
use rustix::termios::{
    OptionalActions, tcgetattr, tcgetpgrp, tcgetwinsize, tcsetattr, tcsetwinsize,
};

use super::super::terminal::is_foreground;

/// What the script gets in place of qli's standard streams: none for one that stays.
#[derive(Debug, Default)]
pub(in super::super) struct Streams {
    pub(in super::super) stdin: Option<OwnedFd>,
    pub(in super::super) stdout: Option<OwnedFd>,
    pub(in super::super) stderr: Option<OwnedFd>,
    pub(in super::super) terminal: Option<ScriptTerminal>,
}

/// The pseudo-terminal of a script.
#[derive(Debug)]
pub(in super::super) struct ScriptTerminal {
    pub(in super::super) file: OwnedFd,
    /// The user's.
    pub(in super::super) user: OwnedFd,
    /// Closed by the relay when nobody has the pseudo-terminal open any more.
    pub(in super::super) relay: UnixStream,
    /// Whether the script has the keyboard from the start.
    pub(in super::super) is_interactive: bool,
    /// Whether another program may write to the user's terminal.
    pub(super) is_shared: bool,
}

/// What the relay reads, and where it writes that.
pub(super) struct Output {
    pub(super) source: OwnedFd,
    pub(super) sink: OwnedFd,
    pub(super) more: Option<OwnedFd>,
}

pub(super) struct Redirection {
    pub(super) streams: Streams,
    /// That of the terminal first.
    pub(super) outputs: Vec<Output>,
}

impl Redirection {
    /// None if nothing is masked: each stream is a terminal that the script keeps.
    pub(super) fn of_qli(on_terminals: bool) -> io::Result<Option<Self>> {
        let (stdin, stdout, stderr) = (io::stdin(), io::stdout(), io::stderr());
        let [stdin, stdout, stderr] = [stdin.as_fd(), stdout.as_fd(), stderr.as_fd()];
        let mut all = Self {
            streams: Streams::default(),
            outputs: Vec::new(),
        };
        let mut terminals = [stdout, stderr].into_iter().filter(|one| is_terminal(*one));
        let terminal = terminals.next().filter(|_| on_terminals);
        if let Some(terminal) = terminal {
            all.add_terminal(terminal, stdin, stdout)?;
        }
        let is_kept = |stream| is_terminal(stream) && !on_terminals;
        if all.streams.stdout.is_none() && !is_kept(stdout) {
            all.streams.stdout = Some(all.add_pipe(stdout)?);
        }
        if all.streams.stderr.is_none() && !is_kept(stderr) {
            all.streams.stderr = Some(match &all.streams.stdout {
                // What both write stays in order.
                Some(pipe) if is_same(stdout, stderr) => duplicate(pipe)?,
                _ => all.add_pipe(stderr)?,
            });
        }
        Ok((!all.outputs.is_empty()).then_some(all))
    }

    fn add_pipe(&mut self, sink: BorrowedFd<'_>) -> io::Result<OwnedFd> {
        let (reader, writer) = pipe()?;
        self.outputs.push(Output {
            source: reader.into(),
            sink: duplicate(&sink)?,
            more: None,
        });
        Ok(writer.into())
    }

    /// Opens a pseudo-terminal for the streams that are this terminal.
    fn add_terminal(
        &mut self,
        user: BorrowedFd<'_>,
        stdin: BorrowedFd<'_>,
        stdout: BorrowedFd<'_>,
    ) -> io::Result<()> {
        let (pty, file) = open_pty(user)?;
        let stderr = io::stderr();
        let ours = |stream: BorrowedFd<'_>| {
            let same = is_terminal(stream) && is_same(stream, user);
            same.then(|| duplicate(&file)).transpose()
        };
        self.streams.stdin = ours(stdin)?;
        self.streams.stdout = ours(stdout)?;
        self.streams.stderr = ours(stderr.as_fd())?;
        let in_pipeline = is_pipe(stdin) || is_pipe(stdout);
        let leads = getpgrp() == getpid();
        let (relay, theirs) = UnixStream::pair()?;
        let user = duplicate(&user)?;
        let is_interactive = !in_pipeline && (self.streams.stdin.is_some() || leads);
        self.streams.terminal = Some(ScriptTerminal {
            file,
            user: duplicate(&user)?,
            relay,
            is_interactive: is_interactive && is_foreground(&File::from(duplicate(&user)?)),
            is_shared: self.streams.stdout.is_none(),
        });
        self.outputs.push(Output {
            source: pty,
            sink: user,
            more: Some(theirs.into()),
        });
        Ok(())
    }
}

fn is_terminal(stream: BorrowedFd<'_>) -> bool {
    isatty(stream) == Ok(true)
}

/// Whether two streams are one file: they need not have been opened together.
fn is_same(one: BorrowedFd<'_>, other: BorrowedFd<'_>) -> bool {
    let both_control = tcgetpgrp(one).is_ok() && tcgetpgrp(other).is_ok();
    let identity = |stat: Stat| (stat.st_dev, stat.st_ino);
    let [one, other] = [one, other].map(|stream| fstat(stream).map(identity));
    both_control || one.is_ok() && one == other
}

fn is_pipe(stream: BorrowedFd<'_>) -> bool {
    let kind = fstat(stream).map(|stat| FileType::from_raw_mode(stat.st_mode));
    matches!(kind, Ok(FileType::Fifo | FileType::Socket))
}

fn duplicate(file: &impl AsFd) -> io::Result<OwnedFd> {
    Ok(fcntl_dupfd_cloexec(file, 3)?)
}

/// Opens a pseudo-terminal with the modes and the size of the user's: the side of the
/// relay, which never waits, and that of the script.
fn open_pty(user: BorrowedFd<'_>) -> io::Result<(OwnedFd, OwnedFd)> {
    let pty = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    fcntl_setfd(&pty, FdFlags::CLOEXEC)?;
    grantpt(&pty)?;
    unlockpt(&pty)?;
    let file = open_script_side(&pty)?;
    fcntl_setfl(&pty, fcntl_getfl(&pty)? | OFlags::NONBLOCK)?;
    tcsetattr(&file, OptionalActions::Now, &tcgetattr(user)?)?;
    tcsetwinsize(&file, tcgetwinsize(user)?)?;
    Ok((pty, file))
}

/// By its descriptor: its path may be that of another mount namespace.
#[cfg(target_os = "linux")]
fn open_script_side(pty: &OwnedFd) -> io::Result<OwnedFd> {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    Ok(rustix::pty::ioctl_tiocgptpeer(pty, flags)?)
}

#[cfg(not(target_os = "linux"))]
fn open_script_side(pty: &OwnedFd) -> io::Result<OwnedFd> {
    use std::os::unix::ffi::OsStrExt as _;
    let name = rustix::pty::ptsname(pty, Vec::new())?;
    let mut options = OpenOptions::new();
    options.read(true).write(true).custom_flags(O_NOCTTY);
    let path = std::ffi::OsStr::from_bytes(name.as_bytes());
    Ok(options.open(path)?.into())
}

/// Opens the user's terminal once more, without waiting: others who have it open must not
/// be changed. One that is not qli's controlling terminal may be another user's.
pub(super) fn reopen(terminal: OwnedFd) -> File {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    options.custom_flags(O_NOCTTY | O_NONBLOCK);
    let again = tcgetpgrp(&terminal).map_err(io::Error::from);
    let again = again.and_then(|_| options.open("/dev/tty"));
    again.unwrap_or_else(|_| terminal.into())
}
