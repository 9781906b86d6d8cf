//! Files of one log in the order in which they were written.

use std::collections::BTreeMap;
use std::io::{Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::blocks::{Block, Blocks, lines};
use super::parsed::{What, examine};
use crate::host::{HostView, is_file};
use crate::names::Sha256;

/// The first record of a file.
#[derive(Debug)]
struct First {
    chain: (String, String),
    seq: u64,
    hash: Sha256,
    time: String,
    /// How long the file is, in bytes.
    length: u64,
}

/// A log with its first record, if it has one.
type Known = (Option<First>, PathBuf);

/// Sorts logs by the time of their first record, and those of one chain by its
/// number. What is no regular file can be read only once: with one of these
/// among them the order stays.
pub fn in_order(logs: Vec<PathBuf>, view: &dyn HostView) -> Vec<PathBuf> {
    let regular = |log: &PathBuf| is_file(log, view);
    if logs.len() < 2 || !logs.iter().all(regular) {
        return logs;
    }
    sorted(known(logs, view))
}

/// Sorts logs like [`in_order`] and leaves out copies: of those that begin with
/// the same record the longest is read.
pub fn without_copies(logs: Vec<PathBuf>, view: &dyn HostView) -> Vec<PathBuf> {
    if logs.len() < 2 {
        return logs;
    }
    let mut longest: BTreeMap<Sha256, Known> = BTreeMap::new();
    let mut kept = Vec::new();
    for (first, log) in known(logs, view) {
        let Some(first) = first else {
            kept.push((None, log));
            continue;
        };
        let key = first.hash;
        let shorter = |one: &Known| one.0.as_ref().is_some_and(|one| one.length < first.length);
        if longest.get(&key).is_none_or(shorter) {
            longest.insert(key, (Some(first), log));
        }
    }
    kept.extend(longest.into_values());
    sorted(kept)
}

fn known(logs: Vec<PathBuf>, view: &dyn HostView) -> Vec<Known> {
    let with_first = logs.into_iter().map(|log| (first(&log, view), log));
    with_first.collect()
}

fn sorted(mut known: Vec<Known>) -> Vec<PathBuf> {
    known.sort_by(|(a, _), (b, _)| time(a.as_ref()).cmp(time(b.as_ref())));
    // A clock may have stepped back: within a chain its number decides.
    let mut locations: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
    for (location, (first, _)) in known.iter().enumerate() {
        if let Some(first) = first {
            locations
                .entry(first.chain.clone())
                .or_default()
                .push(location);
        }
    }
    let mut out: Vec<_> = known.iter().map(|(_, log)| log.clone()).collect();
    for locations in locations.into_values() {
        let mut of_chain: Vec<_> = locations
            .iter()
            .filter_map(|&location| known.get(location))
            .collect();
        of_chain.sort_by_key(|(first, _)| first.as_ref().map(|first| first.seq));
        for (&location, (_, log)) in locations.iter().zip(of_chain) {
            if let Some(slot) = out.get_mut(location) {
                slot.clone_from(log);
            }
        }
    }
    out
}

fn time(first: Option<&First>) -> &str {
    first.map_or("", |first| &first.time)
}

fn first(log: &Path, view: &dyn HostView) -> Option<First> {
    let mut bytes = view.open(log).ok()?.bytes;
    let length = bytes.seek(SeekFrom::End(0)).ok()?;
    bytes.rewind().ok()?;
    let block = Blocks::new(bytes, 0).next().ok()??;
    let (offset, bytes) = match &block {
        Block::Lines { offset, bytes } => (*offset, bytes),
        Block::TooLong { .. } => return None,
    };
    // The lines after the first record need not be hashed.
    lines(offset, bytes).find_map(|line| {
        let examined = examine(&Block::Lines {
            offset: line.offset,
            bytes: line.bytes.to_vec(),
        });
        let facts = examined.seen.into_iter().find_map(|seen| match seen.what {
            What::Record(facts) => Some(facts),
            What::Empty | What::NotARecord(..) => None,
        })?;
        Some(First {
            chain: examined.chains.get(facts.of)?.clone(),
            seq: facts.tail.seq,
            hash: facts.tail.hash,
            time: facts.timestamp.to_string(),
            length,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::tail::Link;
    use crate::host::fake::World;

    fn record(chain: &str, seq: u64, time: &str) -> String {
        let mut link = Link::first();
        link.seq = seq;
        let json = format!(
            "{{\"event\":\"start\",\"timestamp\":\"{time}\",\"host\":\"h\",\"chain\":\"{chain}\"}}"
        );
        link.close(&json).0
    }

    #[test]
    fn files_come_in_the_order_of_their_chains_and_times() {
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
    fn of_a_log_and_its_copy_the_longer_one_is_read() {
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
