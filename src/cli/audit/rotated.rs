//! Finds the rotated files of logs.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::super::context::Context;
use super::sources::{is_there, sources};
use crate::audit::{Compression, rotated_logs};
use crate::history::{in_order, without_copies};
use crate::names::{plural, shell_path, visible};
use crate::report::Message;

/// This many files are named at most; of more only the newest.
const NAMED: usize = 3;

/// Logs in the order in which they were written.
pub(super) struct History {
    pub(super) logs: Vec<PathBuf>,
    /// The compressed files of each log, which are not read, the oldest first.
    unread: BTreeMap<(PathBuf, Compression), Vec<PathBuf>>,
}

impl History {
    /// The logs that were named, or else those of all groups with their rotated
    /// files.
    pub(super) fn of(cx: &Context<'_>, named: &[PathBuf]) -> Self {
        let host = &*cx.host;
        let current = sources(cx, named);
        let mut unread = BTreeMap::new();
        if !named.is_empty() {
            let logs = in_order(current, host);
            return Self { logs, unread };
        }
        let mut logs = Vec::new();
        for log in current {
            for (file, compression) in rotated_logs(&log, host) {
                if let Some(compression) = compression {
                    let of_log: &mut Vec<_> = unread.entry((log.clone(), compression)).or_default();
                    of_log.push(file);
                } else if is_there(&file, host) {
                    logs.push(file);
                }
            }
            logs.push(log);
        }
        let logs = without_copies(logs, host);
        Self { logs, unread }
    }

    /// Reports what was not read, with the command that reads it.
    pub(super) fn note_unread(&self, command: &str, cx: &Context<'_>) {
        for ((log, compression), files) in &self.unread {
            let words: Vec<_> = files.iter().map(shell_path).collect();
            let several = format!(
                "{} of {} were not read",
                plural(files.len(), "compressed file"),
                visible(log)
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
