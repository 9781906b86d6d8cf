//! Run ids for `audit show`, from the ends of logs. A log may contain anything and be
//! any kind of file, so reading never blocks, little is read, and only valid ids reach
//! the command line.

use std::collections::BTreeMap;
use std::io::{self, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use crate::audit::RunId;
use crate::history::{RecordSummary, last_bytes};
use crate::host::HostView;

/// This many runs are offered.
const RUNS: usize = 50;

/// Bytes read from the end of each log.
const BYTES: u64 = 256 << 10;

/// The first records of the newest runs, the newest first, each once.
pub(super) fn newest(
    logs: impl Iterator<Item = PathBuf>,
    view: &dyn HostView,
) -> Vec<RecordSummary> {
    let mut found = BTreeMap::new();
    for record in logs.flat_map(|log| starts_in(&log, view)) {
        found.entry(record.run.run_id.clone()).or_insert(record);
    }
    let mut runs: Vec<_> = found.into_values().collect();
    runs.sort_by(|one, other| key(other).cmp(&key(one)));
    runs.truncate(RUNS);
    runs
}

fn key(record: &RecordSummary) -> (&str, &str) {
    (&record.time, &record.run.run_id)
}

fn starts_in(log: &Path, view: &dyn HostView) -> Vec<RecordSummary> {
    let end = end_of(log, view).unwrap_or_default();
    let records = end
        .split(|&byte| byte == b'\n')
        .filter_map(RecordSummary::of);
    let starts = |record: &RecordSummary| matches!(record.event.as_str(), "start" | "refused");
    let named = |record: &RecordSummary| RunId::has_form_of(&record.run.run_id);
    records
        .filter(|record| starts(record) && named(record))
        .collect()
}

/// Reads the last [`BYTES`] of a log. A pipe is not opened: that would wait for its
/// writer.
fn end_of(log: &Path, view: &dyn HostView) -> io::Result<Vec<u8>> {
    if !view.stat(log)?.is_file() {
        return Ok(Vec::new());
    }
    let mut bytes = view.open(log)?.bytes;
    let length = bytes.seek(SeekFrom::End(0))?;
    last_bytes(&mut *bytes, length, BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::World;

    fn record(id: &str, time: &str) -> String {
        let of = r#""host":"h","chain":"c","user":"u","group":"g","extension":"e","hash":"x""#;
        format!(r#"{{"event":"start","timestamp":"{time}","run_id":"{id}",{of}}}"#) + "\n"
    }

    fn id(end: usize) -> String {
        format!("017f22e2-79b0-7cc3-98c4-{end:012x}")
    }

    fn offered(log: &str) -> Vec<String> {
        let world = World::new().file("/log", log);
        let runs = newest(["/log".into(), "/none".into()].into_iter(), &world);
        runs.into_iter().map(|record| record.run.run_id).collect()
    }

    #[test]
    fn only_ids_are_offered() {
        let log = record("$(touch PWNED)", "3") + &record(&id(1), "2") + &record("a b", "1");
        assert_eq!(offered(&log), [id(1)]);
    }

    #[test]
    fn a_run_that_is_logged_twice_is_offered_once() {
        let log = record(&id(1), "1") + &record(&id(2), "2") + &record(&id(1), "3");
        assert_eq!(offered(&log), [id(2), id(1)]);
    }

    #[test]
    fn only_the_end_of_a_long_log_is_read() {
        let log: String = (0..10_000)
            .map(|at| record(&id(at), &format!("{at:05}")))
            .collect();
        let newest: Vec<_> = (10_000 - RUNS..10_000).rev().map(id).collect();
        assert_eq!(offered(&log), newest);
        let first_and_huge = record(&id(1), "1") + &"x".repeat(300 << 10) + "\n";
        assert!(offered(&first_and_huge).is_empty());
    }
}
