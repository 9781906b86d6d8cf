//! `qli audit list` and `qli audit unfinished`.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::super::style::{column_width, put};
use super::super::{OutcomeCounts, Style};
use super::cells::{ID, confirm, end, id_end, note, summary, took, who};
use super::seconds;
use crate::audit::read::{Outcome, Run};
use crate::host::HostView;
use crate::names::visible;

/// So many rows decide how wide the columns are; those after them are cut to
/// fit.
const SAMPLE: usize = 200;

/// Columns that are always as wide, with the spaces between all of them.
const FIXED: usize = 8 + ID + 7 + 7 + 6 + 6 * 2;

/// Narrowest column of what was run.
const WHAT_MIN: usize = 20;

/// One row of the table.
struct Row {
    day: String,
    time: String,
    id: String,
    who: String,
    what: String,
    confirm: String,
    end: String,
    took: String,
    note: Option<String>,
    outcome: Outcome,
}

/// A table of runs, drawn while they come: on a terminal it fits the width,
/// else it is lines cut by tabs.
#[derive(Debug)]
pub struct RunTable {
    style: Style,
    sample: Vec<Row>,
    who: Option<usize>,
    day: String,
    counts: OutcomeCounts,
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Row")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl RunTable {
    /// Begins.
    pub fn new(style: &Style) -> Self {
        Self {
            style: style.clone(),
            sample: Vec::new(),
            who: None,
            day: String::new(),
            counts: OutcomeCounts::default(),
        }
    }

    /// Takes a run and returns what can be drawn by now.
    pub fn add(&mut self, run: &Run, view: &dyn HostView) -> String {
        if !self.style.terminal {
            return tabs(run, view);
        }
        let row = Row::of(run, view);
        self.counts.add(row.outcome);
        if self.who.is_some() {
            return self.draw(&row);
        }
        self.sample.push(row);
        if self.sample.len() < SAMPLE {
            return String::new();
        }
        self.draw_sample()
    }

    /// Ends: returns the rest, and how many runs ended how.
    pub fn end(mut self) -> String {
        if !self.style.terminal {
            return String::new();
        }
        let rows = match self.who {
            None => self.draw_sample(),
            Some(_) => String::new(),
        };
        rows + &summary(self.counts)
    }

    fn draw_sample(&mut self) -> String {
        let rows = std::mem::take(&mut self.sample);
        let who = column_width(rows.iter().map(|row| row.who.as_str()));
        let room = self.style.width.saturating_sub(FIXED + WHAT_MIN);
        self.who = Some(who.min(room).max(8));
        rows.iter().map(|row| self.draw(row)).collect()
    }

    fn draw(&mut self, row: &Row) -> String {
        let who = self.who.unwrap_or(8);
        let what = self.style.width.saturating_sub(FIXED + who).max(8);
        let mut out = String::new();
        if self.day != row.day {
            if self.day.is_empty() {
                let head = ["START", "RUN", "WHO@HOST", "WHAT", "CONFIRM", "END", "TOOK"];
                put(
                    &mut out,
                    format_args!("{}\n", line(head, who, what, |end| end)),
                );
            }
            put(&mut out, format_args!("{}\n", self.style.strong(&row.day)));
            self.day.clone_from(&row.day);
        }
        let good = matches!(row.outcome, Outcome::Ok | Outcome::Running);
        let paint = |end: String| if good { end } else { self.style.bad(&end) };
        let cells = [
            &row.time,
            &row.id,
            &row.who,
            &row.what,
            &row.confirm,
            &row.end,
            &row.took,
        ];
        put(
            &mut out,
            format_args!("{}\n", line(cells.map(String::as_str), who, what, paint)),
        );
        if let Some(note) = &row.note {
            let room = self.style.width.saturating_sub(18);
            put(&mut out, format_args!("{:18}{}\n", "", cut(note, room)));
        }
        out
    }
}

fn line(
    [time, id, who, what, confirm, end, took]: [&str; 7],
    who_width: usize,
    what_width: usize,
    paint: impl Fn(String) -> String,
) -> String {
    let who = padded(who, who_width);
    let what = padded(what, what_width);
    let fill = " ".repeat(7_usize.saturating_sub(end.width()));
    let end = paint(end.to_owned()) + &fill;
    let line = format!("{time:8}  {id:ID$}  {who}  {what}  {confirm:7}  {end}  {took:>6}");
    line.trim_end().to_owned()
}

/// Cuts a text that is too wide, and fills one that is not.
fn padded(text: &str, width: usize) -> String {
    let text = cut(text, width);
    let fill = width.saturating_sub(text.width());
    text + &" ".repeat(fill)
}

fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut left = width.saturating_sub(1);
    for c in text.chars() {
        let columns = c.width().unwrap_or(0);
        if columns > left {
            break;
        }
        left -= columns;
        out.push(c);
    }
    out + "\u{2026}"
}

/// A run on one line, whole, its fields cut by tabs.
fn tabs(run: &Run, view: &dyn HostView) -> String {
    let row = Row::of(run, view);
    let time = run.started.as_ref().or(run.ended.as_ref());
    let took = run.duration_ms.map_or("-".to_owned(), |ms| ms.to_string());
    let cells = [
        visible(time.map_or("-", String::as_str)),
        visible(&run.run_id),
        row.who,
        row.what,
        row.confirm,
        row.end,
        took,
        row.note.unwrap_or_default(),
    ];
    cells.join("\t").trim_end().to_owned() + "\n"
}

impl Row {
    fn of(run: &Run, view: &dyn HostView) -> Self {
        let time = run.started.as_ref().or(run.ended.as_ref());
        let time = seconds(time.map_or("", String::as_str));
        let (day, clock) = time.split_once(' ').unwrap_or((&time, ""));
        let outcome = run.outcome(view);
        Self {
            day: format!("{day}, UTC"),
            time: clock.to_owned(),
            id: id_end(&run.run_id),
            who: who(run),
            what: run.command(),
            confirm: confirm(run),
            end: end(run, outcome),
            took: run
                .duration_ms
                .map_or(if run.end.is_none() { "?" } else { "-" }.to_owned(), took),
            note: note(run, view),
            outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::read::End;
    use crate::host::Stream;
    use crate::host::fake::World;
    use crate::report::Color;

    fn style() -> Style {
        Style {
            terminal: true,
            ..Style::of(
                Stream::Stdout,
                Color::Never,
                &World::bare().var("COLUMNS", "80"),
            )
        }
    }

    fn run() -> Run {
        Run {
            run_id: "019aabcd-0000-7000-8000-00000c1d2e9f".to_owned(),
            host: "db-1".to_owned(),
            group: "db-prod".to_owned(),
            extension: "restore".to_owned(),
            user: Some("ops1".to_owned()),
            started: Some("2026-11-23T09:41:07.000000001Z".to_owned()),
            args: serde_json::json!(["--from", "2026-11-22", "\u{1b}[31m\u{202e}"]),
            end: Some(End::Finished {
                exit_code: 0,
                signal: None,
            }),
            duration_ms: Some(252_000),
            ..Run::default()
        }
    }

    #[test]
    fn a_table_fits_the_terminal_and_shows_nothing_that_steers_it() {
        let world = World::new();
        let mut table = RunTable::new(&style());
        let hostile = Run {
            user: Some("\u{1b}]0;x\u{7}\u{202e}".to_owned()),
            end: Some(End::Refused {
                exit_code: Some(125),
                step: Some("requires_env".to_owned()),
                reason: Some("\u{1b}[2J\u{2066}".repeat(30)),
            }),
            ..run()
        };
        let unknown = Run { end: None, ..run() };
        let mut out = String::new();
        for one in [&run(), &hostile, &unknown] {
            out += &table.add(one, &world);
        }
        out += &table.end();
        for line in out.lines() {
            assert!(line.width() <= 80, "{line}");
            assert!(!line.chars().any(crate::names::is_hidden), "{line}");
        }
        let first = "09:41:07  1d2e9f  ops1@db-1       db-prod restore --f\u{2026}  -        0         4m12s\n";
        assert!(out.contains(first), "{out}");
        assert!(
            out.contains("3 runs: 1 ok, 1 refused, 1 of unknown outcome\n"),
            "{out}"
        );
    }

    #[test]
    fn durations_have_six_columns_at_most() {
        for (millis, text) in [
            (0, "0ms"),
            (999, "999ms"),
            (48_000, "48s"),
            (252_000, "4m12s"),
            (3_720_000, "1h02m"),
            (359_999_000, "99h59m"),
            (360_000_000, "4d04h"),
        ] {
            assert_eq!(took(millis), text);
        }
    }
}
