//! Waits for the script: forwards signals, follows its stops, enforces its time limits.
//!
//! One thread waits, kills and reaps, so a signal is never sent to a process id after
//! it was reaped, and the id cannot be reused before.

use std::io;
use std::time::{Duration, Instant};

use nix::libc::{SIGCONT, SIGHUP, SIGKILL, SIGTERM, SIGWINCH};
use nix::unistd::{Pid, getpgid, getpgrp, getpid, getsid};

mod stops;

use super::child::ChildEnd;
use super::descendants;
use super::disposition::Disposition;
use super::handlers::SignalHandlers;
use super::left_running;
use super::process::{self, Place};
use super::relay::Relay;
use super::script::{Change, Script};
use super::signals::{Received, Sender, Signal, SignalFacts, is_forwarded, is_of_terminal};
use super::streams::warn_now;
use super::termination::{Escalation, TerminationPolicy};
use super::witness::{GroupSignals, IN_TURN};
use super::{TimeLimits, reason};

/// A script that is being waited for.
pub(super) struct Waiting<'a> {
    script: Script,
    relay: Option<&'a mut Relay>,
    signals: &'a mut SignalHandlers,
    group: GroupSignals,
    policy: TerminationPolicy,
    since: Instant,
    /// Since when the script has been stopped.
    stopped: Option<Instant>,
    /// The signals that the script was ever seen to catch (a bit mask). A handler often
    /// resets its signal first and cleans up then, so that "not caught" proves nothing.
    caught: u64,
    /// What it had started and was signalled last.
    signalled: Vec<i32>,
    /// What is known of its end so far.
    end: ChildEnd,
}

impl<'a> Waiting<'a> {
    pub(super) fn new(
        script: Script,
        relay: Option<&'a mut Relay>,
        limits: TimeLimits,
        signals: &'a mut SignalHandlers,
    ) -> Self {
        Self {
            script,
            relay,
            signals,
            group: GroupSignals::new(),
            policy: TerminationPolicy::new(limits),
            since: Instant::now(),
            stopped: None,
            caught: 0,
            signalled: Vec::new(),
            end: ChildEnd::default(),
        }
    }

    /// How long the script has run, without the time it was stopped.
    fn running_time(&self) -> Duration {
        let stopped = self.end.suspended + elapsed(self.stopped);
        self.since.elapsed().saturating_sub(stopped)
    }

    /// Waits for the end. What arrived before the first round may have arrived before
    /// the script existed.
    pub(super) fn until_end(mut self) -> io::Result<ChildEnd> {
        let mut arrived = self.signals.drain();
        let mut spawning = true;
        loop {
            while let Some(change) = self.next_change()? {
                match change {
                    Change::Ended { status, core } => {
                        return Ok(self.finish(status, core, arrived));
                    }
                    Change::Stopped(signal) => self.follow(signal, &mut arrived)?,
                    Change::Continued => self.end.suspended += elapsed(self.stopped.take()),
                }
            }
            self.handle(arrived, self.stopped.is_some(), spawning);
            spawning = false;
            let at_most = self
                .enforce_limits()
                .into_iter()
                .chain(self.watch_group())
                .min();
            let others: Vec<_> = self.script.fd().into_iter().collect();
            self.signals.wait(&others, at_most)?;
            // Taken before the script's state is read, so that no CHLD is missed, and
            // handled after it: a CONT is forwarded to a script whose stop was
            // reported by a CHLD that arrived with it.
            arrived = self.signals.drain();
        }
    }

    fn watch_group(&mut self) -> Option<Duration> {
        let due = self.group.starts_in();
        if due.is_none() {
            // Before there is a witness, whose signals are compared with it.
            self.look();
            self.group.start_if_due();
        }
        due
    }

    /// None if the script has ended or is ending.
    fn look(&mut self) -> Option<Disposition> {
        let mut found = Disposition::of(self.script.pid().as_raw())?;
        self.caught |= found.caught;
        found.caught = self.caught;
        Some(found)
    }

    /// Returns a change of the script's state; reaps adopted children on the way.
    fn next_change(&mut self) -> io::Result<Option<Change>> {
        let mut reaped = Vec::new();
        let change = self
            .script
            .next(&mut |child, was_killed| reaped.push((child, was_killed)));
        for (child, was_killed) in reaped {
            self.group.forget(child);
            if was_killed {
                self.forget_relay(child);
            }
        }
        change
    }

    /// A relay that is killed takes the script's terminal with it.
    fn forget_relay(&mut self, child: i32) {
        if self
            .relay
            .as_ref()
            .is_some_and(|one| one.pid().as_raw() == child)
        {
            if let Some(relay) = self.relay.take() {
                relay.was_killed = true;
            }
            if self.script.is_monitored() {
                // It fails only if the script has just ended.
                drop(self.script.send(Signal::new(SIGHUP), true));
            }
        }
    }

    fn finish(
        mut self,
        status: Result<u8, Signal>,
        core: bool,
        arrived: Vec<Received>,
    ) -> ChildEnd {
        // A relay that was killed may not be noticed yet; there may be no child any more.
        drop(self.next_change());
        self.group.end();
        self.script.release();
        // It may have been continued or killed just now.
        self.end.suspended += elapsed(self.stopped.take());
        // The script is reaped: these are not forwarded.
        self.end.received.extend(arrived);
        let left = self.left_running();
        self.end.received.append(&mut self.signals.drain());
        self.end.received.extend(self.signals.drain_others());
        self.note_typed();
        if self.end.timed_out {
            left_running::report(&left);
        }
        ChildEnd {
            status,
            core,
            left_running: (!left.is_empty()).then_some(left.len()),
            ..self.end
        }
    }

    /// The keys that made a signal on the script's own terminal, as if qli had got it, too.
    fn note_typed(&mut self) {
        let typed = self.relay.iter_mut().flat_map(|relay| relay.take_typed());
        self.end.received.extend(typed.map(|number| Received {
            signal: Signal::new(number),
            sender: Sender::Kernel,
            forwarded: false,
        }));
    }

    /// What was signalled at a time limit gets a moment to end.
    fn left_running(&mut self) -> Vec<i32> {
        const MOMENT: Duration = Duration::from_millis(100);
        let since = Instant::now();
        loop {
            let mut left = left_running::find();
            left.retain(|pid| !self.is_own(*pid));
            let ends = left.iter().any(|pid| self.signalled.contains(pid));
            let rest = MOMENT.checked_sub(since.elapsed()).filter(|_| ends);
            if rest.is_none() || self.signals.wait(&[], rest).is_err() {
                return left;
            }
            let arrived = self.signals.drain();
            self.end.received.extend(arrived);
        }
    }

    fn handle(&mut self, arrived: Vec<Received>, stopped: bool, spawning: bool) {
        if arrived.is_empty() {
            return;
        }
        self.group.begin();
        // As early as possible: a handler may be running already.
        self.look();
        if arrived.iter().any(|one| one.signal.number() == SIGCONT) {
            self.resume();
        }
        let facts: Vec<_> = arrived
            .iter()
            .map(|one| SignalFacts {
                stopped,
                spawning,
                ..self.facts(one.sender)
            })
            .collect();
        let to_group = self.sent_to_group(&arrived, &facts);
        for ((mut one, facts), to_group) in arrived.into_iter().zip(facts).zip(to_group) {
            let facts = SignalFacts { to_group, ..facts };
            // Sending fails if the script has just ended: not forwarded.
            one.forwarded = self.is_forwarded(&one, facts) && self.forward(&one, facts).is_ok();
            self.end.received.push(one);
        }
        self.group.done();
    }

    /// The size of a terminal is passed on first, and that tells a script in its foreground.
    fn is_forwarded(&mut self, one: &Received, facts: SignalFacts) -> bool {
        let resized = one.signal.number() == SIGWINCH && one.sender == Sender::Kernel;
        if !self.script.is_monitored() {
            return is_forwarded(one.signal, one.sender, facts);
        }
        // The kernel sends one to the group of a terminal that hangs up.
        let hung_up = one.signal.number() == SIGCONT && one.sender == Sender::Kernel;
        if resized {
            self.relay.iter_mut().for_each(|relay| relay.resize());
            return !self.script.is_foreground();
        }
        (hung_up && !facts.leads_session) || is_forwarded(one.signal, one.sender, facts)
    }

    /// A script with a terminal of its own has not got what was sent to qli's whole group,
    /// and so its group has not.
    fn forward(&self, one: &Received, facts: SignalFacts) -> io::Result<()> {
        let by_terminal =
            one.sender == Sender::Kernel && is_of_terminal(one.signal.number(), false);
        let to_group = self.script.is_monitored() && (facts.to_group || by_terminal);
        self.script.send(one.signal, to_group)
    }

    fn facts(&self, sender: Sender) -> SignalFacts {
        SignalFacts {
            from_script: self.is_ours(sender),
            apart: getpgid(Some(self.script.pid())).is_ok_and(|group| group != getpgrp()),
            leads_session: getsid(None).is_ok_and(|session| session == getpid()),
            ..SignalFacts::default()
        }
    }

    /// Whether the script or a process that it started sent a signal. A sender that
    /// has exited is unknown.
    fn is_ours(&self, sender: Sender) -> bool {
        let Sender::Process { pid, .. } = sender else {
            return false;
        };
        // What the script leaves running becomes a child of qli.
        pid == self.script.pid().as_raw() || process::descends_from(pid, getpid().as_raw())
    }

    /// Asks the witness about every signal, so that none stays pending there and hides
    /// a later one, but waits for it only where the answer decides.
    fn sent_to_group(&mut self, arrived: &[Received], facts: &[SignalFacts]) -> Vec<bool> {
        let pairs = arrived.iter().zip(facts);
        let unsettled = pairs.map(|(one, facts)| {
            one.sender != Sender::Kernel && is_forwarded(one.signal, one.sender, *facts)
        });
        let unsettled: Vec<_> = unsettled.collect();
        let mut to_group = self.group.find(arrived, &unsettled);
        let decisive = unsettled.into_iter().zip(&to_group).map(|(a, b)| a && *b);
        let missed = self.find_missed(arrived, &decisive.collect::<Vec<_>>());
        for (to_group, missed) in to_group.iter_mut().zip(missed) {
            *to_group = *to_group && !missed;
        }
        to_group
    }

    /// For each signal that the witness got, too, whether the script has not got it: it
    /// would have died of it, and lives. So a sender chose processes by their program.
    fn find_missed(&mut self, arrived: &[Received], asked: &[bool]) -> Vec<bool> {
        let none = vec![false; arrived.len()];
        let Some(before) = self.look() else {
            return none;
        };
        let mut all = arrived.iter().zip(asked);
        if !all.any(|(one, asked)| *asked && before.may_lack(one.signal)) {
            return none;
        }
        std::thread::sleep(IN_TURN);
        let Some(now) = self.look() else {
            return none;
        };
        let all = arrived.iter().zip(asked);
        all.map(|(one, asked)| *asked && now.lacks(one.signal))
            .collect()
    }

    /// Ends the script if a limit has passed; returns when to check again. Time does
    /// not count while the script is stopped.
    fn enforce_limits(&mut self) -> Option<Duration> {
        if self.stopped.is_some() {
            return None;
        }
        let ran = self.running_time();
        if let Some(due) = self.policy.due(ran) {
            self.escalate(due);
        }
        self.policy.left(ran)
    }

    /// Does what is due, and reports it.
    fn escalate(&mut self, due: Escalation) {
        let pid = self.script.pid();
        let (number, why) = match due {
            Escalation::Terminate(t) => (SIGTERM, format!("still running after {t:?} (timeout)")),
            Escalation::Kill(t) => (
                SIGKILL,
                format!("still running {t:?} after SIGTERM (kill_after)"),
            ),
        };
        let signal = Signal::new(number);
        let name = signal.name();
        let started = self.started();
        // It fails if the script now runs as another user.
        if let Err(error) = signal.send(pid) {
            let to = format!("cannot send {name} to process {pid}");
            return warn_now(&format!("{why}: {to}: {}", reason(&error)));
        }
        self.end.timed_out |= number == SIGTERM;
        let own = getpid().as_raw();
        let sent = started
            .into_iter()
            .filter(|one| descendants::signal(*one, own, signal).is_some());
        self.signalled = sent.map(|one| one.pid).collect();
        let more = match self.signalled.len() {
            0 => String::new(),
            count => format!(" and {count} that it started"),
        };
        warn_now(&format!("{why}: sent {name} to process {pid}{more}"));
    }

    /// What the script has started and has not moved to another process group, as a
    /// daemon does.
    fn started(&self) -> Vec<Place> {
        let groups = [Ok(getpgrp()), getpgid(Some(self.script.pid()))];
        let mut found = descendants::of(getpid().as_raw());
        found.retain(|one| {
            let in_group = groups.contains(&Ok(Pid::from_raw(one.group)));
            in_group && one.pid != self.script.pid().as_raw() && !self.is_own(one.pid)
        });
        found
    }

    /// Whether a process is qli's own, and not started by the script.
    fn is_own(&self, pid: i32) -> bool {
        let relay = self.relay.as_ref().map(|one| one.pid());
        let own = [relay, self.script.monitor_pid()];
        self.group.is_witness(pid) || own.contains(&Some(Pid::from_raw(pid)))
    }
}

fn elapsed(since: Option<Instant>) -> Duration {
    since.map_or(Duration::ZERO, |since| since.elapsed())
}
