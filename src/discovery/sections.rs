//! Sections of a manifest, `[extensions.<name>]`, whose guards protect no script,
//! or not every name of it.

use std::collections::BTreeSet;
use std::path::Path;

use super::location::{GroupLocation, command_name};
use super::program::Program;
use crate::diagnostics::{Code, Diagnostic, Diagnostics, are_near, one_of};
use crate::host::{HostView, OnPath, search_path};
use crate::manifest::{Manifest, Section, key_of};
use crate::names::{ExtensionName, GroupName};

/// Reports sections whose guards an extension without a section escapes: one of
/// the same file, and one that has no script but a similar name.
pub(super) fn missed_by(
    extension: &ExtensionName,
    program: &Program,
    location: &GroupLocation,
    manifest: &Manifest,
    view: &dyn HostView,
) -> Diagnostics {
    let mut found = Diagnostics::default();
    if manifest.section(extension).is_some() {
        return found;
    }
    for section in &manifest.sections {
        let name = &section.name;
        let is_own = location.has_own(name, view);
        if is_own && is_same(name, program, location, view) {
            found.push(of_same_file(section, extension.as_str(), manifest));
        }
        let is_near = are_near(name.as_str(), extension.as_str());
        if is_near && !is_own && !is_command(&location.name, name, view) {
            found.push(without_script(section, &[extension.as_str()], manifest));
        }
    }
    found
}

/// Returns whether a name leads to a program's file: through a link, or because the
/// file system ignores case.
fn is_same(
    name: &ExtensionName,
    program: &Program,
    location: &GroupLocation,
    view: &dyn HostView,
) -> bool {
    let path = location
        .directory()
        .map(|directory| directory.join(name.as_str()));
    let stat = path.and_then(|path| view.stat(&path).ok());
    stat.is_some_and(|stat| Some(stat.id) == program.id)
}

/// Returns whether an extension is a command on `PATH`, trusted or not.
fn is_command(group: &GroupName, name: &ExtensionName, view: &dyn HostView) -> bool {
    let command = command_name(group, name);
    !matches!(search_path(&command, view), OnPath::Missing)
}

/// Reports scripts without a section that are the same file as one with a
/// section.
pub fn same_files(
    manifest: &Manifest,
    directory: &Path,
    scripts: &[&str],
    view: &dyn HostView,
) -> Diagnostics {
    let id = |name: &str| Some(view.stat(&directory.join(name)).ok()?.id);
    let mut found = Diagnostics::default();
    if manifest.sections.is_empty() {
        return found;
    }
    let without = without_section(manifest, scripts).into_iter();
    let without: Vec<_> = without.filter_map(|name| Some((name, id(name)?))).collect();
    for section in &manifest.sections {
        let Some(own) = id(section.name.as_str()) else {
            continue;
        };
        let same = without.iter().filter(|(_, id)| *id == own);
        found.extend(same.map(|(name, _)| of_same_file(section, name, manifest).as_warning()));
    }
    found
}

/// Reports the sections without a script. If a group is given, its commands on
/// `PATH` count as scripts.
pub fn without_scripts(
    manifest: &Manifest,
    scripts: &[&str],
    group: Option<&GroupName>,
    view: &dyn HostView,
) -> Diagnostics {
    let without = without_section(manifest, scripts);
    let present: BTreeSet<_> = scripts.iter().copied().collect();
    let mut found = Diagnostics::default();
    for section in &manifest.sections {
        let name = section.name.as_str();
        let on_path = || group.is_some_and(|group| is_command(group, &section.name, view));
        if !present.contains(name) && !on_path() {
            let meant = without.iter().copied();
            let meant: Vec<_> = meant.filter(|script| are_near(name, script)).collect();
            found.push(without_script(section, &meant, manifest));
        }
    }
    found
}

fn without_section<'s>(manifest: &Manifest, scripts: &[&'s str]) -> Vec<&'s str> {
    let sections = manifest.sections.iter();
    let sections: BTreeSet<_> = sections.map(|one| one.name.as_str()).collect();
    let scripts = scripts.iter().copied();
    scripts.filter(|name| !sections.contains(name)).collect()
}

fn of_same_file(section: &Section, extension: &str, manifest: &Manifest) -> Diagnostic {
    let message = format!(
        "`{extension}` is the same file as `{}`, but without its guards",
        section.name
    );
    let span = section.span.clone();
    Diagnostic::at(Code::SameFile, &manifest.source, span, message).help(format!(
        "add `[extensions.{}]`; it may be empty",
        key_of(extension)
    ))
}

/// Reports a section without a script, with the scripts that it may be meant for.
/// If there are none, it may be for a command on another machine: a warning.
fn without_script(section: &Section, meant: &[&str], manifest: &Manifest) -> Diagnostic {
    let message = format!("no script for the section `{}`", section.name);
    let (code, span) = (Code::SectionWithoutScript, section.span.clone());
    let diagnostic = Diagnostic::at(code, &manifest.source, span, message);
    if meant.is_empty() {
        let help = "give it the name of the script's file, or remove it";
        return diagnostic.help(help).as_warning();
    }
    let meant = one_of(meant.iter().copied());
    diagnostic.help(format!("did you mean {meant}?"))
}
