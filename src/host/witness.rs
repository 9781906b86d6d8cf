//! Which signals were sent to qli's whole process group, and so have reached the script.
//!
//! What a signal carries does not say whether it was sent to a process or to its group.
//! A second process of the group, the witness, does: it blocks every signal, and reports
//! those that it got. The kernel delivers to a group all at once, so a signal that qli
//! has and the witness has not was sent to qli alone. The witness is qli's own program
//! under another name, so that a command that looks for qli by its name does not find it.

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::libc::{SIGCONT, SIGKILL};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;

use super::signals::{Received, Sender, Signal};
use super::stage::{self, Stage};

/// A run that is over sooner does not need a witness, and does not pay for one.
const AFTER: Duration = Duration::from_millis(100);

/// The time that a sender needs to signal each process of a run in turn, as systemd
/// does with a service.
pub(super) const IN_TURN: Duration = Duration::from_millis(10);

/// A witness that does not answer for so long is replaced.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

/// How many witnesses a run starts at most.
const STARTS: usize = 3;

/// How long after the witness qli may receive, and handle, a signal that both were sent.
const LAG: Duration = Duration::from_millis(100);

/// A signal that the witness got; the kernel has the process id 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    signal: i32,
    sender: i32,
}

impl Seen {
    const BYTES: usize = 8;
    /// Ends an answer.
    const END: Self = Self {
        signal: 0,
        sender: 0,
    };

    fn of(received: &Received) -> Self {
        let sender = match received.sender {
            Sender::Kernel => 0,
            Sender::Process { pid, .. } => pid,
        };
        Self {
            signal: received.signal.number(),
            sender,
        }
    }

    #[cfg(target_os = "linux")]
    fn to_bytes(self) -> [u8; Self::BYTES] {
        let both =
            u64::from(self.signal.cast_unsigned()) << 32 | u64::from(self.sender.cast_unsigned());
        both.to_be_bytes()
    }

    fn read(from: &mut impl io::Read) -> io::Result<Self> {
        let [mut signal, mut sender] = [[0; 4]; 2];
        from.read_exact(&mut signal)?;
        from.read_exact(&mut sender)?;
        Ok(Self {
            signal: i32::from_be_bytes(signal),
            sender: i32::from_be_bytes(sender),
        })
    }
}

/// When the witness got a signal.
type Noted = (Instant, Seen);

/// The witness forgets a signal about which qli does not ask for so long.
#[cfg(target_os = "linux")]
const KEPT: Duration = Duration::from_secs(10);

#[derive(Debug)]
struct Witness {
    pid: Pid,
    /// The witness ends when this is closed, so also when qli is killed.
    stream: UnixStream,
}

impl Witness {
    fn start() -> io::Result<Self> {
        let (stream, theirs) = UnixStream::pair()?;
        stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
        let pid = stage::start(Stage::Witness, theirs)?;
        Ok(Self { pid, stream })
    }

    /// Returns what it got recently and has not reported.
    fn ask(&mut self) -> io::Result<Vec<Noted>> {
        self.stream.write_all(&[0])?;
        let mut seen = Vec::new();
        loop {
            let one = Seen::read(&mut self.stream)?;
            if one == Seen::END {
                return Ok(seen);
            }
            let mut age = [0; 4];
            self.stream.read_exact(&mut age)?;
            let age = Duration::from_millis(u32::from_be_bytes(age).into());
            let at = Instant::now().checked_sub(age);
            seen.extend(at.map(|at| (at, one)));
        }
    }

    fn end(self) {
        // Both fail only if it is gone already.
        drop(Signal::new(SIGKILL).send(self.pid));
        while waitpid(self.pid, None) == Err(Errno::EINTR) {}
    }
}

/// Asks the witness of a run, and keeps it alive.
#[derive(Debug)]
pub(super) struct GroupSignals {
    witness: Option<Witness>,
    /// When to start the next one.
    due: Option<Instant>,
    /// How many more may be started: one that cannot run ends at once.
    left: usize,
    /// What the witness got before qli.
    ahead: Vec<Noted>,
    /// When qli began to handle what it received last.
    began: Instant,
    /// How long it handled what it received before that.
    busy: Duration,
}

impl GroupSignals {
    pub(super) fn new() -> Self {
        Self {
            witness: None,
            due: soon(),
            left: STARTS,
            ahead: Vec::new(),
            began: Instant::now(),
            busy: Duration::ZERO,
        }
    }

    /// None if it is time to start a witness, or none is to be started.
    pub(super) fn starts_in(&self) -> Option<Duration> {
        let left = self.due?.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    pub(super) fn start_if_due(&mut self) {
        if self.due.take().is_none() {
            return;
        }
        if let Some(left) = self.left.checked_sub(1) {
            self.left = left;
            // Without one, a signal counts as sent to qli alone.
            self.witness = Witness::start().ok();
        }
    }

    pub(super) fn begin(&mut self) {
        self.began = Instant::now();
    }

    pub(super) fn done(&mut self) {
        self.busy = self.began.elapsed();
    }

    /// For each of these signals, whether it was sent to the group. One that is
    /// `unsettled` may still be on its way to the witness.
    pub(super) fn find(&mut self, received: &[Received], unsettled: &[bool]) -> Vec<bool> {
        self.ask();
        let mut found: Vec<_> = received.iter().map(|one| self.take(one)).collect();
        let mut both = found.iter().zip(unsettled);
        if self.witness.is_some() && both.any(|(found, unsettled)| *unsettled && !found) {
            std::thread::sleep(IN_TURN);
            self.ask();
            for (found, one) in found.iter_mut().zip(received) {
                *found = *found || self.take(one);
            }
        }
        found
    }

    fn ask(&mut self) {
        if let Some(mut witness) = self.witness.take() {
            if let Ok(seen) = witness.ask() {
                self.ahead.extend(seen);
                self.witness = Some(witness);
            } else {
                witness.end();
                self.due = soon();
            }
        }
        // A signal may have arrived while qli was busy with those before it.
        let longest = LAG + self.busy + self.began.elapsed();
        self.ahead.retain(|(at, _)| at.elapsed() < longest);
    }

    fn take(&mut self, received: &Received) -> bool {
        let wanted = Seen::of(received);
        let at = self.ahead.iter().position(|(_, seen)| *seen == wanted);
        at.map(|at| self.ahead.swap_remove(at)).is_some()
    }

    /// After a stop: whoever stopped the group stopped the witness too.
    pub(super) fn resume(&self) {
        if let Some(witness) = &self.witness {
            // It fails only if it is gone.
            drop(Signal::new(SIGCONT).send(witness.pid));
        }
    }

    /// A child has been reaped that is not the script.
    pub(super) fn forget(&mut self, child: i32) {
        if self.is_witness(child) {
            self.witness = None;
            self.due = soon();
        }
    }

    pub(super) fn is_witness(&self, pid: i32) -> bool {
        self.witness
            .as_ref()
            .is_some_and(|one| one.pid.as_raw() == pid)
    }

    pub(super) fn end(&mut self) {
        if let Some(witness) = self.witness.take() {
            witness.end();
        }
    }
}

/// Elsewhere than on Linux a blocked signal cannot be read together with its sender.
fn soon() -> Option<Instant> {
    cfg!(target_os = "linux").then(|| Instant::now() + AFTER)
}

/// What the witness does: notes the signals that it gets, and reports them each time qli
/// asks. It ends when qli does.
#[cfg(target_os = "linux")]
pub(super) fn run() -> Option<()> {
    use std::os::fd::AsFd as _;

    use nix::poll::{PollFd, PollFlags};
    use nix::sys::signal::SigSet;
    use nix::sys::signalfd::{SfdFlags, SignalFd};

    let flags = SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC;
    let signals = SignalFd::with_flags(&SigSet::all(), flags).ok()?;
    let mut qli = super::handover::socket().ok()?;
    let mut noted = Vec::new();
    loop {
        let fds = [signals.as_fd(), qli.as_fd()];
        let mut fds = fds.map(|fd| PollFd::new(fd, PollFlags::POLLIN));
        super::poll::poll(&mut fds, None).ok()?;
        let [_, asked] = fds.map(|fd| fd.any() == Some(true));
        noted.retain(|(at, _): &Noted| at.elapsed() < KEPT);
        while let Ok(Some(info)) = signals.read_signal() {
            let signal = info.ssi_signo.cast_signed();
            let sender = info.ssi_pid.cast_signed();
            noted.push((Instant::now(), Seen { signal, sender }));
        }
        if asked {
            qli.read_exact(&mut [0]).ok()?;
            qli.write_all(&answer(&mut noted)).ok()?;
        }
    }
}

/// Each signal with its age in milliseconds.
#[cfg(target_os = "linux")]
fn answer(noted: &mut Vec<Noted>) -> Vec<u8> {
    let mut answer = Vec::new();
    for (at, seen) in noted.drain(..) {
        answer.extend(seen.to_bytes());
        let age = u32::try_from(at.elapsed().as_millis()).unwrap_or(u32::MAX);
        answer.extend(age.to_be_bytes());
    }
    answer.extend(Seen::END.to_bytes());
    answer
}

#[cfg(not(target_os = "linux"))]
pub(super) fn run() -> Option<()> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(signal: i32, sender: Sender) -> Received {
        let signal = Signal::new(signal);
        Received {
            signal,
            sender,
            forwarded: false,
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn an_answer_is_read_as_it_was_written() {
        for seen in [
            Seen {
                signal: 64,
                sender: 4_194_303,
            },
            Seen {
                signal: 1,
                sender: 0,
            },
            Seen::END,
        ] {
            assert_eq!(Seen::read(&mut seen.to_bytes().as_slice()).unwrap(), seen);
        }
    }

    #[test]
    fn a_signal_that_the_witness_got_once_settles_one_of_two() {
        let mut group = GroupSignals::new();
        group.ahead = vec![(
            Instant::now(),
            Seen {
                signal: 15,
                sender: 7,
            },
        )];
        let [ours, other] = [7, 8].map(|pid| Sender::Process { pid, uid: 0 });
        let all = [
            received(15, other),
            received(15, ours),
            received(15, ours),
            received(1, ours),
        ];
        assert_eq!(group.find(&all, &[true; 4]), [false, true, false, false]);
    }

    #[test]
    fn what_the_witness_got_long_ago_settles_nothing() {
        let mut group = GroupSignals::new();
        let long_ago = Instant::now().checked_sub(2 * LAG).unwrap();
        group.ahead = vec![(
            long_ago,
            Seen {
                signal: 2,
                sender: 0,
            },
        )];
        assert_eq!(group.find(&[received(2, Sender::Kernel)], &[true]), [false]);
    }
}
