//! The programs on `PATH` that are named like extensions. Each directory is listed
//! once, whatever the number of groups.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::host::{HostView, is_executable, is_world_writable, path_entries};
use crate::names::{ExtensionName, GroupName};

/// Executables by file name, each with its paths in the order of `PATH`; the first one
/// runs. Those in world-writable directories never run and are left out.
#[derive(Debug, Default)]
pub struct PathCommands(BTreeMap<OsString, Vec<PathBuf>>);

impl PathCommands {
    /// Finds those of all groups, and those of none: every `qli-*`.
    pub fn of_all(view: &dyn HostView) -> Self {
        Self::with_prefix("qli-", view)
    }

    pub(super) fn of_group(group: &GroupName, view: &dyn HostView) -> Self {
        Self::with_prefix(&prefix(group), view)
    }

    fn with_prefix(prefix: &str, view: &dyn HostView) -> Self {
        let mut found = Self::default();
        let mut seen = BTreeSet::new();
        for directory in path_entries(view) {
            if !seen.insert(directory.clone()) || is_world_writable(&directory, view) {
                continue;
            }
            for name in view.list(&directory).unwrap_or_default() {
                let path = directory.join(&name);
                if name.as_bytes().starts_with(prefix.as_bytes()) && is_executable(&path, view) {
                    found.0.entry(name).or_default().push(path);
                }
            }
        }
        found
    }

    /// Returns a group's extensions, each with its programs.
    pub(super) fn extensions(
        &self,
        group: &GroupName,
    ) -> impl Iterator<Item = (ExtensionName, &[PathBuf])> {
        let prefix = prefix(group);
        let from = self.0.range(OsString::from(&prefix)..);
        let named = from.map_while(move |(file, paths)| {
            let name = file.as_bytes().strip_prefix(prefix.as_bytes())?;
            Some((name, paths))
        });
        named.filter_map(|(name, paths)| {
            let name = str::from_utf8(name).ok()?.parse().ok()?;
            Some((name, paths.as_slice()))
        })
    }

    pub fn iter(&self) -> impl Iterator<Item = (&OsString, &[PathBuf])> {
        self.0.iter().map(|(name, paths)| (name, paths.as_slice()))
    }
}

fn prefix(group: &GroupName) -> String {
    format!("qli-{group}-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::World;

    #[test]
    fn each_directory_is_listed_once_for_all_groups() {
        let world = World::new()
            .var("PATH", "/a:/b:/a")
            .executable("/a/qli-ops-deploy", "")
            .executable("/b/qli-ops-deploy", "")
            .executable("/b/qli-ops-roll", "")
            .executable("/b/qli-ops2-roll", "")
            .file("/b/qli-ops-text", "");
        let commands = PathCommands::of_all(&world);
        let of = |group: &str| {
            let group = group.parse().unwrap();
            let found = commands.extensions(&group);
            let shown = found.map(|(name, paths)| format!("{name} {}", paths[0].display()));
            shown.collect::<Vec<_>>()
        };
        assert_eq!(
            of("ops"),
            ["deploy /a/qli-ops-deploy", "roll /b/qli-ops-roll"]
        );
        assert_eq!(of("ops2"), ["roll /b/qli-ops2-roll"]);
        assert!(of("op").is_empty());
        assert_eq!((world.listed("/a"), world.listed("/b")), (1, 1));
    }
}
