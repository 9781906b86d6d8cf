//! Sorts the files of a log in the order in which they were written.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::blocks::{Block, Blocks, lines};
use crate::audit::Checkpoint;
use crate::audit::codec::ParsedLine;
use crate::host::{HostView, is_file};
use crate::names::Sha256;

/// How much of two files is compared at once.
const PIECE: u64 = 256 << 10;

/// The first record of a file, and the length of the file in bytes.
#[derive(Debug)]
struct First {
    record: Checkpoint,
    length: u64,
}

/// A log with its first record, if it has one.
type Known = (Option<First>, PathBuf);

/// Sorts logs by the time of their first record, and those of one chain by its
/// number. If one of them is not a regular file, and so can be read only once,
/// the order is kept.
pub fn in_order(logs: Vec<PathBuf>, view: &dyn HostView) -> Vec<PathBuf> {
    let regular = |log: &PathBuf| is_file(log, view);
    if logs.len() < 2 || !logs.iter().all(regular) {
        return logs;
    }
    sorted(known(logs, view))
}

/// Sorts logs like [`in_order`] and leaves out copies: a file that is the beginning of
/// another one. One that was changed since is no copy.
pub fn without_copies(logs: Vec<PathBuf>, view: &dyn HostView) -> Vec<PathBuf> {
    if logs.len() < 2 {
        return logs;
    }
    let mut known = known(logs, view);
    known.sort_by_key(|(first, _)| Reverse(first.as_ref().map(|first| first.length)));
    let mut kept: BTreeMap<Sha256, Vec<PathBuf>> = BTreeMap::new();
    known.retain(|(first, log)| {
        let Some(first) = first else {
            return true;
        };
        let same = kept.entry(first.record.hash).or_default();
        let is_copy = same.iter().any(|longer| is_beginning(log, longer, view));
        if !is_copy {
            same.push(log.clone());
        }
        !is_copy
    });
    sorted(known)
}

/// Whether a file contains the first bytes of another one, or all of them.
fn is_beginning(log: &Path, longer: &Path, view: &dyn HostView) -> bool {
    let compare = || -> io::Result<bool> {
        let [mut log, mut longer] = [view.open(log)?.bytes, view.open(longer)?.bytes];
        loop {
            let (mut one, mut other) = (Vec::new(), Vec::new());
            (&mut log).take(PIECE).read_to_end(&mut one)?;
            (&mut longer)
                .take(one.len() as u64)
                .read_to_end(&mut other)?;
            if one != other || one.is_empty() {
                return Ok(one == other);
            }
        }
    };
    compare().unwrap_or(false)
}

fn known(logs: Vec<PathBuf>, view: &dyn HostView) -> Vec<Known> {
    let with_first = logs.into_iter().map(|log| (first(&log, view), log));
    with_first.collect()
}

fn sorted(mut known: Vec<Known>) -> Vec<PathBuf> {
    let time = |known: &Known| known.0.as_ref().map(|first| first.record.timestamp.clone());
    known.sort_by_cached_key(time);
    // A clock may have stepped back: within a chain the number decides.
    let mut positions: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (position, (first, _)) in known.iter().enumerate() {
        if let Some(First { record, .. }) = first {
            let chain = (record.host.as_str(), record.chain.as_str());
            positions.entry(chain).or_default().push(position);
        }
    }
    let mut out: Vec<_> = known.iter().map(|(_, log)| log.clone()).collect();
    for positions in positions.into_values() {
        let of_chain = positions.iter().filter_map(|&position| known.get(position));
        let mut of_chain: Vec<_> = of_chain.collect();
        of_chain.sort_by_key(|(first, _)| first.as_ref().map(|first| first.record.seq));
        for (&position, (_, log)) in positions.iter().zip(of_chain) {
            if let Some(slot) = out.get_mut(position) {
                slot.clone_from(log);
            }
        }
    }
    out
}

fn first(log: &Path, view: &dyn HostView) -> Option<First> {
    let mut bytes = view.open(log).ok()?.bytes;
    let length = bytes.seek(SeekFrom::End(0)).ok()?;
    bytes.rewind().ok()?;
    let Block::Lines { offset, bytes } = Blocks::new(bytes, 0).next().ok()?? else {
        return None;
    };
    // The lines after the first record need not be hashed.
    lines(offset, &bytes).find_map(|line| {
        let record = ParsedLine::of(line.bytes).ok()?;
        let record = Checkpoint::of(&record, log);
        Some(First { record, length })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::tail::Link;
    use crate::host::fake::World;

    fn record(chain: &str, seq: u64, time: &str) -> String {
        let link = Link { seq, ..Link::FIRST };
        let json = format!(
            "{{\"event\":\"start\",\"timestamp\":\"{time}\",\"host\":\"h\",\"chain\":\"{chain}\"}}"
        );
        link.seal(&json).0
    }

    #[test]
    fn files_are_sorted_by_chain_and_time() {
        let world = World::new()
            .file("/new", &record("c", 9, "2"))
            .file("/old", &record("c", 0, "3"))
            .file("/other", &record("d", 0, "1"))
            .file("/none", "hello\n");
        let logs = ["/new", "/old", "/other", "/none"].map(PathBuf::from);
        let sorted = in_order(logs.to_vec(), &world);
        assert_eq!(
            sorted,
            ["/none", "/other", "/old", "/new"].map(PathBuf::from)
        );
    }

    #[test]
    fn a_copy_that_was_changed_is_kept() {
        let lines = [
            record("c", 0, "1"),
            record("c", 1, "2"),
            record("c", 2, "3"),
        ];
        let [one, two, three] = &lines;
        let changed = two.replace("start", "other");
        let world = World::new()
            .file("/log", &format!("{one}{changed}"))
            .file("/log.1", &format!("{one}{two}{three}"))
            .file("/log.2", one)
            .file("/log.3", &format!("{one}{two}"));
        let logs = ["/log", "/log.1", "/log.2", "/log.3"].map(PathBuf::from);
        let mut kept = without_copies(logs.to_vec(), &world);
        kept.sort();
        assert_eq!(kept, ["/log", "/log.1"].map(PathBuf::from));
    }

    #[test]
    fn only_the_longest_of_several_copies_is_kept() {
        let (one, two) = (record("c", 0, "1"), record("c", 1, "2"));
        let world = World::new()
            .file("/copy", &format!("{one}\n"))
            .file("/log", &format!("{one}\n{two}\n"))
            .file("/new", &record("c", 2, "3"))
            .file("/none", "hello\n")
            .file("/none-either", "hello\n");
        let logs = ["/new", "/log", "/copy", "/none", "/none-either", "/gone"];
        let kept = without_copies(logs.map(PathBuf::from).to_vec(), &world);
        let expected = ["/none", "/none-either", "/gone", "/log", "/new"];
        assert_eq!(kept, expected.map(PathBuf::from));
    }
}
