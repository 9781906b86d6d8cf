//! Finds the rotated files of logs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::super::context::Context;
use super::sources::{Absent, Sources};
use crate::audit::{Compression, rotated_logs};
use crate::history::{in_order, without_copies};
use crate::host::HostView;
use crate::names::{plural, shell_path, visible_path};
use crate::report::Message;

/// This many files are named at most; of more only the newest.
const NAMED: usize = 3;

/// Logs in the order in which they were written.
#[derive(Default)]
pub(super) struct History {
    pub(super) logs: Vec<PathBuf>,
    /// Those of them that rotation renamed: they may be empty.
    pub(super) rotated: BTreeSet<PathBuf>,
    /// How many logs of groups cannot be read, which is reported.
    pub(super) unread: usize,
    /// The compressed files of each log, which are not read, the oldest first.
    compressed: BTreeMap<(PathBuf, Compression), Vec<PathBuf>>,
}

impl History {
    /// The logs that were named, or else those of all groups with their rotated
    /// files.
    pub(super) fn of(cx: &Context<'_>, named: &[PathBuf], absent: Absent) -> Self {
        if !named.is_empty() {
            let logs = in_order(named.to_vec(), cx.host);
            return Self {
                logs,
                ..Self::default()
            };
        }
        let sources = Sources::of_groups(cx, absent);
        let mut all = Self {
            unread: sources.unread,
            ..Self::default()
        };
        for log in sources.rotated.iter().chain(&sources.logs) {
            all.add_rotated(log, cx.host);
        }
        let logs = all.rotated.iter().cloned().chain(sources.logs);
        all.logs = without_copies(logs.collect(), cx.host);
        all
    }

    /// Adds the rotated files of a log. What is not a file was not written by qli.
    fn add_rotated(&mut self, log: &Path, view: &dyn HostView) {
        for (file, compression) in rotated_logs(log, view) {
            if let Some(compression) = compression {
                let key = (log.to_owned(), compression);
                self.compressed.entry(key).or_default().push(file);
            } else if view.stat(&file).map_or(true, |stat| stat.is_file()) {
                self.rotated.insert(file);
            }
        }
    }

    /// The compressed files, which are not read.
    pub(super) fn compressed(&self) -> impl Iterator<Item = &PathBuf> {
        self.compressed.values().flatten()
    }

    /// Reports what was not read, with the command that reads it.
    pub(super) fn note_unread(&self, command: &str, cx: &Context<'_>) {
        for ((log, compression), files) in &self.compressed {
            let words: Vec<_> = files.iter().map(shell_path).collect();
            let several = format!(
                "{} of {} were not read",
                plural(files.len(), "compressed file"),
                visible_path(log)
            );
            let (text, words) = match words.as_slice() {
                [one] => (format!("{one} is compressed and was not read"), one.clone()),
                few if few.len() <= NAMED => (several, few.join(" ")),
                [.., newest] => (
                    format!("{several}, the newest is {newest}"),
                    "FILE".to_owned(),
                ),
                [] => continue,
            };
            let reader = compression.reader;
            let command = format!("{reader} {words} | qli audit {command} -");
            cx.note(&Message::note(text).step("read it", command));
        }
    }
}
