//! `PATH`: entries that are skipped, and commands named like extensions that
//! never run or belong to no group.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::discovery::{PathCommands, Reading, ambiguous, first_line_problem, readings};
use crate::host::HostView;
use crate::names::{GroupName, leftover, shell_path};

use super::files::leftover_file;

/// All groups with their directories; built-in ones have none.
pub(super) type Groups = BTreeMap<GroupName, Option<PathBuf>>;

pub(super) fn check(groups: &Groups, commands: &PathCommands, view: &dyn HostView) -> Diagnostics {
    let mut found = entries(view);
    for (name, paths) in commands.iter() {
        let Some((first, others)) = paths.split_first() else {
            continue;
        };
        found.extend(check_command(first, name, groups, view));
        found.extend(others.iter().map(|path| shadowed(path, first)));
    }
    found
}

fn entries(view: &dyn HostView) -> Diagnostics {
    let path = view.var("PATH").unwrap_or_default();
    let mut found = Diagnostics::default();
    // `split_paths` takes an empty list for an empty entry.
    let entries = std::env::split_paths(&path).filter(|_| !path.is_empty());
    found.extend(entries.filter_map(|entry| {
        let (code, message, location) = if entry.as_os_str().is_empty() {
            let message = "an empty entry means the working directory";
            (Code::PathEntryEmpty, message, PathBuf::from("PATH"))
        } else if entry.is_relative() {
            let message = "a relative entry depends on the working directory";
            (Code::PathEntryRelative, message, entry)
        } else {
            return None;
        };
        let problem = Diagnostic::of_path(code, location, message.to_owned());
        Some(problem.help("remove it from `PATH`, or make it absolute"))
    }));
    found
}

/// The names of groups that a name may contain, whatever follows.
fn splits(name: &OsStr) -> impl Iterator<Item = &str> {
    let name = name.to_str().and_then(|name| name.strip_prefix("qli-"));
    let name = name.unwrap_or_default();
    let splits = name.match_indices('-');
    splits.filter_map(move |(at, _)| name.get(..at))
}

fn check_command(
    path: &Path,
    name: &OsStr,
    groups: &Groups,
    view: &dyn HostView,
) -> Option<Diagnostic> {
    if let Some(what) = name.to_str().and_then(leftover) {
        let is_ours = splits(name).any(|group| {
            let group = group.parse::<GroupName>();
            group.is_ok_and(|group| groups.contains_key(&group))
        });
        return is_ours.then(|| leftover_file(path, what));
    }
    let all = readings(name);
    if all.is_empty() {
        let what = splits(name).find_map(leftover)?;
        return Some(leftover_file(path, what));
    }
    let Reading { group, extension } = all.first()?.clone();
    let known = all.into_iter().filter_map(|reading| {
        let directory = groups.get(&reading.group)?.clone();
        Some((reading, directory))
    });
    let known: Vec<_> = known.collect();
    if known.is_empty() {
        let message = format!("an extension of no group: there is no group `{group}`");
        let help = format!("qli ext new {group} && qli {group} {extension}");
        return Some(Diagnostic::of_path(Code::CommandWithoutGroup, path, message).help(help));
    }
    // It never runs only if each group that it may belong to has its own file.
    let own = known.iter().map(|(reading, directory)| {
        let file = directory.as_ref()?.join(reading.extension.as_str());
        view.lstat(&file).ok().map(|_| file)
    });
    let own: Option<Vec<PathBuf>> = own.collect();
    if let Some([by, ..]) = own.as_deref() {
        return Some(shadowed(path, by));
    }
    let problem = ambiguous(path, &known).or_else(|| {
        let head = view.head(path).ok()?;
        first_line_problem(path, &head)
    });
    problem.map(Diagnostic::as_warning)
}

fn shadowed(path: &Path, by: &Path) -> Diagnostic {
    let message = format!("{} runs instead", shell_path(by));
    Diagnostic::of_path(Code::CommandShadowed, path, message)
        .help("remove one of them, or rename it")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::sorted;
    use crate::host::fake::World;

    fn found(world: &World, groups: &[(&str, &str)]) -> Vec<(&'static str, String)> {
        let groups = groups.iter().map(|(name, directory)| {
            let directory = (!directory.is_empty()).then(|| PathBuf::from(directory));
            (name.parse().unwrap(), directory)
        });
        let found = sorted(check(
            &groups.collect(),
            &PathCommands::of_all(world),
            world,
        ));
        let pairs = found
            .iter()
            .map(|one| (one.code.number(), one.path().display().to_string()));
        pairs.collect()
    }

    fn world(path: &str) -> World {
        World::bare()
            .var("PATH", path)
            .executable("/a/qli-ops-deploy", "#!/bin/sh\n")
            .executable("/a/ls", "")
            .executable("/a/qli-doctor", "")
    }

    #[test]
    fn an_extension_of_a_group_is_no_problem() {
        assert_eq!(found(&world("/a:/none:/a"), &[("ops", "/r/ops")]), []);
        assert_eq!(found(&world("/a"), &[("ops", "")]), []);
    }

    #[test]
    fn an_extension_whose_first_line_leads_to_no_interpreter_is_reported() {
        for (line, code) in [("#!/bin/sh\r\n", "QLI0609"), ("#!sh\n", "QLI0618")] {
            let path = "/a/qli-ops-deploy".to_owned();
            let world = world("/a").executable(&path, line);
            assert_eq!(found(&world, &[("ops", "/r/ops")]), [(code, path)]);
        }
    }

    #[test]
    fn an_extension_without_a_group_is_reported() {
        let path = "/a/qli-ops-deploy".to_owned();
        assert_eq!(found(&world("/a"), &[("dev", "")]), [("QLI0805", path)]);
    }

    #[test]
    fn a_leftover_of_a_known_group_is_reported() {
        let world = World::bare().var("PATH", "/a");
        let world = world.executable("/a/qli-ops-deploy~", "");
        let world = world.executable("/a/qli-ops-roll.dpkg-old", "");
        let world = world.executable("/a/qli-web-roll.bak", "");
        let world = world.executable("/a/qli-ops.bak-roll", "");
        let paths = [
            "/a/qli-ops-deploy~",
            "/a/qli-ops-roll.dpkg-old",
            "/a/qli-ops.bak-roll",
        ];
        let expected = paths.map(|path| ("QLI0616", path.to_owned()));
        assert_eq!(found(&world, &[("ops", "/r/ops")]), expected);
    }

    #[test]
    fn a_shadowed_command_is_reported() {
        let two = world("/a:/b").executable("/b/qli-ops-deploy", "");
        let path = "/b/qli-ops-deploy".to_owned();
        assert_eq!(found(&two, &[("ops", "/r/ops")]), [("QLI0804", path)]);
        let own = world("/a").executable("/r/ops/deploy", "");
        let path = "/a/qli-ops-deploy".to_owned();
        assert_eq!(found(&own, &[("ops", "/r/ops")]), [("QLI0804", path)]);
    }

    #[test]
    fn a_hyphen_can_belong_to_either_name() {
        let world = World::bare()
            .var("PATH", "/a")
            .executable("/a/qli-db-prod-restore", "#!/bin/sh\n")
            .executable("/r/db-prod/restore", "");
        assert_eq!(found(&world, &[("db", "/r/db")]), []);
        assert_eq!(found(&world, &[("db-prod", "/r/db-prod")]).len(), 1);
    }

    #[test]
    fn a_program_of_two_groups_is_reported() {
        let path = "/a/qli-db-prod-restore";
        let world = World::bare().var("PATH", "/a").executable(path, "");
        let both = [("db", "/r/db"), ("db-prod", "/r/db-prod")];
        assert_eq!(found(&world, &both), [("QLI0806", path.to_owned())]);
        let own = world.executable("/r/db-prod/restore", "");
        assert_eq!(found(&own, &both), [("QLI0806", path.to_owned())]);
        let own = own.executable("/r/db/prod-restore", "");
        assert_eq!(found(&own, &both), [("QLI0804", path.to_owned())]);
    }

    #[test]
    fn skipped_entries_are_reported() {
        assert_eq!(
            found(&world("/a::bin"), &[("ops", "")]),
            [
                ("QLI0801", "PATH".to_owned()),
                ("QLI0802", "bin".to_owned())
            ]
        );
    }
}
