//! All groups and extensions there are, for people and completion. Never on
//! the way of a run that succeeds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Group, GroupLocation, Root, RootKind, Roots, embedded, find_group, program};
use crate::diagnostics::Diagnostics;
use crate::host::{
    HostView, all_on_path, is_absent, is_executable, is_world_writable, path_entries,
};
use crate::manifest::FILE_NAME;
use crate::names::{ExtensionName, GroupName};

/// Every group, sorted by name.
#[derive(Debug)]
pub struct Catalogue {
    /// The groups.
    pub groups: Vec<Entry>,
}

/// One group of the catalogue.
#[derive(Debug)]
pub struct Entry {
    /// Its name.
    pub name: GroupName,
    /// The root that owns it.
    pub root: Root,
    /// The group with its extensions, or why it cannot run.
    pub group: Result<GroupEntry, Diagnostics>,
}

/// A group that can run, with its extensions.
#[derive(Debug)]
pub struct GroupEntry {
    /// The group.
    pub group: Group,
    /// Its extensions, sorted by name.
    pub extensions: Vec<Extension>,
}

/// One extension of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// Its name.
    pub name: ExtensionName,
    /// Its program as it is reported.
    pub path: PathBuf,
}

/// Collects every group and its extensions.
pub fn catalogue(roots: &Roots, view: &dyn HostView) -> Catalogue {
    let groups = group_names(roots, view).into_iter().map(|(name, root)| {
        let group = find_group(&name, roots, view).map(|group| GroupEntry {
            extensions: extensions(&group.home, view),
            group,
        });
        Entry { name, root, group }
    });
    Catalogue {
        groups: groups.collect(),
    }
}

/// Returns the names of all groups with the roots that own them, also those of
/// directories that hide whether they are one. A root that cannot be listed holds
/// none that could be named.
pub fn group_names(roots: &Roots, view: &dyn HostView) -> BTreeMap<GroupName, Root> {
    let mut names = BTreeMap::new();
    let is_there = |path: &Path| !view.lstat(path).is_err_and(|error| is_absent(&error));
    for root in roots.iter() {
        for entry in view.list(&root.path).unwrap_or_default() {
            let manifest = root.path.join(&entry).join(FILE_NAME);
            let name = entry
                .to_str()
                .and_then(|name| name.parse::<GroupName>().ok());
            if let Some(name) = name.filter(|_| is_there(&manifest)) {
                names.entry(name).or_insert_with(|| root.clone());
            }
        }
    }
    for name in embedded::groups().filter_map(|name| name.parse().ok()) {
        names.entry(name).or_insert_with(Root::embedded);
    }
    names
}

/// Returns a group's extensions: its own executables, then those of `PATH`.
pub fn extensions(home: &GroupLocation, view: &dyn HostView) -> Vec<Extension> {
    let mut found = BTreeMap::new();
    for (name, path) in own(home, view).into_iter().chain(on_path(home, view)) {
        found.entry(name).or_insert(path);
    }
    let extensions = found.into_iter();
    extensions
        .map(|(name, path)| Extension { name, path })
        .collect()
}

fn own(home: &GroupLocation, view: &dyn HostView) -> Vec<(ExtensionName, PathBuf)> {
    if home.root.kind == RootKind::Embedded {
        let scripts = embedded::scripts(&home.name).iter();
        return scripts
            .filter_map(|(name, _)| {
                let path = embedded::reported_path(&home.name, name);
                Some((name.parse().ok()?, path))
            })
            .collect();
    }
    let directory = home.directory().unwrap_or_default();
    executables(&directory, "", view)
}

fn on_path(home: &GroupLocation, view: &dyn HostView) -> Vec<(ExtensionName, PathBuf)> {
    let prefix = format!("qli-{}-", home.name);
    path_entries(view)
        .iter()
        .filter(|entry| !is_world_writable(entry, view))
        .flat_map(|entry| executables(entry, &prefix, view))
        .collect()
}

/// Lists the executables of a directory whose name is a prefix and an
/// extension's name.
fn executables(
    directory: &Path,
    prefix: &str,
    view: &dyn HostView,
) -> Vec<(ExtensionName, PathBuf)> {
    let entries = view.list(directory).unwrap_or_default().into_iter();
    entries
        .filter_map(|entry| {
            let name = entry.to_str()?.strip_prefix(prefix)?.parse().ok()?;
            let path = directory.join(&entry);
            is_executable(&path, view).then_some((name, path))
        })
        .collect()
}

/// Returns every executable that the name of one extension leads to, the one
/// that wins first; the others are hidden by it.
pub fn all_of(home: &GroupLocation, name: &ExtensionName, view: &dyn HostView) -> Vec<PathBuf> {
    let own = own(home, view).into_iter();
    let own = own.filter(|(found, _)| found == name).map(|(_, path)| path);
    let command = program::command_name(home.name.as_str(), name);
    let on_path = all_on_path(&command, view);
    own.chain(on_path).collect()
}
