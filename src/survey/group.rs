//! One directory of a root: its manifest, its name, and the files beside it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::files::{File, files, misnamed};
use super::{Asked, Broken, Commands, Entry};
use crate::diagnostics::{Code, Diagnostic, Diagnostics, SOURCE_MAX};
use crate::discovery::group_name;
use crate::discovery::{alone, same_files};
use crate::host::{HostView, is_absent, is_link, normalize, reason};
use crate::manifest::{self, FILE_NAME, Manifest};
use crate::names::{GroupName, is_command, shell_word, visible};

/// What was seen of one place.
#[derive(Debug)]
pub(super) struct Looked {
    /// The directory, or the manifest if only that was looked at.
    pub(super) path: PathBuf,
    /// Whether there is a manifest.
    pub(super) has_manifest: bool,
    /// What is wrong.
    pub(super) found: Diagnostics,
    /// The group, if it cannot run.
    pub(super) broken: Option<Broken>,
}

/// Looks at a manifest, or at a directory of a root.
pub(super) fn look(location: &Entry, asked: Asked<'_>, view: &dyn HostView) -> Looked {
    match location {
        Entry::Manifest(file) => {
            let is_named_so = file.file_name() == Some(OsStr::new(FILE_NAME));
            let beside = file.parent().filter(|_| is_named_so);
            let beside = beside.map_or_else(Vec::new, |directory| {
                // `_manifest.toml` alone lies in a directory without a name.
                let here = Some(directory).filter(|path| *path != Path::new(""));
                let directory = here.unwrap_or(Path::new("."));
                let entries = view.list(directory).unwrap_or_default();
                files(directory, &entries, view)
            });
            of_group(file, file, &beside, asked, view)
        }
        Entry::Directory(path) => of_directory(path, asked, view),
    }
}

/// Lists the directory once: what is in it says whether there is a manifest.
fn of_directory(path: &Path, asked: Asked<'_>, view: &dyn HostView) -> Looked {
    let entries = match view.list(path) {
        Ok(entries) => entries,
        Err(error) if is_absent(&error) => Vec::new(),
        // Reading the manifest will say why it cannot be looked at.
        Err(_) => vec![FILE_NAME.into()],
    };
    let files = files(path, &entries, view);
    if !entries.iter().any(|entry| entry == FILE_NAME) {
        let problem = without_manifest(path, &files, view);
        return Looked {
            found: problem.map(Into::into).unwrap_or_default(),
            path: path.to_owned(),
            has_manifest: false,
            broken: None,
        };
    }
    let mut looked = of_group(path, &path.join(FILE_NAME), &files, asked, view);
    looked.found.extend(of_name(path, view));
    let problems = files.into_iter().filter_map(|file| file.problem);
    looked.found.extend(problems);
    looked
}

fn of_group(
    path: &Path,
    manifest: &Path,
    files: &[File],
    asked: Asked<'_>,
    view: &dyn HostView,
) -> Looked {
    let is_named_so = manifest.file_name() == Some(OsStr::new(FILE_NAME));
    let directory = manifest.parent().filter(|_| is_named_so);
    let name = directory.and_then(|directory| directory_name(directory, view));
    let name = name.and_then(|name| name.to_str()?.parse::<GroupName>().ok());
    let read = read(manifest, view);
    // A group that breaks a rule of its organisation runs all the same.
    let errors = read.as_ref().err();
    let errors = errors.map_or(0, |found| found.iter().filter(|one| one.is_error()).count());
    let found = match read {
        Ok(manifest) => {
            let mut found = asked.policies.check(&manifest);
            if let Some(directory) = directory {
                let names: Vec<_> = files.iter().filter_map(File::script).collect();
                let group = name.as_ref().filter(|_| asked.commands == Commands::OnPath);
                found.extend(alone(&manifest, &names, group, view));
                found.extend(same_files(&manifest, directory, &names, view));
            }
            found.extend(manifest.warnings);
            found
        }
        Err(found) => found,
    };
    Looked {
        path: path.to_owned(),
        has_manifest: true,
        found,
        broken: (errors > 0).then(|| Broken {
            name: name.map_or_else(|| visible(manifest), |name| name.to_string()),
            path: path.to_owned(),
            scripts: files.iter().filter(|file| file.is_script).count(),
            errors,
        }),
    }
}

/// Returns a directory's own name, also where it is called `.` or `..`.
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

/// A directory with executables was meant to be a group, and so was a link that
/// leads nowhere.
fn without_manifest(path: &Path, files: &[File], view: &dyn HostView) -> Option<Diagnostic> {
    if let Some(error) = view.stat(path).err().filter(|_| is_link(path, view)) {
        let message = format!(
            "the link leads nowhere, so there is no group: {}",
            reason(&error)
        );
        let problem = Diagnostic::of_path(Code::NoManifest, path, message);
        return Some(problem.help("mend the link, or remove it"));
    }
    let name = path.file_name()?.to_str()?.parse::<GroupName>().ok()?;
    let count = files.iter().filter(|file| file.is_script).count();
    (count > 0).then(|| {
        let scripts = if count == 1 { "a script" } else { "scripts" };
        let message = format!("`{name}` holds {scripts} and no `{FILE_NAME}`");
        let manifest = shell_word(path.join(FILE_NAME));
        Diagnostic::of_path(Code::NoManifest, path, message).help(format!("write {manifest}"))
    })
}

/// Judges the name of a group's directory.
fn of_name(path: &Path, view: &dyn HostView) -> Diagnostics {
    let Some(name) = directory_name(path, view) else {
        return Diagnostics::default();
    };
    match group_name(&name) {
        Err(problem) => misnamed(path, problem).into(),
        Ok(name) if is_command(name.as_str()) => {
            let message = format!("`{name}` is a command of qli, which wins over the group");
            let help = format!("type `qli run {name} <EXTENSION>`, or give the group another name");
            Diagnostic::of_path(Code::ReservedGroupName, path, message)
                .help(help)
                .into()
        }
        Ok(_) => Diagnostics::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::World;
    use crate::policy::Policies;

    const GROUP: &str = "/r/ops";

    fn world(fields: &str) -> World {
        let text = format!("schema_version = 1\ndescription = \"d\"\n{fields}");
        World::bare()
            .file(&format!("{GROUP}/_manifest.toml"), &text)
            .executable(&format!("{GROUP}/deploy"), "#!/bin/sh\n")
    }

    fn looked_at(location: &Entry, commands: Commands, world: &World) -> Looked {
        let asked = Asked {
            commands,
            policies: &Policies::default(),
        };
        look(location, asked, world)
    }

    fn looked(world: &World, path: &str) -> Looked {
        looked_at(&Entry::Directory(path.into()), Commands::Unseen, world)
    }

    fn codes(world: &World, path: &str) -> Vec<(&'static str, &'static str)> {
        let found = looked(world, path).found.sorted();
        let pairs = found
            .iter()
            .map(|one| (one.code.number(), one.severity.as_str()));
        pairs.collect()
    }

    #[test]
    fn a_group_that_is_fine_has_no_problem() {
        let world = world("")
            .file("/r/ops/README", "how to deploy")
            .file("/r/ops/_helper", "#!/bin/sh\n")
            .directory("/r/ops/lib", 0o755)
            .executable("/r/ops/tool", "\u{7f}ELF");
        assert_eq!(codes(&world, GROUP), []);
        assert_eq!(looked(&world, GROUP).broken, None);
    }

    #[test]
    fn what_cannot_be_called_or_started_is_reported() {
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
                world("").link("/r/ops/roll", "nowhere"),
                ("QLI0604", "error"),
            ),
            (
                world("").node("/r/ops/roll", crate::host::FileKind::Special, 0o755, ""),
                ("QLI0604", "error"),
            ),
        ] {
            assert_eq!(codes(&world, GROUP), [code]);
            assert_eq!(looked(&world, GROUP).broken, None);
        }
    }

    #[test]
    fn a_directory_of_scripts_without_a_manifest_is_reported_and_another_is_not() {
        let world = World::bare()
            .executable("/r/ops/deploy", "#!/bin/sh\n")
            .file("/r/src/main.c", "int");
        assert_eq!(codes(&world, GROUP), [("QLI0605", "warning")]);
        assert_eq!(codes(&world, "/r/src"), []);
        assert!(!looked(&world, GROUP).has_manifest);
    }

    #[test]
    fn names_of_groups_are_judged() {
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
        assert_eq!(at("/r/ops"), []);
    }

    #[test]
    fn a_section_without_a_script_is_reported_and_one_with_a_command_here_is_not() {
        let sections = "[extensions.deploy]\n[extensions.rol]\n[extensions.archive]\n";
        let world = world(sections).executable("/r/ops/roll", "#!/bin/sh\n");
        let expected = [("QLI0611", "error"), ("QLI0611", "warning")];
        assert_eq!(codes(&world, GROUP), expected);
        assert_eq!(looked(&world, GROUP).broken, None);
        let world = world
            .var("PATH", "/usr/bin")
            .executable("/usr/bin/qli-ops-archive", "#!/bin/sh\n");
        assert_eq!(codes(&world, GROUP), expected);
        let here = looked_at(&Entry::Directory(GROUP.into()), Commands::OnPath, &world);
        assert_eq!(here.found.len(), 1);
    }

    #[test]
    fn a_broken_group_says_how_many_scripts_it_stops() {
        let broken = world("confrim = true\nbaner = 1\n").executable("/r/ops/roll", "#!/bin/sh\n");
        let expected = Broken {
            name: "ops".to_owned(),
            path: GROUP.into(),
            scripts: 2,
            errors: 2,
        };
        assert_eq!(looked(&broken, GROUP).broken, Some(expected.clone()));
        let manifest = Entry::Manifest("/r/ops/_manifest.toml".into());
        let path = PathBuf::from("/r/ops/_manifest.toml");
        assert_eq!(
            looked_at(&manifest, Commands::Unseen, &broken).broken,
            Some(Broken { path, ..expected })
        );
        assert_eq!(looked(&world("banner = \"\"\n"), GROUP).broken, None);
    }
}
