//! `qli audit show`.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use serde_json::Value;

use super::super::context::Context;
use super::args::ShowArgs;
use super::rotated::History;
use super::sources::{Absent, each_line_of, is_stdin, unread_exit};
use crate::audit::EventName;
use crate::dispatch::Exit;
use crate::history::{InputKind, RecordSummary, Run, Runs};
use crate::names::{shell_line, shell_path, shell_word, to_json_pretty};
use crate::report::{self, AuditShowDocument, DOCUMENT_VERSION, Format, Message};

/// No more runs than this are listed when several match.
const CANDIDATES: usize = 20;

/// The records of the runs that an id may mean, by run and machine.
type Found = BTreeMap<(String, String), Vec<Value>>;

pub(super) fn exec(cx: &Context<'_>, args: &ShowArgs) -> io::Result<Exit> {
    let wanted = args.run_id.to_string_lossy();
    let history = History::of(cx, &args.logs.log, Absent::Allowed);
    let command = format!("show {}", shell_word(&args.run_id));
    let (found, exit) = find(&wanted, &history, &command, cx)?;
    let exact = found.iter().filter(|((run_id, _), _)| *run_id == wanted);
    let exact: Vec<_> = exact.map(|(_, records)| records).collect();
    let all: Vec<_> = found.values().collect();
    let (([records], _) | (_, [records])) = (exact.as_slice(), all.as_slice()) else {
        cx.say(&not_one(&wanted, &found, &args.logs.log));
        history.note_unread(&command, cx);
        return Ok(Exit::USAGE);
    };
    let run = assembled(records).settled(cx.host);
    if run.started.is_none() && run.end != Some(EventName::Refused) {
        history.note_unread(&command, cx);
    }
    let text = match args.logs.format {
        Format::Json => to_json_pretty(&AuditShowDocument {
            schema_version: DOCUMENT_VERSION,
            run,
            records: (*records).clone(),
        }),
        Format::Human => report::show(&run, records, &cx.stdout()),
    };
    Ok(cx.put_or(&text, exit))
}

/// Collects the records of the runs whose id begins or ends with a text.
fn find(
    wanted: &str,
    history: &History,
    command: &str,
    cx: &Context<'_>,
) -> io::Result<(Found, Exit)> {
    let mut found = Found::new();
    let mut exit = unread_exit(history.unread);
    each_line_of(&history.logs, command, cx, &mut exit, |_, line| {
        let Some(RecordSummary { run, .. }) = RecordSummary::of(line) else {
            return Ok(false);
        };
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
        Ok(true)
    })?;
    Ok((found, exit))
}

fn assembled(records: &[Value]) -> Run {
    let mut runs = Runs::default();
    for record in records {
        runs.add_line(InputKind::Log, record.to_string().as_bytes());
    }
    let complete = runs.ready().next();
    complete
        .or_else(|| runs.finish().next())
        .unwrap_or_default()
}

fn not_one(wanted: &str, found: &Found, named: &[PathBuf]) -> Message {
    let audit = |words: &[&str]| {
        let words = shell_line(["qli", "audit"].iter().chain(words));
        let logs = named.iter().map(|log| {
            if is_stdin(log) {
                return " -".to_owned();
            }
            format!(" {}", shell_path(log))
        });
        words + &logs.collect::<String>()
    };
    let runs: Vec<_> = found
        .values()
        .take(CANDIDATES)
        .map(|records| assembled(records))
        .collect();
    let Some(last) = runs.last() else {
        let message = format!("no run id begins or ends with `{wanted}`");
        let list = audit(&["list"]);
        return Message::error(message).step("list the ids", format!("{list} | cut -f 2"));
    };
    let candidates = report::candidates(&runs, found.len() > CANDIDATES);
    Message::error(format!("several run ids begin or end with `{wanted}`"))
        .block(candidates)
        .step("if you mean the last one", audit(&["show", &last.run_id]))
}
