//! A signal, its sender, and whether it is forwarded to the script.

use nix::sys::signal as unix;
use serde::{Serialize, Serializer};

/// A signal by its number: unlike `nix`'s, it may be a real-time signal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signal(i32);

impl Signal {
    pub fn new(number: i32) -> Self {
        Self(number)
    }

    pub fn number(self) -> i32 {
        self.0
    }

    /// `SIGTERM`, or `SIGRTMIN+3` for a real-time signal.
    pub fn name(self) -> String {
        if let Ok(known) = unix::Signal::try_from(self.0) {
            return known.as_str().to_owned();
        }
        #[cfg(target_os = "linux")]
        match self.0 - nix::libc::SIGRTMIN() {
            0 => return "SIGRTMIN".to_owned(),
            above @ 1.. => return format!("SIGRTMIN+{above}"),
            _ => {}
        }
        format!("SIG{}", self.0)
    }

    /// Whether it is used to stop a run: HUP, INT, QUIT, TERM.
    pub fn interrupts(self) -> bool {
        use unix::Signal as S;
        self.is_one_of(&[S::SIGHUP, S::SIGINT, S::SIGQUIT, S::SIGTERM])
    }

    /// Whether it ends a run whose script has not started.
    pub(super) fn ends_before_start(self) -> bool {
        use unix::Signal as S;
        self.interrupts() || self.is_one_of(&[S::SIGUSR1, S::SIGUSR2, S::SIGALRM])
    }

    pub(super) fn is_one_of(self, signals: &[unix::Signal]) -> bool {
        signals.iter().any(|&one| one as i32 == self.0)
    }
}

impl From<unix::Signal> for Signal {
    fn from(signal: unix::Signal) -> Self {
        Self(signal as i32)
    }
}

impl std::fmt::Debug for Signal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name())
    }
}

impl Serialize for Signal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// The kernel or the terminal: it was sent to a whole process group.
    Kernel,
    Process {
        pid: i32,
        uid: u32,
        /// Its process group, unless it had exited by the time qli asked.
        group: Option<i32>,
    },
}

/// A signal that qli received while the script ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    pub signal: Signal,
    pub sender: Sender,
    /// Whether qli forwarded it to the script.
    pub forwarded: bool,
}

/// The state of the run when a signal arrived.
#[derive(Debug, Clone, Copy)]
pub(super) struct RunState {
    pub(super) own_pid: i32,
    pub(super) script_pid: i32,
    /// Whether the script is stopped.
    pub(super) stopped: bool,
    /// Whether the signal may have arrived before the script could receive it.
    pub(super) spawning: bool,
}

/// Decides whether a signal is forwarded to the script.
///
/// The terminal has already sent it to the script; the script and its group either
/// meant qli or have reached the group. While the script is being started a signal
/// may have reached qli alone, so it is forwarded unless the script itself sent it or
/// it is WINCH, which can be missed. CONT is for a stopped script only.
pub(super) fn is_forwarded(signal: Signal, sender: Sender, run: RunState) -> bool {
    if signal.is_one_of(&[unix::Signal::SIGCONT]) && !run.stopped {
        return false;
    }
    if run.spawning {
        let from_script = matches!(sender, Sender::Process { pid, .. } if pid == run.script_pid);
        return !from_script && !signal.is_one_of(&[unix::Signal::SIGWINCH]);
    }
    match sender {
        Sender::Kernel => false,
        Sender::Process { pid, group, .. } => {
            let ours = |id: i32| id == run.script_pid || id == run.own_pid;
            !ours(pid) && !group.is_some_and(ours)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: i32 = 200;
    const OWN: i32 = 100;

    fn forwarded(signal: unix::Signal, sender: Sender, stopped: bool, spawning: bool) -> bool {
        let run = RunState {
            own_pid: OWN,
            script_pid: SCRIPT,
            stopped,
            spawning,
        };
        is_forwarded(signal.into(), sender, run)
    }

    fn process(pid: i32, group: Option<i32>) -> Sender {
        Sender::Process { pid, uid: 0, group }
    }

    #[test]
    fn only_signals_from_outside_the_run_are_forwarded() {
        let term = |sender| forwarded(unix::Signal::SIGTERM, sender, false, false);
        assert!(!term(Sender::Kernel));
        assert!(!term(process(SCRIPT, Some(OWN))));
        assert!(!term(process(201, Some(SCRIPT))));
        assert!(!term(process(202, Some(OWN))));
        assert!(term(process(7, Some(7))));
        assert!(term(process(7, None)));
        assert!(term(process(0, None)));
    }

    #[test]
    fn a_signal_during_the_spawn_is_forwarded_whoever_sent_it() {
        for sender in [Sender::Kernel, process(7, Some(7))] {
            assert!(forwarded(unix::Signal::SIGINT, sender, false, true));
            assert!(!forwarded(unix::Signal::SIGCONT, sender, false, true));
            assert!(forwarded(unix::Signal::SIGCONT, sender, true, true));
            assert!(!forwarded(unix::Signal::SIGWINCH, sender, false, true));
        }
        assert!(!forwarded(
            unix::Signal::SIGHUP,
            process(SCRIPT, Some(OWN)),
            false,
            true
        ));
    }

    #[test]
    fn cont_is_forwarded_only_to_a_stopped_script() {
        let outside = process(7, Some(7));
        assert!(forwarded(unix::Signal::SIGCONT, outside, true, false));
        assert!(!forwarded(unix::Signal::SIGCONT, outside, false, false));
    }

    #[test]
    fn signals_have_their_usual_names() {
        assert_eq!(Signal(15).name(), "SIGTERM");
        #[cfg(target_os = "linux")]
        assert_eq!(Signal(nix::libc::SIGRTMIN() + 3).name(), "SIGRTMIN+3");
    }
}
