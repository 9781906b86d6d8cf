//! The trail of one run: opened by its start record, closed by value.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::append::{AppendError, LockWait, append};
use super::record::{EndRecord, EventName, Record, SpawnFailedRecord};
use super::spool::spool_write;
use super::{Log, RefusedRecord, RunId, StartRecord};
use crate::host::Host;
use crate::names::{ExtensionName, GroupName, exit_code};

/// Whose run it is.
#[derive(Debug, Clone)]
pub struct RunContext {
    /// The log.
    pub log: Log,
    /// The run.
    pub run_id: RunId,
    /// The group.
    pub group: GroupName,
    /// The extension.
    pub extension: ExtensionName,
}

/// A run that has a start record and owes its end.
#[derive(Debug)]
#[must_use = "a start record without its end says that the outcome is unknown"]
pub struct OpenRecord {
    opening: RunContext,
    since: Duration,
    chain: String,
}

/// A start record that is not, or may not be, on disk.
#[derive(Debug)]
pub struct Unopened {
    /// Why.
    pub error: AppendError,
    /// The end that was owed because the start may be there, if it could not
    /// be recorded either.
    pub unrecorded: Option<Unrecorded>,
}

/// What the end record tells.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum EndBody {
    /// The script ran and ended.
    Finish(EndRecord),
    /// Somebody stopped the run.
    Interrupted(EndRecord),
    /// The script could not be started.
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

    fn set_duration(&mut self, duration: Duration) {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        match self {
            Self::Finish(end) | Self::Interrupted(end) => end.duration_ms = millis,
            Self::SpawnFailed(end) => end.duration_ms = millis,
        }
    }
}

/// A record that is not in its log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unrecorded {
    /// Why it is not there.
    pub reason: String,
    /// What has become of it.
    pub left: Fallback,
}

/// What has become of a record that is not in its log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fallback {
    /// An end: it is kept in this file until the next run of the same log.
    InSpool(PathBuf),
    /// An end that could not be kept either: the record itself.
    Nowhere(String),
    /// A refusal: nothing ran, and nothing is owed.
    Dropped,
    /// It is in its log; only its hash was not told elsewhere.
    Unanchored,
}

impl OpenRecord {
    /// Appends the start record; when this returns, it is on disk.
    ///
    /// # Errors
    ///
    /// The record is not, or may not be, on disk: nothing may be started. If
    /// it may be there, its end was attempted too.
    pub fn open(
        opening: RunContext,
        start: StartRecord,
        host: &mut dyn Host,
    ) -> Result<Self, Unopened> {
        let since = host.elapsed();
        let mut record = opening.record(EventName::Start, start, host);
        let appended = append(&opening.log, &mut record, LockWait::UntilSignal, host);
        let trail = Self {
            opening,
            since,
            chain: record.chain,
        };
        match appended {
            Ok(()) => Ok(trail),
            Err(error @ (AppendError::Sync(_) | AppendError::Unanchored(_))) => {
                let why = if matches!(error, AppendError::Sync(_)) {
                    "sync"
                } else {
                    "anchor"
                };
                let end = EndBody::Interrupted(EndRecord::not_started(
                    why,
                    None,
                    exit_code::REFUSED.into(),
                ));
                let unrecorded = trail.close(end, host);
                Err(Unopened { error, unrecorded })
            }
            Err(error) => {
                drop(trail);
                let unrecorded = None;
                Err(Unopened { error, unrecorded })
            }
        }
    }

    /// Appends the end record. One that cannot be written is kept in the
    /// spool, or returned whole.
    pub fn close(self, mut end: EndBody, host: &mut dyn Host) -> Option<Unrecorded> {
        end.set_duration(host.elapsed().saturating_sub(self.since));
        let mut record = self.opening.record(end.event(), end, host);
        record.chain = self.chain; // also where the log itself cannot be asked
        let log = &self.opening.log;
        let error = append(log, &mut record, LockWait::Stubborn, host).err()?;
        let reason = error.reason(&log.path);
        let left = if error.is_recorded() {
            Fallback::Unanchored
        } else {
            spool_write(&log.path, &self.opening.run_id, &record, host)
                .map_or_else(Fallback::Nowhere, Fallback::InSpool)
        };
        Some(Unrecorded { reason, left })
    }
}

/// Appends the record of a run that was refused before its start.
pub fn refuse(
    opening: &RunContext,
    body: RefusedRecord,
    host: &mut dyn Host,
) -> Option<Unrecorded> {
    let mut record = opening.record(EventName::Refused, body, host);
    let error = append(&opening.log, &mut record, LockWait::UntilSignal, host).err()?;
    let reason = error.reason(&opening.log.path);
    let left = if error.is_recorded() {
        Fallback::Unanchored
    } else {
        Fallback::Dropped
    };
    Some(Unrecorded { reason, left })
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
