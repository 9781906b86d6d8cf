//! What was verified.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use schemars::JsonSchema;
use serde::Serialize;

use super::problem::LineLocation;
use crate::audit::Checkpoint;

/// The kind of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InputKind {
    /// One log as qli wrote it.
    #[default]
    Log,
    /// Many logs merged by a collector: the records of each chain are in order,
    /// and some may be repeated.
    Stream,
}

/// What was verified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    pub inputs: Vec<VerifiedInput>,
    /// By host and id.
    pub chains: Vec<VerifiedChain>,
    pub lines: u64,
    pub bytes: u64,
    /// Records that a stream delivered again.
    pub repeated: u64,
    pub problems: u64,
    pub anchors: AnchorCounts,
    /// How many logs could not be read.
    pub unread: usize,
    /// Compressed files of the logs, which were not read.
    pub compressed: Vec<PathBuf>,
}

/// One input that was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedInput {
    pub log: Rc<Path>,
    pub kind: InputKind,
    pub records: u64,
    pub problems: u64,
}

/// How many anchors match.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct AnchorCounts {
    /// Their records are present and unchanged.
    pub met: u64,
    /// Their records come before the first record in the input.
    pub before: u64,
    /// They belong to logs that are not in the input.
    pub elsewhere: u64,
}

/// One chain that was verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct VerifiedChain {
    /// The number of its first record: above 0 if earlier ones are not in the input.
    #[serde(rename = "first_seq")]
    pub first: u64,
    #[serde(skip)]
    pub first_location: LineLocation,
    /// The number of records.
    pub records: u64,
    /// The newest record.
    pub head: Checkpoint,
}
