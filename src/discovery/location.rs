//! Names as they were typed, and where a group is.

use std::ffi::OsStr;
use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;

use super::embedded;
use super::roots::{Root, RootKind};
use crate::diagnostics::{Code, Diagnostic};
use crate::host::{FileId, HostView};
use crate::names::{ExtensionName, GroupName, NAME_MAX, leftover, visible};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupLocation {
    pub name: GroupName,
    pub root: Root,
    /// `embedded:<group>/_manifest.toml` for a built-in group.
    pub manifest_path: PathBuf,
    /// Which file the manifest was when it was read; built-in ones have none.
    pub manifest_id: Option<FileId>,
    /// The group that this one hides, if every run reports that.
    pub shadows: Option<Shadowed>,
}

/// A group that is hidden by one of the same name in an earlier root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shadowed {
    pub manifest: PathBuf,
    /// The fields of its guards that the group in force lacks.
    pub guards: Vec<String>,
}

/// How many guards a message names.
const NAMED: usize = 4;

/// Names guards in a message; of many, the first ones.
pub fn some_of(guards: &[String]) -> String {
    let named = guards.iter().take(NAMED).cloned();
    let more = guards.len().saturating_sub(NAMED);
    let more = (more > 0).then(|| format!("{more} more"));
    named.chain(more).collect::<Vec<_>>().join(", ")
}

impl GroupLocation {
    /// Returns the group's directory; built-in groups have none.
    pub fn directory(&self) -> Option<PathBuf> {
        let embedded = self.root.kind == RootKind::Embedded;
        (!embedded).then(|| self.root.path.join(self.name.as_str()))
    }

    /// Returns whether the group itself has something of an extension's name, so that
    /// `PATH` is not searched for it.
    pub(super) fn has_own(&self, name: &ExtensionName, view: &dyn HostView) -> bool {
        match self.directory() {
            Some(directory) => view.lstat(&directory.join(name.as_str())).is_ok(),
            None => embedded::script(&self.name, name.as_str()).is_some(),
        }
    }
}

pub fn group_name(typed: &OsStr) -> Result<GroupName, Diagnostic> {
    check_leftover(
        typed,
        "a group",
        "if its scripts should run, give the directory another name",
    )?;
    parse_name(typed, "a group name", Code::InvalidGroupName)
}

pub fn extension_name(typed: &OsStr) -> Result<ExtensionName, Diagnostic> {
    check_leftover(
        typed,
        "an extension",
        "if the file should run, give it another name",
    )?;
    parse_name(typed, "an extension name", Code::InvalidExtensionName)
}

fn check_leftover(typed: &OsStr, role: &str, help: &str) -> Result<(), Diagnostic> {
    let Some(found) = typed.to_str().and_then(leftover) else {
        return Ok(());
    };
    let message = format!("`{}` is not {role}: it is {found}", visible(typed));
    Err(Diagnostic::of_path(Code::Leftover, typed, message).help(help))
}

fn parse_name<N: FromStr<Err: Display>>(
    typed: &OsStr,
    what: &str,
    code: Code,
) -> Result<N, Diagnostic> {
    typed.to_string_lossy().parse().map_err(|error: N::Err| {
        let message = format!("`{}` is not {what}: {error}", visible(typed));
        Diagnostic::of_path(code, typed, message).help(format!(
            "use at most {NAME_MAX} letters, digits, `.`, `_` and `-`, a letter or digit first; \
             to list the names: qli ext list"
        ))
    })
}

/// Returns the file name of an extension on `PATH`.
pub(super) fn command_name(group: &GroupName, extension: &ExtensionName) -> String {
    format!("qli-{group}-{extension}")
}
