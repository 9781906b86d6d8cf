//! The records of the log: one JSON object a line.

use chrono::{DateTime, SecondsFormat, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::codec::EventName;
use super::id::RunId;
use super::start::{RefusedRecord, StartRecord, is_default};
use crate::host::{Identity, Received, Sender, Signal};
use crate::names::{ExtensionName, GroupName, Sha256, visible};

pub(super) const SCHEMA_VERSION: u32 = 1;

/// One line of the log, without the three fields that seal it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Record<B> {
    /// What it reports.
    pub event: EventName,
    /// Version of the format: 1.
    pub schema_version: u32,
    /// When it was written: RFC 3339, UTC, nanoseconds.
    pub timestamp: String,
    /// The machine's name.
    pub host: String,
    /// The id of the log's chain, generated with its first record.
    pub chain: String,
    /// The run's id; absent in `recovered`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_id: Option<RunId>,
    /// The group; absent in `recovered`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupName>,
    /// The extension; absent in `recovered`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extension: Option<ExtensionName>,
    /// The name of the real uid in the user database, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Real uid.
    pub uid: u32,
    /// Effective uid.
    pub euid: u32,
    #[serde(flatten)]
    pub body: B,
}

/// What a record says besides who, where and when.
pub(super) trait Body: Serialize {
    /// Says that the start of this run is no longer in its log.
    fn set_start_gone(&mut self) {}
}

impl Body for StartRecord {}
impl Body for RefusedRecord {}
impl Body for RecoveredRecord {}

impl Body for EndRecord {
    fn set_start_gone(&mut self) {
        self.start_gone = true;
    }
}

impl Body for SpawnFailedRecord {
    fn set_start_gone(&mut self) {
        self.start_gone = true;
    }
}

impl<B> Record<B> {
    /// Fills in who, where and when; the chain is filled in when it is appended.
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

/// Formats a time as in records: RFC 3339, UTC, nanoseconds.
pub(super) fn timestamp(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Nanos, true)
}

/// Shortens a record's time to seconds, with a space for the `T`.
pub fn to_seconds(timestamp: &str) -> String {
    let time = visible(timestamp);
    time.get(..19).unwrap_or(&time).replacen('T', " ", 1)
}

/// A signal that qli received while the script ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct SignalRecord {
    /// Its name, such as `SIGTERM`.
    pub name: String,
    /// The process that sent it; absent for the kernel and the terminal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_pid: Option<i32>,
    /// The uid of that process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_uid: Option<u32>,
    /// Whether qli forwarded it to the script.
    pub forwarded: bool,
}

impl From<&Received> for SignalRecord {
    fn from(received: &Received) -> Self {
        let process = match received.sender {
            Sender::Kernel => None,
            Sender::Process { pid, uid } => Some((pid, uid)),
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
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a field of the record, absent where false"
)]
pub struct EndRecord {
    /// The code a shell shows: the script's own, or 128+N for a signal.
    pub exit_code: i32,
    /// The signal that killed the script; else, in `interrupted`, the last one
    /// that qli received.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub signal: Option<Signal>,
    /// True if the script dumped core.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(default)]
    pub core: bool,
    /// False in `interrupted` if the script was never started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spawned: Option<bool>,
    /// Why the script was not started: `signal`, `changed-since-plan`, `sync` or
    /// `anchor`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The first 64 signals that qli received while the script ran.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub signals: Vec<SignalRecord>,
    /// How many more signals it received.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(default)]
    pub signals_left_out: u64,
    /// How long the script was stopped (as by Ctrl-Z), in milliseconds.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(default)]
    pub suspended_ms: u64,
    /// True if the script exceeded its `timeout` and was sent TERM.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(default)]
    pub timed_out: bool,
    /// Only in older logs: true if it was killed because of a third interrupt.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(default)]
    pub escalated: bool,
    /// How many processes the script left running (Linux).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_running: Option<usize>,
    /// Milliseconds since the start record, by a monotonic clock.
    pub duration_ms: u64,
    /// True if the start of this run was no longer in the log.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(default)]
    pub start_gone: bool,
    /// True if it was spooled and a later run wrote it here.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(default)]
    pub spooled: bool,
}

impl EndRecord {
    /// The end of a run that never started its script, and why.
    pub fn not_started(reason: &str, signal: Option<Signal>, exit_code: i32) -> Self {
        Self {
            exit_code,
            signal,
            spawned: Some(false),
            reason: Some(reason.to_owned()),
            ..Self::default()
        }
    }
}

/// What a `spawn_failed` record adds.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SpawnFailedRecord {
    /// 126 or 127.
    pub exit_code: i32,
    /// The system's error number, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errno: Option<i32>,
    /// Why the script could not be started.
    pub message: String,
    /// Milliseconds since the start record, by a monotonic clock.
    pub duration_ms: u64,
    /// True if the start of this run was no longer in the log.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(default)]
    pub start_gone: bool,
    /// True if it was spooled and a later run wrote it here.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(default)]
    pub spooled: bool,
}

/// What a `recovered` record adds.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RecoveredRecord {
    /// Length of the torn line, in bytes.
    pub torn_bytes: u64,
    /// The SHA-256 of the torn line.
    pub torn_hash: Sha256,
}

/// One line of a log: a record, then the three fields that seal it into its
/// chain.
#[derive(Debug, JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "the schema is derived from it")]
pub enum LogLine {
    /// The script is about to be started.
    Start(Box<SealedRecord<StartRecord>>),
    /// The run was refused before its start.
    Refused(Box<SealedRecord<RefusedRecord>>),
    /// The run has ended.
    End(SealedRecord<EndRecord>),
    /// The script could not be started.
    SpawnFailed(SealedRecord<SpawnFailedRecord>),
    /// The line before this one is torn.
    Recovered(SealedRecord<RecoveredRecord>),
}

/// A record sealed into its log's chain.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the codec writes these fields as text")]
pub struct SealedRecord<B> {
    #[schemars(flatten)]
    record: Record<B>,
    /// The hash of the record before; zeros in the first.
    prev: Sha256,
    /// The number of the record in its log, from 0.
    seq: u64,
    /// The SHA-256 of the line up to, and without, `,"hash"`.
    hash: Sha256,
}
