//! A signal, its sender, and whether it is forwarded to the script.

use nix::libc::{SIGALRM, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH};
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

    /// Whether it is used to stop a run.
    pub fn interrupts(self) -> bool {
        matches!(self.0, SIGHUP | SIGINT | SIGQUIT | SIGTERM)
    }

    /// Whether it ends a run whose script has not started.
    pub(super) fn ends_before_start(self) -> bool {
        self.interrupts() || matches!(self.0, SIGUSR1 | SIGUSR2 | SIGALRM)
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
        /// Its process group; `None` if it has exited meanwhile.
        group: Option<i32>,
    },
}

/// A signal that qli received while the script ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    pub signal: Signal,
    pub sender: Sender,
    pub forwarded: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct RunState {
    pub(super) own_pid: i32,
    pub(super) script_pid: i32,
    pub(super) stopped: bool,
    /// Whether the signal may have arrived before the script could receive it.
    pub(super) spawning: bool,
}

/// Decides whether a signal is forwarded to the script.
///
/// The terminal sends it to the script, too. What the script or its group sends is for
/// qli, or has reached the whole group. While the script is being started a signal may
/// have reached only qli, so it is forwarded, unless the script itself sent it, or it is
/// WINCH, which can be missed. CONT is forwarded only to a stopped script.
pub(super) fn is_forwarded(signal: Signal, sender: Sender, run: RunState) -> bool {
    if signal.number() == SIGCONT && !run.stopped {
        return false;
    }
    if run.spawning {
        let from_script = matches!(sender, Sender::Process { pid, .. } if pid == run.script_pid);
        return !from_script && signal.number() != SIGWINCH;
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

    fn forwarded(signal: i32, sender: Sender, stopped: bool, spawning: bool) -> bool {
        let run = RunState {
            own_pid: OWN,
            script_pid: SCRIPT,
            stopped,
            spawning,
        };
        is_forwarded(Signal(signal), sender, run)
    }

    fn process(pid: i32, group: Option<i32>) -> Sender {
        Sender::Process { pid, uid: 0, group }
    }

    #[test]
    fn only_signals_from_outside_the_run_are_forwarded() {
        let term = |sender| forwarded(SIGTERM, sender, false, false);
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
            assert!(forwarded(SIGINT, sender, false, true));
            assert!(!forwarded(SIGCONT, sender, false, true));
            assert!(forwarded(SIGCONT, sender, true, true));
            assert!(!forwarded(SIGWINCH, sender, false, true));
        }
        assert!(!forwarded(SIGHUP, process(SCRIPT, Some(OWN)), false, true));
    }

    #[test]
    fn cont_is_forwarded_only_to_a_stopped_script() {
        let outside = process(7, Some(7));
        assert!(forwarded(SIGCONT, outside, true, false));
        assert!(!forwarded(SIGCONT, outside, false, false));
    }

    #[test]
    fn signals_have_their_usual_names() {
        assert_eq!(Signal(15).name(), "SIGTERM");
        #[cfg(target_os = "linux")]
        assert_eq!(Signal(nix::libc::SIGRTMIN() + 3).name(), "SIGRTMIN+3");
    }
}
