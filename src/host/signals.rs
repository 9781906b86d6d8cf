//! A signal, its sender, and whether it is forwarded to the script.

use std::io;

use nix::libc::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGWINCH};
use nix::sys::signal as unix;
use nix::unistd::Pid;
use rustix::process::{kill_process, kill_process_group};
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

    /// Sends it to a process.
    pub(super) fn send(self, to: Pid) -> io::Result<()> {
        let signal = self.as_rustix().ok_or(io::ErrorKind::InvalidInput)?;
        let to = rustix::process::Pid::from_raw(to.as_raw()).ok_or(io::ErrorKind::NotFound)?;
        Ok(kill_process(to, signal)?)
    }

    /// Sends it to a process group.
    pub(super) fn send_to_group(self, group: Pid) -> io::Result<()> {
        let signal = self.as_rustix().ok_or(io::ErrorKind::InvalidInput)?;
        let group = rustix::process::Pid::from_raw(group.as_raw());
        Ok(kill_process_group(
            group.ok_or(io::ErrorKind::NotFound)?,
            signal,
        )?)
    }

    #[cfg(target_os = "linux")]
    pub(super) fn as_rustix(self) -> Option<rustix::process::Signal> {
        rustix_libc_wrappers::process::SignalExt::from_raw(self.0)
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn as_rustix(self) -> Option<rustix::process::Signal> {
        rustix::process::Signal::from_named_raw(self.0)
    }

    /// Whether it is used to stop a run.
    pub fn interrupts(self) -> bool {
        matches!(self.0, SIGHUP | SIGINT | SIGQUIT | SIGTERM)
    }

    /// Whether it ends a run whose script has not started. qli notes no other signal
    /// that a process survives.
    pub(super) fn ends_before_start(self) -> bool {
        !matches!(self.0, SIGCONT | SIGTSTP | SIGWINCH)
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
    /// The kernel, on its own account or for the terminal.
    Kernel,
    Process {
        pid: i32,
        uid: u32,
    },
}

/// A signal that qli received while the script ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    pub signal: Signal,
    pub sender: Sender,
    pub forwarded: bool,
}

/// What is known when qli has received a signal.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts")]
pub(super) struct SignalFacts {
    /// The script is stopped.
    pub(super) stopped: bool,
    /// It may have arrived before the script could receive it.
    pub(super) spawning: bool,
    /// The script or a process that it started sent it.
    pub(super) from_script: bool,
    /// The script has left qli's process group.
    pub(super) apart: bool,
    /// It was seen to reach another process of qli's group.
    pub(super) to_group: bool,
    /// qli leads its session.
    pub(super) leads_session: bool,
}

/// Decides whether a signal is forwarded to the script: unless the script sent it, or
/// is known to have received it itself.
///
/// While the script is being started a signal may have reached only qli, except WINCH,
/// which can be missed. CONT is forwarded only to a stopped script.
pub(super) fn is_forwarded(signal: Signal, sender: Sender, facts: SignalFacts) -> bool {
    let number = signal.number();
    if facts.from_script || (number == SIGCONT && !facts.stopped) {
        return false;
    }
    if facts.spawning {
        return number != SIGWINCH;
    }
    let from_terminal = sender == Sender::Kernel && is_of_terminal(number, facts.leads_session);
    facts.apart || !(facts.to_group || from_terminal)
}

/// Whether the kernel sends this signal to the terminal's whole foreground group. HUP
/// goes to the session leader alone when the terminal hangs up, and to the group when
/// that leader exits (`disassociate_ctty` in the kernel). Timers and limits concern a
/// single process.
pub(super) fn is_of_terminal(number: i32, leads_session: bool) -> bool {
    match number {
        SIGINT | SIGQUIT | SIGTSTP | SIGWINCH => true,
        SIGHUP => !leads_session,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use nix::libc::{SIGALRM, SIGPROF, SIGVTALRM, SIGXCPU};

    use super::*;

    const PROCESS: Sender = Sender::Process { pid: 7, uid: 0 };

    fn forwarded(signal: i32, sender: Sender, facts: SignalFacts) -> bool {
        is_forwarded(Signal(signal), sender, facts)
    }

    #[test]
    fn only_what_the_script_is_known_to_have_is_not_forwarded() {
        let none = SignalFacts::default();
        let to_group = SignalFacts {
            to_group: true,
            ..none
        };
        let apart = SignalFacts {
            apart: true,
            ..none
        };
        let from_script = SignalFacts {
            from_script: true,
            ..none
        };
        assert!(forwarded(SIGTERM, PROCESS, none));
        assert!(!forwarded(SIGTERM, PROCESS, to_group));
        assert!(forwarded(
            SIGTERM,
            PROCESS,
            SignalFacts {
                apart: true,
                ..to_group
            }
        ));
        assert!(!forwarded(SIGTERM, PROCESS, from_script));
        for number in [SIGINT, SIGQUIT, SIGTSTP, SIGWINCH, SIGHUP] {
            assert!(!forwarded(number, Sender::Kernel, none));
            assert!(forwarded(number, Sender::Kernel, apart));
        }
        for number in [SIGALRM, SIGVTALRM, SIGPROF, SIGXCPU] {
            assert!(forwarded(number, Sender::Kernel, none));
        }
    }

    #[test]
    fn a_hangup_reaches_only_the_leader_of_the_session() {
        let leader = SignalFacts {
            leads_session: true,
            ..SignalFacts::default()
        };
        assert!(forwarded(SIGHUP, Sender::Kernel, leader));
        assert!(!forwarded(SIGINT, Sender::Kernel, leader));
    }

    #[test]
    fn a_signal_during_the_spawn_is_forwarded_unless_the_script_sent_it() {
        let spawning = SignalFacts {
            spawning: true,
            ..SignalFacts::default()
        };
        for sender in [Sender::Kernel, PROCESS] {
            assert!(forwarded(SIGINT, sender, spawning));
            assert!(!forwarded(SIGCONT, sender, spawning));
            assert!(!forwarded(SIGWINCH, sender, spawning));
            assert!(forwarded(
                SIGCONT,
                sender,
                SignalFacts {
                    stopped: true,
                    ..spawning
                }
            ));
        }
        let from_script = SignalFacts {
            from_script: true,
            ..spawning
        };
        assert!(!forwarded(SIGHUP, PROCESS, from_script));
    }

    #[test]
    fn cont_is_forwarded_only_to_a_stopped_script() {
        let stopped = SignalFacts {
            stopped: true,
            ..SignalFacts::default()
        };
        assert!(forwarded(SIGCONT, PROCESS, stopped));
        assert!(!forwarded(SIGCONT, PROCESS, SignalFacts::default()));
    }

    #[test]
    fn signals_have_their_usual_names() {
        assert_eq!(Signal(15).name(), "SIGTERM");
        #[cfg(target_os = "linux")]
        assert_eq!(Signal(nix::libc::SIGRTMIN() + 3).name(), "SIGRTMIN+3");
    }
}
