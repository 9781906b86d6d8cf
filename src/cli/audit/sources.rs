//! Which logs are read.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::super::args::Global;
use crate::audit::read::Kind;
use crate::discovery::{GroupLog, Roots, logs};
use crate::host::{FileKind, HostView, Stream, System, reason, stdin, write_stderr};
use crate::names::visible;
use crate::report::Style;

/// The logs that were named, or else those of all groups that are there by now.
/// What stands in the way of one of these is said, and is no error.
pub(super) fn sources(global: &Global, named: &[PathBuf], host: &System) -> Vec<PathBuf> {
    if !named.is_empty() {
        return named.to_vec();
    }
    let style = Style::of(Stream::Stderr, global.color(), host);
    let say = |text: String| {
        if !global.quiet {
            write_stderr(&format!("qli: {text}\n"));
        }
    };
    let mut found = BTreeSet::new();
    for (group, log) in logs(&Roots::of(&global.extensions, host), host) {
        match log {
            GroupLog::At(path) if is_there(&path, host) => {
                found.insert(path);
            }
            GroupLog::At(path) => say(format!("{group} has no log yet: {}", style.path(&path))),
            GroupLog::Unset(variable) => {
                say(format!(
                    "the log of {group} is not known: `{variable}` is not set"
                ));
            }
            GroupLog::Broken => say(format!(
                "the log of {group} is not known, its manifest has errors: qli explain {group}"
            )),
        }
    }
    if found.is_empty() {
        say("no logs: a group with `audit_log` has one after its first run".to_owned());
    }
    found.into_iter().collect()
}

/// What a group's log leads to is read only if it is a regular file: nobody
/// meant to wait for a pipe. What cannot be looked at is told of when it is
/// opened.
fn is_there(path: &Path, view: &dyn HostView) -> bool {
    match view.stat(path) {
        Ok(stat) => stat.kind == FileKind::File,
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

/// Opens a log, or standard input.
pub(super) fn open(log: &Path, view: &dyn HostView) -> io::Result<(Kind, Box<dyn Read + Send>)> {
    if log == Path::new("-") {
        return Ok((Kind::Stream, Box::new(stdin())));
    }
    Ok((Kind::Log, Box::new(view.open(log)?.bytes)))
}

/// Says that a log cannot be read.
pub(super) fn unreadable(log: &Path, error: &io::Error) {
    write_stderr(&format!(
        "qli: {} cannot be read: {}\n",
        visible(log),
        reason(error)
    ));
}
