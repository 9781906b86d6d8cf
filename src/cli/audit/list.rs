//! `qli audit list` and `qli audit unfinished`.

use std::io::{self, Write};

use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, TimeDelta, Utc};

use super::super::context::Context;
use super::args::{ListArgs, LogsArgs};
use super::rotated::History;
use super::sources::{Absent, Failed, each_line_of, unless_closed, unread_exit};
use crate::dispatch::Exit;
use crate::history::{Run, Runs};
use crate::host::{Host as _, buffered_stdout};
use crate::names::visible;
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
    let history = History::of(cx, &args.log, Absent::Allowed);
    history.note_unread(command, cx);
    let mut exit = unread_exit(history.unread);
    let mut each = |print: &mut dyn FnMut(Run) -> io::Result<()>| {
        each_run(cx, command, &history, &mut exit, &mut |run| {
            if matches(&run) { print(run) } else { Ok(()) }
        })
    };
    unless_closed(match args.format {
        Format::Human => human(&mut each, RunTable::new(&cx.stdout())),
        Format::Json => json(&mut each),
    })?;
    Ok(exit)
}

/// Passes each run to a function that prints it.
type EachRun<'a> = dyn FnMut(&mut dyn FnMut(Run) -> io::Result<()>) -> io::Result<()> + 'a;

fn human(each: &mut EachRun<'_>, mut table: RunTable) -> io::Result<()> {
    let mut out = buffered_stdout();
    each(&mut |run| out.write_all(table.add(&run).as_bytes()))?;
    out.write_all(table.end().as_bytes())?;
    out.flush()
}

fn json(each: &mut EachRun<'_>) -> io::Result<()> {
    let mut json = JsonStream::begin(buffered_stdout(), DOCUMENT_VERSION)?;
    let mut counts = OutcomeCounts::default();
    json.list("runs")?;
    each(&mut |run| {
        counts.add(run.outcome);
        json.item(&run)
    })?;
    json.end_list()?;
    json.field("outcomes", &counts)?;
    json.end()?.flush()
}

fn each_run(
    cx: &Context<'_>,
    command: &str,
    history: &History,
    exit: &mut Exit,
    print: &mut dyn FnMut(Run) -> io::Result<()>,
) -> io::Result<()> {
    let mut runs = Runs::default();
    let mut print = |run: Run| print(run.settled(cx.host));
    each_line_of(&history.logs, command, cx, exit, |kind, line| {
        let is_record = runs.add_line(kind, line);
        let printed = runs.ready().try_for_each(&mut print);
        printed.map(|()| is_record).map_err(Failed::Writing)
    })?;
    runs.finish().try_for_each(print)
}

/// Reads an age (`2w`, `1d`, `12h`, `30m`, `45s`), or an RFC 3339 date or time.
/// Returns it in the format of records, so that the two can be compared as text.
fn bound(text: &str, now: DateTime<Utc>) -> Result<String, String> {
    let midnight = |date: NaiveDate| date.and_time(NaiveTime::MIN).and_utc();
    let time = ago(text, now)
        .or_else(|| text.parse().ok().map(midnight))
        .or_else(|| Some(DateTime::parse_from_rfc3339(text).ok()?.to_utc()));
    match time {
        Some(time) => Ok(time.to_rfc3339_opts(SecondsFormat::Nanos, true)),
        None => Err(format!("invalid time `{}`", visible(text))),
    }
}

fn ago(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit = match unit {
        "s" => TimeDelta::seconds(1),
        "m" => TimeDelta::minutes(1),
        "h" => TimeDelta::hours(1),
        "d" => TimeDelta::days(1),
        "w" => TimeDelta::weeks(1),
        _ => return None,
    };
    let number: u32 = number.parse().ok()?;
    let age = unit.checked_mul(number.try_into().ok()?)?;
    now.checked_sub_signed(age)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_dates_and_times_are_read() {
        let now = DateTime::parse_from_rfc3339("2026-11-24T12:00:00Z")
            .unwrap()
            .to_utc();
        for (text, time) in [
            ("1d", "2026-11-23T12:00:00.000000000Z"),
            ("2w", "2026-11-10T12:00:00.000000000Z"),
            ("12h", "2026-11-24T00:00:00.000000000Z"),
            ("30m", "2026-11-24T11:30:00.000000000Z"),
            ("45s", "2026-11-24T11:59:15.000000000Z"),
            ("2026-11-23", "2026-11-23T00:00:00.000000000Z"),
            (
                "2026-11-23T09:41:00+02:00",
                "2026-11-23T07:41:00.000000000Z",
            ),
        ] {
            assert_eq!(bound(text, now).as_deref(), Ok(time), "{text}");
        }
        for text in [
            "",
            "d",
            "1",
            "-1d",
            "1y",
            "yesterday",
            "4294967295w",
            "2026-13-01",
            "\u{e9}",
        ] {
            assert!(bound(text, now).is_err(), "{text}");
        }
    }
}
