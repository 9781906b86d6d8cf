//! One chain: which record comes next.

use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use super::parsed::{ChainName, ParsedRecord};
use super::problem::{LineLocation, Problem, RecordName};
use super::short_text::ShortText;
use crate::audit::Checkpoint;
use crate::audit::codec::Seal;
use crate::audit::tail::Link;
use crate::names::Sha256;

/// A position in a sequence of records that follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cursor {
    /// The number of the next record.
    next: u64,
    /// The hash that the next record must name, if it is known.
    prev: Option<Sha256>,
    /// The number of records so far.
    length: u64,
}

impl Cursor {
    /// Before the first record; the one before it is known only for number 0.
    fn before(seq: u64) -> Self {
        Self {
            next: seq,
            prev: (seq == 0).then_some(Link::FIRST.prev),
            length: 0,
        }
    }

    fn after(seal: Seal, length: u64) -> Self {
        Self {
            next: seal.seq.saturating_add(1),
            prev: Some(seal.hash),
            length,
        }
    }

    fn continues_with(&self, seal: Seal) -> bool {
        self.next == seal.seq && self.prev.is_none_or(|prev| prev == seal.prev)
    }
}

#[derive(Debug, Clone)]
pub(super) struct Chain {
    pub(super) name: Arc<ChainName>,
    /// The same number for a chain and its continuation under another host name.
    pub(super) family: usize,
    /// The number of the first record in the input.
    pub(super) first: u64,
    pub(super) first_time: ShortText,
    pub(super) first_location: LineLocation,
    /// The record that has the highest number, and its log.
    pub(super) last: ParsedRecord,
    pub(super) last_log: Rc<Path>,
    pub(super) records: u64,
    /// Whether anything is wrong with it.
    pub(super) damaged: bool,
    cursor: Cursor,
    /// Records out of order, after a fault that was reported.
    detour: Option<Cursor>,
    /// Before lines that are damaged: qli goes on from there if they are the last
    /// ones of the log.
    before_damage: Option<Cursor>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Position {
    /// It belongs here, or replaces the record that does.
    InOrder,
    /// It is a copy of an earlier record, or was moved here.
    OutOfOrder,
}

impl Chain {
    /// Starts with a chain's first record in the input.
    pub(super) fn new(family: usize, record: &ParsedRecord, location: LineLocation) -> Self {
        Self {
            name: Arc::clone(&record.chain),
            family,
            first: record.seal.seq,
            first_time: record.timestamp.clone(),
            last: record.clone(),
            last_log: Rc::clone(&location.log),
            first_location: location,
            records: 0,
            damaged: false,
            cursor: Cursor::before(record.seal.seq),
            detour: None,
            before_damage: None,
        }
    }

    /// Returns whether a record follows the last one, by number and hash.
    pub(super) fn is_followed_by(&self, seal: Seal) -> bool {
        let cursors = [Some(self.cursor), self.detour, self.before_damage];
        cursors.iter().flatten().any(|one| one.continues_with(seal))
    }

    /// Continues the chain under the machine's new name.
    pub(super) fn renamed(&self, name: &Arc<ChainName>) -> Self {
        Self {
            name: Arc::clone(name),
            ..self.clone()
        }
    }

    /// Returns whether a record is the first of this chain although another one
    /// came before it, which does not belong there.
    pub(super) fn restarts_with(&self, seal: Seal) -> bool {
        self.first > 0 && seal.seq == 0 && seal.prev == Link::FIRST.prev
    }

    /// Starts again at the first record; returns what was wrong with the one that
    /// came before it.
    pub(super) fn restart(&mut self) -> Problem {
        let name = RecordName::new(&self.name, self.first, None);
        let problem = Problem::missing_before(0, self.first);
        self.first = 0;
        self.damaged = true;
        self.detour = None;
        self.cursor = Cursor::before(0);
        problem.at(self.first_location.clone(), Some(name))
    }

    /// Adds the next record. Returns what is wrong with its position.
    pub(super) fn add(
        &mut self,
        record: &ParsedRecord,
        log: &Rc<Path>,
    ) -> (Position, Option<Problem>) {
        self.records += 1;
        let (position, fault) = self.position(record.seal, record.is_intact());
        self.damaged |= fault.is_some();
        if record.seal.seq >= self.last.seal.seq && position == Position::InOrder {
            self.last = record.clone();
            self.last_log = Rc::clone(log);
        }
        (position, fault)
    }

    /// Returns the newest record.
    pub(super) fn head(&self) -> Checkpoint {
        Checkpoint {
            timestamp: self.last.timestamp.as_str().to_owned(),
            host: self.name.host.clone(),
            chain: self.name.chain.clone(),
            seq: self.last.seal.seq,
            hash: self.last.seal.hash,
            run_id: self.last.run_id.as_ref().map(|id| id.as_str().to_owned()),
            log: Some(self.last_log.as_os_str().into()),
        }
    }

    fn position(&mut self, seal: Seal, intact: bool) -> (Position, Option<Problem>) {
        if self.cursor.continues_with(seal) {
            self.advance_over(seal, intact);
            return (Position::InOrder, None);
        }
        if let Some(before) = self.before_damage.filter(|one| one.continues_with(seal)) {
            self.cursor = before;
            self.advance(seal);
            return (Position::InOrder, None);
        }
        if let Some(detour) = self.detour.filter(|detour| detour.continues_with(seal)) {
            let position = self.relative_to_cursor(seal);
            let detour = Cursor::after(seal, detour.length + 1);
            // A detour that gets ahead of the chain becomes the chain.
            let is_ahead = detour.next > self.cursor.next;
            if is_ahead {
                self.cursor = detour;
            }
            self.detour = (!is_ahead).then_some(detour);
            return (position, None);
        }
        if seal.seq == self.cursor.next {
            let due = self.cursor.prev.unwrap_or(seal.prev);
            self.advance(seal);
            // If its own hash is wrong, that was reported already.
            let fault = intact.then(|| Problem::detached(due, seal.prev));
            return (Position::InOrder, fault);
        }
        self.out_of_order(seal)
    }

    fn out_of_order(&mut self, seal: Seal) -> (Position, Option<Problem>) {
        let one_replaced = self.detour.is_some_and(|detour| detour.length == 1);
        if one_replaced && seal.seq == self.cursor.next + 1 {
            // The record before this one was replaced by another.
            self.advance(seal);
            return (Position::InOrder, None);
        }
        let position = self.relative_to_cursor(seal);
        self.detour = Some(Cursor::after(seal, 1));
        let last = self.last.seal;
        let is_fork = (seal.seq, seal.prev) == (last.seq, last.prev) && seal.hash != last.hash;
        let fault = match position {
            _ if is_fork => Problem::forked(),
            Position::InOrder => Problem::missing_before(self.cursor.next, seal.seq),
            Position::OutOfOrder => Problem::out_of_place(self.cursor.next, seal.seq),
        };
        (position, Some(fault))
    }

    fn relative_to_cursor(&self, seal: Seal) -> Position {
        if seal.seq >= self.cursor.next {
            Position::InOrder
        } else {
            Position::OutOfOrder
        }
    }

    fn advance(&mut self, seal: Seal) {
        self.cursor = Cursor::after(seal, self.cursor.length + 1);
        self.detour = None;
        self.before_damage = None;
    }

    /// Advances over a record that may be damaged.
    fn advance_over(&mut self, seal: Seal, intact: bool) {
        let before = self.before_damage.unwrap_or(self.cursor);
        self.advance(seal);
        self.before_damage = (!intact).then_some(before);
    }

    /// Continues after a line that is no longer a record, if its end still
    /// claims to be the next one. Returns whether it does.
    pub(super) fn skip(&mut self, seal: Seal) -> bool {
        let is_next = self.cursor.continues_with(seal);
        if is_next {
            self.advance_over(seal, false);
            self.damaged = true;
        }
        is_next
    }
}
