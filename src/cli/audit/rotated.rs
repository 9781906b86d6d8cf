//! Runs are looked for in the files that rotation has moved aside, too.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::super::args::Global;
use super::sources::{is_there, say, sources};
use crate::audit::{Compression, rotated_logs};
use crate::history::{in_order, without_copies};
use crate::host::{Stream, System};
use crate::names::{plural, shell_word};
use crate::report::Style;

/// So many files are named; of more only the newest.
const NAMED: usize = 3;

/// Logs in the order in which they were written.
pub(super) struct History {
    pub(super) logs: Vec<PathBuf>,
    /// Files of each log that are compressed and so not read, the oldest first.
    unread: BTreeMap<(PathBuf, Compression), Vec<PathBuf>>,
}

impl History {
    /// The logs that were named, or else those of all groups with what rotation
    /// has moved aside.
    pub(super) fn of(global: &Global, named: &[PathBuf], host: &System) -> Self {
        let current = sources(global, named, host);
        let mut unread = BTreeMap::new();
        if !named.is_empty() {
            let logs = in_order(current, host);
            return Self { logs, unread };
        }
        let mut logs = Vec::new();
        for log in current {
            let aside = rotated_logs(&log, host);
            logs.extend(aside.plain.into_iter().filter(|file| is_there(file, host)));
            for (file, compression) in aside.compressed {
                let of_log = unread.entry((log.clone(), compression));
                of_log.or_insert_with(Vec::new).push(file);
            }
            logs.push(log);
        }
        let logs = without_copies(logs, host);
        Self { logs, unread }
    }

    /// Says what was not read, and how a command is given it.
    pub(super) fn tell_unread(&self, command: &str, global: &Global, host: &System) {
        let style = Style::of(Stream::Stderr, global.color(), host);
        for ((log, compression), files) in &self.unread {
            let reader = compression.reader();
            let words = files.iter().map(|file| style.shortened(&shell_word(file)));
            let words: Vec<_> = words.collect();
            let (what, words) = match words.as_slice() {
                [one] => (format!("{one} is compressed and was not read"), one.clone()),
                few if few.len() <= NAMED => (several(log, files, &style), few.join(" ")),
                [.., newest] => {
                    let several = several(log, files, &style);
                    (
                        format!("{several}, the newest is {newest}"),
                        "FILE".to_owned(),
                    )
                }
                [] => continue,
            };
            say(
                global,
                &format!("{what}: {reader} {words} | qli audit {command} -"),
            );
        }
    }
}

fn several(log: &Path, files: &[PathBuf], style: &Style) -> String {
    let count = plural(files.len(), "compressed file");
    format!("{count} of {} were not read", style.path(log))
}
