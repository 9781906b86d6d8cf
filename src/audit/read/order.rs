//! Files of one log in the order in which they were written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::blocks::Blocks;
use super::facts::{What, examine};
use crate::host::{FileKind, HostView};

/// The first record of a file.
#[derive(Debug)]
struct First {
    chain: (String, String),
    seq: u64,
    time: String,
}

/// Sorts logs by the time of their first record, and those of one chain by its
/// number. What is no regular file can be read only once: with one of these
/// among them the order stays.
pub fn in_order(logs: Vec<PathBuf>, view: &dyn HostView) -> Vec<PathBuf> {
    let regular = |log: &PathBuf| view.stat(log).is_ok_and(|stat| stat.kind == FileKind::File);
    if logs.len() < 2 || !logs.iter().all(regular) {
        return logs;
    }
    let with_first = logs.into_iter().map(|log| (first(&log, view), log));
    let mut known: Vec<_> = with_first.collect();
    known.sort_by(|(a, _), (b, _)| time(a.as_ref()).cmp(time(b.as_ref())));
    // A clock may have stepped back: within a chain its number decides.
    let mut places: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
    for (place, (first, _)) in known.iter().enumerate() {
        if let Some(first) = first {
            places.entry(first.chain.clone()).or_default().push(place);
        }
    }
    let mut out: Vec<_> = known.iter().map(|(_, log)| log.clone()).collect();
    for places in places.into_values() {
        let mut of_chain: Vec<_> = places
            .iter()
            .filter_map(|&place| known.get(place))
            .collect();
        of_chain.sort_by_key(|(first, _)| first.as_ref().map(|first| first.seq));
        for (&place, (_, log)) in places.iter().zip(of_chain) {
            if let Some(slot) = out.get_mut(place) {
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
    let block = Blocks::new(view.open(log).ok()?.bytes, 0).next().ok()??;
    let examined = examine(&block);
    let mut seen = examined.seen.into_iter();
    let facts = seen.find_map(|seen| match seen.what {
        What::Record(facts) => Some(facts),
        What::Empty | What::Foreign(..) => None,
    })?;
    Some(First {
        chain: examined.chains.get(facts.of)?.clone(),
        seq: facts.tail.seq,
        time: facts.timestamp.to_string(),
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
}
