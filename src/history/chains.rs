//! The chains of all inputs, and which of them a record belongs to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::chain::Chain;
use super::parsed::{ChainName, ParsedRecord};
use super::problem::LineLocation;
use super::verified::InputKind;
use crate::audit::codec::Seal;

/// A log has one chain from its first line to its last, whatever its machine is
/// called. In a stream, each machine has its own, even if one is a copy of another.
#[derive(Debug, Default)]
pub(super) struct Chains {
    all: Vec<Chain>,
    /// Indices into `all`.
    numbers: BTreeMap<Arc<ChainName>, usize>,
    /// The chain of the latest record.
    latest: usize,
    /// The chain of the current log, once it has an intact record.
    own: Option<usize>,
    /// The chain that the line before belongs to, if it is not the log's.
    foreign: Option<Arc<ChainName>>,
}

/// A record that belongs to another chain than its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Foreign {
    /// Whether the line before belongs to that chain too.
    pub(super) is_repeated: bool,
}

impl Chains {
    /// Goes to another input.
    pub(super) fn begin(&mut self) {
        self.own = None;
        self.foreign = None;
    }

    /// Finds the chain of a record, or starts it; it is the latest one then.
    pub(super) fn enter(
        &mut self,
        record: &ParsedRecord,
        kind: InputKind,
        location: LineLocation,
    ) -> Result<(), Foreign> {
        match kind {
            InputKind::Stream => self.latest = self.in_stream(record, location),
            InputKind::Log => match self.in_log(record, location) {
                Some(number) => self.latest = number,
                None => return Err(self.foreign(record)),
            },
        }
        Ok(())
    }

    fn foreign(&mut self, record: &ParsedRecord) -> Foreign {
        let name = Arc::clone(&record.chain);
        let before = self.foreign.replace(Arc::clone(&name));
        let is_repeated = before.is_some_and(|before| before.chain == name.chain);
        Foreign { is_repeated }
    }

    /// Returns the number of a record's chain; `None` if the log has another one. A
    /// record that was changed belongs to the chain that it follows, whatever it
    /// claims.
    fn in_log(&mut self, record: &ParsedRecord, location: LineLocation) -> Option<usize> {
        let known = self.find_for(&record.chain, record.seal);
        let is_own = |number: &usize| self.own.is_none_or(|own| own == *number);
        let is_doubtful = self.own.is_none() || !record.is_intact();
        let number = known.filter(is_own).or_else(|| {
            let follows = is_doubtful && self.is_followed(self.latest, record.seal);
            follows.then_some(self.latest)
        });
        let number = match number {
            Some(number) => number,
            None if self.own.is_some() => return None,
            None => self.start(record, location),
        };
        self.foreign = None;
        if record.is_intact() {
            self.own = Some(number);
            self.rename(number, &record.chain);
        }
        Some(number)
    }

    fn in_stream(&mut self, record: &ParsedRecord, location: LineLocation) -> usize {
        let name = &record.chain;
        if let Some(&own) = self.numbers.get(name) {
            if self.is_followed(own, record.seal) {
                return own;
            }
            // The machine may have got back its old name.
            let other = self.followed(name, record.seal);
            let number = other.unwrap_or(own);
            self.rename(number, name);
            return number;
        }
        if !record.is_intact() && self.is_followed(self.latest, record.seal) {
            return self.latest;
        }
        // A machine that was renamed keeps its logs.
        let before = self.followed(name, record.seal);
        let before = before.and_then(|number| self.all.get(number));
        match before.map(|before| before.renamed(name)) {
            Some(renamed) => self.add(renamed),
            None => self.start(record, location),
        }
    }

    fn is_followed(&self, number: usize, seal: Seal) -> bool {
        let chain = self.all.get(number);
        chain.is_some_and(|chain| chain.is_followed_by(seal))
    }

    /// Returns the chain of an id that a record follows.
    fn followed(&self, name: &ChainName, seal: Seal) -> Option<usize> {
        let mut same = self.with_id(&name.chain).map(|(number, _)| number);
        same.find(|&number| self.is_followed(number, seal))
    }

    fn start(&mut self, record: &ParsedRecord, location: LineLocation) -> usize {
        self.add(Chain::new(self.all.len(), record, location))
    }

    fn add(&mut self, chain: Chain) -> usize {
        let number = self.all.len();
        self.numbers.insert(Arc::clone(&chain.name), number);
        self.all.push(chain);
        number
    }

    fn rename(&mut self, number: usize, name: &Arc<ChainName>) {
        let chain = self.all.get_mut(number);
        if let Some(chain) = chain.filter(|chain| chain.name != *name) {
            chain.name = Arc::clone(name);
            self.numbers.insert(Arc::clone(name), number);
        }
    }

    /// Finds a chain by its id: the one that a record follows, else the one of its
    /// machine.
    fn find_for(&self, name: &ChainName, seal: Seal) -> Option<usize> {
        let exact = self.numbers.get(name).copied();
        if exact.is_some_and(|number| self.is_followed(number, seal)) {
            return exact;
        }
        let any = || self.with_id(&name.chain).next().map(|(number, _)| number);
        self.followed(name, seal).or(exact).or_else(any)
    }

    fn with_id(&self, id: &str) -> impl Iterator<Item = (usize, &Chain)> {
        let first = ChainName::new(id, "");
        let same = self.numbers.range::<ChainName, _>(first..);
        let same = same.take_while(move |(name, _)| name.chain == id);
        same.filter_map(|(_, &number)| Some((number, self.all.get(number)?)))
    }

    /// Finds the chain of a machine, or its continuation on one of another name.
    pub(super) fn find(&self, name: &ChainName) -> Option<&Chain> {
        let exact = self.numbers.get(name);
        let exact = exact.and_then(|&number| self.all.get(number));
        exact.or_else(|| Some(self.with_id(&name.chain).next()?.1))
    }

    pub(super) fn latest(&self) -> Option<&Chain> {
        self.all.get(self.latest)
    }

    pub(super) fn latest_mut(&mut self) -> Option<&mut Chain> {
        self.all.get_mut(self.latest)
    }

    /// Returns each chain once, by id and host.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Chain> {
        let mut seen = BTreeSet::new();
        let numbers = self.numbers.values().copied();
        let new = numbers.filter(move |&number| seen.insert(number));
        new.filter_map(|number| self.all.get(number))
    }
}
