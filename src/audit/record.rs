//! The records of the log: one JSON object a line.

use std::path::Path;

use chrono::{DateTime, SecondsFormat, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::{RefusedRecord, RunId, StartRecord};
use crate::host::{Identity, Received, Sender, Signal};
use crate::names::{ExtensionName, GroupName, Sha256, Text};

/// Version of the records' format.
pub(super) const SCHEMA_VERSION: u32 = 1;

/// What a record tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventName {
    /// The script is about to be started.
    Start,
    /// It ran and ended.
    Finish,
    /// Somebody stopped the run.
    Interrupted,
    /// It could not be started.
    SpawnFailed,
    /// A guard refused, or a signal came, before there was a start.
    Refused,
    /// The log's last line was torn; this follows it.
    Recovered,
}

/// One line of the log, without the chain's fields that end it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Record<B> {
    /// What it tells of.
    pub event: EventName,
    /// Version of the format: 1.
    pub schema_version: u32,
    /// When it was written: RFC 3339, UTC, nanoseconds.
    pub timestamp: String,
    /// The machine.
    pub host: String,
    /// The id of the log's chain, made with its first record.
    pub chain: String,
    /// The run; absent in `recovered`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_id: Option<RunId>,
    /// The group; absent in `recovered`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupName>,
    /// The extension; absent in `recovered`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extension: Option<ExtensionName>,
    /// Name of the real uid in the user database, if it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Real uid.
    pub uid: u32,
    /// Effective uid.
    pub euid: u32,
    /// What belongs to this event.
    #[serde(flatten)]
    pub body: B,
}

impl<B> Record<B> {
    /// Fills in who, where and when; the chain is the log's own affair.
    pub(super) fn new(event: EventName, who: &Identity, now: DateTime<Utc>, body: B) -> Self {
        Self {
            event,
            schema_version: SCHEMA_VERSION,
            timestamp: timestamp(now),
            host: who.host.clone(),
            chain: String::new(),
            run_id: None,
            group: None,
            extension: None,
            user: who.user.clone(),
            uid: who.uid,
            euid: who.euid,
            body,
        }
    }
}

/// Writes a time as records have it: RFC 3339, UTC, nanoseconds.
pub(super) fn timestamp(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Nanos, true)
}

/// A file with its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct FileFacts {
    /// Its path.
    pub path: Text,
    /// SHA-256 of its bytes.
    pub sha256: Sha256,
}

impl FileFacts {
    /// Describes a file.
    pub fn new(path: &Path, sha256: Sha256) -> Self {
        Self {
            path: path.as_os_str().into(),
            sha256,
        }
    }
}

/// A signal that qli received while the script ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct SignalRecord {
    /// Its name.
    pub name: String,
    /// Who sent it; absent for the kernel and the terminal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_pid: Option<i32>,
    /// As whom; absent for the kernel and the terminal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_uid: Option<u32>,
    /// Whether qli sent it on to the script.
    pub forwarded: bool,
}

impl From<&Received> for SignalRecord {
    fn from(received: &Received) -> Self {
        let process = match received.sender {
            Sender::Kernel => None,
            Sender::Process { pid, uid, .. } => Some((pid, uid)),
        };
        Self {
            name: received.signal.name(),
            from_pid: process.map(|(pid, _)| pid),
            from_uid: process.map(|(_, uid)| uid),
            forwarded: received.forwarded,
        }
    }
}

/// What a `finish` or `interrupted` record adds.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a field of the record, absent where false"
)]
pub struct EndRecord {
    /// The code a shell shows: the script's own, or 128+N for a signal.
    pub exit_code: i32,
    /// The signal the script died of; else, in `interrupted`, the last one
    /// that was received.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub signal: Option<Signal>,
    /// True when the script left a core dump.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    pub core: bool,
    /// False in `interrupted` when the script was never started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spawned: Option<bool>,
    /// Why the script was not started after all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The signals that were received while the script ran, the first 64.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub signals: Vec<SignalRecord>,
    /// How many more were received.
    #[serde(skip_serializing_if = "is_zero")]
    #[schemars(default)]
    pub signals_left_out: u64,
    /// How long the script was stopped.
    #[serde(skip_serializing_if = "is_zero")]
    #[schemars(default)]
    pub suspended_ms: u64,
    /// True when its timeout was over and it was sent TERM.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    pub timed_out: bool,
    /// True when it was killed because somebody interrupted it three times.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    pub escalated: bool,
    /// How many processes the script left running behind it (Linux).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_running: Option<usize>,
    /// From the start record to this one, by a clock that never steps back.
    pub duration_ms: u64,
    /// True when it waited in the spool and a later run put it here.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    pub spooled: bool,
}

impl EndRecord {
    /// The end of a run that never started its script, and why.
    pub fn not_started(reason: &str, signal: Option<Signal>, exit_code: i32) -> Self {
        Self {
            exit_code,
            signal,
            core: false,
            spawned: Some(false),
            reason: Some(reason.to_owned()),
            signals: Vec::new(),
            signals_left_out: 0,
            suspended_ms: 0,
            timed_out: false,
            escalated: false,
            left_running: None,
            duration_ms: 0,
            spooled: false,
        }
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
pub(super) fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What a `spawn_failed` record adds.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SpawnFailedRecord {
    /// 126 or 127.
    pub exit_code: i32,
    /// The system's error number, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errno: Option<i32>,
    /// Why it could not be started.
    pub message: String,
    /// From the start record to this one.
    pub duration_ms: u64,
    /// True when it waited in the spool and a later run put it here.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    pub spooled: bool,
}

/// What a `recovered` record adds.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RecoveredRecord {
    /// Length of the torn line, in bytes.
    pub torn_bytes: usize,
    /// Its SHA-256.
    pub torn_hash: Sha256,
}

/// One line of a log as a reader finds it: the record, then the three fields
/// of the chain.
#[derive(Debug, JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "the schema is derived from it")]
pub enum Line {
    /// The script is about to be started.
    Start(Box<Chained<StartRecord>>),
    /// The run was refused before its start.
    Refused(Box<Chained<RefusedRecord>>),
    /// The run has ended.
    End(Chained<EndRecord>),
    /// The script could not be started.
    SpawnFailed(Chained<SpawnFailedRecord>),
    /// The line before was torn.
    Recovered(Chained<RecoveredRecord>),
}

/// A record with its place in the log's chain.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the log's tail writes these fields as text")]
pub struct Chained<B> {
    #[schemars(flatten)]
    record: Record<B>,
    /// The hash of the record before; zeros in the first.
    prev: Sha256,
    /// The number of the record in its log, from 0.
    seq: u64,
    /// SHA-256 over the exact bytes of the line before `,"hash"`.
    hash: Sha256,
}
