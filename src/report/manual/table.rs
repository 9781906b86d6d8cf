//! Renders a table: its last column is wrapped, or put below the others if it does
//! not fit next to them.

use unicode_width::UnicodeWidthStr;

use super::super::style::{put, wrapped};
use super::{lines, plain};

/// The narrowest last column.
const LAST_MIN: usize = 24;

const GAP: usize = 2;

pub(super) fn table(rows: &[Vec<String>], width: usize) -> String {
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| plain(cell)).collect())
        .collect();
    let columns = rows.first().map_or(0, Vec::len);
    let beside: Vec<usize> = (0..columns.saturating_sub(1))
        .map(|column| widest(&rows, column))
        .collect();
    let taken: usize = beside.iter().map(|width| width + GAP).sum();
    let room = width.saturating_sub(taken);
    let last = widest(&rows, columns.saturating_sub(1));
    if last > room && room < LAST_MIN {
        return stacked(&rows, width);
    }
    let mut out = String::new();
    for (at, row) in rows.iter().enumerate() {
        out.push_str(&drawn(row, &beside, room));
        if at == 0 {
            let widths = beside.iter().copied().chain([last.min(room)]);
            let rule: Vec<_> = widths.map(|width| "-".repeat(width)).collect();
            put(&mut out, format_args!("{}\n", rule.join("  ")));
        }
    }
    out
}

fn widest(rows: &[Vec<String>], column: usize) -> usize {
    let cells = rows.iter().filter_map(|row| row.get(column));
    cells.map(|cell| cell.width()).max().unwrap_or(0)
}

fn drawn(row: &[String], beside: &[usize], room: usize) -> String {
    let mut begin = String::new();
    for (cell, width) in row.iter().zip(beside) {
        let padding = " ".repeat(width.saturating_sub(cell.width()) + GAP);
        put(&mut begin, format_args!("{cell}{padding}"));
    }
    let rest = " ".repeat(begin.width());
    let last = row.last().map(String::as_str).unwrap_or_default();
    let mut out = String::new();
    for (at, line) in wrapped(last, room).iter().enumerate() {
        let begin = if at == 0 { &begin } else { &rest };
        put(
            &mut out,
            format_args!("{}\n", format!("{begin}{line}").trim_end()),
        );
    }
    out
}

/// Puts the last cell of each row below the others, without the heading.
fn stacked(rows: &[Vec<String>], width: usize) -> String {
    let rows = rows.iter().skip(1).map(|row| {
        let (last, others) = row
            .split_last()
            .map_or(("", &[][..]), |(last, others)| (last.as_str(), others));
        let head = lines(&others.join("  "), "", "  ", width);
        head + &lines(last, "    ", "    ", width)
    });
    rows.collect()
}
