//! When a running script is ended: by the timeout of its manifest, or because it is
//! interrupted again and again.
//!
//! For the timeout, time while the script is stopped does not count.

use std::time::Duration;

use nix::sys::signal as unix;

use super::TimeLimits;
use super::signals::{Sender, Signal};

/// The third interrupt within this time kills the script.
pub(super) const WINDOW: Duration = Duration::from_secs(10);

/// The same signal of the same process within this time counts once: `timeout(1)`
/// sends it to qli and to qli's process group.
const ECHO: Duration = Duration::from_millis(100);

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escalation {
    /// Send TERM: the timeout, this long, has passed.
    Terminate(Duration),
    /// Send KILL: `kill_after`, this long, has passed since TERM.
    Kill(Duration),
    /// The second interrupt: announce what the third one does.
    Warn,
    /// The third interrupt: send KILL.
    Interrupted,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Running,
    /// TERM was sent after this running time.
    Terminated(Duration),
    Killed,
}

/// The limits of a script, and the interrupts it has had.
#[derive(Debug)]
pub(super) struct TerminationPolicy {
    limits: TimeLimits,
    stage: Stage,
    interrupts: Vec<Interrupt>,
    /// When the kill was last announced.
    warned: Option<Duration>,
}

#[derive(Debug, Clone, Copy)]
struct Interrupt {
    signal: Signal,
    pid: Option<i32>,
    at: Duration,
}

impl TerminationPolicy {
    pub(super) fn new(limits: TimeLimits) -> Self {
        Self {
            limits,
            stage: Stage::Running,
            interrupts: Vec::new(),
            warned: None,
        }
    }

    /// Returns the running time left until something is due, given the running time
    /// so far.
    pub(super) fn left(&self, ran: Duration) -> Option<Duration> {
        let until = match self.stage {
            Stage::Running => self.limits.timeout?,
            Stage::Terminated(at) => at.saturating_add(self.limits.kill_after?),
            Stage::Killed => return None,
        };
        Some(until.saturating_sub(ran))
    }

    /// Returns what is due after this running time.
    pub(super) fn due(&mut self, ran: Duration) -> Option<Escalation> {
        if self.left(ran)? > Duration::ZERO {
            return None;
        }
        let (stage, due) = match self.stage {
            Stage::Running => {
                let timeout = self.limits.timeout?;
                (Stage::Terminated(ran), Escalation::Terminate(timeout))
            }
            Stage::Terminated(_) | Stage::Killed => {
                (Stage::Killed, Escalation::Kill(self.limits.kill_after?))
            }
        };
        self.stage = stage;
        Some(due)
    }

    /// Notes a signal received at a time since the start, and returns what it leads
    /// to. Here time counts while the script is stopped, too.
    pub(super) fn interrupted(
        &mut self,
        signal: Signal,
        sender: Sender,
        now: Duration,
    ) -> Option<Escalation> {
        let pid = match sender {
            Sender::Kernel => None,
            Sender::Process { pid, .. } => Some(pid),
        };
        let interrupts = [unix::Signal::SIGINT, unix::Signal::SIGTERM];
        if !signal.is_one_of(&interrupts) || self.is_echo(signal, pid, now) {
            return None;
        }
        let recent = |at: Duration| now.saturating_sub(at) < WINDOW;
        self.interrupts.retain(|one| recent(one.at));
        self.interrupts.push(Interrupt {
            signal,
            pid,
            at: now,
        });
        if self.warned.is_some_and(recent) {
            return Some(Escalation::Interrupted);
        }
        if self.interrupts.len() < 2 {
            return None;
        }
        self.warned = Some(now);
        Some(Escalation::Warn)
    }

    fn is_echo(&self, signal: Signal, pid: Option<i32>, now: Duration) -> bool {
        let same = |one: &Interrupt| {
            (one.signal, one.pid) == (signal, pid) && now.saturating_sub(one.at) < ECHO
        };
        pid.is_some() && self.interrupts.iter().any(same)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn int(policy: &mut TerminationPolicy, pid: Option<i32>, millis: u64) -> Option<Escalation> {
        let sender = match pid {
            None => Sender::Kernel,
            Some(pid) => Sender::Process {
                pid,
                uid: 0,
                group: None,
            },
        };
        let at = Duration::from_millis(millis);
        policy.interrupted(Signal::new(2), sender, at)
    }

    #[test]
    fn the_timeout_is_followed_by_the_kill_and_nothing_else() {
        let mut policy = TerminationPolicy::new(TimeLimits {
            timeout: Some(10 * SECOND),
            kill_after: Some(5 * SECOND),
        });
        assert_eq!(policy.left(4 * SECOND), Some(6 * SECOND));
        assert_eq!(policy.due(9 * SECOND), None);
        assert_eq!(
            policy.due(11 * SECOND),
            Some(Escalation::Terminate(10 * SECOND))
        );
        assert_eq!(policy.left(12 * SECOND), Some(4 * SECOND));
        assert_eq!(policy.due(12 * SECOND), None);
        assert_eq!(policy.due(16 * SECOND), Some(Escalation::Kill(5 * SECOND)));
        assert_eq!(policy.left(17 * SECOND), None);
        assert_eq!(policy.due(99 * SECOND), None);
    }

    #[test]
    fn without_limits_nothing_is_ever_due() {
        let mut policy = TerminationPolicy::new(TimeLimits::default());
        assert_eq!(policy.left(SECOND), None);
        assert_eq!(policy.due(99_999 * SECOND), None);
        let mut policy = TerminationPolicy::new(TimeLimits {
            timeout: Some(SECOND),
            kill_after: None,
        });
        assert_eq!(policy.due(SECOND), Some(Escalation::Terminate(SECOND)));
        assert_eq!((policy.left(SECOND), policy.due(99 * SECOND)), (None, None));
    }

    #[test]
    fn the_second_interrupt_warns_and_the_third_within_ten_seconds_kills() {
        let mut policy = TerminationPolicy::new(TimeLimits::default());
        assert_eq!(int(&mut policy, None, 0), None);
        assert_eq!(int(&mut policy, None, 6_000), Some(Escalation::Warn));
        assert_eq!(
            int(&mut policy, None, 15_000),
            Some(Escalation::Interrupted)
        );
        let mut policy = TerminationPolicy::new(TimeLimits::default());
        assert_eq!(int(&mut policy, None, 0), None);
        assert_eq!(int(&mut policy, None, 11_000), None);
        assert_eq!(int(&mut policy, None, 12_000), Some(Escalation::Warn));
        assert_eq!(int(&mut policy, None, 23_000), None);
    }

    #[test]
    fn an_echo_or_another_signal_is_not_a_second_interrupt() {
        let mut policy = TerminationPolicy::new(TimeLimits::default());
        assert_eq!(int(&mut policy, Some(7), 0), None);
        assert_eq!(int(&mut policy, Some(7), 50), None);
        assert_eq!(int(&mut policy, Some(8), 60), Some(Escalation::Warn));
        let hup = policy.interrupted(Signal::new(1), Sender::Kernel, SECOND);
        assert_eq!(hup, None);
    }
}
