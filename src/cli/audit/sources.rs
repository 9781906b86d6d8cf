//! Which logs are read.

use std::collections::BTreeSet;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};

use super::super::context::Context;
use crate::audit::Compression;
use crate::discovery::{GroupLog, logs};
use crate::dispatch::Exit;
use crate::history::{InputKind, each_line};
use crate::host::{HostView, reason, stdin};
use crate::names::{shell_path, visible};
use crate::report::Message;

/// The logs that were named, or else the existing logs of all groups. A group
/// without one gets a note, not an error.
pub(super) fn sources(cx: &Context<'_>, named: &[PathBuf]) -> Vec<PathBuf> {
    if !named.is_empty() {
        return named.to_vec();
    }
    let mut found = BTreeSet::new();
    let mut missing = Vec::new();
    for (group, log) in logs(&cx.roots(), cx.host) {
        match log {
            GroupLog::At(path) if is_there(&path, cx.host) => {
                found.insert(path);
            }
            GroupLog::At(path) => {
                let text = format!("{group} has no log yet: {}", visible(&path));
                missing.push(Message::note(text));
            }
            GroupLog::Unset(variable) => {
                let text = format!("the log of {group} is unknown: `{variable}` is not set");
                cx.note(&Message::note(text));
            }
            GroupLog::Broken => {
                let text = format!("the log of {group} is unknown: its manifest has errors");
                let command = format!("qli explain {group}");
                cx.note(&Message::note(text).step("show them", command));
            }
        }
    }
    // That a group never ran is not news if others did.
    if found.is_empty() || cx.global.verbose {
        for note in &missing {
            cx.note(note);
        }
    }
    if found.is_empty() {
        let text = "no logs; a group with `audit_log` has one after its first run";
        cx.note(&Message::note(text));
    }
    found.into_iter().collect()
}

/// What failed: reading one log, or writing the output.
pub(super) enum Failed {
    Reading(io::Error),
    /// The log cannot be used as it is: why, and the next step.
    Unusable(&'static str, [String; 2]),
    Writing(io::Error),
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Reading(error)
    }
}

/// A group's log is read only if it is a regular file: reading a pipe would wait.
/// What cannot be examined is reported when it is opened.
pub(super) fn is_there(path: &Path, view: &dyn HostView) -> bool {
    match view.stat(path) {
        Ok(stat) => stat.is_file(),
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

/// Opens a log, or standard input. A compressed one is an error, which says how to
/// decompress it.
pub(super) fn open(
    log: &Path,
    command: &str,
    view: &dyn HostView,
) -> Result<(InputKind, Box<dyn Read + Send>), Failed> {
    let (kind, mut from): (_, Box<dyn Read + Send>) = if is_stdin(log) {
        (InputKind::Stream, Box::new(stdin()))
    } else {
        (InputKind::Log, Box::new(view.open(log)?.bytes))
    };
    let mut first = Vec::new();
    let mut beginning = (&mut from).take(Compression::MAGIC_MAX as u64);
    beginning.read_to_end(&mut first)?;
    if let Some(compression) = Compression::of_bytes(&first) {
        let reader = compression.reader;
        let file = match kind {
            InputKind::Log => format!(" {}", shell_path(log)),
            InputKind::Stream => String::new(),
        };
        let command = format!("{reader}{file} | qli audit {command} -");
        let step = ["decompress it".to_owned(), command];
        return Err(Failed::Unusable("it is compressed", step));
    }
    Ok((kind, Box::new(Cursor::new(first).chain(from))))
}

pub(super) fn is_stdin(log: &Path) -> bool {
    log == Path::new("-")
}

fn name(log: &Path) -> String {
    if is_stdin(log) {
        return "standard input".to_owned();
    }
    visible(log)
}

/// Reports that a log cannot be read. The error ends the command.
pub(super) fn unreadable(log: &Path, failed: Failed, cx: &Context<'_>) -> io::Result<()> {
    let because = |why: &str| Message::error(format!("cannot read {}: {why}", name(log)));
    cx.say(&match failed {
        Failed::Writing(error) => return Err(error),
        Failed::Reading(error) => because(&reason(&error)),
        Failed::Unusable(why, [label, command]) => because(why).step(label, command),
    });
    Ok(())
}

/// A reader that closed the pipe early is not an error, and changes no exit code.
pub(super) fn unless_closed(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Passes on each line of some logs; `add` returns whether it is a record. A log
/// that cannot be read, or that has bytes but no records, is reported and sets the
/// exit code, and the others are read.
pub(super) fn each_line_of(
    logs: &[PathBuf],
    command: &str,
    cx: &Context<'_>,
    exit: &mut Exit,
    mut add: impl FnMut(InputKind, &[u8]) -> Result<bool, Failed>,
) -> io::Result<()> {
    for log in logs {
        let mut has_records = false;
        let read = open(log, command, cx.host).and_then(|(kind, from)| {
            each_line(from, &mut |line| {
                has_records |= add(kind, line)?;
                Ok(())
            })
        });
        match read {
            Ok(length) if length == 0 || has_records => continue,
            Ok(_) => cx.say(&no_log(log)),
            Err(failed) => unreadable(log, failed, cx)?,
        }
        *exit = Exit::USAGE;
    }
    Ok(())
}

fn no_log(log: &Path) -> Message {
    let message = Message::error(format!("no line of {} is a record", name(log)));
    if is_stdin(log) {
        return message;
    }
    message.step("show why", format!("qli audit verify {}", shell_path(log)))
}
