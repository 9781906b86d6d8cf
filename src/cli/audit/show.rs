//! `qli audit show`.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::path::PathBuf;

use serde_json::Value;

use super::super::context::Context;
use super::args::ShowArgs;
use super::rotated::History;
use super::sources::{Failed, open, was_read};
use crate::audit::EventName;
use crate::dispatch::Exit;
use crate::history::{RecordSummary, Run, Runs, each_line};
use crate::names::{shell_line, shell_word, to_json_pretty};
use crate::report::{self, AuditShowDocument, DOCUMENT_VERSION, Format, Message};

/// No more runs than this are listed when several match.
const CANDIDATES: usize = 20;

/// The records of the runs that an id may mean, by run and machine.
type Found = BTreeMap<(String, String), Vec<Value>>;

pub(super) fn exec(cx: &Context<'_>, args: &ShowArgs) -> Exit {
    let wanted = args.run_id.to_string_lossy();
    let history = History::of(cx, &args.logs.log);
    let command = format!("show {}", shell_word(&args.run_id));
    let (found, readable) = find(&wanted, &history.logs, &command, cx);
    let exact = found.iter().filter(|((run_id, _), _)| *run_id == wanted);
    let exact: Vec<_> = exact.collect();
    let one = match (exact.as_slice(), found.len()) {
        ([one], _) => Some(*one),
        (_, 1) => found.first_key_value(),
        (_, _) => None,
    };
    let Some((_, records)) = one else {
        cx.say(&not_one(&wanted, &found, &args.logs.log));
        history.note_unread(&command, cx);
        return Exit::USAGE;
    };
    let run = assembled(records).settled(cx.host);
    if run.started.is_none() && run.end != Some(EventName::Refused) {
        history.note_unread(&command, cx);
    }
    let text = match args.logs.format {
        Format::Json => {
            let records = records.clone();
            let schema_version = DOCUMENT_VERSION;
            to_json_pretty(&AuditShowDocument {
                schema_version,
                run,
                records,
            })
        }
        Format::Human => report::show(&run, records, &cx.stdout()),
    };
    let exit = if readable { Exit::DONE } else { Exit::USAGE };
    cx.put_or(&text, exit)
}

/// Collects the records of the runs whose id begins or ends with a text.
fn find(wanted: &str, logs: &[PathBuf], command: &str, cx: &Context<'_>) -> (Found, bool) {
    let mut found = Found::new();
    let mut readable = true;
    let is_log = Cell::new(false);
    let mut take = |line: &[u8]| {
        let Some(run) = RecordSummary::of(line).map(|record| record.run) else {
            return Ok(());
        };
        is_log.set(true);
        let matches = run.run_id.starts_with(wanted) || run.run_id.ends_with(wanted);
        let key = (run.run_id, run.host);
        if matches && (found.len() <= CANDIDATES || found.contains_key(&key)) {
            let record = serde_json::from_slice(line).map_err(io::Error::from)?;
            let records = found.entry(key).or_default();
            // A collector may repeat a record.
            if !records.contains(&record) {
                records.push(record);
            }
        }
        Ok::<_, Failed>(())
    };
    for log in logs {
        is_log.set(false);
        let read = open(log, command, cx.host).and_then(|(_, from)| each_line(from, &mut take));
        readable &= was_read(log, read, is_log.get(), cx);
    }
    (found, readable)
}

fn assembled(records: &[Value]) -> Run {
    let mut runs = Runs::default();
    for record in records {
        runs.add_line(record.to_string().as_bytes());
    }
    let complete = runs.ready().next();
    complete
        .or_else(|| runs.finish().next())
        .unwrap_or_default()
}

fn not_one(wanted: &str, found: &Found, named: &[PathBuf]) -> Message {
    if found.is_empty() {
        let list = ["qli", "audit", "list"].into_iter().map(OsStr::new);
        let list = shell_line(list.chain(named.iter().map(|log| log.as_os_str())));
        let message = format!("no run id begins or ends with `{wanted}`");
        return Message::error(message).step("list the ids", format!("{list} | cut -f 2"));
    }
    let runs: Vec<_> = found
        .values()
        .take(CANDIDATES)
        .map(|records| assembled(records))
        .collect();
    let candidates = report::candidates(&runs, found.len() > CANDIDATES);
    Message::error(format!("several run ids begin or end with `{wanted}`")).block(candidates)
}
