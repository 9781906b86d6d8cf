//! `qli audit list` and `qli audit unfinished`.

use std::io::{self, Write};

use super::super::context::Context;
use super::args::{ListArgs, LogsArgs};
use super::rotated::History;
use super::sources::{Failed, open, was_read};
use super::time::bound;
use crate::dispatch::Exit;
use crate::history::{Run, Runs, each_line};
use crate::host::{Host as _, buffered_stdout};
use crate::report::{DOCUMENT_VERSION, Format, JsonStream, Message, OutcomeCounts, RunTable};

pub(super) fn exec(cx: &Context<'_>, args: &ListArgs) -> io::Result<Exit> {
    let now = cx.host.now();
    let bound = |time: &Option<String>| time.as_ref().map(|time| bound(time, now)).transpose();
    match bound(&args.since).and_then(|since| Ok([since, bound(&args.until)?])) {
        Ok(bounds) => runs(cx, "list", &args.logs, &|run| matches(run, args, &bounds)),
        Err(message) => {
            let forms = "it must look like `1d`, `12h`, `2026-11-23` or `2026-11-23T09:41:00Z`";
            let message = Message::error(message).line(forms);
            Ok(cx.fail(&message.step("show help", "qli audit list --help")))
        }
    }
}

fn matches(run: &Run, args: &ListArgs, [since, until]: &[Option<String>; 2]) -> bool {
    let is = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|one| one == found);
    let uid = run.uid.map(|uid| uid.to_string());
    // The times of records can be compared as text.
    let time = run.time();
    is(&args.group, &run.group)
        && is(&args.extension, &run.extension)
        && is(&args.host, &run.host)
        && (args.user.is_none() || args.user == run.user || args.user == uid)
        && since.as_deref().is_none_or(|since| time >= since)
        && until.as_deref().is_none_or(|until| time < until)
        && (args.outcome.is_empty() || args.outcome.contains(&run.outcome))
}

/// Lists the runs without an end.
pub(super) fn unfinished(cx: &Context<'_>, args: &LogsArgs) -> io::Result<Exit> {
    runs(cx, "unfinished", args, &|run| run.end.is_none())
}

fn runs(
    cx: &Context<'_>,
    command: &str,
    args: &LogsArgs,
    matches: &dyn Fn(&Run) -> bool,
) -> io::Result<Exit> {
    let history = History::of(cx, &args.log);
    history.note_unread(command, cx);
    match args.format {
        Format::Human => {
            let mut out = buffered_stdout();
            let mut table = RunTable::new(&cx.stdout());
            let exit = each_run(cx, command, &history, &mut |run| {
                let text = matches(&run).then(|| table.add(&run));
                out.write_all(text.unwrap_or_default().as_bytes())
            })?;
            out.write_all(table.end().as_bytes())?;
            out.flush()?;
            Ok(exit)
        }
        Format::Json => {
            let mut json = JsonStream::begin(buffered_stdout(), DOCUMENT_VERSION)?;
            let mut counts = OutcomeCounts::default();
            json.list("runs")?;
            let exit = each_run(cx, command, &history, &mut |run| {
                if !matches(&run) {
                    return Ok(());
                }
                counts.add(run.outcome);
                json.item(&run)
            })?;
            json.end_list()?;
            json.field("outcomes", &counts)?;
            json.end()?.flush()?;
            Ok(exit)
        }
    }
}

/// Passes on each run of some logs. A log that cannot be read, or that is not a
/// log, is reported, and the others are read.
fn each_run(
    cx: &Context<'_>,
    command: &str,
    history: &History,
    print: &mut dyn FnMut(Run) -> io::Result<()>,
) -> io::Result<Exit> {
    let mut exit = Exit::DONE;
    let mut runs = Runs::default();
    let mut print = |run: Run| print(run.settled(cx.host));
    for log in &history.logs {
        let mut has_records = false;
        let read = open(log, command, cx.host).and_then(|(kind, from)| {
            runs.begin(kind);
            each_line(from, &mut |line| {
                has_records |= runs.add_line(line);
                runs.ready()
                    .try_for_each(&mut print)
                    .map_err(Failed::Writing)
            })
        });
        let read = Failed::reading(read)?;
        if !was_read(log, read, has_records, cx) {
            exit = Exit::USAGE;
        }
    }
    runs.finish().try_for_each(print)?;
    Ok(exit)
}
