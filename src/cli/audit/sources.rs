//! Which logs are read.

use std::collections::BTreeSet;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};

use super::super::args::Global;
use crate::audit::Compression;
use crate::discovery::{GroupLog, Roots, logs};
use crate::history::Kind;
use crate::host::{HostView, Stream, System, reason, stdin, write_stderr};
use crate::names::{shell_word, visible};
use crate::report::Style;

/// The logs that were named, or else those of all groups that are there by now.
/// What stands in the way of one of these is said, and is no error.
pub(super) fn sources(global: &Global, named: &[PathBuf], host: &System) -> Vec<PathBuf> {
    if !named.is_empty() {
        return named.to_vec();
    }
    let style = Style::of(Stream::Stderr, global.color(), host);
    let mut found = BTreeSet::new();
    let mut notes = Vec::new();
    for (group, log) in logs(&Roots::of(&global.extensions, host), host) {
        let (is_usual, note) = match log {
            GroupLog::At(path) if is_there(&path, host) => {
                found.insert(path);
                continue;
            }
            GroupLog::At(path) => {
                let path = style.path(&path);
                (true, format!("{group} has no log yet: {path}"))
            }
            GroupLog::Unset(variable) => (
                false,
                format!("the log of {group} is not known: `{variable}` is not set"),
            ),
            GroupLog::Broken => (
                false,
                format!(
                    "the log of {group} is not known, its manifest has errors: qli explain {group}"
                ),
            ),
        };
        notes.push((is_usual, note));
    }
    // A group that was never run is no news where others were.
    let tells_all = found.is_empty() || global.verbose;
    for (_, note) in notes.iter().filter(|(usual, _)| tells_all || !usual) {
        say(global, note);
    }
    if found.is_empty() {
        say(
            global,
            "no logs: a group with `audit_log` has one after its first run",
        );
    }
    found.into_iter().collect()
}

/// Says what is worth knowing and no error.
pub(super) fn say(global: &Global, text: &str) {
    if !global.quiet {
        write_stderr(&format!("qli: {text}\n"));
    }
}

/// What a group's log leads to is read only if it is a regular file: nobody
/// meant to wait for a pipe. What cannot be looked at is told of when it is
/// opened.
pub(super) fn is_there(path: &Path, view: &dyn HostView) -> bool {
    match view.stat(path) {
        Ok(stat) => stat.is_file(),
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

/// Opens a log, or standard input. What is compressed is not opened; the error
/// says how the command is given what it holds.
pub(super) fn open(
    log: &Path,
    command: &str,
    view: &dyn HostView,
) -> io::Result<(Kind, Box<dyn Read + Send>)> {
    let (kind, mut from): (_, Box<dyn Read + Send>) = if is_stdin(log) {
        (Kind::Stream, Box::new(stdin()))
    } else {
        (Kind::Log, Box::new(view.open(log)?.bytes))
    };
    let mut first = Vec::new();
    let mut beginning = (&mut from).take(Compression::MAGIC_MAX as u64);
    beginning.read_to_end(&mut first)?;
    if let Some(compression) = Compression::of_bytes(&first) {
        let reader = compression.reader();
        let file = match kind {
            Kind::Log => format!(" {}", shell_word(log)),
            Kind::Stream => String::new(),
        };
        return Err(io::Error::other(format!(
            "it is compressed: {reader}{file} | qli audit {command} -"
        )));
    }
    Ok((kind, Box::new(Cursor::new(first).chain(from))))
}

fn is_stdin(log: &Path) -> bool {
    log == Path::new("-")
}

fn name(log: &Path) -> String {
    if is_stdin(log) {
        return "standard input".to_owned();
    }
    visible(log)
}

/// Says that a log cannot be read.
pub(super) fn unreadable(log: &Path, error: &io::Error) {
    let name = name(log);
    write_stderr(&format!("qli: {name} cannot be read: {}\n", reason(error)));
}

/// Says what kept a log from being read, given how many bytes it holds and whether
/// a record was among them. Returns whether nothing did.
pub(super) fn was_read(log: &Path, read: io::Result<u64>, has_records: bool) -> bool {
    match read {
        Ok(length) if length == 0 || has_records => return true,
        Ok(_) => no_log(log),
        Err(error) => unreadable(log, &error),
    }
    false
}

/// Says that something is no log: it holds something, and no record.
fn no_log(log: &Path) {
    let why = if is_stdin(log) {
        String::new()
    } else {
        format!(": qli audit verify {}", shell_word(log))
    };
    let name = name(log);
    write_stderr(&format!("qli: no line of {name} is a record{why}\n"));
}
