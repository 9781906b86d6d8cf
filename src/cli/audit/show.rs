//! `qli audit show`.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::PathBuf;

use serde_json::Value;

use super::super::args::Global;
use super::args::ShowArgs;
use super::rotated::History;
use super::sources::{open, was_read};
use crate::dispatch::Exit;
use crate::history::{End, RecordSummary, Run, Runs, each_line};
use crate::host::{Output, Stream, System, write_stderr};
use crate::names::{shell_line, shell_word, to_json_pretty, visible};
use crate::report::{self, AuditShowDocument, Format, RunDocument, Style};

/// More runs than this are not told of where one was meant.
const CANDIDATES: usize = 20;

/// The records of the runs that an id may mean, by run and machine.
type Found = BTreeMap<(String, String), Vec<Value>>;

/// Shows the one run that an id, its beginning or its end means.
pub(super) fn exec(global: &Global, args: &ShowArgs, host: &System) -> io::Result<Exit> {
    let wanted = args.run_id.to_string_lossy();
    let history = History::of(global, &args.logs.log, host);
    let command = format!("show {}", shell_word(&args.run_id));
    let (found, readable) = find(&wanted, &history.logs, &command, host);
    let exact = found.iter().filter(|((run_id, _), _)| *run_id == wanted);
    let exact: Vec<_> = exact.collect();
    let one = match (exact.as_slice(), found.len()) {
        ([one], _) => Some(*one),
        (_, 1) => found.first_key_value(),
        (_, _) => None,
    };
    let Some((_, records)) = one else {
        not_one(&wanted, &found, &args.logs.log);
        history.tell_unread(&command, global, host);
        return Ok(Exit::USAGE);
    };
    let run = assembled(records);
    if run.started.is_none() && !matches!(run.end, Some(End::Refused { .. })) {
        history.tell_unread(&command, global, host);
    }
    let text = match args.logs.format {
        Format::Json => {
            let run = RunDocument::new(&run, host);
            to_json_pretty(&AuditShowDocument::new(run, records.clone()))
        }
        Format::Human => {
            let style = Style::of(Stream::Stdout, global.color(), host);
            report::show(&run, records, host, &style)
        }
    };
    let mut out = Output::new();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(if readable { Exit::DONE } else { Exit::USAGE })
}

/// Collects the records of runs whose id begins or ends so.
fn find(wanted: &str, logs: &[PathBuf], command: &str, host: &System) -> (Found, bool) {
    let mut found = Found::new();
    let mut readable = true;
    let is_log = Cell::new(false);
    let mut take = |line: &[u8]| {
        let Some(run) = RecordSummary::of(line).map(|glance| glance.run) else {
            return Ok(());
        };
        is_log.set(true);
        let meant = run.run_id.starts_with(wanted) || run.run_id.ends_with(wanted);
        let key = (run.run_id, run.host);
        if meant && (found.len() <= CANDIDATES || found.contains_key(&key)) {
            let record = serde_json::from_slice(line)?;
            let records = found.entry(key).or_default();
            // A collector may deliver a record again.
            if !records.contains(&record) {
                records.push(record);
            }
        }
        Ok(())
    };
    for log in logs {
        is_log.set(false);
        let read = open(log, command, host).and_then(|(_, from)| each_line(from, &mut take));
        readable &= was_read(log, read, is_log.get());
    }
    (found, readable)
}

fn assembled(records: &[Value]) -> Run {
    let mut all = Vec::new();
    let mut tell = |run| all.push(run);
    let mut runs = Runs::default();
    for record in records {
        runs.take(record.to_string().as_bytes(), &mut tell);
    }
    runs.end(&mut tell);
    all.into_iter().next().unwrap_or_default()
}

fn not_one(wanted: &str, found: &Found, named: &[PathBuf]) {
    let wanted = visible(wanted);
    if found.is_empty() {
        let list = ["qli", "audit", "list"].into_iter().map(OsStr::new);
        let list = shell_line(list.chain(named.iter().map(|log| log.as_os_str())));
        write_stderr(&format!(
            "qli: no run has an id that begins or ends with `{wanted}`\n     \
             to see the ids: {list} | cut -f 2\n"
        ));
        return;
    }
    let runs: Vec<_> = found
        .values()
        .take(CANDIDATES)
        .map(|records| assembled(records))
        .collect();
    write_stderr(&format!(
        "qli: several runs have an id that begins or ends with `{wanted}`:\n{}",
        report::candidates(&runs, found.len() > CANDIDATES)
    ));
}
