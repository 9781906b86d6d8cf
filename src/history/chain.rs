//! One chain on its way through the lines: which record is due.

use std::path::Path;
use std::rc::Rc;

use super::compact::{Id, Time};
use super::parsed::{ParsedRecord, Tail};
use super::problem::{Fault, LineLocation};
use crate::audit::Checkpoint;
use crate::names::Sha256;

/// What the first record of all follows.
const NOTHING: Sha256 = Sha256::from_bytes([0; 32]);

/// Records that follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cursor {
    /// The number that is due next.
    next: u64,
    /// The hash that the next record must name; none after a record whose own
    /// hash is not known.
    prev: Option<Sha256>,
    /// How many records it has.
    length: u64,
}

impl Cursor {
    fn after(tail: Tail, length: u64) -> Self {
        Self {
            next: tail.seq.saturating_add(1),
            prev: Some(tail.hash),
            length,
        }
    }

    fn goes_on_with(&self, tail: Tail) -> bool {
        self.next == tail.seq && self.prev.is_none_or(|prev| prev == tail.prev)
    }
}

/// The record of a chain that has the highest number.
#[derive(Debug, Clone)]
pub(super) struct Last {
    pub(super) tail: Tail,
    time: Time,
    run_id: Option<Id>,
    log: Rc<Path>,
}

/// The state of one chain.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    pub(super) host: String,
    pub(super) name: String,
    /// The same for a chain and what goes on with it under another host.
    pub(super) family: usize,
    /// The first record that was met: its number, time and place.
    pub(super) first: u64,
    pub(super) first_time: Time,
    pub(super) first_place: LineLocation,
    /// The record with the highest number.
    pub(super) last: Last,
    pub(super) records: u64,
    /// Whether anything is wrong with it.
    pub(super) damaged: bool,
    track: Cursor,
    /// Records that stand out of their order, after a fault that was told.
    aside: Option<Cursor>,
}

/// What a record is to its chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Position {
    /// It belongs here, or is the one record that replaced it.
    InOrder,
    /// It stood before already, or was moved here.
    OutOfOrder,
}

impl Chain {
    /// Begins with the first record that is met of a chain.
    pub(super) fn new(
        (host, name): (&str, &str),
        family: usize,
        facts: &ParsedRecord,
        location: LineLocation,
    ) -> Self {
        Self {
            host: host.to_owned(),
            name: name.to_owned(),
            family,
            first: facts.tail.seq,
            first_time: facts.timestamp.clone(),
            last: Last::of(facts, &location.log),
            first_place: location,
            records: 0,
            damaged: false,
            track: Cursor {
                next: facts.tail.seq,
                // The first of all names the hash of nothing.
                prev: (facts.tail.seq == 0).then_some(NOTHING),
                length: 0,
            },
            aside: None,
        }
    }

    /// Says whether a record follows the last one, by number and hash.
    pub(super) fn is_followed_by(&self, tail: Tail) -> bool {
        self.track.goes_on_with(tail) || self.aside.is_some_and(|aside| aside.goes_on_with(tail))
    }

    /// Takes over a chain that another name of the machine began.
    pub(super) fn renamed(&self, host: &str) -> Self {
        Self {
            host: host.to_owned(),
            ..self.clone()
        }
    }

    /// Says whether a record is the first of this chain, although another one
    /// was met before it: that one does not belong there.
    pub(super) fn begins_with(&self, tail: Tail) -> bool {
        self.first > 0 && tail.seq == 0 && tail.prev == NOTHING
    }

    /// Begins anew, with the first record.
    pub(super) fn begin_anew(&mut self) {
        self.first = 0;
        self.damaged = true;
        self.aside = None;
        self.track = Cursor {
            next: 0,
            prev: Some(NOTHING),
            length: 0,
        };
    }

    /// Takes the next record. Returns what is wrong with its place.
    pub(super) fn take(
        &mut self,
        facts: &ParsedRecord,
        log: &Rc<Path>,
    ) -> (Position, Option<Fault>) {
        self.records += 1;
        let (standing, fault) = self.location(facts.tail, facts.computed == facts.tail.hash);
        self.damaged |= fault.is_some();
        if facts.tail.seq >= self.last.tail.seq && standing == Position::InOrder {
            self.last = Last::of(facts, log);
        }
        (standing, fault)
    }

    /// Returns the newest record.
    pub(super) fn head(&self) -> Checkpoint {
        Checkpoint {
            timestamp: self.last.time.to_string(),
            host: self.host.clone(),
            chain: self.name.clone(),
            seq: self.last.tail.seq,
            hash: self.last.tail.hash,
            run_id: self.last.run_id.as_ref().map(ToString::to_string),
            log: Some(self.last.log.as_os_str().into()),
        }
    }

    fn location(&mut self, tail: Tail, sound: bool) -> (Position, Option<Fault>) {
        if self.track.goes_on_with(tail) {
            self.track = Cursor::after(tail, self.track.length + 1);
            self.aside = None;
            return (Position::InOrder, None);
        }
        if let Some(aside) = self.aside.filter(|aside| aside.goes_on_with(tail)) {
            let standing = self.standing(tail);
            let aside = Cursor::after(tail, aside.length + 1);
            // What goes on where the chain was not yet is the chain by now.
            let is_ahead = aside.next > self.track.next;
            if is_ahead {
                self.track = aside;
            }
            self.aside = (!is_ahead).then_some(aside);
            return (standing, None);
        }
        if tail.seq == self.track.next && sound {
            let expected = self.track.prev.unwrap_or(tail.prev);
            self.track = Cursor::after(tail, self.track.length + 1);
            self.aside = None;
            let fault = Fault::Detached {
                expected,
                found: tail.prev,
            };
            return (Position::InOrder, Some(fault));
        }
        if tail.seq == self.track.next {
            // What it claims to be was told of already: its hash is wrong.
            self.track = Cursor::after(tail, self.track.length + 1);
            self.aside = None;
            return (Position::InOrder, None);
        }
        self.out_of_order(tail)
    }

    fn out_of_order(&mut self, tail: Tail) -> (Position, Option<Fault>) {
        let one_aside = self.aside.is_some_and(|aside| aside.length == 1);
        if one_aside && tail.seq == self.track.next + 1 {
            // One other record stood where the one before this belongs.
            self.track = Cursor::after(tail, self.track.length + 1);
            self.aside = None;
            return (Position::InOrder, None);
        }
        let (expected, found) = (self.track.next, tail.seq);
        let standing = self.standing(tail);
        self.aside = Some(Cursor::after(tail, 1));
        let fault = match standing {
            Position::InOrder => Fault::Ahead { expected, found },
            Position::OutOfOrder => Fault::Behind { expected, found },
        };
        (standing, Some(fault))
    }

    fn standing(&self, tail: Tail) -> Position {
        if tail.seq >= self.track.next {
            Position::InOrder
        } else {
            Position::OutOfOrder
        }
    }

    /// Goes on behind a line that is no record any more, where its end still
    /// says that it was the next one.
    pub(super) fn skip(&mut self, tail: Tail) -> bool {
        let is_next = self.track.goes_on_with(tail);
        if is_next {
            self.track = Cursor::after(tail, self.track.length + 1);
            self.aside = None;
            self.damaged = true;
        }
        is_next
    }
}

impl Last {
    fn of(facts: &ParsedRecord, log: &Rc<Path>) -> Self {
        Self {
            tail: facts.tail,
            time: facts.timestamp.clone(),
            run_id: facts.run_id.clone(),
            log: Rc::clone(log),
        }
    }
}
