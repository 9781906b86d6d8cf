//! Where the chain of a new log continues from: the file that rotation renamed.

use std::cmp::Reverse;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use super::checkpoint::Checkpoint;
use super::compression::Compression;
use super::log::Log;
use super::open_log::{AppendError, LockWait, lock};
use super::tail::{Link, log_end};
use crate::host::{Host, HostView, LogFile, OpenLog};
use crate::manifest::LogAccess;

/// Returns where the first record of an empty log goes: after the last one of
/// the newest file next to it that was this log, else at the beginning of a
/// chain.
///
/// That file is locked while it is read: a process that still appends to it
/// opened it before the rotation, and its record comes first.
pub(super) fn link(log: &Log, wait: LockWait, host: &mut dyn Host) -> Result<Link, AppendError> {
    let Some(mut old) = newest(log, host).map_err(AppendError::Write)? else {
        return Ok(Link::FIRST);
    };
    lock(&mut *old, wait, host)?;
    let end = old.length().and_then(|length| log_end(&*old, length, None));
    // If it fails, the lock ends when the file is closed, here.
    drop(old.unlock());
    Ok(end.map_err(AppendError::Write)?.link)
}

/// Opens the newest file that was this log: of the chain that was written to
/// last, the one with the highest number, since a clock may have stepped back.
///
/// What may not be read is passed over. A system that has no descriptors left, or
/// cannot read its disk, is an error: the chain must not begin anew because of it.
pub(super) fn newest(log: &Log, host: &mut dyn Host) -> io::Result<Option<Box<dyn LogFile>>> {
    let mut found: Vec<(Checkpoint, Box<dyn LogFile>)> = Vec::new();
    for (path, compression) in passing_over(rotated(&log.path, host))?.unwrap_or_default() {
        if compression.is_none()
            && let Some(last) = passing_over(last_of(&path, log.access, host))?
        {
            found.extend(last);
        }
    }
    let latest = found
        .iter()
        .max_by(|a, b| a.0.timestamp.cmp(&b.0.timestamp));
    let chain = latest.map(|(last, _)| last.chain.clone());
    let of_chain = found
        .into_iter()
        .filter(|(last, _)| chain.as_ref() == Some(&last.chain));
    let newest = of_chain.max_by_key(|(last, _)| last.seq);
    Ok(newest.map(|(_, old)| old))
}

/// Passes over what is not there, is not a file, or may not be read.
fn passing_over<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    let errno = |error: &io::Error| error.raw_os_error().map(Errno::from_raw);
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) => match errno(&error) {
            Some(Errno::EMFILE | Errno::ENFILE | Errno::ENOMEM | Errno::EIO | Errno::EINTR) => {
                Err(error)
            }
            _ => Ok(None),
        },
    }
}

/// Opens a file and returns its last record, if only we, root or the log's team can
/// have written it.
fn last_of(
    path: &Path,
    access: LogAccess,
    host: &mut dyn Host,
) -> io::Result<Option<(Checkpoint, Box<dyn LogFile>)>> {
    let old = host.open_log(path, OpenLog::Read)?;
    let stat = old.stat()?;
    // That of a team may belong to any of its users, as the log itself.
    let is_trusted = stat.has_trusted_owner(host.euid())
        || (access == LogAccess::Group && !stat.is_world_writable());
    if !stat.is_file() || !is_trusted {
        return Ok(None);
    }
    let length = old.length()?;
    let last = Checkpoint::newest(length, |at, size| old.before(at, size), path)?;
    Ok(last.map(|last| (last, old)))
}

/// Lists the files next to a log that are named as rotation renames it, the oldest
/// first by their names.
pub fn rotated_logs(log: &Path, view: &dyn HostView) -> Vec<Rotated> {
    // A directory that cannot be listed shows no file.
    rotated(log, view).unwrap_or_default()
}

/// A rotated file, and how it is compressed.
type Rotated = (PathBuf, Option<Compression>);

fn rotated(log: &Path, view: &dyn HostView) -> io::Result<Vec<Rotated>> {
    let (Some(directory), Some(name)) = (log.parent(), log.file_name().and_then(OsStr::to_str))
    else {
        return Ok(Vec::new());
    };
    let names = view.list(directory)?;
    let rotated = names
        .iter()
        .filter_map(|one| RotatedName::of(name, one.to_str()?));
    let mut rotated: Vec<_> = rotated.collect();
    rotated.sort_by_key(RotatedName::age);
    let rotated = rotated.iter();
    Ok(rotated
        .map(|one| (directory.join(one.name), one.compression))
        .collect())
}

/// A rotated log's file name.
#[derive(Debug, PartialEq, Eq)]
struct RotatedName<'a> {
    name: &'a str,
    /// What rotation added: a number or a time.
    mark: &'a str,
    compression: Option<Compression>,
}

impl<'a> RotatedName<'a> {
    /// Reads a name: `a.log.1`, `a.log-20261124`, or, before the extension,
    /// `a-20261124.log`; each may be compressed. `a-b.log` is another log.
    fn of(log: &str, name: &'a str) -> Option<Self> {
        let compressed = Compression::of_name(name);
        let (bare, compression) = compressed.map_or((name, None), |(bare, one)| (bare, Some(one)));
        let (stem, extension) = log.rsplit_once('.').unwrap_or((log, ""));
        let behind = bare.strip_prefix(log);
        let between = bare
            .strip_prefix(stem)
            .and_then(|rest| rest.strip_suffix(extension)?.strip_suffix('.'));
        let mark = behind.and_then(mark).or_else(|| between.and_then(mark))?;
        Some(Self {
            name,
            mark,
            compression,
        })
    }

    /// Orders the oldest first: each rotation increments the numbers, and times
    /// begin with the year.
    fn age(&self) -> (Reverse<Option<u16>>, &'a str) {
        let number = self.mark.parse().ok().filter(|_| self.mark.len() <= 4);
        (Reverse(number), self.mark)
    }
}

/// Reads what rotation adds to a name, after a dot or a dash.
fn mark(text: &str) -> Option<&str> {
    let mark = text.strip_prefix(['.', '-'])?;
    let digits = |c: char| c.is_ascii_digit() || "-_.:TZ".contains(c);
    let is_mark = mark == "old"
        || (mark.starts_with(|c: char| c.is_ascii_digit()) && mark.chars().all(digits));
    is_mark.then_some(mark)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::World;

    /// The program that decompresses a rotated file of this log, if it is
    /// compressed; an error if it is not a rotated file.
    fn read(log: &str, name: &str) -> Result<Option<&'static str>, ()> {
        let rotated = RotatedName::of(log, name).ok_or(())?;
        Ok(rotated.compression.map(|compression| compression.reader))
    }

    #[test]
    fn only_names_of_rotated_files_are_recognised() {
        for name in [
            "a.log.1",
            "a.log-20261124",
            "a.log-2026-11-24T10:00:00Z",
            "a.log.old",
            "a-20261124.log",
            "a.1.log",
        ] {
            assert_eq!(read("a.log", name), Ok(None), "{name}");
            let compressed = format!("{name}.gz");
            assert_eq!(read("a.log", &compressed), Ok(Some("zcat")), "{name}");
        }
        for name in [
            "a.log",
            "a.log.gz",
            "a.log.1.zip",
            "a-b.log",
            "a.log.bak",
            "b.log.1",
            "b.log.1.gz",
            "a.",
            "a",
        ] {
            assert_eq!(read("a.log", name), Err(()), "{name}");
        }
        assert_eq!(read("audit", "audit.1"), Ok(None));
        assert_eq!(read("audit", "audit"), Err(()));
        assert_eq!(read("a.gz", "a.gz.1"), Ok(None));
    }

    #[test]
    fn the_oldest_file_is_listed_first() {
        let world = World::new()
            .file("/l/a.log", "")
            .file("/l/a.log.1", "")
            .file("/l/a.log.2", "")
            .file("/l/a.log.10.gz", "")
            .file("/l/a.log.3.xz", "")
            .file("/m/b.log-20261124", "")
            .file("/m/b.log-20251231", "");
        let found = |log: &str| -> Vec<_> {
            let found = rotated_logs(Path::new(log), &world).into_iter();
            found
                .map(|(path, one)| (path, one.map(|one| one.reader)))
                .collect()
        };
        let expected = [
            ("/l/a.log.10.gz", Some("zcat")),
            ("/l/a.log.3.xz", Some("xzcat")),
            ("/l/a.log.2", None),
            ("/l/a.log.1", None),
        ];
        assert_eq!(
            found("/l/a.log"),
            expected.map(|(path, reader)| (path.into(), reader))
        );
        let dates = ["/m/b.log-20251231", "/m/b.log-20261124"];
        assert_eq!(found("/m/b.log"), dates.map(|path| (path.into(), None)));
    }
}
