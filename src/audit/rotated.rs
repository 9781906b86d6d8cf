//! Where the chain of a new log goes on: in the file that rotation moved
//! aside.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::append::{AppendError, Patience, lock};
use super::tail::{Chained, Link, last_record};
use super::write::{ending, last_lines};
use crate::host::{FileKind, Host, LogFile};

/// Returns the place of the first record of an empty log: after the last one
/// of the newest file beside it that was this log, else the beginning of a
/// chain.
///
/// That file's lock is taken and given back: whoever still appends to it has
/// seen it in its place, and comes first.
pub(super) fn link(
    log: &Path,
    patience: Patience,
    host: &mut dyn Host,
) -> Result<Link, AppendError> {
    let Some(mut old) = newest(log, host) else {
        return Ok(Link::first());
    };
    lock(&mut *old, patience, host)?;
    let ending = old.length().and_then(|length| ending(&*old, length));
    let unlocked = old.unlock();
    let ending = ending.map_err(AppendError::Write)?;
    unlocked.map_err(AppendError::Write)?;
    Ok(ending.link())
}

/// Opens the newest file that was this log. In the chain that was written to
/// last it is the one with the highest number: a clock may have stepped back.
fn newest(log: &Path, host: &mut dyn Host) -> Option<Box<dyn LogFile>> {
    let mut found: Vec<(Chained, Box<dyn LogFile>)> = Vec::new();
    for path in moved_aside(log, host) {
        found.extend(last_of(&path, host));
    }
    let latest = found
        .iter()
        .max_by(|a, b| a.0.timestamp.cmp(&b.0.timestamp));
    let chain = latest?.0.chain.clone();
    let of_chain = found.into_iter().filter(|(last, _)| last.chain == chain);
    of_chain
        .max_by_key(|(last, _)| last.seq)
        .map(|(_, old)| old)
}

/// Opens a file and returns its last record, if it is one that only we or root
/// can have put there.
fn last_of(path: &Path, host: &mut dyn Host) -> Option<(Chained, Box<dyn LogFile>)> {
    let old = host.open_rotated(path).ok()?;
    let stat = old.stat().ok()?;
    if stat.kind != FileKind::File || (stat.owner != host.euid() && stat.owner != 0) {
        return None;
    }
    let last = last_lines(&*old, old.length().ok()?, last_record, Option::is_some);
    Some((last.ok()??, old))
}

/// Lists the files beside a log whose names rotation makes of its name.
fn moved_aside(log: &Path, host: &dyn Host) -> Vec<PathBuf> {
    let (Some(directory), Some(name)) = (log.parent(), log.file_name().and_then(OsStr::to_str))
    else {
        return Vec::new();
    };
    // A directory that may not be listed shows nothing to go on from.
    let names = host.list(directory).unwrap_or_default().into_iter();
    names
        .filter(|one| one.to_str().is_some_and(|one| is_rotated(name, one)))
        .map(|one| directory.join(one))
        .collect()
}

/// Says whether rotation makes one name of another: `a.log.1`,
/// `a.log-20261124`, or, before the extension, `a-20261124.log`. What names
/// another log, as `a-b.log` does, is none of them.
fn is_rotated(log: &str, name: &str) -> bool {
    let (stem, extension) = log.rsplit_once('.').unwrap_or((log, ""));
    let behind = name.strip_prefix(log);
    let between = name
        .strip_prefix(stem)
        .and_then(|rest| rest.strip_suffix(extension)?.strip_suffix('.'));
    let counts = |text: &str| {
        let mark = text.strip_prefix(['.', '-']);
        mark.is_some_and(|mark| {
            let digits = |c: char| c.is_ascii_digit() || "-_.:TZ".contains(c);
            mark == "old"
                || (mark.starts_with(|c: char| c.is_ascii_digit()) && mark.chars().all(digits))
        })
    };
    behind.is_some_and(counts) || between.is_some_and(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_rotation_makes_are_looked_at() {
        for name in [
            "a.log.1",
            "a.log-20261124",
            "a.log-2026-11-24T10:00:00Z",
            "a.log.old",
            "a-20261124.log",
            "a.1.log",
        ] {
            assert!(is_rotated("a.log", name), "{name}");
        }
        for name in [
            "a.log",
            "a.log.1.gz",
            "a-b.log",
            "a.log.bak",
            "b.log.1",
            "a.",
            "a",
        ] {
            assert!(!is_rotated("a.log", name), "{name}");
        }
        assert!(is_rotated("audit", "audit.1") && !is_rotated("audit", "audit"));
    }
}
