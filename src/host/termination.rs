//! When a running script is ended: by a timeout of its manifest, or by somebody
//! who interrupts it again and again.
//!
//! Times are those that the script could run: it is stopped for free.

use std::time::Duration;

use nix::sys::signal as unix;

use super::TimeLimits;
use super::signals::{Sender, Signal};

/// Within this time the third interrupt kills.
const WINDOW: Duration = Duration::from_secs(10);

/// The same signal of the same process within this time is one: `timeout(1)`
/// sends it to qli and to qli's group.
const ECHO: Duration = Duration::from_millis(100);

/// What is done to the script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escalation {
    /// The timeout is over: it is sent TERM.
    Terminate,
    /// It has had its time after that too: it is killed.
    Kill,
    /// It was interrupted twice: whoever did is told what the third time does.
    Warn,
    /// It was interrupted for the third time: it is killed.
    Escalate,
}

/// How far the limits have been used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Running,
    Terminated(Duration),
    Killed,
}

/// The limits of one script, and the interrupts it has had.
#[derive(Debug)]
pub(super) struct TerminationPolicy {
    limits: TimeLimits,
    stage: Stage,
    interrupts: Vec<Interrupt>,
    /// When somebody was last told what the next interrupt does.
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

    /// Returns how long the script may run until something is done, given how long
    /// it has run.
    pub(super) fn left(&self, ran: Duration) -> Option<Duration> {
        let until = match self.stage {
            Stage::Running => self.limits.timeout?,
            Stage::Terminated(at) => at.saturating_add(self.limits.kill_after?),
            Stage::Killed => return None,
        };
        Some(until.saturating_sub(ran))
    }

    /// Says what is due after the script has run so long.
    pub(super) fn due(&mut self, ran: Duration) -> Option<Escalation> {
        if self.left(ran)? > Duration::ZERO {
            return None;
        }
        let (stage, measure) = match self.stage {
            Stage::Running => (Stage::Terminated(ran), Escalation::Terminate),
            Stage::Terminated(_) | Stage::Killed => (Stage::Killed, Escalation::Kill),
        };
        self.stage = stage;
        Some(measure)
    }

    /// Notes a signal that was received at a time since the start, and returns what
    /// it leads to. Here time counts while the script is stopped, too.
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
        if !is_interrupt(signal) || self.is_echo(signal, pid, now) {
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
            return Some(Escalation::Escalate);
        }
        if self.interrupts.len() < 2 {
            return None;
        }
        self.warned = Some(now);
        Some(Escalation::Warn)
    }

    fn is_echo(&self, signal: Signal, pid: Option<i32>, now: Duration) -> bool {
        let same = |one: &Interrupt| {
            pid.is_some()
                && (one.signal, one.pid) == (signal, pid)
                && now.saturating_sub(one.at) < ECHO
        };
        self.interrupts.iter().any(same)
    }
}

fn is_interrupt(signal: Signal) -> bool {
    [unix::Signal::SIGINT, unix::Signal::SIGTERM]
        .iter()
        .any(|&one| one as i32 == signal.number())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn int(patience: &mut TerminationPolicy, pid: Option<i32>, millis: u64) -> Option<Escalation> {
        let sender = match pid {
            None => Sender::Kernel,
            Some(pid) => Sender::Process {
                pid,
                uid: 0,
                group: None,
            },
        };
        let at = Duration::from_millis(millis);
        patience.interrupted(Signal::new(2), sender, at)
    }

    #[test]
    fn the_timeout_is_followed_by_the_kill_and_by_nothing_more() {
        let mut patience = TerminationPolicy::new(TimeLimits {
            timeout: Some(10 * SECOND),
            kill_after: Some(5 * SECOND),
        });
        assert_eq!(patience.left(4 * SECOND), Some(6 * SECOND));
        assert_eq!(patience.due(9 * SECOND), None);
        assert_eq!(patience.due(11 * SECOND), Some(Escalation::Terminate));
        assert_eq!(patience.left(12 * SECOND), Some(4 * SECOND));
        assert_eq!(patience.due(12 * SECOND), None);
        assert_eq!(patience.due(16 * SECOND), Some(Escalation::Kill));
        assert_eq!(patience.left(17 * SECOND), None);
        assert_eq!(patience.due(99 * SECOND), None);
    }

    #[test]
    fn without_limits_nothing_is_ever_due() {
        let mut patience = TerminationPolicy::new(TimeLimits::default());
        assert_eq!(patience.left(SECOND), None);
        assert_eq!(patience.due(99_999 * SECOND), None);
        let mut patience = TerminationPolicy::new(TimeLimits {
            timeout: Some(SECOND),
            kill_after: None,
        });
        assert_eq!(patience.due(SECOND), Some(Escalation::Terminate));
        assert_eq!(
            (patience.left(SECOND), patience.due(99 * SECOND)),
            (None, None)
        );
    }

    #[test]
    fn the_second_interrupt_warns_and_the_third_within_ten_seconds_kills() {
        let mut patience = TerminationPolicy::new(TimeLimits::default());
        assert_eq!(int(&mut patience, None, 0), None);
        assert_eq!(int(&mut patience, None, 6_000), Some(Escalation::Warn));
        assert_eq!(int(&mut patience, None, 15_000), Some(Escalation::Escalate));
        let mut patience = TerminationPolicy::new(TimeLimits::default());
        assert_eq!(int(&mut patience, None, 0), None);
        assert_eq!(int(&mut patience, None, 11_000), None);
        assert_eq!(int(&mut patience, None, 12_000), Some(Escalation::Warn));
        assert_eq!(int(&mut patience, None, 23_000), None);
    }

    #[test]
    fn an_echo_is_no_second_interrupt_and_another_signal_is_none() {
        let mut patience = TerminationPolicy::new(TimeLimits::default());
        assert_eq!(int(&mut patience, Some(7), 0), None);
        assert_eq!(int(&mut patience, Some(7), 50), None);
        assert_eq!(int(&mut patience, Some(8), 60), Some(Escalation::Warn));
        let hup = patience.interrupted(Signal::new(1), Sender::Kernel, SECOND);
        assert_eq!(hup, None);
    }
}
