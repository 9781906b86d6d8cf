//! End records that could not be written to their logs: they are kept in
//! `$XDG_STATE_HOME/qli/spool/<run_id>.json` until the next run of the same log
//! writes them.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::codec::{Envelope, EventName, RECORD_MAX};
use super::id::RunId;
use super::record::Record;
use crate::host::{Access, FileKind, Host, HostView, lookup};
use crate::names::{Text, to_json_line};

/// One run moves this many records to its log at most.
const PENDING_MAX: usize = 100;

/// A file of the spool, as it is read back. The record may be of another version,
/// and keeps all its fields.
#[derive(Deserialize)]
struct SpoolFile {
    log: Text,
    record: Map<String, Value>,
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
    host: &mut dyn Host,
) -> Result<PathBuf, String> {
    let json = json!({ "log": Text::from(log.as_os_str()), "record": record });
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
}

impl SpooledRecord {
    /// Returns whether the end of a log already contains the record: a run wrote it
    /// there and could not remove it from the spool.
    pub(super) fn is_in(&self, tail: &[u8]) -> bool {
        let run_id = self.record.get("run_id").and_then(Value::as_str);
        let lines = tail.split(|&byte| byte == b'\n');
        lines
            .flat_map(Envelope::of)
            .any(|record| record.spooled && record.run_id.as_deref() == run_id)
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
        let (_, mut record) = ended(&path, view).filter(|(of, _)| of == log)?;
        // Its log seals it again.
        for key in ["prev", "seq", "hash"] {
            record.shift_remove(key);
        }
        Some(SpooledRecord { path, record })
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
            let logs = kept.map(|path| ended(&path, view).map(|(log, _)| log));
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
fn ended(path: &Path, view: &dyn HostView) -> Option<(PathBuf, Map<String, Value>)> {
    let run_id = path.file_name()?.to_str()?.strip_suffix(".json")?;
    let limit = u64::try_from(2 * RECORD_MAX).ok()?;
    let bytes = is_private(path, FileKind::File, view)
        .then(|| view.read(path, limit).ok())
        .flatten()?
        .bytes;
    let SpoolFile { log, record } = serde_json::from_slice(&bytes).ok()?;
    let text = |key: &str| record.get(key).and_then(Value::as_str);
    let is_end = EventName::of(text("event")?).is_some_and(EventName::is_end);
    let event_is_first = record.keys().next().is_some_and(|key| key == "event");
    let ended = event_is_first && is_end && text("run_id") == Some(run_id);
    ended.then(|| (log.as_os_str().into(), record))
}
