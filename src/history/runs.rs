//! Runs, assembled from the records of their start and their end.

use std::collections::BTreeMap;

use super::InputKind;
use super::recent::Recent;
use super::run::{RecordSummary, Run};
use crate::names::Sha256;

/// How many runs wait for an earlier one to end, so that they are returned in the
/// order of their starts.
const WINDOW: usize = 256;

/// Assembles runs in the order of their starts. Memory grows with the number of
/// open runs, not with the length of the logs.
///
/// A run that is still open after [`WINDOW`] later ones is returned when it ends.
#[derive(Debug, Default)]
pub struct Runs {
    recent: Recent,
    /// The runs to return next, by the number of their start.
    pending: BTreeMap<u64, Run>,
    /// Open runs that are older than the window.
    late: BTreeMap<u64, Run>,
    /// The runs without an end, by id and host.
    open: BTreeMap<(String, String), u64>,
    next: u64,
    ready: Vec<Run>,
}

impl Runs {
    /// Adds a line of an input. Returns whether it is a record.
    pub fn add_line(&mut self, kind: InputKind, line: &[u8]) -> bool {
        let Some(record) = RecordSummary::of(line) else {
            return false;
        };
        let hash = Sha256::from_hex(record.hash.as_bytes());
        let is_repeated =
            kind == InputKind::Stream && hash.is_some_and(|hash| !self.recent.insert(hash));
        if !is_repeated {
            self.add(record.run);
            self.release();
        }
        true
    }

    fn add(&mut self, run: Run) {
        if run.run_id.is_empty() {
            return;
        }
        let key = (run.run_id.clone(), run.host.clone());
        if run.started.is_some() {
            self.open.insert(key, self.next);
            self.push(run);
        } else if run.end.is_some() {
            let number = self.open.remove(&key);
            let late = number.and_then(|number| self.late.remove(&number));
            if let Some(mut started) = late {
                started.end_with(run);
                self.ready.push(started);
            } else if let Some(started) = number.and_then(|one| self.pending.get_mut(&one)) {
                started.end_with(run);
            } else {
                self.push(run);
            }
        }
    }

    fn push(&mut self, run: Run) {
        self.pending.insert(self.next, run);
        self.next += 1;
    }

    fn release(&mut self) {
        while let Some(first) = self.pending.first_entry() {
            let is_long = self.next - first.key() > WINDOW as u64;
            match (first.get().end.is_some(), is_long) {
                (true, _) => self.ready.push(first.remove()),
                (false, true) => {
                    let (number, run) = first.remove_entry();
                    self.late.insert(number, run);
                }
                (false, false) => break,
            }
        }
    }

    /// Takes out the runs that are complete by now.
    pub fn ready(&mut self) -> impl Iterator<Item = Run> {
        self.ready.drain(..)
    }

    /// Returns the runs that have no end, and those held back for them.
    pub fn finish(self) -> impl Iterator<Item = Run> {
        let late = self.late.into_values();
        late.chain(self.pending.into_values())
    }
}

#[cfg(test)]
mod tests;
