//! The files of a group's directory: which are scripts, and what they lack.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::candidate::is_private;
use crate::diagnostics::{Code, Diagnostic};
use crate::discovery::{dangling_link, extension_name, first_line_problem};
use crate::host::{FileKind, HostView, Stat, is_link};
use crate::names::{leftover, shell_path, visible};

pub(super) struct GroupFile {
    name: OsString,
    role: FileRole,
    pub(super) problem: Option<Diagnostic>,
}

#[derive(PartialEq, Eq)]
enum FileRole {
    /// It can run as an extension.
    Script,
    /// It was meant to be one.
    MeantAsScript,
    /// Data, or what a program has left.
    Other,
}

impl GroupFile {
    pub(super) fn is_script(&self) -> bool {
        self.role == FileRole::Script
    }

    /// Returns its name if it is a script, or was meant to be one.
    pub(super) fn script(&self) -> Option<&str> {
        let is_meant = self.role != FileRole::Other;
        self.name.to_str().filter(|_| is_meant)
    }
}

pub(super) fn files(directory: &Path, entries: &[OsString], view: &dyn HostView) -> Vec<GroupFile> {
    let entries = entries.iter().filter(|entry| !is_private(entry));
    let files = entries.map(|entry| {
        let (role, problem) = check(&directory.join(entry), entry, view);
        GroupFile {
            name: entry.clone(),
            role,
            problem,
        }
    });
    files.collect()
}

/// Returns what a file is, and what is wrong with it.
fn check(path: &Path, name: &OsStr, view: &dyn HostView) -> (FileRole, Option<Diagnostic>) {
    let stat = view.stat(path);
    if let Some(what) = name.to_str().and_then(leftover) {
        return (FileRole::Other, left(path, what, stat.ok()));
    }
    let stat = match stat {
        Ok(stat) => stat,
        Err(error) => {
            let problem = is_link(path, view).then(|| dangling_link(path, &error));
            return meant(problem);
        }
    };
    match (stat.kind, extension_name(name).err()) {
        (FileKind::File, Some(problem)) if stat.has_execute_bit() => {
            meant(Some(misnamed(path, problem)))
        }
        (FileKind::File, None) if stat.has_execute_bit() => {
            (FileRole::Script, check_line(path, view))
        }
        (FileKind::File, None) => meant(check_execute_bit(path, view)),
        (FileKind::Special, _) => {
            let message = format!("this is {}, not a script", stat.kind.as_str());
            let problem = Diagnostic::of_path(Code::NotARegularFile, path, message);
            let help = "replace it with the script itself, or move it away";
            meant(Some(problem.help(help)))
        }
        (FileKind::Directory, _) => (FileRole::Other, out_of_reach(path, view)),
        // Data.
        (FileKind::File | FileKind::Link, _) => (FileRole::Other, None),
    }
}

/// Without a problem the file is data.
fn meant(problem: Option<Diagnostic>) -> (FileRole, Option<Diagnostic>) {
    match problem {
        Some(_) => (FileRole::MeantAsScript, problem),
        None => (FileRole::Other, None),
    }
}

/// Warns about an executable that a program has left; other leftovers are harmless.
fn left(path: &Path, what: &str, stat: Option<Stat>) -> Option<Diagnostic> {
    let is_executable = stat.is_some_and(|stat| stat.is_file() && stat.has_execute_bit());
    is_executable.then(|| leftover_file(path, what))
}

pub(super) fn leftover_file(path: &Path, what: &str) -> Diagnostic {
    let message = format!("this executable is {what}, not an extension");
    let help = format!(
        "chmod -x {}  # or remove it; or rename it",
        shell_path(path)
    );
    let problem = Diagnostic::of_path(Code::Leftover, path, message);
    problem.help(help).as_warning()
}

/// Directories below a group's in which scripts are looked for.
const DEPTH: usize = 3;

/// Reports a directory of scripts in a group: they were perhaps meant as extensions.
fn out_of_reach(directory: &Path, view: &dyn HostView) -> Option<Diagnostic> {
    let script = script_below(directory, DEPTH, view)?;
    let shown = script.strip_prefix(directory.parent()?).ok()?;
    let message = format!(
        "scripts in this directory are out of reach: {}",
        visible(shown)
    );
    let help = "move them next to the manifest; if other scripts use them, rename the \
        directory so that it starts with `_`";
    Some(Diagnostic::of_path(Code::ScriptOutOfReach, directory, message).help(help))
}

/// Returns the first script in or below a directory. Links are not followed.
fn script_below(directory: &Path, depth: usize, view: &dyn HostView) -> Option<PathBuf> {
    let is_directory = |path: &Path| view.lstat(path).is_ok_and(|stat| stat.is_directory());
    if depth == 0 || !is_directory(directory) {
        return None;
    }
    let entries = view.list(directory).unwrap_or_default();
    let entries = entries.into_iter().filter(|entry| !is_private(entry));
    let paths: Vec<_> = entries.map(|entry| directory.join(entry)).collect();
    let script = paths.iter().find(|path| is_script(path, view)).cloned();
    let below = || {
        let mut paths = paths.iter();
        paths.find_map(|path| script_below(path, depth - 1, view))
    };
    script.or_else(below)
}

fn is_script(path: &Path, view: &dyn HostView) -> bool {
    let stat = view.lstat(path);
    stat.is_ok_and(|stat| stat.is_file() && stat.has_execute_bit())
        && view.head(path).is_ok_and(|head| head.starts_with(b"#!"))
}

/// Turns a diagnostic of a typed name into one of a file or directory.
pub(super) fn misnamed(path: &Path, typed: Diagnostic) -> Diagnostic {
    Diagnostic::of_path(typed.code, path, typed.message)
        .help("rename it: letters, digits, `.`, `_` and `-`, a letter or digit first")
}

/// Returns a warning: it stops one script, not the group.
fn check_line(path: &Path, view: &dyn HostView) -> Option<Diagnostic> {
    let head = view.head(path).ok()?;
    first_line_problem(path, &head).map(Diagnostic::as_warning)
}

/// Warns about a file that starts like a script but lacks the execute bit.
fn check_execute_bit(path: &Path, view: &dyn HostView) -> Option<Diagnostic> {
    let head = view.head(path).ok()?;
    head.starts_with(b"#!").then(|| {
        let message = "the script is not executable".to_owned();
        Diagnostic::of_path(Code::NotExecutable, path, message)
            .help(format!("chmod +x {}", shell_path(path)))
            .as_warning()
    })
}
