//! Lists groups, their extensions and their logs. A run that succeeds lists nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::commands::PathCommands;
use super::embedded;
use super::group::{Group, find_group, installed_group};
use super::location::{GroupLocation, command_name};
use super::reading;
use super::roots::{Root, Roots};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::host::{HostView, all_on_path, first_trusted, is_absent, is_executable, lookup};
use crate::manifest::FILE_NAME;
use crate::names::{ExtensionName, GroupName};

pub type Extensions = BTreeMap<ExtensionName, Listed>;

/// What is found under an extension's name.
#[derive(Debug)]
pub struct Listed {
    /// The program; `embedded:<group>/<name>` is a built-in one.
    pub path: PathBuf,
    /// Why the name cannot be run.
    pub refused: Option<Diagnostic>,
}

/// Returns the names that can be run.
pub fn runnable(extensions: &Extensions) -> impl Iterator<Item = &ExtensionName> {
    let runnable = extensions.iter().filter(|(_, one)| one.refused.is_none());
    runnable.map(|(name, _)| name)
}

/// Returns the names of all groups with the roots that own them. A directory
/// that cannot be searched counts as a group; a root that cannot be listed is
/// skipped.
pub fn group_names(roots: &Roots, view: &dyn HostView) -> BTreeMap<GroupName, Root> {
    let mut names = BTreeMap::new();
    let exists = |path: &Path| !view.lstat(path).is_err_and(|error| is_absent(&error));
    for root in roots.iter() {
        for entry in view.list(&root.path).unwrap_or_default() {
            let name = entry.to_str().and_then(|name| name.parse().ok());
            if let Some(name) = name.filter(|_| exists(&root.path.join(&entry).join(FILE_NAME))) {
                names.entry(name).or_insert_with(|| root.clone());
            }
        }
    }
    for name in embedded::groups() {
        names.entry(name).or_insert_with(Root::embedded);
    }
    names
}

/// Lists a group's extensions: its own executables, then those on `PATH`.
pub(super) fn extensions(
    location: &GroupLocation,
    commands: &PathCommands,
    roots: &Roots,
    view: &dyn HostView,
) -> Extensions {
    let own = own(location, view).into_iter().map(|(name, path)| {
        let refused = None;
        (name, Listed { path, refused })
    });
    let on_path = commands.extensions(&location.name);
    let on_path = on_path.filter(|(name, _)| !location.has_own(name, view));
    let on_path = on_path.filter_map(|(name, paths)| {
        let found = first_trusted(paths.iter().cloned(), view);
        let listed = match reading::on_path(found, location, &name, roots, view)? {
            Ok(path) => Listed {
                path,
                refused: None,
            },
            Err(problem) => Listed {
                path: paths.first()?.clone(),
                refused: Some(problem),
            },
        };
        Some((name, listed))
    });
    own.chain(on_path).collect()
}

fn own(location: &GroupLocation, view: &dyn HostView) -> Vec<(ExtensionName, PathBuf)> {
    let Some(directory) = location.directory() else {
        let scripts = embedded::scripts(&location.name).iter();
        return scripts
            .filter_map(|(name, _)| {
                let path = embedded::reported_path(&location.name, name);
                Some((name.parse().ok()?, path))
            })
            .collect();
    };
    let entries = view.list(&directory).unwrap_or_default().into_iter();
    entries
        .filter_map(|entry| {
            let name = entry.to_str()?.parse().ok()?;
            let path = directory.join(&entry);
            is_executable(&path, view).then_some((name, path))
        })
        .collect()
}

/// Returns every executable with an extension's name. The first one runs and
/// shadows the others.
pub fn all_of(location: &GroupLocation, name: &ExtensionName, view: &dyn HostView) -> Vec<PathBuf> {
    let own = own(location, view).into_iter();
    let own = own.filter(|(found, _)| found == name).map(|(_, path)| path);
    let on_path = all_on_path(&command_name(&location.name, name), view);
    own.chain(on_path).collect()
}

#[derive(Debug)]
pub struct CatalogueGroup {
    pub name: GroupName,
    pub root: Root,
    /// The group, or why it cannot run.
    pub group: Result<GroupEntry, Diagnostics>,
}

/// A group that can run.
#[derive(Debug)]
pub struct GroupEntry {
    pub group: Group,
    pub extensions: Extensions,
}

/// Finds every group, sorted by name.
pub fn catalogue(
    roots: &Roots,
    commands: &PathCommands,
    view: &dyn HostView,
) -> Vec<CatalogueGroup> {
    let groups = group_names(roots, view).into_iter();
    let groups = groups.map(|(name, root)| CatalogueGroup {
        group: installed_group(&name, roots, view).map(|group| entry(group, commands, roots, view)),
        name,
        root,
    });
    groups.collect()
}

/// Finds one group as the catalogue has it.
pub fn catalogue_group(
    name: &GroupName,
    roots: &Roots,
    view: &dyn HostView,
) -> Option<CatalogueGroup> {
    let (name, root) = group_names(roots, view).remove_entry(name)?;
    Some(CatalogueGroup {
        group: group_entry(&name, roots, view),
        name,
        root,
    })
}

/// Finds a group and its extensions.
pub fn group_entry(
    name: &GroupName,
    roots: &Roots,
    view: &dyn HostView,
) -> Result<GroupEntry, Diagnostics> {
    let group = find_group(name, roots, view)?;
    let commands = PathCommands::of_group(name, view);
    Ok(entry(group, &commands, roots, view))
}

fn entry(group: Group, commands: &PathCommands, roots: &Roots, view: &dyn HostView) -> GroupEntry {
    let extensions = extensions(&group.location, commands, roots, view);
    GroupEntry { group, extensions }
}

/// Where the log of a group is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupLog {
    /// The file may not exist yet.
    At(PathBuf),
    /// That of a built-in group, which few users run.
    BuiltIn(PathBuf),
    /// The path needs this variable, which is not set.
    Unset(String),
    /// Unknown: the manifest has errors.
    Broken,
}

/// Finds the logs of all groups that have one, sorted by group.
pub fn logs(roots: &Roots, view: &dyn HostView) -> Vec<(GroupName, GroupLog)> {
    let names = group_names(roots, view).into_keys();
    names
        .filter_map(|name| {
            let Ok(group) = installed_group(&name, roots, view) else {
                return Some((name, GroupLog::Broken));
            };
            let is_built_in = group.location.directory().is_none();
            let template = group.manifest.audit_log?.path;
            let log = match template.expand(|variable| lookup(variable, view)) {
                Ok(path) if is_built_in => GroupLog::BuiltIn(path),
                Ok(path) => GroupLog::At(path),
                Err(unset) => GroupLog::Unset(unset.0),
            };
            Some((name, log))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::World;

    #[test]
    fn every_group_with_a_log_is_listed_even_if_its_path_is_unknown() {
        let world = World::new()
            .manifest("a", "audit_log = \"$XDG_STATE_HOME/a.log\"")
            .manifest("b", "audit_log = \"/l/$NOWHERE\"")
            .manifest("c", "nonsense = 1")
            .manifest("d", "");
        let found = logs(&Roots::of(&[], &world), &world);
        let found: Vec<_> = found
            .iter()
            .map(|(name, log)| (name.as_str(), log))
            .collect();
        let at = |path: &str| GroupLog::At(path.into());
        let built_in = GroupLog::BuiltIn("/home/ops/.local/state/qli/prod-audit.log".into());
        assert_eq!(
            found,
            [
                ("a", &at("/home/ops/.local/state/a.log")),
                ("b", &GroupLog::Unset("NOWHERE".to_owned())),
                ("c", &GroupLog::Broken),
                ("prod", &built_in),
            ]
        );
    }
}
