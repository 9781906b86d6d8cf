//! Where groups come from: roots and `PATH` become one extension ([`find`])
//! or all of them ([`catalogue()`]).
//!
//! Running one extension looks at that group only. No directory is listed
//! unless a name was not found and a better one is to be suggested.

mod catalogue;
pub mod embedded;
mod logs;
mod program;
mod roots;
pub mod scaffold;
mod sections;
mod trust;
mod unknown;

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use crate::diagnostics::{Code, Diagnostic, Diagnostics, SOURCE_MAX};
use crate::host::{Contents, FileId, HostView, reason};
use crate::manifest::{self, FILE_NAME, Manifest};
use crate::names::{ExtensionName, GroupName, NAME_MAX, shell_word, visible};

pub use catalogue::{Catalogue, Entry, GroupEntry, all_of, catalogue, extensions, group_names};
pub use logs::{GroupLog, logs};
pub use program::{
    Program, ProgramKind, interpreter_of, lacks_interpreter_line, with_lf_line_ends,
};
pub use roots::{Root, RootKind, Roots, command_with};
pub use sections::{alone, same_files};
pub use trust::distrusted;

/// Where a group is: one directory with a manifest, or a part of qli itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupLocation {
    /// The group's name.
    pub name: GroupName,
    /// The root it was found in.
    pub root: Root,
    /// The manifest's path as it is reported.
    pub manifest_path: PathBuf,
    /// Which file the manifest was when it was read; none for an embedded one.
    pub manifest_id: Option<FileId>,
    /// The manifest of the same group in a system root, which this group of a
    /// user's root hides.
    pub hides: Option<PathBuf>,
}

impl GroupLocation {
    /// Returns the group's directory; none for an embedded group.
    pub fn directory(&self) -> Option<PathBuf> {
        let embedded = self.root.kind == RootKind::Embedded;
        (!embedded).then(|| self.root.path.join(self.name.as_str()))
    }
}

/// A group that can run.
#[derive(Debug, Clone)]
pub struct Group {
    /// Where it is.
    pub home: GroupLocation,
    /// Its manifest.
    pub manifest: Manifest,
}

/// One extension of a group, ready to be planned.
#[derive(Debug, Clone)]
pub struct Target {
    /// The group with its manifest.
    pub group: Group,
    /// The extension's name.
    pub extension: ExtensionName,
    /// What is started.
    pub program: Program,
    /// What its group could change behind its owner's back.
    pub warnings: Diagnostics,
}

/// Reads a group's name as it was typed.
pub fn group_name(typed: &OsStr) -> Result<GroupName, Diagnostic> {
    let parsed = typed.to_string_lossy().parse();
    parsed.map_err(|error| {
        let message = format!("`{}` is no group name: {error}", visible(typed));
        Diagnostic::of_path(Code::InvalidGroupName, typed, message).help(name_rule())
    })
}

/// Reads an extension's name as it was typed.
pub fn extension_name(typed: &OsStr) -> Result<ExtensionName, Diagnostic> {
    let parsed = typed.to_string_lossy().parse();
    parsed.map_err(|error| {
        let message = format!("`{}` is no extension name: {error}", visible(typed));
        Diagnostic::of_path(Code::InvalidExtensionName, typed, message).help(name_rule())
    })
}

fn name_rule() -> String {
    format!(
        "a name starts with a letter or digit and holds letters, digits, `.`, `_` and `-`, at most {NAME_MAX}; `qli ext list` shows the names there are"
    )
}

/// Finds one extension.
///
/// # Errors
///
/// All that is known to be wrong: the manifest's problems if it has errors,
/// and that the name is unknown or that the script cannot be executed.
pub fn find(
    group: &GroupName,
    extension: &ExtensionName,
    roots: &Roots,
    view: &dyn HostView,
) -> Result<Target, Diagnostics> {
    let (home, read) = locate(group, roots, view)?;
    let manifest = parse(&home, read);
    let program = program::find(&home, extension, roots, view);
    match (manifest, program) {
        (Ok(manifest), Ok(program)) => {
            let mut warnings = trust::judge(&home, &program, view);
            let missed = sections::missed_by(extension, &program, &home, &manifest, view);
            warnings.extend(missed);
            warnings.extend(passed_over(&home, roots, view));
            if warnings.has_errors() {
                return Err(warnings);
            }
            Ok(Target {
                group: Group { home, manifest },
                extension: extension.clone(),
                program,
                warnings,
            })
        }
        (manifest, program) => {
            let mut found = manifest.err().unwrap_or_default();
            found.extend(program.err().unwrap_or_default());
            found.extend(passed_over(&home, roots, view));
            Err(found.sorted())
        }
    }
}

/// Reports the named roots that would have come before a group's own and from
/// which no group can come: it may not be the group that was meant.
fn passed_over(home: &GroupLocation, roots: &Roots, view: &dyn HostView) -> Diagnostics {
    match home.root.kind {
        RootKind::Given => Diagnostics::default(),
        RootKind::User | RootKind::System | RootKind::Embedded => roots.unusable(view),
    }
}

/// Finds one group: the first root that holds its manifest owns it wholly.
pub fn find_group(
    name: &GroupName,
    roots: &Roots,
    view: &dyn HostView,
) -> Result<Group, Diagnostics> {
    let (home, read) = locate(name, roots, view)?;
    let manifest = parse(&home, read)?;
    Ok(Group { home, manifest })
}

fn parse(home: &GroupLocation, read: io::Result<Vec<u8>>) -> Result<Manifest, Diagnostics> {
    manifest::parse(&manifest::source(&home.manifest_path, read)?)
}

/// Finds the root that owns a group, and reads its manifest.
fn locate(
    name: &GroupName,
    roots: &Roots,
    view: &dyn HostView,
) -> Result<(GroupLocation, io::Result<Vec<u8>>), Diagnostics> {
    for root in roots.iter() {
        let manifest_path = root.path.join(name.as_str()).join(FILE_NAME);
        let read = view.read(&manifest_path, SOURCE_MAX);
        if reads_nothing(&read, &manifest_path, view) {
            continue;
        }
        if let Some(diagnostic) = unreadable_root(root, &read, view) {
            return Err(diagnostic.into());
        }
        let home = GroupLocation {
            name: name.clone(),
            root: root.clone(),
            manifest_id: read.as_ref().ok().map(|contents| contents.id),
            manifest_path,
            hides: roots.hidden_by(root, name, view),
        };
        return Ok((home, read.map(|contents| contents.bytes)));
    }
    let text = embedded::manifest(name).ok_or_else(|| {
        let mut found = Diagnostics::from(unknown::group(name, roots, view));
        found.extend(roots.unusable(view));
        found
    })?;
    let home = GroupLocation {
        name: name.clone(),
        root: Root::embedded(),
        manifest_path: embedded::reported_path(name, FILE_NAME),
        manifest_id: None,
        hides: None,
    };
    Ok((home, Ok(text.as_bytes().to_vec())))
}

/// Says whether there is no manifest at a path. A dangling link is one that
/// cannot be read: whoever put it there meant to own the group.
fn reads_nothing(read: &io::Result<Contents>, path: &Path, view: &dyn HostView) -> bool {
    let Err(error) = read else { return false };
    let kind = error.kind();
    kind == io::ErrorKind::NotADirectory
        || (kind == io::ErrorKind::NotFound && view.lstat(path).is_err())
}

/// A root that may not be searched hides whether it owns the group: going on
/// to the next root could run another script than the one that was meant.
fn unreadable_root(
    root: &Root,
    read: &io::Result<Contents>,
    view: &dyn HostView,
) -> Option<Diagnostic> {
    let error = read.as_ref().err()?;
    let denied = error.kind() == io::ErrorKind::PermissionDenied;
    let searchable = view
        .check_access(&root.path, crate::host::Access::Execute)
        .is_ok();
    (denied && !searchable).then(|| {
        let message = format!("the root cannot be searched: {}", reason(error));
        Diagnostic::of_path(Code::RootUnreadable, &root.path, message)
            .help(format!("ls -ld {}", shell_word(&root.path)))
    })
}

#[cfg(test)]
mod tests;
