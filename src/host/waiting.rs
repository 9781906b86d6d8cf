//! Waits for the script: forwards signals, follows its stops, enforces its time limits.
//!
//! One thread waits, kills and reaps, so a signal is never sent to a process id after
//! it was reaped, and the id cannot be reused before.

use std::io;
use std::time::{Duration, Instant};

use nix::libc::{SIGCONT, SIGKILL, SIGTERM, SIGTSTP};
use nix::sys::signal as unix;
use nix::unistd::{Pid, getpgid, getpgrp, getpid, getsid};
use rustix::io::retry_on_intr;
use rustix::process::{WaitStatus, wait};

use super::child::{CHANGES, ChildEnd, end_of};
use super::descendants;
use super::disposition::Disposition;
use super::handlers::SignalHandlers;
use super::left_running;
use super::process::{self, Place};
use super::signals::{Received, Sender, Signal, SignalFacts, is_forwarded};
use super::streams::warn_now;
use super::terminal::{can_stop, stop_self};
use super::termination::{Escalation, TerminationPolicy};
use super::witness::{GroupSignals, IN_TURN};
use super::{TimeLimits, reason};

/// wait(2) adds this bit to the signal when a core was dumped.
const CORE_FLAG: i32 = 0x80;

/// A script that is being waited for.
pub(super) struct Waiting<'a> {
    pid: Pid,
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
    pub(super) fn new(pid: Pid, limits: TimeLimits, signals: &'a mut SignalHandlers) -> Self {
        Self {
            pid,
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
            while let Some(status) = self.poll_script()? {
                if let Some(end) = end_of(status) {
                    return Ok(self.finish(status, end, arrived));
                }
                self.follow(status, &mut arrived)?;
            }
            self.handle(arrived, self.stopped.is_some(), spawning);
            spawning = false;
            let at_most = self
                .enforce_limits()
                .into_iter()
                .chain(self.watch_group())
                .min();
            self.signals.wait(&[], at_most)?;
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
        let mut found = Disposition::of(self.pid.as_raw())?;
        self.caught |= found.caught;
        found.caught = self.caught;
        Some(found)
    }

    /// Returns a change of the script's state; reaps adopted children on the way.
    fn poll_script(&mut self) -> io::Result<Option<WaitStatus>> {
        while let Some((child, status)) = retry_on_intr(|| wait(CHANGES))? {
            let child = child.as_raw_nonzero().get();
            if child == self.pid.as_raw() {
                return Ok(Some(status));
            }
            if end_of(status).is_some() {
                self.group.forget(child);
            }
        }
        Ok(None)
    }

    fn finish(
        mut self,
        status: WaitStatus,
        end: Result<u8, Signal>,
        arrived: Vec<Received>,
    ) -> ChildEnd {
        self.group.end();
        // It may have been continued or killed just now.
        self.end.suspended += elapsed(self.stopped.take());
        // The script is reaped: these are not forwarded.
        self.end.received.extend(arrived);
        let left = self.left_running();
        self.end.received.append(&mut self.signals.drain());
        self.end.received.extend(self.signals.drain_others());
        if self.end.timed_out {
            left_running::report(&left);
        }
        ChildEnd {
            core: end.is_err() && status.as_raw() & CORE_FLAG != 0,
            status: end,
            left_running: (!left.is_empty()).then_some(left.len()),
            ..self.end
        }
    }

    /// What was signalled at a time limit gets a moment to end.
    fn left_running(&mut self) -> Vec<i32> {
        const MOMENT: Duration = Duration::from_millis(100);
        let since = Instant::now();
        loop {
            let left = left_running::find();
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
            self.group.resume();
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
            one.forwarded =
                is_forwarded(one.signal, one.sender, facts) && one.signal.send(self.pid).is_ok();
            self.end.received.push(one);
        }
        self.group.done();
    }

    fn facts(&self, sender: Sender) -> SignalFacts {
        SignalFacts {
            from_script: self.is_ours(sender),
            apart: getpgid(Some(self.pid)).is_ok_and(|group| group != getpgrp()),
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
        pid == self.pid.as_raw() || process::descends_from(pid, getpid().as_raw())
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
        let pid = self.pid;
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
        let groups = [Ok(getpgrp()), getpgid(Some(self.pid))];
        let mut found = descendants::of(getpid().as_raw());
        found.retain(|one| {
            let in_group = groups.contains(&Ok(Pid::from_raw(one.group)));
            in_group && one.pid != self.pid.as_raw() && !self.group.is_witness(one.pid)
        });
        found
    }

    /// Follows a stop of the script, so that the shell gets its prompt back.
    fn follow(&mut self, status: WaitStatus, arrived: &mut Vec<Received>) -> io::Result<()> {
        let Some(number) = status.stopping_signal() else {
            self.end.suspended += elapsed(self.stopped.take());
            return Ok(());
        };
        self.stopped.get_or_insert_with(Instant::now);
        if !can_stop() {
            return Ok(());
        }
        stop_self(match unix::Signal::try_from(number) {
            // The shell must see that the script asks for the terminal.
            Ok(signal @ (unix::Signal::SIGTTIN | unix::Signal::SIGTTOU)) => signal,
            // A caught TSTP would not stop qli.
            _ => unix::Signal::SIGSTOP,
        });
        // Whoever continued qli continued the script too, which may end before its
        // state is read: the time so far is counted now, and the rest from now on.
        self.end.suspended += elapsed(self.stopped.replace(Instant::now()));
        self.group.resume();
        arrived.append(&mut self.signals.drain());
        self.drop_followed(arrived);
        self.continue_script()
    }

    /// A TSTP from before the stop must not stop the script once more.
    fn drop_followed(&mut self, arrived: &mut Vec<Received>) {
        let is_stop = |one: &mut Received| one.signal.number() == SIGTSTP;
        self.end.received.extend(arrived.extract_if(.., is_stop));
    }

    /// After qli was continued: if the whole group was continued, so was the script.
    /// CONT must not reach it twice, so it is only sent if the script is still stopped
    /// a moment later.
    fn continue_script(&mut self) -> io::Result<()> {
        const MOMENT: Duration = Duration::from_millis(50);
        let since = Instant::now();
        while let Some(left) = MOMENT.checked_sub(since.elapsed()) {
            if has_changed(self.pid)? {
                return Ok(());
            }
            self.signals.wait(&[], Some(left))?;
            // Not "stopped": the CONT that woke qli is not for the script.
            let arrived = self.signals.drain();
            self.handle(arrived, false, false);
        }
        Signal::new(SIGCONT).send(self.pid)
    }
}

fn elapsed(since: Option<Instant>) -> Duration {
    since.map_or(Duration::ZERO, |since| since.elapsed())
}

/// Whether the script's state has changed; the change can still be waited for.
fn has_changed(pid: Pid) -> io::Result<bool> {
    use rustix::process::{WaitId, WaitIdOptions, waitid};
    let Some(pid) = rustix::process::Pid::from_raw(pid.as_raw()) else {
        return Ok(false);
    };
    let options = WaitIdOptions::NOHANG
        | WaitIdOptions::NOWAIT
        | WaitIdOptions::EXITED
        | WaitIdOptions::STOPPED
        | WaitIdOptions::CONTINUED;
    let found = retry_on_intr(|| waitid(WaitId::Pid(pid), options))?;
    Ok(found.is_some())
}
