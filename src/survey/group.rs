//! One directory of a root: its manifest, its name, and its files.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::candidate::{Candidate, SurveyOptions};
use super::files::{GroupFile, files, misnamed};
use crate::diagnostics::{Code, Diagnostic, Diagnostics, SOURCE_MAX, Severity, count};
use crate::discovery::{group_name, same_files, without_scripts};
use crate::host::{HostView, is_absent, is_link, normalize, reason};
use crate::manifest::{self, FILE_NAME, Manifest};
use crate::names::{GroupName, is_command, shell_path, visible_path};

/// A group that cannot run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenGroup {
    /// Its name, or the manifest's path if it is not in a group's directory.
    pub name: String,
    /// Its directory, or the manifest if only that was checked.
    pub path: PathBuf,
    /// How many scripts are next to its manifest.
    pub scripts: usize,
    /// How many errors its manifest has.
    pub errors: usize,
}

#[derive(Debug)]
pub(super) struct GroupReport {
    /// The directory, or the manifest if only that was checked.
    pub(super) path: PathBuf,
    pub(super) has_manifest: bool,
    pub(super) found: Diagnostics,
    pub(super) broken: Option<BrokenGroup>,
}

pub(super) fn survey_group(
    candidate: &Candidate,
    options: SurveyOptions<'_>,
    view: &dyn HostView,
) -> GroupReport {
    match candidate {
        Candidate::Manifest(file) => {
            let files = group_directory(file).map_or_else(Vec::new, |directory| {
                // `_manifest.toml` alone is in the working directory.
                let here = Some(directory).filter(|path| *path != Path::new(""));
                let directory = here.unwrap_or(Path::new("."));
                files(directory, &view.list(directory).unwrap_or_default(), view)
            });
            survey_manifest(file, file, &files, options, view)
        }
        Candidate::Directory(path) => survey_directory(path, options, view),
    }
}

/// Returns the directory of a manifest, if its name makes it a group's.
fn group_directory(manifest: &Path) -> Option<&Path> {
    let is_groups = manifest.file_name() == Some(OsStr::new(FILE_NAME));
    manifest.parent().filter(|_| is_groups)
}

/// Lists the directory only once: the list says whether there is a manifest.
fn survey_directory(path: &Path, options: SurveyOptions<'_>, view: &dyn HostView) -> GroupReport {
    let entries = match view.list(path) {
        Ok(entries) => entries,
        Err(error) if is_absent(&error) => Vec::new(),
        // Reading the manifest will report the reason.
        Err(_) => vec![FILE_NAME.into()],
    };
    let files = files(path, &entries, view);
    if !entries.iter().any(|entry| entry == FILE_NAME) {
        let problem = without_manifest(path, &files, view);
        return GroupReport {
            path: path.to_owned(),
            has_manifest: false,
            found: problem.map(Into::into).unwrap_or_default(),
            broken: None,
        };
    }
    let mut report = survey_manifest(path, &path.join(FILE_NAME), &files, options, view);
    report.found.extend(check_name(path, view));
    let problems = files.into_iter().filter_map(|file| file.problem);
    report.found.extend(problems);
    report
}

fn survey_manifest(
    path: &Path,
    manifest: &Path,
    files: &[GroupFile],
    options: SurveyOptions<'_>,
    view: &dyn HostView,
) -> GroupReport {
    let directory = group_directory(manifest);
    let name = directory.and_then(|directory| directory_name(directory, view));
    let name = name.and_then(|name| name.to_str()?.parse::<GroupName>().ok());
    // A group that violates a policy still runs: only these errors break it.
    let (found, errors) = match read(manifest, view) {
        Ok(manifest) => {
            let mut found = options.policies.check(&manifest);
            if let Some(directory) = directory {
                let scripts: Vec<_> = files.iter().filter_map(GroupFile::script).collect();
                let group = name.as_ref().filter(|_| options.count_commands);
                found.extend(without_scripts(&manifest, &scripts, group, view));
                found.extend(same_files(&manifest, directory, &scripts, view));
            }
            found.extend(manifest.warnings);
            (found, 0)
        }
        Err(found) => {
            let errors = count(&found, Severity::Error);
            (found, errors)
        }
    };
    GroupReport {
        path: path.to_owned(),
        has_manifest: true,
        found,
        broken: (errors > 0).then(|| BrokenGroup {
            name: name.map_or_else(|| visible_path(manifest), |name| name.to_string()),
            path: path.to_owned(),
            scripts: files.iter().filter(|file| file.is_script()).count(),
            errors,
        }),
    }
}

/// Returns a directory's own name, also for `.` and `..`.
fn directory_name(path: &Path, view: &dyn HostView) -> Option<OsString> {
    if let Some(name) = path.file_name() {
        return Some(name.to_owned());
    }
    let whole = normalize(&view.cwd()?.join(path));
    whole.file_name().map(OsStr::to_owned)
}

fn read(file: &Path, view: &dyn HostView) -> Result<Manifest, Diagnostics> {
    let read = view.read(file, SOURCE_MAX).map(|read| read.bytes);
    manifest::parse(&manifest::source(file, read)?)
}

/// Reports a directory of scripts without a manifest, and a broken link: both were
/// meant to be groups.
fn without_manifest(path: &Path, files: &[GroupFile], view: &dyn HostView) -> Option<Diagnostic> {
    if let Some(error) = view.stat(path).err().filter(|_| is_link(path, view)) {
        let why = reason(&error);
        let message = format!("the symbolic link is broken, so this is not a group: {why}");
        let problem = Diagnostic::of_path(Code::NoManifest, path, message);
        return Some(problem.help("fix the link, or remove it"));
    }
    let name = path.file_name()?.to_str()?.parse::<GroupName>().ok()?;
    let count = files.iter().filter(|file| file.is_script()).count();
    (count > 0).then(|| {
        let scripts = if count == 1 { "a script" } else { "scripts" };
        let message = format!("`{name}` has {scripts} but no `{FILE_NAME}`");
        let manifest = shell_path(path.join(FILE_NAME));
        Diagnostic::of_path(Code::NoManifest, path, message)
            .help(format!("write {manifest}; see `qli help manifest`"))
    })
}

/// Warns about the copy of a group.
fn leftover_group(path: &Path, copy: Diagnostic) -> Diagnostic {
    let problem = Diagnostic::of_path(Code::Leftover, path, copy.message);
    let help = "remove it, or move it out of the root; or rename it";
    problem.help(help).as_warning()
}

fn check_name(path: &Path, view: &dyn HostView) -> Option<Diagnostic> {
    match group_name(&directory_name(path, view)?) {
        Err(copy) if copy.code == Code::Leftover => Some(leftover_group(path, copy)),
        Err(problem) => Some(misnamed(path, problem)),
        Ok(name) if is_command(name.as_str()) => {
            let message = format!("`{name}` is a command of qli, which takes precedence");
            let help = format!("write `qli run {name} <EXTENSION>`, or rename the group");
            Some(Diagnostic::of_path(Code::ReservedGroupName, path, message).help(help))
        }
        Ok(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::sorted;
    use crate::host::fake::World;
    use crate::policy::Policies;

    const GROUP: &str = "/r/ops";

    fn world(fields: &str) -> World {
        let text = format!("schema_version = 1\ndescription = \"d\"\n{fields}");
        World::bare()
            .file(&format!("{GROUP}/_manifest.toml"), &text)
            .executable(&format!("{GROUP}/deploy"), "#!/bin/sh\n")
    }

    fn check_as(candidate: &Candidate, count_commands: bool, world: &World) -> GroupReport {
        let options = SurveyOptions {
            count_commands,
            policies: &Policies::default(),
        };
        survey_group(candidate, options, world)
    }

    fn check(world: &World, path: &str) -> GroupReport {
        check_as(&Candidate::Directory(path.into()), false, world)
    }

    fn codes(world: &World, path: &str) -> Vec<(&'static str, &'static str)> {
        let found = sorted(check(world, path).found);
        let pairs = found
            .iter()
            .map(|one| (one.code.number(), one.severity.as_str()));
        pairs.collect()
    }

    #[test]
    fn a_good_group_has_no_problem() {
        let world = world("")
            .file("/r/ops/README", "how to deploy")
            .file("/r/ops/_helper", "#!/bin/sh\n")
            .directory("/r/ops/lib", 0o755)
            .executable("/r/ops/tool", "\u{7f}ELF");
        assert_eq!(codes(&world, GROUP), []);
        assert_eq!(check(&world, GROUP).broken, None);
    }

    #[test]
    fn files_that_cannot_run_are_reported() {
        for (world, code) in [
            (
                world("").executable("/r/ops/my script", "#!/bin/sh\n"),
                ("QLI0303", "error"),
            ),
            (
                world("").file("/r/ops/roll", "#!/bin/sh\n"),
                ("QLI0603", "warning"),
            ),
            (
                world("").executable("/r/ops/roll", "echo\n"),
                ("QLI0609", "warning"),
            ),
            (
                world("").executable("/r/ops/roll", "#!/bin/sh\r\n"),
                ("QLI0609", "warning"),
            ),
            (
                world("").executable("/r/ops/roll", "#!/usr/bin/env bash -e\n"),
                ("QLI0618", "warning"),
            ),
            (
                world("").link("/r/ops/roll", "nowhere"),
                ("QLI0604", "error"),
            ),
            (
                world("").node("/r/ops/roll", crate::host::FileKind::Special, 0o755, ""),
                ("QLI0604", "error"),
            ),
        ] {
            assert_eq!(codes(&world, GROUP), [code]);
            assert_eq!(check(&world, GROUP).broken, None);
        }
    }

    #[test]
    fn an_executable_leftover_is_reported_and_is_no_script() {
        let world = world("[extensions.deploy]\n")
            .executable("/r/ops/deploy.orig", "#!/bin/sh\n")
            .executable("/r/ops/deploy~", "#!/bin/sh\n")
            .file("/r/ops/deploy.bak", "#!/bin/sh\n")
            .directory("/r/ops/conf.old", 0o755);
        assert_eq!(codes(&world, GROUP), [("QLI0616", "warning"); 2]);
        let section = self::world("[extensions.\"deploy.bak\"]\nconfirm = true\n");
        assert_eq!(codes(&section, GROUP), [("QLI0616", "warning")]);
    }

    #[test]
    fn scripts_below_the_group_are_said_to_be_out_of_reach() {
        let script = "#!/bin/sh\n";
        let world = world("")
            .executable("/r/ops/db/eu/restore", script)
            .executable("/r/ops/_lib/helper", script)
            .file("/r/ops/data/text", script)
            .executable("/r/ops/bin/tool", "\u{7f}ELF");
        assert_eq!(codes(&world, GROUP), [("QLI0617", "info")]);
        let found = check(&world, GROUP).found;
        assert!(found[0].message.ends_with(": db/eu/restore"), "{found:?}");
    }

    #[test]
    fn a_directory_of_scripts_without_a_manifest_is_reported_and_another_is_not() {
        let world = World::bare()
            .executable("/r/ops/deploy", "#!/bin/sh\n")
            .file("/r/src/main.c", "int");
        assert_eq!(codes(&world, GROUP), [("QLI0605", "warning")]);
        assert_eq!(codes(&world, "/r/src"), []);
        assert!(!check(&world, GROUP).has_manifest);
    }

    #[test]
    fn group_names_are_checked() {
        let at = |path: &str| {
            let text = "schema_version = 1\ndescription = \"d\"\n";
            codes(
                &World::bare().file(&format!("{path}/_manifest.toml"), text),
                path,
            )
        };
        assert_eq!(at("/r/my group"), [("QLI0302", "error")]);
        assert_eq!(at("/r/explain"), [("QLI0304", "warning")]);
        assert_eq!(at("/r/policy"), [("QLI0304", "warning")]);
        assert_eq!(at("/r/ops.bak"), [("QLI0616", "warning")]);
        assert_eq!(at("/r/ops"), []);
    }

    #[test]
    fn a_section_without_a_script_is_reported_unless_a_command_counts() {
        let sections = "[extensions.deploy]\n[extensions.rol]\n[extensions.archive]\n";
        let world = world(sections).executable("/r/ops/roll", "#!/bin/sh\n");
        let expected = [("QLI0611", "error"), ("QLI0611", "warning")];
        assert_eq!(codes(&world, GROUP), expected);
        assert_eq!(check(&world, GROUP).broken, None);
        let world = world
            .var("PATH", "/usr/bin")
            .executable("/usr/bin/qli-ops-archive", "#!/bin/sh\n");
        assert_eq!(codes(&world, GROUP), expected);
        let here = check_as(&Candidate::Directory(GROUP.into()), true, &world);
        assert_eq!(here.found.len(), 1);
    }

    #[test]
    fn a_broken_group_counts_the_scripts_it_stops() {
        let broken = world("confrim = true\nbaner = 1\n").executable("/r/ops/roll", "#!/bin/sh\n");
        let expected = BrokenGroup {
            name: "ops".to_owned(),
            path: GROUP.into(),
            scripts: 2,
            errors: 2,
        };
        assert_eq!(check(&broken, GROUP).broken, Some(expected.clone()));
        let manifest = Candidate::Manifest("/r/ops/_manifest.toml".into());
        let path = PathBuf::from("/r/ops/_manifest.toml");
        assert_eq!(
            check_as(&manifest, false, &broken).broken,
            Some(BrokenGroup { path, ..expected })
        );
        assert_eq!(check(&world("banner = \"\"\n"), GROUP).broken, None);
    }
}
