//! The record of one run: opened by its start, closed by value.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::append::{Appended, append};
use super::codec::EventName;
use super::id::RunId;
use super::log::Log;
use super::open_log::{AppendError, LockWait};
use super::record::{Body, EndRecord, Record, SpawnFailedRecord};
use super::spool::spool_write;
use super::start::{RefusedRecord, StartRecord};
use super::written::Written;
use crate::host::Host;
use crate::names::{ExtensionName, GroupName, exit_code, shell_word};

/// Which run is recorded, and where.
#[derive(Debug, Clone)]
pub struct RunContext {
    pub log: Log,
    pub run_id: RunId,
    pub group: GroupName,
    pub extension: ExtensionName,
}

/// A run that has a start record and still needs its end.
#[derive(Debug)]
#[must_use = "a start record without its end means that the outcome is unknown"]
pub struct OpenRecord {
    context: RunContext,
    since: Duration,
    chain: String,
    /// Where the start record is; `None` if that is not known.
    start: Option<Written>,
    /// What was found out about the end of an earlier run.
    earlier: Option<Unrecorded>,
}

/// A start record that is not, or may not be, on disk.
#[derive(Debug)]
pub struct Unopened {
    pub error: AppendError,
    /// The end record, needed because the start may be in the log, if it could
    /// not be written either.
    pub unrecorded: Option<Unrecorded>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum EndBody {
    Finish(EndRecord),
    Interrupted(EndRecord),
    SpawnFailed(SpawnFailedRecord),
}

impl EndBody {
    fn event(&self) -> EventName {
        match self {
            Self::Finish(_) => EventName::Finish,
            Self::Interrupted(_) => EventName::Interrupted,
            Self::SpawnFailed(_) => EventName::SpawnFailed,
        }
    }

    fn is_start_gone(&self) -> bool {
        match self {
            Self::Finish(end) | Self::Interrupted(end) => end.start_gone,
            Self::SpawnFailed(end) => end.start_gone,
        }
    }

    fn set_duration(&mut self, duration: Duration) {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        match self {
            Self::Finish(end) | Self::Interrupted(end) => end.duration_ms = millis,
            Self::SpawnFailed(end) => end.duration_ms = millis,
        }
    }
}

impl Body for EndBody {
    fn set_start_gone(&mut self) {
        match self {
            Self::Finish(end) | Self::Interrupted(end) => end.set_start_gone(),
            Self::SpawnFailed(end) => end.set_start_gone(),
        }
    }
}

/// A record that is not in its log, or not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unrecorded {
    pub reason: String,
    /// The command that shows why.
    pub diagnosis: Option<String>,
    pub left: Fallback,
}

/// What happened to a record that is not in its log, or not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fallback {
    /// An end: it stays in this file until the next run of the same log.
    InSpool(PathBuf),
    /// An end that could not be spooled either: the record as JSON.
    Nowhere(String),
    /// A refusal: nothing ran, so it is not kept.
    Dropped,
    /// It is in its log; only its checkpoint could not be written.
    Unanchored,
    /// It is in its log, but the start of its run no longer is.
    WithoutStart,
    /// The end of an earlier run is in its log now, but its start no longer is.
    EarlierWithoutStart,
}

impl Unrecorded {
    fn start_gone(log: &Log) -> Self {
        let log = shell_word(&log.path);
        Self {
            reason: format!("{log} was removed, emptied or replaced while the script ran"),
            diagnosis: None,
            left: Fallback::WithoutStart,
        }
    }

    /// That the starts of earlier runs are gone, whose ends were in the spool.
    fn earlier(appended: &Appended, log: &Log) -> Option<Self> {
        let log = shell_word(&log.path);
        let runs = &appended.without_start;
        let reason = format!(
            "{log} was removed, emptied or replaced during {}",
            runs.join(" ")
        );
        (!runs.is_empty()).then(|| Self {
            reason,
            diagnosis: Some(format!("qli audit verify {log}")),
            left: Fallback::EarlierWithoutStart,
        })
    }
}

impl OpenRecord {
    /// Appends the start record; when this returns, it is on disk.
    ///
    /// # Errors
    ///
    /// The record is not, or may not be, on disk: nothing may start. If it may
    /// be there, its end record was attempted too.
    pub fn open(
        context: RunContext,
        start: StartRecord,
        host: &mut dyn Host,
    ) -> Result<Self, Unopened> {
        let since = host.elapsed();
        let mut record = context.record(EventName::Start, start, host);
        let wait = LockWait::UntilSignal;
        let appended = append(&context.log, &mut record, None, wait, host);
        let mut open = Self {
            context,
            since,
            chain: record.chain,
            start: None,
            earlier: None,
        };
        let error = match appended {
            Ok(appended) => {
                open.earlier = Unrecorded::earlier(&appended, &open.context.log);
                open.start = Some(appended.written);
                return Ok(open);
            }
            Err(error) => error,
        };
        let may_be_there = match error {
            AppendError::Sync(_) => Some("sync"),
            AppendError::Unanchored(_) => Some("anchor"),
            AppendError::Obstacle(_)
            | AppendError::Locked
            | AppendError::NoLock(_)
            | AppendError::Interrupted(_)
            | AppendError::Write(_) => None,
        };
        let unrecorded = may_be_there.and_then(|why| {
            let end = EndRecord::not_started(why, None, exit_code::REFUSED.into());
            open.close(EndBody::Interrupted(end), host)
        });
        Err(Unopened { error, unrecorded })
    }

    /// Appends the end record. If it cannot be written it goes to the spool, or
    /// is returned as a whole.
    pub fn close(self, mut end: EndBody, host: &mut dyn Host) -> Option<Unrecorded> {
        end.set_duration(host.elapsed().saturating_sub(self.since));
        let mut record = self.context.record(end.event(), end, host);
        record.chain = self.chain; // for the spool, if the log cannot be read
        let log = &self.context.log;
        let start = self.start.as_ref();
        let appended = append(log, &mut record, start, LockWait::Stubborn, host);
        let gone = record
            .body
            .is_start_gone()
            .then(|| Unrecorded::start_gone(log))
            .or(self.earlier);
        let Err(error) = appended else {
            return gone;
        };
        let reasons = [Some(error.reason(&log.path)), gone.map(|gone| gone.reason)];
        let reason = reasons.into_iter().flatten().collect::<Vec<_>>().join("; ");
        let left = if error.is_recorded() {
            Fallback::Unanchored
        } else {
            spool_write(&log.path, &self.context.run_id, &record, start, host)
                .map_or_else(Fallback::Nowhere, Fallback::InSpool)
        };
        Some(Unrecorded {
            reason,
            diagnosis: error.diagnosis(&log.path),
            left,
        })
    }
}

/// Appends the record of a run that was refused before its start.
pub fn refuse(
    context: &RunContext,
    body: RefusedRecord,
    host: &mut dyn Host,
) -> Option<Unrecorded> {
    let mut record = context.record(EventName::Refused, body, host);
    let appended = append(&context.log, &mut record, None, LockWait::UntilSignal, host);
    let error = match appended {
        Ok(appended) => return Unrecorded::earlier(&appended, &context.log),
        Err(error) => error,
    };
    let reason = error.reason(&context.log.path);
    let left = if error.is_recorded() {
        Fallback::Unanchored
    } else {
        Fallback::Dropped
    };
    Some(Unrecorded {
        reason,
        diagnosis: error.diagnosis(&context.log.path),
        left,
    })
}

impl RunContext {
    fn record<B>(&self, event: EventName, body: B, host: &dyn Host) -> Record<B> {
        Record {
            run_id: Some(self.run_id.clone()),
            group: Some(self.group.clone()),
            extension: Some(self.extension.clone()),
            ..Record::new(event, &host.identity(), host.now(), body)
        }
    }
}
