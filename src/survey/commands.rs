//! Extensions on `PATH`: those that belong to no group, those that never run,
//! and entries of `PATH` that are skipped.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::Groups;
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::host::{HostView, is_executable, path_entries};
use crate::names::{ExtensionName, GroupName, shell_word};

/// Reports what is wrong with `PATH` and the extensions on it.
pub(super) fn problems(groups: &Groups, view: &dyn HostView) -> Diagnostics {
    let mut found = entries(view);
    let mut first: BTreeMap<OsString, PathBuf> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for entry in path_entries(view) {
        if !seen.insert(entry.clone()) {
            continue;
        }
        for name in commands(&entry, view) {
            let path = entry.join(&name);
            let hidden = first.get(&name).map(|by| hidden(&path, by));
            let problem = hidden.or_else(|| judge(&path, &name, groups, view));
            found.extend(problem);
            first.entry(name).or_insert(path);
        }
    }
    found
}

/// Judges the entries themselves.
fn entries(view: &dyn HostView) -> Diagnostics {
    let mut found = Diagnostics::default();
    let Some(path) = view.var("PATH") else {
        return found;
    };
    for entry in std::env::split_paths(&path) {
        let (code, message) = if entry.as_os_str().is_empty() {
            let message = "an empty entry means the working directory";
            (Code::PathEntryEmpty, message)
        } else if entry.is_relative() {
            let message = "the entry means another directory wherever qli is started";
            (Code::PathEntryRelative, message)
        } else {
            continue;
        };
        let location = if entry.as_os_str().is_empty() {
            PathBuf::from("PATH")
        } else {
            entry
        };
        let problem = Diagnostic::of_path(code, location, message.to_owned());
        found.push(problem.help("take it out of `PATH`, or write the whole path"));
    }
    found
}

/// Lists the executables of a directory that are named like an extension.
fn commands(directory: &Path, view: &dyn HostView) -> Vec<OsString> {
    let names = view.list(directory).unwrap_or_default().into_iter();
    let runs = |name: &OsString| is_executable(&directory.join(name), view);
    names
        .filter(|name| name.as_bytes().starts_with(b"qli-") && runs(name))
        .collect()
}

/// Reads a program's name as `qli-<group>-<extension>`, in each way there is:
/// both may hold a hyphen.
fn meanings(name: &OsStr) -> Vec<(GroupName, ExtensionName)> {
    let Some(name) = name.to_str().and_then(|name| name.strip_prefix("qli-")) else {
        return Vec::new();
    };
    let splits = name.match_indices('-');
    let meanings = splits.filter_map(|(at, _)| {
        let (group, extension) = name.split_at_checked(at)?;
        Some((group.parse().ok()?, extension.get(1..)?.parse().ok()?))
    });
    meanings.collect()
}

fn judge(path: &Path, name: &OsStr, groups: &Groups, view: &dyn HostView) -> Option<Diagnostic> {
    let meanings = meanings(name);
    let known: Vec<_> = meanings
        .iter()
        .filter_map(|(group, extension)| Some((groups.get(group)?, extension)))
        .collect();
    let Some((group, extension)) = meanings.first() else {
        return None; // not an extension's name
    };
    if known.is_empty() {
        let message = format!("there is no group `{group}` whose extension this could be");
        let help = format!("qli ext new {group} && qli {group} {extension}");
        return Some(Diagnostic::of_path(Code::CommandWithoutGroup, path, message).help(help));
    }
    let own = known.iter().map(|(directory, extension)| {
        let file = directory.as_ref()?.join(extension.as_str());
        view.lstat(&file).ok().map(|_| file)
    });
    let own: Option<Vec<PathBuf>> = own.collect();
    own?.first().map(|by| hidden(path, by))
}

fn hidden(path: &Path, by: &Path) -> Diagnostic {
    let message = format!("{} runs in its place", shell_word(by));
    Diagnostic::of_path(Code::CommandShadowed, path, message)
        .help("remove one of them, or give it another name")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::World;

    fn found(world: &World, groups: &[(&str, &str)]) -> Vec<(&'static str, String)> {
        let groups = groups.iter().map(|(name, directory)| {
            let directory = (!directory.is_empty()).then(|| PathBuf::from(directory));
            (name.parse().unwrap(), directory)
        });
        let found = problems(&groups.collect(), world).sorted();
        let pairs = found
            .iter()
            .map(|one| (one.code.number(), one.path().display().to_string()));
        pairs.collect()
    }

    fn world(path: &str) -> World {
        World::bare()
            .var("PATH", path)
            .executable("/a/qli-ops-deploy", "")
            .executable("/a/ls", "")
            .executable("/a/qli-doctor", "")
    }

    #[test]
    fn an_extension_of_a_group_is_fine() {
        assert_eq!(found(&world("/a:/none:/a"), &[("ops", "/r/ops")]), []);
        assert_eq!(found(&world("/a"), &[("ops", "")]), []);
    }

    #[test]
    fn an_extension_without_a_group_is_reported() {
        let path = "/a/qli-ops-deploy".to_owned();
        assert_eq!(found(&world("/a"), &[("dev", "")]), [("QLI0805", path)]);
    }

    #[test]
    fn what_never_runs_is_reported() {
        let two = world("/a:/b").executable("/b/qli-ops-deploy", "");
        let path = "/b/qli-ops-deploy".to_owned();
        assert_eq!(found(&two, &[("ops", "/r/ops")]), [("QLI0804", path)]);
        let own = world("/a").executable("/r/ops/deploy", "");
        let path = "/a/qli-ops-deploy".to_owned();
        assert_eq!(found(&own, &[("ops", "/r/ops")]), [("QLI0804", path)]);
    }

    #[test]
    fn a_hyphen_may_belong_to_either_name() {
        let world = World::bare()
            .var("PATH", "/a")
            .executable("/a/qli-db-prod-restore", "")
            .executable("/r/db-prod/restore", "");
        assert_eq!(found(&world, &[("db", "/r/db")]), []);
        assert_eq!(
            found(&world, &[("db", "/r/db"), ("db-prod", "/r/db-prod")]),
            []
        );
        assert_eq!(found(&world, &[("db-prod", "/r/db-prod")]).len(), 1);
    }

    #[test]
    fn entries_that_are_skipped_are_reported() {
        assert_eq!(
            found(&world("/a::bin"), &[("ops", "")]),
            [
                ("QLI0801", "PATH".to_owned()),
                ("QLI0802", "bin".to_owned())
            ]
        );
    }
}
