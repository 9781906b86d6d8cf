//! The documents of `qli audit`. Their lists may be of any length: they are
//! written piece by piece, in the order of the fields here.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::audit::Checkpoint;
use crate::history::{AnchorCounts, Outcome, Problem, Run, VerifiedChain};
use crate::names::Text;

/// `qli audit list --format json` and `qli audit unfinished --format json`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct AuditRunsDocument {
    /// Version of this document: 1.
    pub schema_version: u32,
    /// The runs, in the order of their starts.
    pub runs: Vec<Run>,
    /// How many runs there are of each outcome.
    pub outcomes: OutcomeCounts,
}

/// How many runs there are of each outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct OutcomeCounts {
    /// The script exited with 0.
    pub ok: u64,
    /// It exited with another code, or could not be started.
    pub failed: u64,
    /// A guard refused the run.
    pub refused: u64,
    /// The run was interrupted, or exceeded its timeout.
    pub stopped: u64,
    /// It has not ended yet.
    pub running: u64,
    /// qli was killed, so the outcome is unknown.
    pub unknown: u64,
}

impl OutcomeCounts {
    pub fn add(&mut self, outcome: Outcome) {
        let count = match outcome {
            Outcome::Ok => &mut self.ok,
            Outcome::Failed => &mut self.failed,
            Outcome::Refused => &mut self.refused,
            Outcome::Stopped => &mut self.stopped,
            Outcome::Running => &mut self.running,
            Outcome::Unknown => &mut self.unknown,
        };
        *count += 1;
    }
}

/// `qli audit show <RUN_ID> --format json`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct AuditShowDocument {
    /// Version of this document: 1.
    pub schema_version: u32,
    /// The run.
    pub run: Run,
    /// Its records, as they were written.
    pub records: Vec<Value>,
}

/// `qli audit head --format json`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct AuditHeadDocument {
    /// Version of this document: 1.
    pub schema_version: u32,
    /// The newest record of each log, or of each chain of a stream.
    pub heads: Vec<Checkpoint>,
}

/// `qli audit verify --format json`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct AuditVerifyDocument {
    /// Version of this document: 1.
    pub schema_version: u32,
    /// What is not as qli wrote it.
    pub problems: Vec<Problem>,
    /// The chains in the logs.
    pub chains: Vec<VerifiedChain>,
    /// The number of lines.
    pub lines: u64,
    /// The number of bytes.
    pub bytes: u64,
    /// How many records a stream repeated.
    pub repeated: u64,
    /// How many anchors match; absent without `--anchor`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anchors: Option<AnchorCounts>,
    /// Compressed files of the logs, which were not read.
    pub compressed: Vec<Text>,
    /// The number of logs that could not be read, or do not exist.
    pub unread: usize,
    /// Whether all logs were read and have no problem.
    pub clean: bool,
    /// What verifying cannot show without `--anchor`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<&'static str>,
}
