//! Sections of a manifest, `[extensions.<name>]`, that are named after no
//! script: their guards hold for nothing.

use std::path::Path;

use super::{GroupLocation, Program, RootKind, embedded, program};
use crate::diagnostics::{Code, Diagnostic, Diagnostics, are_near, one_of};
use crate::host::{HostView, OnPath, search_path};
use crate::manifest::{Manifest, Section, key_of};
use crate::names::{ExtensionName, GroupName};

/// Reports what would let an extension without a section run without the guards
/// of one: a section that is named after no script and has a name that is near,
/// and one that is named after the same file.
pub(super) fn missed_by(
    extension: &ExtensionName,
    program: &Program,
    home: &GroupLocation,
    manifest: &Manifest,
    view: &dyn HostView,
) -> Diagnostics {
    let mut found = Diagnostics::default();
    if manifest.section(extension).is_some() {
        return found;
    }
    for section in &manifest.sections {
        let is_own = is_own(&section.name, home, view);
        if is_own && is_same(&section.name, program, home, view) {
            found.push(of_same_file(section, extension.as_str(), manifest));
        }
        let is_near = are_near(section.name.as_str(), extension.as_str());
        if is_near && !is_own && !is_command(home.name.as_str(), &section.name, view) {
            found.push(without_script(section, &[extension.as_str()], manifest));
        }
    }
    found
}

/// Says whether the file of a name is the program at hand: a link, or another
/// spelling where the file system makes no difference between them.
fn is_same(
    name: &ExtensionName,
    program: &Program,
    home: &GroupLocation,
    view: &dyn HostView,
) -> bool {
    let Some(directory) = home.directory() else {
        return false;
    };
    let stat = view.stat(&directory.join(name.as_str()));
    stat.is_ok_and(|stat| Some(stat.id) == program.id)
}

/// Reports the scripts without a section that are the same file as one that has
/// a section.
pub fn same_files(
    manifest: &Manifest,
    directory: &Path,
    scripts: &[&str],
    view: &dyn HostView,
) -> Diagnostics {
    let mut found = Diagnostics::default();
    let id = |name: &str| Some(view.stat(&directory.join(name)).ok()?.id);
    for section in &manifest.sections {
        let Some(own) = id(section.name.as_str()) else {
            continue;
        };
        let without = scripts.iter().filter(|name| !has_section(manifest, name));
        let same = without.filter(|name| id(name) == Some(own));
        found.extend(same.map(|name| of_same_file(section, name, manifest).as_warning()));
    }
    found
}

fn has_section(manifest: &Manifest, script: &str) -> bool {
    let mut sections = manifest.sections.iter();
    sections.any(|one| one.name.as_str() == script)
}

fn of_same_file(section: &Section, extension: &str, manifest: &Manifest) -> Diagnostic {
    let message = format!(
        "`{extension}` is the same file as `{}`, which has guards of its own",
        section.name
    );
    let location = section.span.clone();
    let diagnostic = Diagnostic::at(Code::SameFile, &manifest.source, location, message);
    diagnostic.help(format!(
        "give it a section too, or one without a field if it needs no guard: `[extensions.{}]`",
        key_of(extension)
    ))
}

fn is_own(name: &ExtensionName, home: &GroupLocation, view: &dyn HostView) -> bool {
    if home.root.kind == RootKind::Embedded {
        let mut scripts = embedded::scripts(&home.name).iter();
        return scripts.any(|(script, _)| *script == name.as_str());
    }
    let directory = home.directory().unwrap_or_default();
    view.lstat(&directory.join(name.as_str())).is_ok()
}

/// Reports the sections that none of a group's scripts has the name of; given
/// the group, commands on `PATH` are its scripts too.
pub fn alone(
    manifest: &Manifest,
    scripts: &[&str],
    group: Option<&GroupName>,
    view: &dyn HostView,
) -> Diagnostics {
    let without = |name: &str| -> Vec<&str> {
        let scripts = scripts.iter().copied();
        let scripts = scripts.filter(|script| !has_section(manifest, script));
        scripts.filter(|script| are_near(name, script)).collect()
    };
    let mut found = Diagnostics::default();
    for section in &manifest.sections {
        let name = section.name.as_str();
        let on_path = group.is_some_and(|group| is_command(group.as_str(), &section.name, view));
        if !scripts.contains(&name) && !on_path {
            found.push(without_script(section, &without(name), manifest));
        }
    }
    found
}

/// Says whether an extension of a group is a command on `PATH`, trusted or not.
fn is_command(group: &str, name: &ExtensionName, view: &dyn HostView) -> bool {
    let command = program::command_name(group, name);
    !matches!(search_path(&command, view), OnPath::Missing)
}

/// A section without a script, and the scripts without a section that it may have
/// been meant for. Where there is none, it may be a command on another machine.
fn without_script(section: &Section, meant: &[&str], manifest: &Manifest) -> Diagnostic {
    let message = format!("the section `{}` is named after no script", section.name);
    let location = section.span.clone();
    let diagnostic = Diagnostic::at(
        Code::SectionWithoutScript,
        &manifest.source,
        location,
        message,
    );
    if meant.is_empty() {
        return diagnostic
            .help("name it as the script's file is named, or remove it")
            .as_warning();
    }
    let meant = one_of(meant.iter().copied());
    diagnostic.help(format!("did you mean {meant}?"))
}
