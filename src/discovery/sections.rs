//! Sections of a manifest, `[extensions.<name>]`, that are named after no
//! script: their guards hold for nothing.

use super::{Home, RootKind, embedded, program};
use crate::diagnostics::{Code, Diagnostic, Diagnostics, nearest};
use crate::host::{HostView, OnPath, search_path};
use crate::manifest::{Manifest, Section};
use crate::names::{ExtensionName, GroupName};

/// Reports a section that was surely meant for an extension which would run
/// without its guards: the extension has none of its own, the section's name is
/// near, and there is no script of that name.
pub(super) fn meant_for(
    extension: &ExtensionName,
    home: &Home,
    manifest: &Manifest,
    view: &dyn HostView,
) -> Option<Diagnostic> {
    if manifest.sections.is_empty() || manifest.section(extension).is_some() {
        return None;
    }
    let names = manifest.sections.iter().map(|one| one.name.as_str());
    let near = nearest(extension.as_str(), names)?;
    let mut sections = manifest.sections.iter();
    let section = sections.find(|one| one.name.as_str() == near)?;
    if is_own(&section.name, home, view) || is_command(home.name.as_str(), &section.name, view) {
        return None;
    }
    Some(without_script(section, Some(extension.as_str()), manifest))
}

fn is_own(name: &ExtensionName, home: &Home, view: &dyn HostView) -> bool {
    if home.root.kind == RootKind::Embedded {
        let mut scripts = embedded::scripts(&home.name).iter();
        return scripts.any(|(script, _)| *script == name.as_str());
    }
    let directory = home.directory().unwrap_or_default();
    view.lstat(&directory.join(name.as_str())).is_ok()
}

/// Reports the sections that none of a group's scripts has the name of; given
/// the group, commands on `PATH` are its scripts too.
pub(super) fn alone(
    manifest: &Manifest,
    scripts: &[&str],
    group: Option<&GroupName>,
    view: &dyn HostView,
) -> Diagnostics {
    let has_section = |script: &str| {
        let mut sections = manifest.sections.iter();
        sections.any(|one| one.name.as_str() == script)
    };
    let without = || {
        scripts
            .iter()
            .copied()
            .filter(|script| !has_section(script))
    };
    let mut found = Diagnostics::default();
    for section in &manifest.sections {
        let name = section.name.as_str();
        let on_path = group.is_some_and(|group| is_command(group.as_str(), &section.name, view));
        if !scripts.contains(&name) && !on_path {
            found.push(without_script(section, nearest(name, without()), manifest));
        }
    }
    found
}

/// Says whether an extension of a group is a command on `PATH`, trusted or not.
fn is_command(group: &str, name: &ExtensionName, view: &dyn HostView) -> bool {
    let command = program::command_name(group, name);
    !matches!(search_path(&command, view), OnPath::Missing)
}

/// A section without a script, and the script without a section that it was
/// meant for. Where there is none, it may be a command on another machine.
fn without_script(section: &Section, meant: Option<&str>, manifest: &Manifest) -> Diagnostic {
    let message = format!("the section `{}` is named after no script", section.name);
    let place = section.span.clone();
    let diagnostic = Diagnostic::at(Code::SectionWithoutScript, &manifest.source, place, message);
    match meant {
        Some(script) => diagnostic.help(format!("did you mean `{script}`?")),
        None => diagnostic
            .help("name it as the script's file is named, or remove it")
            .as_warning(),
    }
}
