//! What is wrong with a log, and where.

use std::path::Path;
use std::rc::Rc;

use super::NotARecord;
use crate::audit::Checkpoint;
use crate::names::Sha256;

/// A line of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineLocation {
    /// The log; `-` for standard input.
    pub log: Rc<Path>,
    /// The line, from 1.
    pub line: u64,
    /// Where it begins, in bytes from 0.
    pub offset: u64,
}

/// A record, by the chain it says it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordName {
    /// The machine.
    pub host: String,
    /// The chain.
    pub chain: String,
    /// Its number.
    pub seq: u64,
    /// Its run, if it is of one.
    pub run_id: Option<String>,
}

/// Something that is not as qli wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where; what an anchor misses has no line.
    pub location: Option<LineLocation>,
    /// Which record stands there, as far as it is one.
    pub record: Option<RecordName>,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// A line is empty.
    Empty,
    /// A line is no record.
    NotARecord(NotARecord),
    /// The last line is cut off; its length.
    Torn(u64),
    /// The last record is whole, but lacks its line end.
    Unended,
    /// The record is not what it was: the hash it claims, and the hash of what
    /// it holds.
    Changed {
        /// What it claims.
        expected: Sha256,
        /// What it has.
        found: Sha256,
    },
    /// Records before it are missing, or it was moved here.
    Ahead {
        /// The number that was due.
        expected: u64,
        /// Its number.
        found: u64,
    },
    /// It stood before already, or was moved here.
    Behind {
        /// The number that was due.
        expected: u64,
        /// Its number.
        found: u64,
    },
    /// Its number is right, but it follows another record than the one before.
    Detached {
        /// The hash of the record before.
        expected: Sha256,
        /// The hash that it says it follows.
        found: Sha256,
    },
    /// Its run had a start already.
    SecondStart,
    /// Its run has no start, although this log was kept when it began.
    EndWithoutStart,
    /// It tells of a torn line above it, and another one stands there.
    TornLineGone,
    /// The record has another hash than the one that was anchored: the log was
    /// written anew.
    Rewritten(Checkpoint),
    /// The log ends before the record that was anchored; the number of its last
    /// record.
    CutTail(Checkpoint, u64),
    /// The chain that was anchored is not there.
    ChainGone(Checkpoint),
}

impl Fault {
    /// Returns its name in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Empty => "empty-line",
            Self::NotARecord(_) => "not-a-record",
            Self::Torn(_) => "torn",
            Self::Unended => "no-line-end",
            Self::Changed { .. } => "changed",
            Self::Ahead { .. } => "missing-before",
            Self::Behind { .. } => "out-of-place",
            Self::Detached { .. } => "detached",
            Self::SecondStart => "second-start",
            Self::EndWithoutStart => "end-without-start",
            Self::TornLineGone => "torn-line-gone",
            Self::Rewritten(_) => "rewritten",
            Self::CutTail(..) => "cut-tail",
            Self::ChainGone(_) => "chain-gone",
        }
    }

    /// Returns the anchor that is not met.
    pub fn anchor(&self) -> Option<&Checkpoint> {
        match self {
            Self::Rewritten(head) | Self::CutTail(head, _) | Self::ChainGone(head) => Some(head),
            Self::Empty
            | Self::NotARecord(_)
            | Self::Torn(_)
            | Self::Unended
            | Self::Changed { .. }
            | Self::Ahead { .. }
            | Self::Behind { .. }
            | Self::Detached { .. }
            | Self::SecondStart
            | Self::EndWithoutStart
            | Self::TornLineGone => None,
        }
    }
}
