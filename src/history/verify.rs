//! Checks logs against their chains, line by line.

use std::collections::BTreeSet;
use std::path::Path;
use std::rc::Rc;

use super::anchors::{Anchors, is_given};
use super::chain::Position;
use super::chains::{Chains, Foreign};
use super::parsed::{ChainName, ExaminedLine, LineContent, ParsedRecord};
use super::problem::{LineLocation, Problem, RecordName};
use super::recent::Recent;
use super::short_text::ShortText;
use super::verified::{InputKind, Verified, VerifiedChain, VerifiedInput};
use crate::audit::codec::{NotARecord, Seal};
use crate::audit::{Checkpoint, EventName, RunId};
use crate::names::Sha256;

/// Checks logs against their chains. Memory grows with the number of chains and
/// of open runs, not with the length of the logs.
#[expect(missing_debug_implementations, reason = "a closure has none")]
pub struct Verifier<'a> {
    report: &'a mut dyn FnMut(Problem),
    chains: Chains,
    /// Runs without an end yet, with the family of their chain.
    open: BTreeSet<(ShortText, usize)>,
    anchors: Anchors,
    recent: Recent,
    log: Rc<Path>,
    kind: InputKind,
    line: u64,
    /// The line before, if it is not a record, by its length and hash: a crash may
    /// have torn it.
    torn: Option<(Problem, (u64, Sha256))>,
    verified: Verified,
}

impl<'a> Verifier<'a> {
    /// Starts; each problem is reported as soon as it is known.
    pub fn new(anchors: Vec<Checkpoint>, report: &'a mut dyn FnMut(Problem)) -> Self {
        Self {
            report,
            chains: Chains::default(),
            open: BTreeSet::new(),
            anchors: Anchors::new(anchors),
            recent: Recent::default(),
            log: Path::new("").into(),
            kind: InputKind::Log,
            line: 0,
            torn: None,
            verified: Verified::default(),
        }
    }

    /// Goes to another input. Chains continue in it from the one before.
    pub fn begin(&mut self, log: &Path, kind: InputKind) {
        self.settle_torn(None);
        self.chains.begin();
        self.log = log.into();
        self.kind = kind;
        self.line = 0;
        self.verified.inputs.push(VerifiedInput {
            log: Rc::clone(&self.log),
            kind,
            records: 0,
            problems: 0,
        });
    }

    /// Checks that the input had a line: qli creates a log to write to it.
    pub fn expect_lines(&mut self) {
        if self.line == 0 {
            let location = LineLocation {
                log: Rc::clone(&self.log),
                line: 1,
                offset: 0,
            };
            self.report(Problem::empty_log().at(location, None));
        }
    }

    /// Checks the lines of a block.
    pub(super) fn check(&mut self, lines: Vec<ExaminedLine>) {
        for line in lines {
            self.line += 1;
            self.verified.lines += 1;
            self.verified.bytes += line.length + u64::from(line.ended);
            match line.content {
                LineContent::Record(ref record) => self.record(&line, record),
                LineContent::Empty => {
                    self.settle_torn(None);
                    let problem = Problem::empty_line().at(self.location(&line), None);
                    self.report(problem);
                }
                LineContent::NotARecord(why, seal, sha256) => {
                    self.not_a_record(&line, why, seal, sha256);
                }
            }
        }
    }

    fn not_a_record(
        &mut self,
        line: &ExaminedLine,
        why: NotARecord,
        seal: Option<Seal>,
        sha256: Sha256,
    ) {
        self.settle_torn(None);
        // Its end may be intact.
        let was_next = seal.is_some_and(|seal| {
            let chain = self.chains.latest_mut();
            chain.is_some_and(|chain| chain.skip(seal))
        });
        let fault = if was_next || line.ended {
            Problem::not_a_record(why)
        } else {
            Problem::torn(line.length)
        };
        let problem = fault.at(self.location(line), None);
        self.torn = Some((problem, (line.length, sha256)));
    }

    /// Reports a line that is not a record, unless the next line is a
    /// `recovered` record for it. Returns whether it is.
    fn settle_torn(&mut self, recovered: Option<(u64, Sha256)>) -> bool {
        let Some((problem, torn)) = self.torn.take() else {
            return false;
        };
        let is_recovered = recovered == Some(torn);
        if !is_recovered {
            self.report(problem);
        }
        is_recovered
    }

    fn record(&mut self, line: &ExaminedLine, record: &ParsedRecord) {
        if let Some(input) = self.verified.inputs.last_mut() {
            input.records += 1;
        }
        let intact = record.is_intact();
        if self.kind == InputKind::Stream && intact && self.recent.has(record.seal.hash) {
            self.verified.repeated += 1;
            return;
        }
        let recovered = record
            .torn
            .filter(|_| record.event == Some(EventName::Recovered));
        let explained = self.settle_torn(recovered);
        let entered = self.chains.enter(record, self.kind, self.location(line));
        if !intact {
            let fault = Problem::changed(record.seal.hash, record.computed);
            self.report_on(line, record, fault);
        }
        if let Err(foreign) = entered {
            self.foreign(line, record, foreign);
            return;
        }
        if recovered.is_some() && !explained && self.kind == InputKind::Log {
            self.report_on(line, record, Problem::torn_line_gone());
        }
        self.in_chain(line, record);
    }

    /// Reports a record of another chain than its log, the first of several that
    /// follow each other.
    fn foreign(&mut self, line: &ExaminedLine, record: &ParsedRecord, foreign: Foreign) {
        let own = self.chains.latest().map(|chain| chain.name.chain.clone());
        let fault = match own {
            Some(own) if record.is_intact() && !foreign.is_repeated => {
                Some(Problem::foreign_chain(&own, record))
            }
            _ => None,
        };
        let no_line_end = (!line.ended).then(Problem::no_line_end);
        for fault in fault.into_iter().chain(no_line_end) {
            self.report_on(line, record, fault);
        }
    }

    fn in_chain(&mut self, line: &ExaminedLine, record: &ParsedRecord) {
        let Some(chain) = self.chains.latest_mut() else {
            return;
        };
        let intact = record.is_intact();
        let restarts = intact && chain.restarts_with(record.seal);
        let restarted = restarts.then(|| chain.restart());
        let chain_intact = !chain.damaged && intact;
        chain.damaged |= !intact;
        let (position, fault) = chain.add(record, &self.log);
        let (met, mismatched) = self.anchors.check(&chain.name, record.seal, intact);
        self.verified.anchors.met += met;
        if let Some(problem) = restarted {
            self.report(problem);
        }
        let unpaired = (position == Position::InOrder)
            .then(|| self.pair(record, chain_intact && fault.is_none()))
            .flatten();
        let rewritten = mismatched.into_iter().map(Problem::rewritten);
        let no_line_end = (!line.ended).then(Problem::no_line_end);
        let faults = unpaired.into_iter().chain(fault).chain(rewritten);
        for fault in faults.chain(no_line_end) {
            self.report_on(line, record, fault);
        }
        if self.kind == InputKind::Stream {
            self.recent.insert(record.seal.hash);
        }
    }

    /// Matches starts and ends.
    fn pair(&mut self, record: &ParsedRecord, intact: bool) -> Option<Problem> {
        let chain = self.chains.latest()?;
        let event = record.event?;
        let run = (record.run_id.clone()?, chain.family);
        if event == EventName::Start {
            return (!self.open.insert(run)).then(Problem::second_start);
        }
        if !event.is_end() {
            return None;
        }
        if record.start_gone {
            // It may be in a file that was moved away, whose chain ended there.
            let all = (run.0.clone(), 0)..=(run.0, usize::MAX);
            let start = self.open.range(all).next().cloned();
            let is_missing = !start.is_some_and(|start| self.open.remove(&start));
            return (is_missing && record.is_intact()).then(Problem::end_without_start);
        }
        let is_missing = !self.open.remove(&run) && intact && !record.spooled;
        // An id begins with its time; its start cannot be in an older log.
        let covered = || chain.first == 0 && is_younger(&run.0, &chain.first_time);
        (is_missing && covered()).then(Problem::end_without_start)
    }

    /// Finishes: reports what is only known now.
    pub fn end(mut self) -> Verified {
        self.settle_torn(None);
        for checkpoint in std::mem::take(&mut self.anchors).into_pending() {
            self.unmet(checkpoint);
        }
        let chains = self.chains.iter();
        self.verified.chains = chains
            .map(|chain| VerifiedChain {
                first: chain.first,
                first_location: chain.first_location.clone(),
                records: chain.records,
                head: chain.head(),
            })
            .collect();
        self.verified
    }

    /// Reports or counts an anchor whose record did not come.
    fn unmet(&mut self, checkpoint: Checkpoint) {
        let chain = ChainName::new(&checkpoint.chain, &checkpoint.host);
        match self.chains.find(&chain) {
            None if is_given(&checkpoint, &self.verified.inputs) => {
                self.report(Problem::chain_gone(checkpoint));
            }
            None => self.verified.anchors.elsewhere += 1,
            Some(chain) if checkpoint.seq < chain.first => self.verified.anchors.before += 1,
            Some(chain) => {
                let fault = Problem::cut_tail(&checkpoint, chain.last.seal.seq);
                let log = Rc::clone(&chain.last_log);
                self.count_in(&log);
                self.report(fault);
            }
        }
    }

    fn location(&self, line: &ExaminedLine) -> LineLocation {
        LineLocation {
            log: Rc::clone(&self.log),
            line: self.line,
            offset: line.offset,
        }
    }

    fn report_on(&mut self, line: &ExaminedLine, record: &ParsedRecord, fault: Problem) {
        let name = RecordName::new(&record.chain, record.seal.seq, record.run_id.as_ref());
        self.report(fault.at(self.location(line), Some(name)));
    }

    fn report(&mut self, problem: Problem) {
        self.verified.problems += 1;
        if let Some(location) = &problem.location {
            self.count_in(&location.log);
        }
        (self.report)(problem);
    }

    fn count_in(&mut self, log: &Path) {
        let mut inputs = self.verified.inputs.iter_mut().rev();
        if let Some(input) = inputs.find(|input| &*input.log == log) {
            input.problems += 1;
        }
    }
}

/// Returns whether a run began after a time.
fn is_younger(run_id: &ShortText, time: &ShortText) -> bool {
    let time = chrono::DateTime::parse_from_rfc3339(time.as_str()).ok();
    let began = RunId::millis_of(run_id.as_str());
    began
        .zip(time)
        // An id cannot begin before 1970.
        .is_some_and(|(began, time)| began > time.timestamp_millis().max(0))
}

#[cfg(test)]
mod tests;
