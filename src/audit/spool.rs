//! End records that could not be written to their logs: they are kept in
//! `$XDG_STATE_HOME/qli/spool/<run_id>.json` until the next run of the same log
//! writes them.

use std::io;
use std::path::{Path, PathBuf};

use chrono::DateTime;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::backwards::search_back;
use super::codec::{Envelope, EventName, ParsedLine, RECORD_MAX};
use super::id::RunId;
use super::log::Log;
use super::record::{Record, SignalRecord};
use super::rotated;
use super::written::Written;
use crate::host::{Access, FileKind, Host, HostView, LogFile, lookup};
use crate::names::{Text, to_json_line};

/// One run moves this many records to its log at most.
const PENDING_MAX: usize = 100;

/// A record that is older than a run by more than this, in milliseconds, was
/// written before it, even if the clock was set back.
const CLOCK_STEP: i64 = 24 * 60 * 60 * 1000;

/// How many bytes its log adds to a record: what seals it, and that it was spooled.
const SEAL_MAX: usize = 512;

/// A file of the spool, as it is read back. The record may be of another version,
/// and keeps all its fields.
#[derive(Deserialize)]
struct SpoolFile {
    log: Text,
    record: Map<String, Value>,
    /// Where the start of its run was written, if that is known.
    #[serde(default)]
    start: Option<Written>,
}

fn directory(view: &dyn HostView) -> Option<PathBuf> {
    let state = lookup("XDG_STATE_HOME", view).ok()?;
    Some(Path::new(&state).join("qli/spool"))
}

/// Writes a record to the spool. If that fails too, it is returned as a line of
/// JSON.
pub(super) fn spool_write<B: Serialize>(
    log: &Path,
    run_id: &RunId,
    record: &Record<B>,
    start: Option<&Written>,
    host: &mut dyn Host,
) -> Result<PathBuf, String> {
    let json = json!({ "log": Text::from(log.as_os_str()), "record": record, "start": start });
    let json = to_json_line(&json) + "\n";
    let path = directory(host).map(|spool| spool.join(format!("{run_id}.json")));
    match path {
        Some(path) if host.spool_write(&path, json.as_bytes()).is_ok() => Ok(path),
        _ => Err(to_json_line(record)),
    }
}

/// A record in the spool.
#[derive(Debug)]
pub(super) struct SpooledRecord {
    pub(super) path: PathBuf,
    record: Map<String, Value>,
    pub(super) start: Option<Written>,
}

impl SpooledRecord {
    /// Returns whether the end of this run is in its log already: a run wrote it
    /// there, but could not sync it, or not remove it from the spool. The log may
    /// have been rotated since.
    pub(super) fn is_recorded(
        &self,
        file: &dyn LogFile,
        length: u64,
        log: &Log,
        host: &mut dyn Host,
    ) -> io::Result<bool> {
        if let Some(is_recorded) = self.look_in(file, length)? {
            return Ok(is_recorded);
        }
        let Some(old) = rotated::newest(log, host)? else {
            return Ok(false);
        };
        let found = self.look_in(&*old, old.length()?)?;
        Ok(found.unwrap_or(false))
    }

    pub(super) fn run_id(&self) -> Option<&str> {
        self.record.get("run_id").and_then(Value::as_str)
    }

    pub(super) fn set_start_gone(&mut self) {
        self.record.insert("start_gone".to_owned(), true.into());
    }

    /// Looks for the end of this run, as far back as its start.
    fn look_in(&self, file: &dyn LogFile, length: u64) -> io::Result<Option<bool>> {
        let run_id = self.run_id();
        let oldest = RunId::millis_of(run_id.unwrap_or_default()).map(|began| began - CLOCK_STEP);
        let before = |at, size| file.before(at, size);
        search_back(length, before, |line| {
            let envelope = Envelope::of(line.bytes).ok()?;
            if envelope.run_id.as_deref() != run_id {
                return (envelope.millis()? < oldest?).then_some(false);
            }
            let event = envelope.event()?;
            let is_end = event.is_end() && ParsedLine::intact(line.bytes).is_some();
            (is_end || event == EventName::Start).then_some(is_end)
        })
    }

    /// Returns the record as it goes into its log, marked as spooled.
    pub(super) fn json(&self, chain: &str) -> String {
        let mut record = self.record.clone();
        record.insert("chain".to_owned(), chain.into());
        record.insert("spooled".to_owned(), true.into());
        to_json_line(&record)
    }
}

/// Returns the spooled records of a log, those of the oldest runs first.
///
/// A file that another user may have written, or that is not the end of a run,
/// is left alone. Without a spool this costs one system call.
pub(super) fn pending(log: &Path, view: &dyn HostView) -> Vec<SpooledRecord> {
    let Some(spool) = directory(view) else {
        return Vec::new();
    };
    if !is_private(&spool, FileKind::Directory, view) {
        return Vec::new();
    }
    let names = view.list(&spool).unwrap_or_default().into_iter();
    let pending = names.filter_map(|name| {
        let path = spool.join(name);
        let kept = ended(&path, view).filter(|kept| kept.log.as_os_str() == log)?;
        let (mut record, start) = (kept.record, kept.start);
        // Its log seals it again.
        for key in ["prev", "seq", "hash"] {
            record.shift_remove(key);
        }
        Some(SpooledRecord {
            path,
            record,
            start,
        })
    });
    // What cannot be removed would be written again by every run.
    let pending = pending.filter(|one| {
        let mut paths = [spool.as_path(), one.path.as_path()].into_iter();
        paths.all(|path| view.check_access(path, Access::Write).is_ok())
    });
    pending.take(PENDING_MAX).collect()
}

/// The state of the spool, for `qli doctor`.
#[derive(Debug)]
pub enum Spool {
    /// It cannot exist, since `HOME` is not set.
    Nowhere,
    Absent,
    /// Another user may change it, so nothing in it is used.
    NotPrivate(PathBuf),
    Unreadable(PathBuf, io::Error),
    /// Its directory, and for each file in it the log that its record belongs
    /// to; `None` if it is not the end of a run, or another user may have written it.
    Kept(PathBuf, Vec<Option<PathBuf>>),
}

pub fn inspect(view: &dyn HostView) -> Spool {
    let Some(spool) = directory(view) else {
        return Spool::Nowhere;
    };
    if view.lstat(&spool).is_err() {
        return Spool::Absent;
    }
    if !is_private(&spool, FileKind::Directory, view) {
        return Spool::NotPrivate(spool);
    }
    match view.list(&spool) {
        Ok(names) => {
            let kept = names.into_iter().map(|name| spool.join(name));
            let logs = kept.map(|path| Some(ended(&path, view)?.log.as_os_str().into()));
            let logs = logs.collect();
            Spool::Kept(spool, logs)
        }
        Err(error) => Spool::Unreadable(spool, error),
    }
}

fn is_private(path: &Path, kind: FileKind, view: &dyn HostView) -> bool {
    view.lstat(path).is_ok_and(|stat| {
        let writable_by_others = stat.is_group_writable() || stat.is_world_writable();
        stat.kind == kind && stat.owner == view.euid() && !writable_by_others
    })
}

/// Reads the end of a run and the log it belongs to.
fn ended(path: &Path, view: &dyn HostView) -> Option<SpoolFile> {
    let run_id = path.file_name()?.to_str()?.strip_suffix(".json")?;
    let limit = u64::try_from(2 * RECORD_MAX).ok()?;
    let bytes = is_private(path, FileKind::File, view)
        .then(|| view.read(path, limit).ok())
        .flatten()?
        .bytes;
    let kept: SpoolFile = serde_json::from_slice(&bytes).ok()?;
    let record = &kept.record;
    let fields = EndFields::deserialize(record).ok()?;
    let event_is_first = record.keys().next().is_some_and(|key| key == "event");
    let is_valid = event_is_first && fields.are_those_of(run_id);
    let fits = to_json_line(record).len() + SEAL_MAX <= RECORD_MAX;
    (is_valid && fits).then_some(kept)
}

/// What qli writes into the end of a run. A file that was damaged or written by
/// another program would stay in the log for ever.
#[derive(Deserialize)]
#[expect(dead_code, reason = "their types are what matters")]
struct EndFields {
    event: EventName,
    schema_version: u32,
    timestamp: String,
    host: String,
    run_id: String,
    group: String,
    extension: String,
    user: Option<String>,
    uid: u32,
    euid: u32,
    exit_code: i32,
    duration_ms: u64,
    signal: Option<String>,
    reason: Option<String>,
    message: Option<String>,
    #[serde(default)]
    signals: Vec<SignalRecord>,
    #[serde(default)]
    timed_out: bool,
}

impl EndFields {
    fn are_those_of(&self, run_id: &str) -> bool {
        let has_time = DateTime::parse_from_rfc3339(&self.timestamp).is_ok();
        let is_of_run = self.run_id == run_id && RunId::has_form_of(run_id);
        self.event.is_end() && is_of_run && has_time
    }
}
