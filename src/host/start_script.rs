//! Starts the script: as a child of qli, or on a terminal of its own.

use std::io;
use std::os::fd::{AsFd as _, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags};
use nix::sys::signal::{SigSet, Signal};

use super::child::{attributes, environment, execute};
use super::relay::{ScriptTerminal, Streams};
use super::script::{Monitor, Script};
use super::stage::{Stage, own_program};
use super::{Start, handover, monitor};

/// A script that is about to start.
pub(super) struct NewScript<'a> {
    pub(super) start: &'a Start<'a>,
    /// What it inherits beside what qli was given.
    pub(super) descriptors: &'a [OwnedFd],
    pub(super) ignores_pipe: bool,
    pub(super) streams: Streams,
}

impl NewScript<'_> {
    pub(super) fn start(mut self) -> io::Result<Script> {
        // qli adopts what the script leaves running, to count and to reap it
        // (PR_SET_CHILD_SUBREAPER, prctl(2)). If the kernel refuses, nothing is counted.
        #[cfg(target_os = "linux")]
        let _ = nix::sys::prctl::set_child_subreaper(true);
        let mut actions = PosixSpawnFileActions::init()?;
        for one in self.descriptors.iter().map(AsRawFd::as_raw_fd) {
            // Onto itself: it is not closed on exec, in the new process only.
            actions.add_dup2(one, one)?;
        }
        match self.streams.terminal.take() {
            None => self.child(actions),
            Some(terminal) => self.monitored(actions, terminal),
        }
    }

    fn attributes(&self) -> nix::Result<PosixSpawnAttr> {
        attributes(self.ignores_pipe, PosixSpawnFlags::empty())
    }

    fn child(&self, mut actions: PosixSpawnFileActions) -> io::Result<Script> {
        let masked = [(&self.streams.stdout, 1), (&self.streams.stderr, 2)];
        for (stream, number) in masked {
            if let Some(stream) = stream {
                actions.add_dup2(stream.as_raw_fd(), number)?;
            }
        }
        let pid = execute(
            self.start.program,
            self.start.program.as_os_str(),
            self.start.args.iter().copied(),
            environment(self.start),
            &actions,
            &self.attributes()?,
        )?;
        Ok(Script::child(pid))
    }

    /// The monitor has the script's environment and descriptors, and hands them on.
    fn monitored(
        &self,
        mut actions: PosixSpawnFileActions,
        terminal: ScriptTerminal,
    ) -> io::Result<Script> {
        let (socket, theirs) = UnixStream::pair()?;
        actions.add_dup2(theirs.as_raw_fd(), 0)?;
        // Until the monitor has left qli's group it gets what the group gets, which qli
        // passes on. That PIPE is blocked would mean that the script ignores it (entry.c).
        let mut blocked = SigSet::all();
        blocked.remove(Signal::SIGPIPE);
        let mut attributes = self.attributes()?;
        attributes.set_sigmask(&blocked)?;
        let foreground = terminal.is_interactive;
        let program = self.start.program.as_os_str();
        let pid = execute(
            &own_program()?,
            Stage::Monitor.shown().as_ref(),
            monitor::arguments(foreground, program, self.start.args),
            environment(self.start),
            &actions,
            &attributes,
        )?;
        drop(theirs);
        hand_over(&socket, &self.streams, &terminal)?;
        // From here on only the script has the terminal open.
        drop(terminal);
        Script::monitored(Monitor {
            pid,
            socket,
            foreground,
        })
    }
}

/// The script's standard streams, then its terminal and the user's.
fn hand_over(to: &UnixStream, streams: &Streams, terminal: &ScriptTerminal) -> io::Result<()> {
    let (stdin, stdout, stderr) = (io::stdin(), io::stdout(), io::stderr());
    let own = [stdin.as_fd(), stdout.as_fd(), stderr.as_fd()];
    let masked = [&streams.stdin, &streams.stdout, &streams.stderr];
    let all = own.into_iter().zip(masked);
    let all = all.map(|(own, masked)| masked.as_ref().map_or(own, |one| one.as_fd()));
    let files: Vec<BorrowedFd<'_>> = all
        .chain([&terminal.file, &terminal.user].map(|file| file.as_fd()))
        .chain([terminal.relay.as_fd()])
        .collect();
    handover::send(to, &[], &files)
}
