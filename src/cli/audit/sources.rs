//! Which logs are read.

use std::collections::BTreeSet;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};

use super::super::context::Context;
use crate::audit::{Compression, rotated_logs};
use crate::discovery::{GroupLog, logs};
use crate::dispatch::Exit;
use crate::history::{InputKind, each_line};
use crate::host::{HostView, diagnosis, is_absent, reason, stdin, write_stderr};
use crate::names::{GroupName, shell_path, visible_path};
use crate::report::{Message, diagnostics};

/// The logs to read.
#[derive(Default)]
pub(super) struct Sources {
    pub(super) logs: BTreeSet<PathBuf>,
    /// Logs that were rotated and not created again yet.
    pub(super) rotated: BTreeSet<PathBuf>,
    /// How many logs of groups cannot be read, which is reported.
    pub(super) unread: usize,
    /// Why groups have no log.
    missing: Vec<Message>,
}

/// Whether a group may be without a log.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Absent {
    /// It may not have run yet.
    Allowed,
    /// Its log may have been removed.
    Reported,
}

/// The logs that were named, in this order, or else those of all groups, without
/// rotated files.
pub(super) fn named_or_all(cx: &Context<'_>, named: &[PathBuf]) -> (Vec<PathBuf>, Exit) {
    if !named.is_empty() {
        return (named.to_vec(), Exit::DONE);
    }
    let sources = Sources::of_groups(cx, Absent::Allowed);
    for log in &sources.rotated {
        let text = format!("no record since its rotation: {}", visible_path(log));
        cx.note(&Message::note(text));
    }
    let exit = unread_exit(sources.unread);
    (sources.logs.into_iter().collect(), exit)
}

/// The exit code if so many logs could not be read.
pub(super) fn unread_exit(unread: usize) -> Exit {
    if unread == 0 { Exit::DONE } else { Exit::USAGE }
}

impl Sources {
    /// The logs of all groups.
    pub(super) fn of_groups(cx: &Context<'_>, absent: Absent) -> Self {
        let mut all = Self::default();
        let roots = cx.roots();
        if let Err(found) = roots.check(cx.host) {
            write_stderr(&diagnostics(&found, &cx.stderr()));
            all.unread = found.len();
            return all;
        }
        for (group, log) in logs(&roots, cx.host) {
            match log {
                GroupLog::At(path) => all.add(&group, path, absent, cx),
                GroupLog::BuiltIn(path) => all.add(&group, path, Absent::Allowed, cx),
                GroupLog::Unset(variable) => {
                    let why = format!("`{variable}` is not set");
                    all.add_unknown(&group, &why, absent, cx);
                }
                GroupLog::Broken => {
                    all.add_unknown(&group, "its manifest has errors", absent, cx);
                }
            }
        }
        all.note_missing(cx);
        all
    }

    /// A log is read only if it is a regular file: reading a pipe would wait, and a
    /// link, to which no run writes, leads to the log of others. What cannot be examined
    /// is reported when it is opened.
    fn add(&mut self, group: &GroupName, path: PathBuf, absent: Absent, cx: &Context<'_>) {
        match cx.host.lstat(&path) {
            Ok(stat) if !stat.is_file() => {
                let (path, kind) = (visible_path(&path), stat.kind.as_str());
                self.report(
                    &Message::error(format!("the log of {group} must be a regular file"))
                        .line(format!("{path} is {kind}")),
                    cx,
                );
            }
            Err(error) if is_absent(&error) => self.add_absent(group, path, absent, cx),
            Ok(_) | Err(_) => drop(self.logs.insert(path)),
        }
    }

    fn add_absent(&mut self, group: &GroupName, path: PathBuf, absent: Absent, cx: &Context<'_>) {
        let name = visible_path(&path);
        if !rotated_logs(&path, cx.host).is_empty() {
            self.rotated.insert(path);
        } else if absent == Absent::Allowed {
            let note = Message::note(format!("{group} has no log yet: {name}"));
            self.missing.push(note);
        } else {
            let message = Message::error(format!("the log of {group} does not exist: {name}"))
                .line("it was removed, or no run of this group has been recorded yet");
            self.report(&message, cx);
        }
    }

    fn add_unknown(&mut self, group: &GroupName, why: &str, absent: Absent, cx: &Context<'_>) {
        let text = format!("the log of {group} is unknown: {why}");
        let explain = format!("qli explain {group}");
        match absent {
            Absent::Allowed => cx.note(&Message::note(text).step("show why", explain)),
            Absent::Reported => self.report(&Message::error(text).step("show why", explain), cx),
        }
    }

    fn report(&mut self, message: &Message, cx: &Context<'_>) {
        self.unread += 1;
        cx.say(message);
    }

    /// That a group never ran is not news if others did.
    fn note_missing(&self, cx: &Context<'_>) {
        let is_empty = self.logs.is_empty() && self.rotated.is_empty() && self.unread == 0;
        if is_empty || cx.global.verbose {
            self.missing.iter().for_each(|note| cx.note(note));
        }
        if is_empty {
            let text = "no logs; a group with `audit_log` has one after its first run";
            cx.note(&Message::note(text));
        }
    }
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
    visible_path(log)
}

/// Reports that a log cannot be read. The error ends the command.
pub(super) fn unreadable(log: &Path, failed: Failed, cx: &Context<'_>) -> io::Result<()> {
    let because = |why: &str| Message::error(format!("cannot read {}: {why}", name(log)));
    cx.say(&match failed {
        Failed::Writing(error) => return Err(error),
        Failed::Reading(error) if is_stdin(log) => because(&reason(&error)),
        Failed::Reading(error) if is_absent(&error) => {
            because(&reason(&error)).step("list the logs of all groups", "qli audit list")
        }
        Failed::Reading(error) => because(&reason(&error)).step("show why", diagnosis(&error, log)),
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
