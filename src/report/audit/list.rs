//! `qli audit list` and `qli audit unfinished`.

use unicode_width::UnicodeWidthStr;

use super::super::style::{column_width, put, wrapped};
use super::super::{OutcomeCounts, Style};
use super::cells::{confirm, end, note, short_id, summary, took, who};
use super::cut;
use crate::audit::to_seconds;
use crate::history::{Outcome, Run};
use crate::names::visible;

/// The first rows decide how wide the columns are; later ones are cut to fit.
const SAMPLE: usize = 200;

const HEAD: [&str; 7] = ["START", "RUN", "WHO@HOST", "WHAT", "CONFIRM", "END", "TOOK"];

/// Widths of the columns whose values have a greatest length: `--confirm`,
/// `RTMIN+30`, `99h59m`.
const TIME: usize = 8;
const ID: usize = 6;
const CONFIRM: usize = 9;
const END: usize = 8;
const TOOK: usize = 6;

/// Those columns and the spaces between all seven.
const FIXED: usize = TIME + ID + CONFIRM + END + TOOK + 6 * 2;

/// Narrowest columns of what was run and by whom.
const WHAT_MIN: usize = 20;
const WHO_MIN: usize = 8;

/// On a narrower terminal a run has two lines or more.
const TABLE_MIN: usize = 72;

/// Where notes begin.
const NOTE: usize = TIME + ID + 2 * 2;

struct Row {
    /// Start, run, who, what, confirmation, end and time taken.
    cells: [String; 7],
    day: String,
    note: Option<String>,
    outcome: Outcome,
}

/// The widths of who and what, which depend on the rows.
type Widths = [usize; 2];

/// A table of runs, printed as they come: it fits a terminal's width; elsewhere
/// it is lines of fields separated by tabs.
pub struct RunTable {
    style: Style,
    sample: Vec<Row>,
    widths: Option<Widths>,
    day: String,
    counts: OutcomeCounts,
}

impl RunTable {
    pub fn new(style: &Style) -> Self {
        Self {
            style: style.clone(),
            sample: Vec::new(),
            widths: None,
            day: String::new(),
            counts: OutcomeCounts::default(),
        }
    }

    /// Adds a run and returns what can be printed by now.
    pub fn add(&mut self, run: &Run) -> String {
        let row = Row::of(run);
        if !self.style.terminal {
            return tabs(run, row);
        }
        self.counts.add(row.outcome);
        if let Some(widths) = self.widths {
            return self.render(&row, widths);
        }
        self.sample.push(row);
        if self.sample.len() < SAMPLE {
            return String::new();
        }
        self.render_sample()
    }

    /// Returns the rest, and how many runs ended how.
    pub fn end(mut self) -> String {
        if !self.style.terminal {
            return String::new();
        }
        self.render_sample() + &summary(self.counts, self.style.width)
    }

    fn render_sample(&mut self) -> String {
        let rows = std::mem::take(&mut self.sample);
        let [_, _, head, ..] = HEAD;
        let widest = column_width(rows.iter().map(Row::who).chain([head]));
        let left = self.style.width.saturating_sub(FIXED);
        let who = widest.min(left.saturating_sub(WHAT_MIN)).max(WHO_MIN);
        let widths = [who, left.saturating_sub(who)];
        self.widths.get_or_insert(widths);
        rows.iter().map(|row| self.render(row, widths)).collect()
    }

    fn render(&mut self, row: &Row, widths: Widths) -> String {
        let mut out = String::new();
        let is_first = self.day.is_empty();
        if self.day != row.day {
            put!(out, "{}\n", self.style.strong(&row.day));
            self.day.clone_from(&row.day);
        }
        let is_good = matches!(row.outcome, Outcome::Ok | Outcome::Running);
        let paint = |end: &str| {
            if is_good {
                end.to_owned()
            } else {
                self.style.bad(end)
            }
        };
        let cells = row.cells.each_ref().map(String::as_str);
        let indent = if self.style.width < TABLE_MIN {
            out += &block(cells, self.style.width, paint);
            2
        } else {
            if is_first {
                out += &line(HEAD, widths, str::to_owned);
            }
            out += &line(cells, widths, paint);
            NOTE
        };
        let width = self.style.width.saturating_sub(indent);
        for line in row.note.iter().flat_map(|note| wrapped(note, width)) {
            put!(out, "{:indent$}{}\n", "", cut(&line, width));
        }
        out
    }
}

fn line(
    cells: [&str; 7],
    [who_width, what_width]: Widths,
    paint: impl Fn(&str) -> String,
) -> String {
    let [time, id, who, what, confirm, end, took] = cells;
    let line = format!(
        "{}  {}  {}  {}  {}  {}{}  {:>TOOK$}",
        padded(time, TIME),
        padded(id, ID),
        padded(who, who_width),
        padded(what, what_width),
        padded(confirm, CONFIRM),
        paint(&cut(end, END)),
        " ".repeat(END.saturating_sub(end.width())),
        cut(took, TOOK)
    );
    line.trim_end().to_owned() + "\n"
}

/// A run on a narrow terminal.
fn block(cells: [&str; 7], width: usize, paint: impl Fn(&str) -> String) -> String {
    let [time, id, who, what, confirm, end, took] = cells;
    let by = match confirm {
        "-" => format!("by {who}"),
        confirm => format!("by {who}, confirmed: {confirm}"),
    };
    let width = width.saturating_sub(2);
    let mut out = format!("{time}  {id}  {}  {took}\n", paint(end));
    for line in [what, &by].iter().flat_map(|text| wrapped(text, width)) {
        put!(out, "  {}\n", cut(&line, width));
    }
    out
}

fn padded(text: &str, width: usize) -> String {
    let text = cut(text, width);
    let fill = width.saturating_sub(text.width());
    text + &" ".repeat(fill)
}

/// A whole run on one line.
fn tabs(run: &Run, row: Row) -> String {
    let [_, _, who, what, confirm, end, _] = row.cells;
    let time = Some(run.time()).filter(|time| !time.is_empty());
    let cells = [
        visible(time.unwrap_or("-")),
        visible(&run.run_id),
        who,
        what,
        confirm,
        end,
        run.duration_ms.map_or("-".to_owned(), |ms| ms.to_string()),
        row.note.unwrap_or_default(),
    ];
    cells.join("\t").trim_end().to_owned() + "\n"
}

impl Row {
    fn who(&self) -> &str {
        let [_, _, who, ..] = &self.cells;
        who
    }

    fn of(run: &Run) -> Self {
        let time = to_seconds(run.time());
        let (day, clock) = time.split_once(' ').unwrap_or((&time, ""));
        let without = if run.end.is_none() { "?" } else { "-" };
        Self {
            cells: [
                clock.to_owned(),
                short_id(&run.run_id),
                who(run),
                run.command(),
                confirm(run),
                end(run),
                run.duration_ms.map_or(without.to_owned(), took),
            ],
            day: format!("{day} (UTC)"),
            note: note(run),
            outcome: run.outcome,
        }
    }
}

#[cfg(test)]
mod tests;
