//! `qli audit list` and `qli audit unfinished`.

use std::cell::RefCell;
use std::io::{self, Write};

use super::super::args::Global;
use super::args::{ListArgs, LogsArgs};
use super::filter::Filter;
use super::rotated::History;
use super::sources::{open, was_read};
use crate::dispatch::Exit;
use crate::history::{Run, Runs, each_line};
use crate::host::{Output, Stream, System, write_stderr};
use crate::report::{
    Color, DOCUMENT_VERSION, Format, JsonStream, OutcomeCounts, RunDocument, RunTable, Style,
};

/// Lists the runs that a filter takes.
pub(super) fn exec(global: &Global, args: &ListArgs, host: &System) -> io::Result<Exit> {
    let filter = match Filter::of(args, host) {
        Ok(filter) => filter,
        Err(message) => {
            write_stderr(&format!("qli: {message}\n"));
            return Ok(Exit::USAGE);
        }
    };
    let reading = Reading::of("list", global, &args.logs, host);
    runs(&reading, &|run| filter.takes(run, host))
}

/// Lists the runs without an end.
pub(super) fn unfinished(global: &Global, args: &LogsArgs, host: &System) -> io::Result<Exit> {
    let reading = Reading::of("unfinished", global, args, host);
    runs(&reading, &|run| run.end.is_none())
}

/// What is read, for which command, and how it is written.
struct Reading<'a> {
    command: &'static str,
    history: History,
    format: Format,
    color: Color,
    host: &'a System,
}

impl<'a> Reading<'a> {
    fn of(command: &'static str, global: &Global, args: &LogsArgs, host: &'a System) -> Self {
        let history = History::of(global, &args.log, host);
        history.tell_unread(command, global, host);
        Self {
            command,
            history,
            format: args.format,
            color: global.color(),
            host,
        }
    }
}

fn runs(reading: &Reading<'_>, takes: &dyn Fn(&Run) -> bool) -> io::Result<Exit> {
    let host = reading.host;
    match reading.format {
        Format::Human => {
            let mut out = Output::new();
            let style = Style::of(Stream::Stdout, reading.color, host);
            let mut table = RunTable::new(&style);
            let exit = each_run(reading, &mut |run| {
                let text = if takes(&run) {
                    table.add(&run, host)
                } else {
                    String::new()
                };
                out.write_all(text.as_bytes())
            })?;
            out.write_all(table.end().as_bytes())?;
            out.flush()?;
            Ok(exit)
        }
        Format::Json => {
            let mut json = JsonStream::begin(Output::new(), DOCUMENT_VERSION)?;
            let mut counts = OutcomeCounts::default();
            json.list("runs")?;
            let exit = each_run(reading, &mut |run| {
                if !takes(&run) {
                    return Ok(());
                }
                counts.add(run.outcome(host));
                json.item(&RunDocument::new(&run, host))
            })?;
            json.end_list()?;
            json.field("outcomes", &counts)?;
            json.end()?.flush()?;
            Ok(exit)
        }
    }
}

/// Hands on each run of some logs. A log that cannot be read, or is none, is
/// told of, and the others are read.
fn each_run(
    reading: &Reading<'_>,
    take: &mut dyn FnMut(Run) -> io::Result<()>,
) -> io::Result<Exit> {
    let mut exit = Exit::DONE;
    let written = RefCell::new(Ok(()));
    let mut tell = |run| {
        if written.borrow().is_ok() {
            *written.borrow_mut() = take(run);
        }
    };
    let mut runs = Runs::default();
    for log in &reading.history.logs {
        let mut is_log = false;
        let read = open(log, reading.command, reading.host).and_then(|(kind, from)| {
            runs.begin(kind);
            each_line(from, &mut |line| {
                is_log |= runs.take(line, &mut tell);
                // Once nothing can be written, nothing need be read.
                let gone = written.borrow().is_err();
                if gone {
                    Err(io::ErrorKind::BrokenPipe.into())
                } else {
                    Ok(())
                }
            })
        });
        if written.borrow().is_err() {
            break;
        }
        if !was_read(log, read, is_log) {
            exit = Exit::USAGE;
        }
    }
    runs.end(&mut tell);
    written.into_inner().map(|()| exit)
}
