//! End records that could not be written to their logs:
//! `$XDG_STATE_HOME/qli/spool/<run_id>.json`, until the next run of the same log
//! takes them over.

use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Map, Value};

use super::RunId;
use super::record::Record;
use super::tail::RECORD_MAX;
use crate::host::{Access, FileKind, Host, HostView, XdgDir, xdg_dir};
use crate::names::{Text, path_as_text, to_json_line};

/// So many records one run takes over at most.
const TAKEN_MAX: usize = 100;

/// A record with the log it belongs to, as it is kept.
#[derive(Serialize)]
struct Spooled<'a, B> {
    #[serde(serialize_with = "path_as_text")]
    log: &'a Path,
    record: &'a Record<B>,
}

/// Returns the directory of the spool.
fn directory(view: &dyn HostView) -> Option<PathBuf> {
    let state = xdg_dir(XdgDir::State, view).ok()?;
    Some(state.join("qli/spool"))
}

/// Keeps a record. Where that fails too it is returned, as a line of JSON.
pub(super) fn spool_write<B: Serialize>(
    log: &Path,
    run_id: &RunId,
    record: &Record<B>,
    host: &mut dyn Host,
) -> Result<PathBuf, String> {
    let json = to_json_line(&Spooled { log, record }) + "\n";
    let path = directory(host).map(|spool| spool.join(format!("{run_id}.json")));
    match path {
        Some(path) if host.spool_write(&path, json.as_bytes()).is_ok() => Ok(path),
        _ => Err(to_json_line(record)),
    }
}

/// A record that waits for its log.
#[derive(Debug)]
pub(super) struct SpooledRecord {
    /// The file it is kept in.
    pub(super) path: PathBuf,
    run_id: String,
    record: Map<String, Value>,
}

impl SpooledRecord {
    /// Says whether the end of a log holds the record already: it was taken over by
    /// a run that could not remove it from here any more.
    pub(super) fn is_in(&self, tail: &[u8]) -> bool {
        let mut lines = tail.split(|&byte| byte == b'\n');
        lines.any(|line| {
            let Ok(record) = serde_json::from_slice::<Value>(line) else {
                return false;
            };
            record.get("spooled") == Some(&true.into())
                && record.get("run_id").and_then(Value::as_str) == Some(&self.run_id)
        })
    }

    /// Writes the record as it will stand in its log, marked as taken over.
    pub(super) fn json(&self, chain: &str) -> String {
        let mut record = self.record.clone();
        record.insert("chain".to_owned(), chain.into());
        record.insert("spooled".to_owned(), true.into());
        to_json_line(&record)
    }
}

/// Returns the records that wait for a log, those of the oldest runs first.
///
/// What somebody else may have put there, and what is no end of a run, stays
/// where it is. A spool that is not there costs one look.
pub(super) fn waiting(log: &Path, view: &dyn HostView) -> Vec<SpooledRecord> {
    let Some(spool) = directory(view) else {
        return Vec::new();
    };
    if !is_private(&spool, FileKind::Directory, view) {
        return Vec::new();
    }
    let names = view.list(&spool).unwrap_or_default().into_iter();
    let waiting = names.filter_map(|name| {
        let path = spool.join(name);
        let record = read(&path, log, view)?;
        let run_id = record.get("run_id")?.as_str()?.to_owned();
        Some(SpooledRecord {
            path,
            run_id,
            record,
        })
    });
    // What cannot be removed would be taken over again and again.
    let waiting = waiting.filter(|one| {
        let mut paths = [spool.as_path(), one.path.as_path()].into_iter();
        paths.all(|path| view.check_access(path, Access::Write).is_ok())
    });
    waiting.take(TAKEN_MAX).collect()
}

/// The spool as it stands, for who wants to know what waits.
#[derive(Debug)]
pub enum Spool {
    /// There is no place for one, since `HOME` is not set.
    Nowhere,
    /// Nothing waits.
    Absent,
    /// Somebody else may change it, so that nothing of it is taken over.
    NotPrivate(PathBuf),
    /// It cannot be listed.
    Unreadable(PathBuf, io::Error),
    /// Its directory, and for each file in it the log that its record belongs
    /// to; none if it holds no end of a run, or another user may have written it.
    Kept(PathBuf, Vec<Option<PathBuf>>),
}

/// Looks at the spool.
pub fn look(view: &dyn HostView) -> Spool {
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

fn read(path: &Path, log: &Path, view: &dyn HostView) -> Option<Map<String, Value>> {
    let (of, mut record) = ended(path, view)?;
    // The chain's own fields are given anew.
    for key in ["prev", "seq", "hash"] {
        record.shift_remove(key);
    }
    (of == log).then_some(record)
}

/// Reads the end of a run and the log it waits for.
fn ended(path: &Path, view: &dyn HostView) -> Option<(PathBuf, Map<String, Value>)> {
    let run_id = path.file_name()?.to_str()?.strip_suffix(".json")?;
    let limit = u64::try_from(2 * RECORD_MAX).ok()?;
    let bytes = is_private(path, FileKind::File, view)
        .then(|| view.read(path, limit).ok())
        .flatten()?
        .bytes;
    let mut kept: Map<String, Value> = serde_json::from_slice(&bytes).ok()?;
    let log = Text::of_json(kept.get("log")?)?;
    let Some(Value::Object(record)) = kept.remove("record") else {
        return None;
    };
    let is = |key: &str, values: &[&str]| {
        let found = record.get(key).and_then(Value::as_str);
        found.is_some_and(|found| values.contains(&found))
    };
    let ends = ["finish", "interrupted", "spawn_failed"];
    let first = record.keys().next().is_some_and(|key| key == "event");
    let ended = first && is("event", &ends) && is("run_id", &[run_id]);
    ended.then(|| (log.as_os_str().into(), record))
}
