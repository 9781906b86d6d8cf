//! Paths by their words, and programs on `PATH`, looked up by name: no directory
//! is ever listed here.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use super::permissions::is_executable;
use super::trust::suspicions;
use super::{ChangedBy, HostView, InsecurePath, Stat};

/// What a look-up on `PATH` found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnPath {
    /// The program, by its absolute path.
    Found(PathBuf),
    /// There is one, and somebody else may change it.
    Untrusted(InsecurePath),
    /// It is nowhere.
    Missing,
}

/// Takes `.` and `..` out of a path by its words alone, whatever links lead to.
pub fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => plain.push(part),
        }
    }
    plain
}

/// Returns the entries of a list of paths that are separated by `:`, but for
/// the empty ones.
pub fn path_list(list: &OsStr) -> impl Iterator<Item = PathBuf> {
    std::env::split_paths(list).filter(|path| !path.as_os_str().is_empty())
}

/// Returns the entries of `PATH` that can be used at all: empty and relative
/// ones mean another directory wherever qli is started from, and are skipped.
pub fn path_entries(view: &dyn HostView) -> Vec<PathBuf> {
    let path = view.var("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .filter(|entry| entry.is_absolute())
        .collect()
}

/// Looks for an executable by its file name, entry by entry. One that
/// somebody else may change, or that lies in a directory everybody may write
/// to, is passed over.
pub fn search_path(file: &str, view: &dyn HostView) -> OnPath {
    let mut untrusted = None;
    for candidate in candidates(file, view) {
        match candidate {
            Ok(path) => return OnPath::Found(path),
            Err(suspicion) => drop(untrusted.get_or_insert(suspicion)),
        }
    }
    untrusted.map_or(OnPath::Missing, OnPath::Untrusted)
}

/// Returns every executable of a file name that could be used, the one that
/// wins first.
pub fn all_on_path(file: &str, view: &dyn HostView) -> Vec<PathBuf> {
    candidates(file, view).filter_map(Result::ok).collect()
}

fn candidates(
    file: &str,
    view: &dyn HostView,
) -> impl Iterator<Item = Result<PathBuf, InsecurePath>> {
    path_entries(view).into_iter().filter_map(move |entry| {
        let candidate = entry.join(file);
        if !is_executable(&candidate, view) {
            return None;
        }
        Some(match distrust(&entry, &candidate, view) {
            Some(suspicion) => Err(suspicion),
            None => Ok(candidate),
        })
    })
}

/// Says why a program found on `PATH` is not used. For the entry itself the
/// sticky bit is no excuse: anybody may put a program there first.
fn distrust(entry: &Path, candidate: &Path, view: &dyn HostView) -> Option<InsecurePath> {
    let open = view.stat(entry).ok().filter(Stat::is_world_writable);
    if let Some(stat) = open {
        return Some(InsecurePath {
            path: entry.to_owned(),
            mode: stat.mode,
            owner: stat.owner,
            by: ChangedBy::Everybody,
        });
    }
    let found = suspicions(&[candidate], view);
    found.into_iter().find(|one| one.by != ChangedBy::Group)
}

#[cfg(test)]
mod tests {
    use super::super::fake::World;
    use super::*;

    #[test]
    fn empty_relative_and_open_entries_are_skipped() {
        let world = World::new()
            .var("PATH", ":bin:/tmp/open:/opt/bin")
            .directory("/tmp/open", 0o777)
            .executable("/tmp/open/op", "")
            .executable("bin/op", "")
            .executable("/opt/bin/op", "");
        assert_eq!(
            search_path("op", &world),
            OnPath::Found("/opt/bin/op".into())
        );
    }

    #[test]
    fn a_program_that_others_may_change_is_named_and_not_used() {
        let world = World::new()
            .var("PATH", "/tmp/open")
            .directory("/tmp/open", 0o1777)
            .executable("/tmp/open/op", "");
        let OnPath::Untrusted(suspicion) = search_path("op", &world) else {
            panic!("trusted")
        };
        assert_eq!(suspicion.help(), "chmod o-w /tmp/open");
        assert_eq!(search_path("pass", &world), OnPath::Missing);
        let foreign = World::new()
            .executable("/usr/bin/op", "")
            .alter("/usr/bin/op", |stat| stat.owner = 77);
        assert!(matches!(search_path("op", &foreign), OnPath::Untrusted(_)));
    }

    #[test]
    fn what_cannot_be_executed_is_passed_over() {
        let world = World::new()
            .var("PATH", "/a:/b")
            .file("/a/op", "")
            .executable("/b/op", "");
        assert_eq!(search_path("op", &world), OnPath::Found("/b/op".into()));
    }
}
