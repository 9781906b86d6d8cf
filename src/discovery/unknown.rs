//! Names that were not found: the one place that lists directories on the way
//! of a run, to say which name was meant.

use std::collections::BTreeMap;
use std::path::Path;

use super::{GroupLocation, Root, RootKind, Roots, catalogue, embedded};
use crate::diagnostics::{Code, Diagnostic, nearest, one_of};
use crate::host::{HostView, InsecurePath, is_absent, is_directory, reason};
use crate::manifest::FILE_NAME;
use crate::names::{COMMANDS, ExtensionName, GroupName, shell_word, visible};

/// A group that no root holds.
pub(super) fn group(name: &GroupName, roots: &Roots, view: &dyn HostView) -> Diagnostic {
    let diagnostic = Diagnostic::of_path(
        Code::NoSuchGroup,
        name.as_str(),
        format!("there is no group `{name}`"),
    );
    let without_manifest = roots
        .iter()
        .map(|root| root.path.join(name.as_str()))
        .find(|path| is_directory(path, view));
    if let Some(directory) = without_manifest {
        let directory = shell_word(&directory);
        return diagnostic.help(format!(
            "{directory} has no `_manifest.toml`: write one, `qli help manifest` has an example"
        ));
    }
    let groups = catalogue::group_names(roots, view);
    let owners = groups_with(name, &groups, view);
    if !owners.is_empty() {
        let qli = roots.command();
        let lines = owners
            .iter()
            .take(OWNERS)
            .map(|group| format!("{qli} {group} {name}"));
        let lines: Vec<_> = lines.collect();
        let lines = one_of(lines.iter().map(String::as_str));
        return diagnostic.help(format!("did you mean {lines}?"));
    }
    let known = groups.keys().map(|name| name.as_str().to_owned());
    let known: Vec<String> = known.collect();
    let names = known.iter().map(String::as_str).chain(COMMANDS);
    let meant = nearest(name.as_str(), names);
    if let Some(command) = meant.filter(|meant| COMMANDS.contains(meant)) {
        return diagnostic.help(format!("did you mean the command `qli {command}`?"));
    }
    diagnostic.help(suggestion(
        name.as_str(),
        &known,
        "the groups are",
        &format!("{} ext list", roots.command()),
    ))
}

/// So many groups are named that have an extension.
const OWNERS: usize = 3;

/// Names the groups that have an extension of a name, those of qli itself last: it
/// was typed without its group.
fn groups_with<'g>(
    name: &GroupName,
    groups: &'g BTreeMap<GroupName, Root>,
    view: &dyn HostView,
) -> Vec<&'g GroupName> {
    let owners = groups.iter().filter(|(group, root)| match root.kind {
        RootKind::Embedded => {
            let scripts = embedded::scripts(group).iter();
            scripts
                .into_iter()
                .any(|(script, _)| *script == name.as_str())
        }
        RootKind::Given | RootKind::User | RootKind::System => {
            let script = root.path.join(group.as_str()).join(name.as_str());
            view.stat(&script)
                .is_ok_and(|stat| stat.is_file() && stat.has_execute_bit())
        }
    });
    let mut owners: Vec<_> = owners.collect();
    owners.sort_by_key(|(_, root)| root.kind == RootKind::Embedded);
    owners.into_iter().map(|(group, _)| group).collect()
}

/// A directory that hides whether it is a group, and what is in it.
pub(super) fn unsearchable(directory: &Path, view: &dyn HostView) -> Option<Diagnostic> {
    let error = view.lstat(&directory.join(FILE_NAME)).err();
    let error = error.filter(|error| !is_absent(error))?;
    let message = format!("the directory cannot be looked at: {}", reason(&error));
    let diagnostic = Diagnostic::of_path(Code::UnreadableFile, directory, message);
    Some(diagnostic.help(format!("ls -ld {}", shell_word(directory))))
}

/// An extension that its group does not hold.
pub(super) fn extension(
    home: &GroupLocation,
    name: &ExtensionName,
    roots: &Roots,
    view: &dyn HostView,
) -> Diagnostic {
    let known: Vec<String> = catalogue::extensions(home, view)
        .into_iter()
        .map(|extension| extension.name.as_str().to_owned())
        .collect();
    let message = format!("the group `{}` has no extension `{name}`", home.name);
    let list = format!("{} explain {}", roots.command(), home.name);
    Diagnostic::of_path(Code::NoSuchExtension, &home.manifest_path, message).help(suggestion(
        name.as_str(),
        &known,
        "it has",
        &list,
    ))
}

fn suggestion(name: &str, known: &[String], they_are: &str, list: &str) -> String {
    const SHOWN: usize = 8;
    if let Some(close) = nearest(name, known.iter().map(String::as_str)) {
        return format!("did you mean `{close}`?");
    }
    match known {
        [] => "it has none yet: put an executable script beside its manifest".to_owned(),
        few if few.len() <= SHOWN => {
            let names: Vec<_> = few
                .iter()
                .map(|name| format!("`{}`", visible(name)))
                .collect();
            format!("{they_are} {}", names.join(", "))
        }
        _ => format!("`{list}` shows all there are"),
    }
}

/// An extension that lies only where somebody else may change it.
pub(super) fn untrusted(
    home: &GroupLocation,
    name: &ExtensionName,
    suspicion: &InsecurePath,
) -> Diagnostic {
    let message = format!(
        "the group `{}` has no extension `{name}` that can be trusted: {}",
        home.name,
        suspicion.reason()
    );
    Diagnostic::of_path(Code::NoSuchExtension, &suspicion.path, message).help(suspicion.help())
}
