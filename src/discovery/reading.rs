//! The name of a program on `PATH`, `qli-<group>-<extension>`. Both names can contain
//! hyphens, so that it can be read in several ways.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::roots::Roots;
use super::{embedded, location::GroupLocation};
use crate::diagnostics::{Code, Diagnostic, one_of};
use crate::host::{HostView, InsecurePath, OnPath, is_absent};
use crate::names::{ExtensionName, GroupName, shell_word};

/// One way to read a name, whether or not there is such a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    pub group: GroupName,
    pub extension: ExtensionName,
}

/// Returns every way to read a file name.
pub fn readings(file: &OsStr) -> Vec<Reading> {
    let Some(name) = file.to_str().and_then(|name| name.strip_prefix("qli-")) else {
        return Vec::new();
    };
    let splits = name.match_indices('-');
    let readings = splits.filter_map(|(at, _)| {
        let (group, extension) = name.split_at_checked(at)?;
        Some(Reading {
            group: group.parse().ok()?,
            extension: extension.get(1..)?.parse().ok()?,
        })
    });
    readings.collect()
}

/// Returns the program on `PATH` that runs as an extension, or why the one that was
/// found does not.
pub(super) fn on_path(
    found: OnPath,
    location: &GroupLocation,
    extension: &ExtensionName,
    roots: &Roots,
    view: &dyn HostView,
) -> Option<Result<PathBuf, Diagnostic>> {
    match found {
        OnPath::Found(path) => {
            let checked = check_reading(&path, location, roots, view);
            Some(checked.map(|()| path))
        }
        OnPath::Untrusted(path) => Some(Err(untrusted(location, extension, &path))),
        OnPath::Missing => None,
    }
}

/// Reports an extension that exists, but that others can change.
fn untrusted(location: &GroupLocation, name: &ExtensionName, path: &InsecurePath) -> Diagnostic {
    let message = format!(
        "the extension `{name}` of `{}` cannot be trusted: {}",
        location.name,
        path.reason()
    );
    Diagnostic::of_path(Code::NoSuchExtension, &path.path, message).help(path.help())
}

/// Reports a program that is also an extension of another group, whose guards may be
/// the ones that it needs.
fn check_reading(
    path: &Path,
    location: &GroupLocation,
    roots: &Roots,
    view: &dyn HostView,
) -> Result<(), Diagnostic> {
    let all = readings(path.file_name().unwrap_or_default());
    if all.len() < 2 {
        return Ok(());
    }
    let known = all.into_iter().filter_map(|reading| {
        if reading.group == location.name {
            return Some((reading, location.directory()));
        }
        of_known_group(reading, roots, view)
    });
    let known: Vec<_> = known.collect();
    ambiguous(path, &known).map_or(Ok(()), Err)
}

/// Returns a reading with the directory of its group, if there is such a group; a
/// built-in group has none. A directory that cannot be searched counts as a group.
fn of_known_group(
    reading: Reading,
    roots: &Roots,
    view: &dyn HostView,
) -> Option<(Reading, Option<PathBuf>)> {
    let exists = |path: &Path| !view.lstat(path).is_err_and(|error| is_absent(&error));
    let mut of_roots = roots.iter().map(|root| root.manifest(&reading.group));
    if let Some(manifest) = of_roots.find(|manifest| exists(manifest)) {
        return Some((reading, manifest.parent().map(Path::to_owned)));
    }
    embedded::manifest(&reading.group).map(|_| (reading, None))
}

/// Reports a program that belongs to more than one of the groups, which are given with
/// their directories.
pub fn ambiguous(path: &Path, known: &[(Reading, Option<PathBuf>)]) -> Option<Diagnostic> {
    let [(first, _), (second, _), ..] = known else {
        return None;
    };
    let [one, two] = [first, second].map(|one| format!("`{} {}`", one.group, one.extension));
    let message = format!("{one} and {two} are the same program");
    let moves = known.iter().filter_map(|(reading, directory)| {
        let own = directory.as_ref()?.join(reading.extension.as_str());
        Some(format!("mv {} {}", shell_word(path), shell_word(own)))
    });
    let moves: Vec<_> = moves.collect();
    let help = one_of(moves.iter().map(String::as_str));
    let problem = Diagnostic::of_path(Code::AmbiguousCommand, path, message);
    Some(problem.help(format!("move it to its group: {help}")))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{look, problem};
    use super::*;
    use crate::host::fake::World;

    const COMMAND: &str = "/usr/bin/qli-db-prod-restore";

    fn world(groups: &[&str]) -> World {
        let world = World::new().executable(COMMAND, "#!/bin/sh\n");
        let groups = groups.iter();
        groups.fold(world, |world, group| world.manifest(group, ""))
    }

    #[test]
    fn a_program_of_two_groups_runs_under_neither() {
        let both = world(&["db", "db-prod"]);
        for (group, extension) in [("db", "prod-restore"), ("db-prod", "restore")] {
            let (code, help) = problem(&both, group, extension);
            assert_eq!(code, Code::AmbiguousCommand);
            let own = "/home/ops/.local/share/qli/extensions/db-prod/restore";
            assert!(help.contains(&format!("mv {COMMAND} {own}")), "{help}");
        }
        let built_in = world(&["dev-ops"]).executable("/usr/bin/qli-dev-ops-wipe", "#!/bin/sh\n");
        assert_eq!(
            problem(&built_in, "dev", "ops-wipe").0,
            Code::AmbiguousCommand
        );
    }

    #[test]
    fn a_program_of_one_group_runs_and_so_does_a_groups_own_file() {
        assert!(look(&world(&["db"]), "db", "prod-restore").is_ok());
        assert!(look(&world(&["db-prod"]), "db-prod", "restore").is_ok());
        let own = "/home/ops/.local/share/qli/extensions/db/prod-restore";
        let own = world(&["db", "db-prod"]).executable(own, "#!/bin/sh\n");
        assert!(look(&own, "db", "prod-restore").is_ok());
    }

    #[test]
    fn a_group_whose_manifest_cannot_be_read_counts() {
        let manifest = "/home/ops/.local/share/qli/extensions/db-prod/_manifest.toml";
        let broken = world(&["db"]).link(manifest, "/none");
        assert_eq!(
            problem(&broken, "db", "prod-restore").0,
            Code::AmbiguousCommand
        );
    }
}
