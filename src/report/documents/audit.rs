//! The documents of `qli audit`. Their lists may be of any length: they are
//! written piece by piece, in the order of the fields here.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::SCHEMA_VERSION;
use crate::audit::Checkpoint;
use crate::history::{End, Fault, Outcome, Problem, Run, Verified, VerifiedChain};
use crate::host::HostView;
use crate::names::Text;
use crate::report::audit::message;

/// `qli audit list --format json` and `qli audit unfinished --format json`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct AuditRunsDocument {
    /// Version of this document: 1.
    pub schema_version: u32,
    /// The runs, in the order of their starts.
    pub runs: Vec<RunDocument>,
    /// How many there are of each outcome.
    pub outcomes: OutcomeCounts,
}

/// How many runs ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct OutcomeCounts {
    /// The script ended with 0.
    pub ok: u64,
    /// It ended otherwise, or could not be started.
    pub failed: u64,
    /// A guard refused them.
    pub refused: u64,
    /// Somebody stopped them, or their timeout did.
    pub stopped: u64,
    /// They have not ended yet.
    pub running: u64,
    /// qli was killed: nobody knows.
    pub unknown: u64,
}

impl OutcomeCounts {
    /// Counts a run.
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

/// One run.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RunDocument {
    /// Its id.
    pub run_id: String,
    /// The machine.
    pub host: String,
    /// The chain of its log.
    pub chain: String,
    /// The group.
    pub group: String,
    /// The extension.
    pub extension: String,
    /// The user's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The real uid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// When its start was recorded; absent if only its end was met.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started: Option<String>,
    /// When its end was recorded; absent if it was not met.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// Its arguments as the start records them.
    #[serde(skip_serializing_if = "Value::is_null")]
    #[schemars(default)]
    pub args: Value,
    /// How it was confirmed: `tty`, `typed`, `yes-flag` or `confirm-flag`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirm: Option<String>,
    /// `ok`, `failed`, `refused`, `stopped`, `running` or `unknown`.
    pub outcome: &'static str,
    /// What became of a run without an end: `running`, `abandoned` or `unknown
    /// from here`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fate: Option<&'static str>,
    /// The process of a run without an end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// The code a shell shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// The signal it died of, or the last one that was received.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    /// The guard that refused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// Why it was refused, not started or not startable; `timeout` if its
    /// timeout stopped it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How long it took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// True if its end was recorded later than it happened.
    pub spooled: bool,
}

impl RunDocument {
    /// Describes a run.
    pub fn new(run: &Run, view: &dyn HostView) -> Self {
        let open = run.end.is_none();
        let mut document = Self {
            run_id: run.run_id.clone(),
            host: run.host.clone(),
            chain: run.chain.clone(),
            group: run.group.clone(),
            extension: run.extension.clone(),
            user: run.user.clone(),
            uid: run.uid,
            started: run.started.clone(),
            ended: run.ended.clone(),
            args: run.args.clone(),
            confirm: run.confirm.clone(),
            outcome: run.outcome(view).name(),
            fate: open.then(|| run.fate(view).name()),
            pid: run.process.pid.filter(|_| open),
            exit_code: None,
            signal: None,
            step: None,
            reason: None,
            duration_ms: run.duration_ms,
            spooled: run.spooled,
        };
        if let Some(end) = &run.end {
            document.end(end.clone());
        }
        if run.timed_out {
            document.reason.get_or_insert_with(|| "timeout".to_owned());
        }
        document
    }

    fn end(&mut self, end: End) {
        match end {
            End::Finished { exit_code, signal } => {
                self.exit_code = Some(exit_code);
                self.signal = signal;
            }
            End::Interrupted {
                exit_code,
                signal,
                reason,
                sender: _,
            } => {
                self.exit_code = Some(exit_code);
                self.signal = signal;
                self.reason = reason;
            }
            End::SpawnFailed { exit_code, message } => {
                self.exit_code = Some(exit_code);
                self.reason = Some(message);
            }
            End::Refused {
                exit_code,
                step,
                reason,
            } => {
                self.exit_code = exit_code;
                self.step = step;
                self.reason = reason;
            }
        }
    }
}

/// `qli audit show <RUN_ID> --format json`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct AuditShowDocument {
    /// Version of this document: 1.
    pub schema_version: u32,
    /// The run.
    pub run: RunDocument,
    /// Its records, as they were written.
    pub records: Vec<Value>,
}

impl AuditShowDocument {
    /// Describes a run with its records.
    pub fn new(run: RunDocument, records: Vec<Value>) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            run,
            records,
        }
    }
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

impl AuditHeadDocument {
    /// Describes heads.
    pub fn new(heads: Vec<Checkpoint>) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            heads,
        }
    }
}

/// `qli audit verify --format json`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct AuditVerifyDocument {
    /// Version of this document: 1.
    pub schema_version: u32,
    /// What is not as qli wrote it.
    pub problems: Vec<ProblemDocument>,
    /// The chains that were met.
    pub chains: Vec<ChainDocument>,
    /// Number of lines.
    pub lines: u64,
    /// Number of bytes.
    pub bytes: u64,
    /// Records that a stream delivered again.
    pub repeated: u64,
    /// How the anchors were met; absent without `--anchor`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anchors: Option<AnchorCounts>,
    /// Number of logs that could not be read.
    pub unread: usize,
    /// Whether all was read and there is no problem.
    pub clean: bool,
    /// What was not shown, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<&'static str>,
}

/// How the anchors were met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct AnchorCounts {
    /// Their records are there, unchanged.
    pub met: u64,
    /// Their records stand before the first one that was given.
    pub before: u64,
    /// They are of logs that were not given.
    pub elsewhere: u64,
}

impl AnchorCounts {
    /// Counts.
    pub fn of(verified: &Verified) -> Self {
        Self {
            met: verified.anchors_met,
            before: verified.anchors_before,
            elsewhere: verified.anchors_elsewhere,
        }
    }
}

/// One chain that was met.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ChainDocument {
    /// Number of the first record: above 0 where what came before was not
    /// given.
    pub first_seq: u64,
    /// Number of records.
    pub records: u64,
    /// The newest one.
    pub head: Checkpoint,
}

impl ChainDocument {
    /// Describes a chain.
    pub fn new(chain: &VerifiedChain) -> Self {
        Self {
            first_seq: chain.first,
            records: chain.records,
            head: chain.head.clone(),
        }
    }
}

/// Something that is not as qli wrote it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ProblemDocument {
    /// Its name: `changed`, `missing-before`, `out-of-place`, `detached`,
    /// `not-a-record`, `empty-line`, `torn`, `no-line-end`, `torn-line-gone`,
    /// `second-start`, `end-without-start`, `rewritten`, `cut-tail`,
    /// `chain-gone`.
    pub fault: &'static str,
    /// What it is, in words.
    pub message: String,
    /// The log; absent for what an anchor misses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<Text>,
    /// The line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Where the line begins, in bytes from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// The machine of the record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The chain of the record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chain: Option<String>,
    /// The number that the record says it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// The run of the record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    /// What should stand there: a number or a hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What stands there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// The anchor that is not met.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anchor: Option<Checkpoint>,
}

impl ProblemDocument {
    /// Describes a problem.
    pub fn new(problem: &Problem) -> Self {
        let Problem {
            location,
            record,
            fault,
        } = problem;
        let (expected, found) = sides(fault);
        let location = location.as_ref();
        let record = record.as_ref();
        Self {
            fault: fault.name(),
            message: message(problem),
            log: location.map(|location| location.log.as_os_str().into()),
            line: location.map(|location| location.line),
            offset: location.map(|location| location.offset),
            host: record.map(|record| record.host.clone()),
            chain: record.map(|record| record.chain.clone()),
            seq: record.map(|record| record.seq),
            run_id: record.and_then(|record| record.run_id.clone()),
            expected,
            found,
            anchor: fault.anchor().cloned(),
        }
    }
}

fn sides(fault: &Fault) -> (Option<String>, Option<String>) {
    match fault {
        Fault::Changed { expected, found } | Fault::Detached { expected, found } => {
            (Some(expected.to_string()), Some(found.to_string()))
        }
        Fault::Ahead { expected, found } | Fault::Behind { expected, found } => {
            (Some(expected.to_string()), Some(found.to_string()))
        }
        Fault::Rewritten(head) => (Some(head.hash.to_string()), None),
        Fault::CutTail(head, last) => (Some(head.seq.to_string()), Some(last.to_string())),
        Fault::Empty
        | Fault::NotARecord(_)
        | Fault::Torn(_)
        | Fault::Unended
        | Fault::SecondStart
        | Fault::EndWithoutStart
        | Fault::TornLineGone
        | Fault::ChainGone(_) => (None, None),
    }
}
