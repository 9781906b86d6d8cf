//! Names that were not found. Only here does a run list directories, to suggest
//! the name that was meant.

use std::collections::BTreeMap;
use std::path::Path;

use super::commands::PathCommands;
use super::location::GroupLocation;
use super::roots::{Root, RootKind, Roots, SET_HOME};
use super::{embedded, listing};
use crate::diagnostics::{Code, Diagnostic, nearest, one_of};
use crate::host::{HostView, diagnosis, is_absent, is_directory, reason, unset_reason};
use crate::manifest::FILE_NAME;
use crate::names::{COMMANDS, ExtensionName, GroupName, shell_path, visible};

pub(super) fn group(name: &GroupName, roots: &Roots, view: &dyn HostView) -> Diagnostic {
    let mut message = format!("there is no group `{name}`");
    let mut help = group_help(name, roots, view);
    if let Err(unset) = Roots::of_user(view) {
        let reason = unset_reason(&unset, view);
        message = format!("{message}; {reason}, so yours were not searched");
        if !help.starts_with(MEANT) {
            help = SET_HOME.into();
        }
    }
    Diagnostic::of_path(Code::NoSuchGroup, name.as_str(), message).help(help)
}

/// The beginning of a suggestion.
const MEANT: &str = "did you mean";

fn group_help(name: &GroupName, roots: &Roots, view: &dyn HostView) -> String {
    let mut directories = roots.iter().map(|root| root.path.join(name.as_str()));
    if let Some(directory) = directories.find(|path| is_directory(path, view)) {
        let directory = shell_path(&directory);
        return format!("{directory} has no `{FILE_NAME}`; see `qli help manifest`");
    }
    let groups = listing::group_names(roots, view);
    let owners = groups_with(name, &groups, view);
    if !owners.is_empty() {
        let qli = roots.command();
        let owners = owners.iter().take(OWNERS_SHOWN);
        let commands: Vec<_> = owners
            .map(|group| format!("{qli} {group} {name}"))
            .collect();
        let commands = one_of(commands.iter().map(String::as_str));
        return format!("did you mean {commands}?");
    }
    let known: Vec<_> = groups.keys().map(GroupName::as_str).collect();
    let meant = nearest(name.as_str(), known.iter().copied().chain(COMMANDS));
    if let Some(command) = meant.filter(|meant| COMMANDS.contains(meant)) {
        return format!("did you mean the command `qli {command}`?");
    }
    let list = format!("{} ext list", roots.command());
    suggestion(name.as_str(), &known, "the groups are", &list)
}

const OWNERS_SHOWN: usize = 3;

/// Returns the groups with an extension of this name, built-in ones last: the
/// user may have typed an extension without its group.
fn groups_with<'g>(
    name: &GroupName,
    groups: &'g BTreeMap<GroupName, Root>,
    view: &dyn HostView,
) -> Vec<&'g GroupName> {
    if name.as_str().parse::<ExtensionName>().is_err() {
        return Vec::new();
    }
    let owners = groups.iter().filter(|(group, root)| match root.kind {
        RootKind::Embedded => embedded::script(group, name.as_str()).is_some(),
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

/// Reports a directory that cannot be searched, so that it may be a group.
pub(super) fn unsearchable(directory: &Path, view: &dyn HostView) -> Option<Diagnostic> {
    let error = view.lstat(&directory.join(FILE_NAME)).err();
    let error = error.filter(|error| !is_absent(error))?;
    let message = format!("the directory cannot be searched: {}", reason(&error));
    let diagnostic = Diagnostic::of_path(Code::UnreadableFile, directory, message);
    Some(diagnostic.help(diagnosis(&error, directory)))
}

pub(super) fn extension(
    location: &GroupLocation,
    name: &ExtensionName,
    roots: &Roots,
    view: &dyn HostView,
) -> Diagnostic {
    let commands = PathCommands::of_group(&location.name, view);
    let known = listing::extensions(location, &commands, roots, view);
    let known: Vec<_> = listing::runnable(&known)
        .map(ExtensionName::as_str)
        .collect();
    let group = &location.name;
    let message = format!("the group `{group}` has no extension `{name}`");
    let list = format!("{} explain {group}", roots.command());
    Diagnostic::of_path(Code::NoSuchExtension, &location.manifest_path, message).help(suggestion(
        name.as_str(),
        &known,
        "it has",
        &list,
    ))
}

fn suggestion(name: &str, known: &[&str], they_are: &str, list: &str) -> String {
    const SHOWN: usize = 8;
    if let Some(close) = nearest(name, known.iter().copied()) {
        return format!("did you mean `{close}`?");
    }
    match known {
        [] => "it has none yet: put an executable script next to its manifest".to_owned(),
        few if few.len() <= SHOWN => {
            let names = few.iter().map(|name| format!("`{}`", visible(name)));
            format!("{they_are} {}", names.collect::<Vec<_>>().join(", "))
        }
        _ => format!("to list them: {list}"),
    }
}
