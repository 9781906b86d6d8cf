//! The files beside a manifest: which of them are scripts, and what those lack.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::diagnostics::{Code, Diagnostic};
use crate::discovery::extension_name;
use crate::discovery::{lacks_interpreter_line, with_lf_line_ends};
use crate::host::{FileKind, HostView, is_link, reason};
use crate::names::shell_word;

/// Says whether a name is not meant to be called: it begins with `_` or `.`.
pub(super) fn is_aside(name: &OsStr) -> bool {
    name.as_bytes().starts_with(b"_") || name.as_bytes().starts_with(b".")
}

/// Says of a file what is known of a name that was typed.
pub(super) fn misnamed(path: &Path, typed: Diagnostic) -> Diagnostic {
    let Diagnostic { code, message, .. } = typed;
    Diagnostic::of_path(code, path, message)
        .help("rename it: letters, digits, `.`, `_` and `-`, a letter or digit first")
}

/// A file of a group's directory.
pub(super) struct File {
    name: OsString,
    /// Whether it is a script that can be called.
    pub(super) is_script: bool,
    /// What is wrong with it.
    pub(super) problem: Option<Diagnostic>,
}

/// Looks at the files of a group's directory, given what is in it.
pub(super) fn files(directory: &Path, entries: &[OsString], view: &dyn HostView) -> Vec<File> {
    let entries = entries.iter().filter(|entry| !is_aside(entry));
    entries
        .map(|entry| {
            let (is_script, problem) = judge(&directory.join(entry), view);
            File {
                name: entry.clone(),
                is_script,
                problem,
            }
        })
        .collect()
}

/// Says whether a file is a script that can be called, and what is wrong.
fn judge(path: &Path, view: &dyn HostView) -> (bool, Option<Diagnostic>) {
    let stat = match view.stat(path) {
        Ok(stat) => stat,
        Err(error) => {
            // What may not be looked at is no link that leads nowhere.
            return (
                false,
                is_link(path, view).then(|| leads_nowhere(path, &error)),
            );
        }
    };
    let is_valid = |name: &OsStr| extension_name(name).err();
    let bad_name = path.file_name().and_then(is_valid);
    match stat.kind {
        FileKind::File if stat.has_execute_bit() => match bad_name {
            Some(problem) => (false, Some(misnamed(path, problem))),
            None => (true, without_line(path, view)),
        },
        FileKind::File if bad_name.is_none() => (false, without_bit(path, view)),
        FileKind::Special => {
            let message = format!("this is {}, not a script", stat.kind.as_str());
            let problem = Diagnostic::of_path(Code::NotARegularFile, path, message);
            let help = "put the script itself there, or move it away";
            (false, Some(problem.help(help)))
        }
        // A directory of data, or a text: neither is called.
        FileKind::File | FileKind::Directory | FileKind::Link => (false, None),
    }
}

impl File {
    /// Returns the name of what is a script, or was meant to be one.
    pub(super) fn script(&self) -> Option<&str> {
        let is_meant = self.is_script || self.problem.is_some();
        self.name.to_str().filter(|_| is_meant)
    }
}

fn leads_nowhere(path: &Path, error: &io::Error) -> Diagnostic {
    let message = format!("the link leads nowhere: {}", reason(error));
    Diagnostic::of_path(Code::NotARegularFile, path, message).help("mend the link, or remove it")
}

/// What one script lacks stops that script, and not the group.
fn without_line(path: &Path, view: &dyn HostView) -> Option<Diagnostic> {
    let head = view.head(path).ok()?;
    let report = |message: &str, help: String| {
        let problem = Diagnostic::of_path(Code::NoInterpreterLine, path, message.to_owned());
        Some(problem.help(help).as_warning())
    };
    if lacks_interpreter_line(&head) {
        let help = "write `#!/bin/sh` as its line 1".to_owned();
        return report("the script has no `#!` line", help);
    }
    let line = head.split(|&byte| byte == b'\n').next()?;
    if line.starts_with(b"#!") && line.ends_with(b"\r") {
        let help = with_lf_line_ends(path);
        return report("its `#!` line ends in a carriage return", help);
    }
    None
}

/// A text without the x bit is a script if it begins like one.
fn without_bit(path: &Path, view: &dyn HostView) -> Option<Diagnostic> {
    let head = view.head(path).ok()?;
    head.starts_with(b"#!").then(|| {
        let message = "the script is not executable".to_owned();
        Diagnostic::of_path(Code::NotExecutable, path, message)
            .help(format!("chmod +x {}", shell_word(path)))
            .as_warning()
    })
}
