//! Runs, put together from the records of their start and their end.

use std::collections::BTreeMap;

use super::Kind;
use super::recent::Recent;
use super::record_view::RecordView;
use super::run::{Run, end};
use crate::names::Sha256;

/// How many runs wait for the end of one that began before them, so that runs
/// are told in the order of their starts.
const WINDOW: usize = 256;

/// Puts runs together in the order of their starts. What it keeps grows with
/// the number of open runs, not with the length of the logs.
///
/// A run that lasts longer than some hundred others is told when its end comes.
#[derive(Debug, Default)]
pub struct Runs {
    kind: Kind,
    recent: Recent,
    /// The runs that are told next, by the number of their start.
    waiting: BTreeMap<u64, Run>,
    /// Those that last long.
    late: BTreeMap<u64, Run>,
    /// The runs without an end, by id and host.
    open: BTreeMap<(String, String), u64>,
    next: u64,
}

impl Runs {
    /// Goes on with another input; records that a stream delivers again are
    /// passed over.
    pub fn begin(&mut self, kind: Kind) {
        self.kind = kind;
    }

    /// Takes a line; one that is no record is passed over. Returns whether it is
    /// one.
    pub fn take(&mut self, line: &[u8], tell: &mut dyn FnMut(Run)) -> bool {
        let Some(told) = RecordView::of(line) else {
            return false;
        };
        if self.kind == Kind::Stream
            && let Some(hash) = Sha256::from_hex(told.hash.0.as_bytes())
        {
            if self.recent.has(hash) {
                return true;
            }
            self.recent.add(hash);
        }
        self.record(&told, tell);
        true
    }

    fn record(&mut self, told: &RecordView<'_>, tell: &mut dyn FnMut(Run)) {
        let Some(run_id) = told.run_id.as_ref() else {
            return;
        };
        let key = (
            run_id.0.clone().into_owned(),
            told.host.0.clone().into_owned(),
        );
        let ended = end(told);
        if told.event.0 == "start" {
            let mut run = Run::begun(told);
            run.started = Some(told.timestamp.0.clone().into_owned());
            self.open.insert(key, self.next);
            self.add(run);
        } else if let Some(ended) = ended {
            let number = self.open.remove(&key);
            let late = number.and_then(|number| self.late.remove(&number));
            if let Some(mut run) = late {
                run.end_with(told, ended);
                tell(run);
            } else if let Some(run) = number.and_then(|number| self.waiting.get_mut(&number)) {
                run.end_with(told, ended);
            } else {
                let mut run = Run::begun(told);
                run.end_with(told, ended);
                self.add(run);
            }
        }
        self.flush(tell);
    }

    fn add(&mut self, run: Run) {
        self.waiting.insert(self.next, run);
        self.next += 1;
    }

    fn flush(&mut self, tell: &mut dyn FnMut(Run)) {
        while let Some(first) = self.waiting.first_entry() {
            let is_long = self.next - first.key() > WINDOW as u64;
            match (first.get().end.is_some(), is_long) {
                (true, _) => tell(first.remove()),
                (false, true) => {
                    let (number, run) = first.remove_entry();
                    self.late.insert(number, run);
                }
                (false, false) => break,
            }
        }
    }

    /// Ends: tells the runs that have no end, and those that waited for them.
    pub fn end(self, tell: &mut dyn FnMut(Run)) {
        self.late
            .into_values()
            .chain(self.waiting.into_values())
            .for_each(tell);
    }
}

#[cfg(test)]
mod tests;
