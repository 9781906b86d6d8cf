//! What is verified, and what came of it.

use super::problem::LineLocation;
use crate::audit::Checkpoint;

/// What an input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// One log, as qli wrote it.
    #[default]
    Log,
    /// What a collector made of many: records of one chain come in order, and
    /// some may come twice.
    Stream,
}

/// What was verified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// All chains, by host and id.
    pub chains: Vec<VerifiedChain>,
    /// Number of lines.
    pub lines: u64,
    /// Number of bytes, line ends included.
    pub bytes: u64,
    /// Records that a stream delivered again.
    pub repeated: u64,
    /// Problems that were told of.
    pub problems: u64,
    /// Anchored records that are there, unchanged.
    pub anchors_met: u64,
    /// Anchored records that stand before the first one that was given.
    pub anchors_before: u64,
    /// Anchors of logs that were not given.
    pub anchors_elsewhere: u64,
}

/// One chain that was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedChain {
    /// Number of its first record: above 0 where what came before was not
    /// given.
    pub first: u64,
    /// Where that one stands.
    pub first_place: LineLocation,
    /// Number of records met.
    pub records: u64,
    /// Its newest record.
    pub head: Checkpoint,
}
