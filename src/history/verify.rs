//! Holding logs against their chains, line by line.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::rc::Rc;

use super::anchors::{Anchor, AnchorState, Anchors, is_given};
use super::chain::{Chain, Position};
use super::compact::{Id, Time};
use super::parsed::{EventKind, Examined, NotARecord, ParsedRecord, Seen, Tail, What};
use super::problem::{Fault, LineLocation, Problem, RecordName};
use super::recent::Recent;
use super::verified::{Kind, Verified, VerifiedChain};
use crate::audit::Checkpoint;
use crate::names::Sha256;

/// Holds logs against their chains. What it keeps grows with the number of
/// chains and of open runs, not with the length of the logs.
pub struct Verifier<'a> {
    tell: &'a mut dyn FnMut(Problem),
    chains: Vec<Chain>,
    /// Numbers in `chains`, by chain and host.
    numbers: BTreeMap<(String, String), usize>,
    latest: usize,
    /// Runs without an end yet, with the family of their chain.
    open: BTreeSet<(Id, usize)>,
    anchors: Anchors,
    recent: Recent,
    given: Vec<(Rc<Path>, Kind)>,
    log: Rc<Path>,
    kind: Kind,
    line: u64,
    /// The line above, if it is no record: a crash may have torn it.
    torn: Option<Pending>,
    verified: Verified,
}

#[derive(Debug)]
struct Pending {
    problem: Problem,
    length: u64,
    sha256: Sha256,
}

impl std::fmt::Debug for Verifier<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier")
            .field("verified", &self.verified)
            .finish_non_exhaustive()
    }
}

impl<'a> Verifier<'a> {
    /// Begins; each problem is told as soon as it is known.
    pub fn new(anchors: Vec<Checkpoint>, tell: &'a mut dyn FnMut(Problem)) -> Self {
        Self {
            tell,
            chains: Vec::new(),
            numbers: BTreeMap::new(),
            latest: 0,
            open: BTreeSet::new(),
            anchors: Anchors::new(anchors),
            recent: Recent::default(),
            given: Vec::new(),
            log: Path::new("").into(),
            kind: Kind::Log,
            line: 0,
            torn: None,
            verified: Verified::default(),
        }
    }

    /// Goes on with another input. A chain goes on in it where the one before
    /// has left off.
    pub fn begin(&mut self, log: &Path, kind: Kind) {
        self.settle_torn(None);
        self.log = log.into();
        self.kind = kind;
        self.line = 0;
        self.given.push((Rc::clone(&self.log), kind));
    }

    /// Takes the lines of a block.
    pub(super) fn take(&mut self, examined: Examined) {
        let mut numbers = vec![None; examined.chains.len()];
        for seen in examined.seen {
            self.line += 1;
            self.verified.lines += 1;
            self.verified.bytes += seen.length + u64::from(seen.ended);
            match seen.what {
                What::Record(ref facts) => {
                    self.record(&seen, facts, &examined.chains, &mut numbers);
                }
                What::Empty => {
                    self.settle_torn(None);
                    self.tell(Some(&seen), None, Fault::Empty);
                }
                What::NotARecord(why, tail, sha256) => {
                    self.foreign(&seen, why, tail, sha256);
                }
            }
        }
    }

    fn foreign(&mut self, seen: &Seen, why: NotARecord, tail: Option<Tail>, sha256: Sha256) {
        self.settle_torn(None);
        // What damaged it may have left its end alone.
        let was_next = tail.is_some_and(|tail| {
            let chain = self.chains.get_mut(self.latest);
            chain.is_some_and(|chain| chain.skip(tail))
        });
        let fault = match (was_next, seen.ended) {
            (false, false) => Fault::Torn(seen.length),
            (_, true) | (true, _) => Fault::NotARecord(why),
        };
        let problem = Problem {
            location: Some(self.location(seen)),
            record: None,
            fault,
        };
        self.torn = Some(Pending {
            problem,
            length: seen.length,
            sha256,
        });
    }

    /// Tells of a line that was no record, unless what follows says that a
    /// crash tore it.
    fn settle_torn(&mut self, recovered: Option<(u64, Sha256)>) -> bool {
        let Some(pending) = self.torn.take() else {
            return false;
        };
        if recovered == Some((pending.length, pending.sha256)) {
            return true;
        }
        self.verified.problems += 1;
        (self.tell)(pending.problem);
        false
    }

    fn record(
        &mut self,
        seen: &Seen,
        facts: &ParsedRecord,
        names: &[(String, String)],
        numbers: &mut [Option<usize>],
    ) {
        let sound = facts.computed == facts.tail.hash;
        if self.kind == Kind::Stream && sound && self.recent.has(facts.tail.hash) {
            self.verified.repeated += 1;
            return;
        }
        let recovered = match facts.role {
            EventKind::Recovered(torn) => torn,
            EventKind::Start | EventKind::End | EventKind::Other => None,
        };
        let explained = self.settle_torn(recovered);
        let known = numbers.get(facts.of).copied().flatten();
        let Some(number) = known.or_else(|| self.number(seen, facts, names)) else {
            return;
        };
        if let Some(slot) = numbers.get_mut(facts.of) {
            *slot = Some(number);
        }
        self.latest = number;
        if !sound {
            let fault = Fault::Changed {
                expected: facts.tail.hash,
                found: facts.computed,
            };
            self.tell_of(seen, facts, number, fault);
        }
        if recovered.is_some() && !explained && self.kind == Kind::Log {
            self.tell_of(seen, facts, number, Fault::TornLineGone);
        }
        self.in_chain(seen, facts, number, sound);
    }

    /// Finds a record's chain, or begins it. A record that was changed is taken
    /// for one of the chain it follows, whatever it says.
    fn number(
        &mut self,
        seen: &Seen,
        facts: &ParsedRecord,
        names: &[(String, String)],
    ) -> Option<usize> {
        let (host, chain) = names.get(facts.of)?;
        let key = (chain.clone(), host.clone());
        if let Some(&number) = self.numbers.get(&key) {
            return Some(number);
        }
        let latest = self.chains.get(self.latest);
        let follows = latest.is_some_and(|latest| latest.is_followed_by(facts.tail));
        if follows && facts.computed != facts.tail.hash {
            return Some(self.latest);
        }
        // A machine that was renamed keeps its logs.
        let same = self.numbers.range((chain.clone(), String::new())..);
        let mut same = same.take_while(|((name, _), _)| name == chain);
        let before = same.find_map(|(_, &number)| {
            let before = self.chains.get(number)?;
            before
                .is_followed_by(facts.tail)
                .then(|| before.renamed(host))
        });
        let begun = before.unwrap_or_else(|| {
            Chain::new((host, chain), self.chains.len(), facts, self.location(seen))
        });
        self.chains.push(begun);
        let number = self.chains.len() - 1;
        self.numbers.insert(key, number);
        Some(number)
    }

    fn in_chain(&mut self, seen: &Seen, facts: &ParsedRecord, number: usize, sound: bool) {
        let Some(chain) = self.chains.get_mut(number) else {
            return;
        };
        if sound && chain.begins_with(facts.tail) {
            let problem = Problem {
                location: Some(chain.first_place.clone()),
                record: None,
                fault: Fault::Ahead {
                    expected: 0,
                    found: chain.first,
                },
            };
            chain.begin_anew();
            self.verified.problems += 1;
            (self.tell)(problem);
        }
        let Some(chain) = self.chains.get_mut(number) else {
            return;
        };
        let intact = !chain.damaged && sound;
        chain.damaged |= !sound;
        let (standing, fault) = chain.take(facts, &self.log);
        if standing == Position::InOrder {
            let pair = self.pair(facts, number, intact && fault.is_none());
            if let Some(fault) = pair {
                self.tell_of(seen, facts, number, fault);
            }
        }
        if let Some(fault) = fault {
            self.tell_of(seen, facts, number, fault);
        }
        if !self.anchors.is_empty() {
            for head in self.anchored(facts, number, sound) {
                self.tell_of(seen, facts, number, Fault::Rewritten(head));
            }
        }
        if self.kind == Kind::Stream {
            self.recent.add(facts.tail.hash);
        }
        if !seen.ended {
            self.tell_of(seen, facts, number, Fault::Unended);
        }
    }

    /// Holds the starts against the ends.
    fn pair(&mut self, facts: &ParsedRecord, number: usize, intact: bool) -> Option<Fault> {
        let chain = self.chains.get(number)?;
        let run = (facts.run_id.clone()?, chain.family);
        match facts.role {
            EventKind::Start => (!self.open.insert(run)).then_some(Fault::SecondStart),
            EventKind::End => {
                let missing = !self.open.remove(&run) && intact && !facts.spooled;
                // An id begins with its time; its start cannot stand in an older log.
                let kept = || chain.first == 0 && is_younger(&run.0, &chain.first_time);
                (missing && kept()).then_some(Fault::EndWithoutStart)
            }
            EventKind::Recovered(_) | EventKind::Other => None,
        }
    }

    /// Ends: tells what is only known now.
    pub fn end(mut self) -> Verified {
        self.settle_torn(None);
        for anchor in std::mem::take(&mut self.anchors).into_all() {
            self.end_anchor(anchor);
        }
        let chains = self
            .numbers
            .values()
            .filter_map(|&number| self.chains.get(number));
        self.verified.chains = chains
            .map(|chain| VerifiedChain {
                first: chain.first,
                first_place: chain.first_place.clone(),
                records: chain.records,
                head: chain.head(),
            })
            .collect();
        self.verified
    }

    /// Holds a record against its anchors; returns those it does not meet.
    fn anchored(&mut self, facts: &ParsedRecord, number: usize, sound: bool) -> Vec<Checkpoint> {
        let chain = self.chains.get(number);
        let of = chain.map(|chain| (chain.name.clone(), chain.host.clone()));
        of.map_or_else(Vec::new, |of| self.anchors.hold(&of, facts.tail, sound))
    }

    fn end_anchor(&mut self, anchor: Anchor) {
        let Anchor { head, state } = anchor;
        match state {
            AnchorState::Awaited => {}
            AnchorState::Met => {
                self.verified.anchors_met += 1;
                return;
            }
            AnchorState::Reported => return,
        }
        let number = self.numbers.get(&(head.chain.clone(), head.host.clone()));
        let chain = number.and_then(|&number| self.chains.get(number));
        match chain {
            None if is_given(&head, &self.given) => self.tell(None, None, Fault::ChainGone(head)),
            None => self.verified.anchors_elsewhere += 1,
            Some(chain) if head.seq < chain.first => self.verified.anchors_before += 1,
            Some(chain) => {
                let last = chain.last.tail.seq;
                self.tell(None, None, Fault::CutTail(head, last));
            }
        }
    }

    fn location(&self, seen: &Seen) -> LineLocation {
        LineLocation {
            log: Rc::clone(&self.log),
            line: self.line,
            offset: seen.offset,
        }
    }

    fn tell_of(&mut self, seen: &Seen, facts: &ParsedRecord, number: usize, fault: Fault) {
        let chain = self.chains.get(number);
        let record = chain.map(|chain| RecordName {
            host: chain.host.clone(),
            chain: chain.name.clone(),
            seq: facts.tail.seq,
            run_id: facts.run_id.as_ref().map(ToString::to_string),
        });
        self.tell(Some(seen), record, fault);
    }

    fn tell(&mut self, seen: Option<&Seen>, record: Option<RecordName>, fault: Fault) {
        self.verified.problems += 1;
        let location = seen.map(|seen| self.location(seen));
        (self.tell)(Problem {
            location,
            record,
            fault,
        });
    }
}

/// Says whether a run began after a time.
fn is_younger(run: &Id, time: &Time) -> bool {
    let time = chrono::DateTime::parse_from_rfc3339(&time.to_string()).ok();
    match (run.millis(), time) {
        (Some(run), Some(time)) => run > time.timestamp_millis(),
        (_, None) | (None, _) => false,
    }
}

#[cfg(test)]
mod tests;
