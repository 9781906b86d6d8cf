//! Programs on `PATH`, looked up by name: no directory is ever listed here.

use std::path::{Path, PathBuf};

use super::{Access, FileKind, HostView};

/// What a look-up on `PATH` found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnPath {
    /// The program, by its absolute path.
    Found(PathBuf),
    /// It lies only in a directory that everybody may write to.
    Untrusted(PathBuf),
    /// It is nowhere.
    Missing,
}

/// Returns the entries of `PATH` that can be used at all: empty and relative
/// ones mean another directory wherever qli is started from, and are skipped.
pub fn path_entries(view: &dyn HostView) -> Vec<PathBuf> {
    let path = view.var("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .filter(|entry| entry.is_absolute())
        .collect()
}

/// Looks for an executable by its file name, entry by entry. One in a
/// directory that is writable by everybody is passed over.
pub fn search_path(file: &str, view: &dyn HostView) -> OnPath {
    let mut untrusted = None;
    for entry in path_entries(view) {
        let candidate = entry.join(file);
        if !is_executable(&candidate, view) {
            continue;
        }
        if is_open_to_all(&entry, view) {
            untrusted.get_or_insert(candidate);
        } else {
            return OnPath::Found(candidate);
        }
    }
    untrusted.map_or(OnPath::Missing, OnPath::Untrusted)
}

fn is_executable(path: &Path, view: &dyn HostView) -> bool {
    view.stat(path)
        .is_ok_and(|stat| stat.kind == FileKind::File)
        && view.may(path, Access::Execute).is_ok()
}

/// Says whether everybody may write to a directory of `PATH`.
fn is_open_to_all(directory: &Path, view: &dyn HostView) -> bool {
    view.stat(directory)
        .is_ok_and(|stat| stat.mode & 0o002 != 0)
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
    fn a_program_found_only_in_an_open_directory_is_named() {
        let world = World::new()
            .var("PATH", "/tmp/open")
            .directory("/tmp/open", 0o1777)
            .executable("/tmp/open/op", "");
        assert_eq!(
            search_path("op", &world),
            OnPath::Untrusted("/tmp/open/op".into())
        );
        assert_eq!(search_path("pass", &world), OnPath::Missing);
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
