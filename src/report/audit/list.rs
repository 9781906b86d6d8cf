//! `qli audit list` and `qli audit unfinished`.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::super::style::{column_width, put};
use super::super::{OutcomeCounts, Style};
use super::cells::{ID, confirm, end, id_end, note, summary, took, who};
use super::seconds;
use crate::history::{Outcome, Run};
use crate::host::HostView;
use crate::names::visible;

/// So many rows decide how wide the columns are; those after them are cut to
/// fit.
const SAMPLE: usize = 200;

/// Widths of the columns that are always as wide: they hold the longest value
/// that qli records, `--confirm`, `RTMIN+30` and `99h59m`.
const TIME: usize = 8;
const CONFIRM: usize = 9;
const END: usize = 8;
const TOOK: usize = 6;

/// Those columns, with the spaces between all of them.
const FIXED: usize = TIME + ID + CONFIRM + END + TOOK + 6 * 2;

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
    let [time, id] = [padded(time, TIME), padded(id, ID)];
    let [who, what] = [padded(who, who_width), padded(what, what_width)];
    let confirm = padded(confirm, CONFIRM);
    let end = cut(end, END);
    let fill = " ".repeat(END.saturating_sub(end.width()));
    let end = paint(end) + &fill;
    let took = cut(took, TOOK);
    let line = format!("{time}  {id}  {who}  {what}  {confirm}  {end}  {took:>TOOK$}");
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
mod tests;
