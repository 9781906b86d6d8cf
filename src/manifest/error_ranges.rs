//! The ranges of syntax errors.

use std::ops::Range;

use super::statements::Statements;

/// The ranges in which only syntax errors are reported.
#[derive(Debug, Default)]
pub(super) struct ErrorRanges {
    ranges: Vec<Range<usize>>,
    statements: Statements,
}

impl ErrorRanges {
    pub(super) fn of(mut ranges: Vec<Range<usize>>, statements: Statements) -> Self {
        ranges.sort_by_key(|range| (range.start, range.end));
        let mut merged: Vec<Range<usize>> = Vec::new();
        for range in ranges {
            match merged.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => merged.push(range),
            }
        }
        Self {
            ranges: merged,
            statements,
        }
    }

    /// Whether a range overlaps an error.
    pub(super) fn touches(&self, span: &Range<usize>) -> bool {
        let next = self.ranges.partition_point(|range| range.end <= span.start);
        let end = span.end.max(span.start + 1);
        let range = self.ranges.get(next);
        range.is_some_and(|range| range.start < end)
    }

    /// Whether the table of a header contains an error; the top level has an empty
    /// header.
    pub(super) fn in_table(&self, header: &Range<usize>) -> bool {
        let table = if header.is_empty() {
            self.statements.top_level()
        } else {
            self.statements.table(header.start)
        };
        !table.is_empty() && self.touches(&table)
    }
}
