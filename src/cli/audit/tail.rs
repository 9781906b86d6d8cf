//! `qli audit tail`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::context::Context;
use super::args::TailArgs;
use super::follower::{Follower, Records, add};
use super::sources::{Failed, named_or_all, open, unless_closed, unreadable};
use crate::dispatch::Exit;
use crate::history::{RecordSummary, each_line};
use crate::host::{Output, System, buffered_stdout, is_file, is_stdout_closed_within};
use crate::names::escaped;
use crate::report::{self, Format, Style};

/// How long to wait before looking at a followed log again.
const PAUSE: Duration = Duration::from_millis(100);

pub(super) fn exec(cx: &Context<'_>, args: &TailArgs) -> io::Result<Exit> {
    let mut exit = Exit::DONE;
    unless_closed(print(cx, args, &mut exit))?;
    Ok(exit)
}

/// Prints the last records of all logs in the order of their times, then with
/// `--follow` new ones.
fn print(cx: &Context<'_>, args: &TailArgs, exit: &mut Exit) -> io::Result<()> {
    let mut printer = Printer {
        style: cx.stdout(),
        format: args.logs.format,
        out: buffered_stdout(),
    };
    let mut inputs = Vec::new();
    let (logs, found) = named_or_all(cx, &args.logs.log);
    *exit = found;
    for log in logs {
        match Input::open(&log, args, cx.host, &mut printer) {
            Ok(input) => inputs.push(input),
            Err(failed) => {
                unreadable(&log, failed, cx)?;
                *exit = Exit::USAGE;
            }
        }
    }
    in_order(&mut inputs, args.follow, &mut printer)?;
    let is_watched = inputs.iter().any(|input| matches!(input, Input::File(_)));
    while args.follow && is_watched && !is_stdout_closed_within(PAUSE) {
        for input in &mut inputs {
            input.look(cx.host);
        }
        in_order(&mut inputs, args.follow, &mut printer)?;
    }
    Ok(())
}

enum Input {
    File(Box<Follower>),
    /// What is left of an input that can be read only once.
    Rest(Records),
}

impl Input {
    fn open(log: &Path, args: &TailArgs, host: &System, to: &mut Printer) -> Result<Self, Failed> {
        if log == Path::new("-") || !is_file(log, host) {
            return stream(log, args, host, to).map(Self::Rest);
        }
        let file = Follower::open(PathBuf::from(log), args.lines, host)?;
        Ok(Self::File(Box::new(file)))
    }

    fn look(&mut self, host: &System) {
        match self {
            Self::File(file) => file.look(host),
            Self::Rest(_) => {}
        }
    }

    /// The records that are ready to be printed.
    fn ready(&mut self, is_followed: bool) -> &mut Records {
        match self {
            Self::File(file) => {
                file.fill(is_followed);
                &mut file.records
            }
            Self::Rest(records) => records,
        }
    }
}

/// Prints what the inputs have, the earliest record first; the order within an input
/// is kept, even if its clock stepped back.
fn in_order(inputs: &mut [Input], is_followed: bool, to: &mut Printer) -> io::Result<()> {
    loop {
        let ready = inputs.iter_mut().map(|input| input.ready(is_followed));
        let first = ready
            .filter(|records| !records.is_empty())
            .min_by(|a, b| time(a).cmp(&time(b)));
        match first.and_then(Records::pop_front) {
            Some((record, line)) => to.print(&record, &line)?,
            None => return to.out.flush(),
        }
    }
}

fn time(records: &Records) -> Option<&str> {
    records.front().map(|(record, _)| record.time.as_str())
}

struct Printer {
    style: Style,
    format: Format,
    out: Output,
}

impl Printer {
    fn print(&mut self, record: &RecordSummary, line: &[u8]) -> io::Result<()> {
        let text = match self.format {
            Format::Human => report::record_line(record, &self.style),
            // As it was written: there is nothing to escape in qli's own records.
            Format::Json => escaped(String::from_utf8_lossy(line).into_owned()) + "\n",
        };
        self.out.write_all(text.as_bytes())
    }
}

/// Reads the last records of an input that can be read only once; with `--follow`,
/// prints all of them as they come.
fn stream(log: &Path, args: &TailArgs, host: &System, to: &mut Printer) -> Result<Records, Failed> {
    let (_, from) = open(log, "tail", host)?;
    let mut records = Records::new();
    each_line(from, &mut |line| {
        add(&mut records, line);
        if args.follow {
            let mut all = records.drain(..);
            let printed = all.try_for_each(|(record, line)| to.print(&record, &line));
            return printed
                .and_then(|()| to.out.flush())
                .map_err(Failed::Writing);
        }
        if records.len() > args.lines {
            records.pop_front();
        }
        Ok(())
    })?;
    Ok(records)
}
