//! Which logs are read.

use std::collections::BTreeSet;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};

use super::super::context::Context;
use crate::audit::Compression;
use crate::discovery::{GroupLog, logs};
use crate::history::InputKind;
use crate::host::{HostView, reason, stdin};
use crate::names::{shell_word, visible};
use crate::report::Message;

/// The logs that were named, or else the existing logs of all groups. A group
/// without one gets a note, not an error.
pub(super) fn sources(cx: &Context<'_>, named: &[PathBuf]) -> Vec<PathBuf> {
    if !named.is_empty() {
        return named.to_vec();
    }
    let mut found = BTreeSet::new();
    let mut notes = Vec::new();
    for (group, log) in logs(&cx.roots(), cx.host) {
        let (is_usual, note) = match log {
            GroupLog::At(path) if is_there(&path, cx.host) => {
                found.insert(path);
                continue;
            }
            GroupLog::At(path) => {
                let text = format!("{group} has no log yet: {}", visible(&path));
                (true, Message::note(text))
            }
            GroupLog::Unset(variable) => {
                let text = format!("the log of {group} is unknown: `{variable}` is not set");
                (false, Message::note(text))
            }
            GroupLog::Broken => {
                let text = format!("the log of {group} is unknown: its manifest has errors");
                let note = Message::note(text);
                (
                    false,
                    note.step("show them", format!("qli explain {group}")),
                )
            }
        };
        notes.push((is_usual, note));
    }
    // That a group never ran is not news if others did.
    let all = found.is_empty() || cx.global.verbose;
    for (_, note) in notes.iter().filter(|(usual, _)| all || !usual) {
        cx.note(note);
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

impl Failed {
    /// Separates what ends the command from what concerns one log.
    pub(super) fn reading<T>(result: Result<T, Self>) -> io::Result<Result<T, Self>> {
        match result {
            Err(Self::Writing(error)) => Err(error),
            other => Ok(other),
        }
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
            InputKind::Log => format!(" {}", shell_word(log)),
            InputKind::Stream => String::new(),
        };
        let command = format!("{reader}{file} | qli audit {command} -");
        let step = ["decompress it".to_owned(), command];
        return Err(Failed::Unusable("it is compressed", step));
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

/// Reports that a log cannot be read.
pub(super) fn unreadable(log: &Path, failed: Failed, cx: &Context<'_>) {
    let because = |why: &str| Message::error(format!("cannot read {}: {why}", name(log)));
    let message = match failed {
        Failed::Reading(error) | Failed::Writing(error) => because(&reason(&error)),
        Failed::Unusable(why, [label, command]) => because(why).step(label, command),
    };
    cx.say(&message);
}

/// Reports why a log could not be read, or that it has bytes but no records.
/// Returns whether it was read.
pub(super) fn was_read(
    log: &Path,
    read: Result<u64, Failed>,
    has_records: bool,
    cx: &Context<'_>,
) -> bool {
    match read {
        Ok(length) if length == 0 || has_records => return true,
        Ok(_) => cx.say(&no_log(log)),
        Err(failed) => unreadable(log, failed, cx),
    }
    false
}

fn no_log(log: &Path) -> Message {
    let message = Message::error(format!("no line of {} is a record", name(log)));
    if is_stdin(log) {
        return message;
    }
    message.step("show why", format!("qli audit verify {}", shell_word(log)))
}
