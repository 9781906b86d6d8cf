//! Looks up programs on `PATH` by name, without listing directories.

use std::path::{Path, PathBuf};

use super::permissions::is_executable;
use super::trust::insecure_paths;
use super::{ChangedBy, HostView, InsecurePath, Stat};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnPath {
    Found(PathBuf),
    /// The only program of that name can be changed by others.
    Untrusted(InsecurePath),
    Missing,
}

/// Returns the usable entries of `PATH`. What an empty or relative one means
/// depends on the working directory, so these are skipped.
pub fn path_entries(view: &dyn HostView) -> Vec<PathBuf> {
    let path = view.var("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .filter(|entry| entry.is_absolute())
        .collect()
}

/// Finds an executable by its file name. One that others can change is skipped, and
/// so is one in a world-writable directory.
pub fn search_path(file: &str, view: &dyn HostView) -> OnPath {
    first_trusted(candidates(file, view), view)
}

/// Chooses among executables on `PATH`, in its order.
pub fn first_trusted(candidates: impl IntoIterator<Item = PathBuf>, view: &dyn HostView) -> OnPath {
    let mut untrusted = None;
    for candidate in candidates {
        match distrust(&candidate, view) {
            None => return OnPath::Found(candidate),
            Some(insecure) => drop(untrusted.get_or_insert(insecure)),
        }
    }
    untrusted.map_or(OnPath::Missing, OnPath::Untrusted)
}

/// Returns every usable executable of a file name; the first one wins.
pub fn all_on_path(file: &str, view: &dyn HostView) -> Vec<PathBuf> {
    let trusted = |candidate: &PathBuf| distrust(candidate, view).is_none();
    candidates(file, view).filter(trusted).collect()
}

fn candidates(file: &str, view: &dyn HostView) -> impl Iterator<Item = PathBuf> {
    let candidates = path_entries(view).into_iter().map(move |it| it.join(file));
    candidates.filter(|candidate| is_executable(candidate, view))
}

/// Why a program on `PATH` is not used. For the entry itself the sticky bit does not
/// help: anyone can put a program there first.
fn distrust(candidate: &Path, view: &dyn HostView) -> Option<InsecurePath> {
    let entry = candidate.parent()?;
    if let Some(stat) = view.stat(entry).ok().filter(Stat::is_world_writable) {
        let (path, by) = (entry.to_owned(), ChangedBy::Everyone);
        return Some(InsecurePath { path, stat, by });
    }
    let found = insecure_paths(&[candidate], view);
    found.into_iter().find(|one| one.by != ChangedBy::Group)
}

#[cfg(test)]
mod tests {
    use super::super::fake::World;
    use super::*;

    #[test]
    fn empty_relative_and_world_writable_entries_are_skipped() {
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
    fn a_program_that_others_can_change_is_reported_and_not_used() {
        let world = World::new()
            .var("PATH", "/tmp/open")
            .directory("/tmp/open", 0o1777)
            .executable("/tmp/open/op", "");
        let OnPath::Untrusted(insecure) = search_path("op", &world) else {
            panic!("trusted")
        };
        assert_eq!(insecure.help(), "chmod o-w /tmp/open");
        assert_eq!(search_path("pass", &world), OnPath::Missing);
        let foreign = World::new()
            .executable("/usr/bin/op", "")
            .alter("/usr/bin/op", |stat| stat.owner = 77);
        assert!(matches!(search_path("op", &foreign), OnPath::Untrusted(_)));
    }

    #[test]
    fn a_file_that_is_not_executable_is_skipped() {
        let world = World::new()
            .var("PATH", "/a:/b")
            .file("/a/op", "")
            .executable("/b/op", "");
        assert_eq!(search_path("op", &world), OnPath::Found("/b/op".into()));
    }
}
