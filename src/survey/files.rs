//! The files of a group's directory: which are scripts, and what they lack.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::candidate::is_private;
use crate::diagnostics::{Code, Diagnostic};
use crate::discovery::{check_interpreter_line, dangling_link, extension_name, with_lf_line_ends};
use crate::host::{FileKind, HostView, is_link};
use crate::names::shell_word;

pub(super) struct GroupFile {
    name: OsString,
    /// Whether it can run as an extension.
    pub(super) is_script: bool,
    pub(super) problem: Option<Diagnostic>,
}

impl GroupFile {
    /// Returns its name if it is a script, or was meant to be one.
    pub(super) fn script(&self) -> Option<&str> {
        let is_meant = self.is_script || self.problem.is_some();
        self.name.to_str().filter(|_| is_meant)
    }
}

pub(super) fn files(directory: &Path, entries: &[OsString], view: &dyn HostView) -> Vec<GroupFile> {
    let entries = entries.iter().filter(|entry| !is_private(entry));
    let files = entries.map(|entry| {
        let (is_script, problem) = check(&directory.join(entry), view);
        GroupFile {
            name: entry.clone(),
            is_script,
            problem,
        }
    });
    files.collect()
}

/// Returns whether a file is a script, and what is wrong with it.
fn check(path: &Path, view: &dyn HostView) -> (bool, Option<Diagnostic>) {
    let stat = match view.stat(path) {
        Ok(stat) => stat,
        Err(error) => {
            let problem = is_link(path, view).then(|| dangling_link(path, &error));
            return (false, problem);
        }
    };
    let is_valid = |name: &OsStr| extension_name(name).err();
    let bad_name = path.file_name().and_then(is_valid);
    match (stat.kind, bad_name) {
        (FileKind::File, Some(problem)) if stat.has_execute_bit() => {
            (false, Some(misnamed(path, problem)))
        }
        (FileKind::File, None) if stat.has_execute_bit() => (true, check_first_line(path, view)),
        (FileKind::File, None) => (false, check_execute_bit(path, view)),
        (FileKind::Special, _) => {
            let message = format!("this is {}, not a script", stat.kind.as_str());
            let problem = Diagnostic::of_path(Code::NotARegularFile, path, message);
            let help = "replace it with the script itself, or move it away";
            (false, Some(problem.help(help)))
        }
        // Data: a directory, or a text.
        (FileKind::File | FileKind::Directory | FileKind::Link, _) => (false, None),
    }
}

/// Turns a diagnostic of a typed name into one of a file or directory.
pub(super) fn misnamed(path: &Path, typed: Diagnostic) -> Diagnostic {
    Diagnostic::of_path(typed.code, path, typed.message)
        .help("rename it: letters, digits, `.`, `_` and `-`, a letter or digit first")
}

/// Returns a warning: it stops one script, not the group.
fn check_first_line(path: &Path, view: &dyn HostView) -> Option<Diagnostic> {
    let head = view.head(path).ok()?;
    if let Err(problem) = check_interpreter_line(path, &head) {
        return Some(problem.as_warning());
    }
    let line = head.split(|&byte| byte == b'\n').next()?;
    let is_crlf = line.starts_with(b"#!") && line.ends_with(b"\r");
    is_crlf.then(|| {
        let message = "the `#!` line ends in a carriage return".to_owned();
        Diagnostic::of_path(Code::NoInterpreterLine, path, message)
            .help(with_lf_line_ends(path))
            .as_warning()
    })
}

/// Warns about a file that starts like a script but lacks the execute bit.
fn check_execute_bit(path: &Path, view: &dyn HostView) -> Option<Diagnostic> {
    let head = view.head(path).ok()?;
    head.starts_with(b"#!").then(|| {
        let message = "the script is not executable".to_owned();
        Diagnostic::of_path(Code::NotExecutable, path, message)
            .help(format!("chmod +x {}", shell_word(path)))
            .as_warning()
    })
}
