//! When a running script is ended: by the timeout of its manifest, or by repeated
//! interrupts. Time while the script is stopped does not count towards the timeout.

use std::time::Duration;

use nix::libc::{SIGINT, SIGTERM};

use super::TimeLimits;
use super::signals::{Sender, Signal};

/// The third interrupt within this time kills the script.
pub(super) const WINDOW: Duration = Duration::from_secs(10);

/// The same signal of the same process within this time counts once: `timeout(1)`
/// sends it to qli and to qli's process group.
const ECHO: Duration = Duration::from_millis(100);

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

#[derive(Debug)]
pub(super) struct TerminationPolicy {
    limits: TimeLimits,
    stage: Stage,
    interrupts: Vec<Interrupt>,
    /// When the kill was last announced.
    warned: Option<Duration>,
}

/// A signal, the process that sent it, and the time since the start.
type Interrupt = (Signal, Option<i32>, Duration);

impl TerminationPolicy {
    pub(super) fn new(limits: TimeLimits) -> Self {
        Self {
            limits,
            stage: Stage::Running,
            interrupts: Vec::new(),
            warned: None,
        }
    }

    /// Returns what is due next, and after which running time.
    fn next(&self) -> Option<(Duration, Escalation)> {
        match self.stage {
            Stage::Running => {
                let timeout = self.limits.timeout?;
                Some((timeout, Escalation::Terminate(timeout)))
            }
            Stage::Terminated(at) => {
                let after = self.limits.kill_after?;
                Some((at.saturating_add(after), Escalation::Kill(after)))
            }
            Stage::Killed => None,
        }
    }

    /// Returns the running time left until something is due.
    pub(super) fn left(&self, ran: Duration) -> Option<Duration> {
        Some(self.next()?.0.saturating_sub(ran))
    }

    /// Returns what is due after this running time, once.
    pub(super) fn due(&mut self, ran: Duration) -> Option<Escalation> {
        let (_, due) = self.next().filter(|(at, _)| *at <= ran)?;
        self.stage = match self.stage {
            Stage::Running => Stage::Terminated(ran),
            Stage::Terminated(_) | Stage::Killed => Stage::Killed,
        };
        Some(due)
    }

    /// Notes a signal, and returns what it leads to. `now` is the time since the start,
    /// including time while the script is stopped.
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
        let is_echo = |&(other, from, at): &Interrupt| {
            pid.is_some() && (other, from) == (signal, pid) && now.saturating_sub(at) < ECHO
        };
        let is_interrupt = matches!(signal.number(), SIGINT | SIGTERM);
        if !is_interrupt || self.interrupts.iter().any(is_echo) {
            return None;
        }
        let recent = |at: Duration| now.saturating_sub(at) < WINDOW;
        self.interrupts.retain(|&(_, _, at)| recent(at));
        self.interrupts.push((signal, pid, now));
        if self.warned.is_some_and(recent) {
            return Some(Escalation::Interrupted);
        }
        if self.interrupts.len() < 2 {
            return None;
        }
        self.warned = Some(now);
        Some(Escalation::Warn)
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
