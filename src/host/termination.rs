//! When a running script is ended: by the time limits of its manifest, and by nothing
//! else. Time while the script is stopped does not count.

use std::time::Duration;

use super::TimeLimits;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escalation {
    /// Send TERM: the timeout, this long, has passed.
    Terminate(Duration),
    /// Send KILL: `kill_after`, this long, has passed since TERM.
    Kill(Duration),
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
}

impl TerminationPolicy {
    pub(super) fn new(limits: TimeLimits) -> Self {
        Self {
            limits,
            stage: Stage::Running,
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
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

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
}
