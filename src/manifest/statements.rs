//! The lines of a text that begin a field or a header, and the ranges that contain
//! syntax errors.

use std::ops::Range;

use crate::diagnostics::{Source, StructuralBytes};

/// The lines of a text that begin a field or a header, not those that continue a
/// value.
#[derive(Debug, Default)]
pub(super) struct Statements {
    /// The start of each line, and whether it is a header.
    pub(super) lines: Vec<(usize, bool)>,
    /// The start of each header's line.
    pub(super) headers: Vec<usize>,
    end: usize,
}

impl Statements {
    pub(super) fn of(text: &str) -> Self {
        let mut all = Self {
            end: text.len(),
            ..Self::default()
        };
        let (mut line, mut fresh, mut in_value, mut depth) = (0, true, false, 0usize);
        for (at, byte) in StructuralBytes::new(text, 0) {
            match byte {
                b'\n' => {
                    line = at + 1;
                    fresh = depth == 0;
                    in_value &= !fresh;
                }
                b' ' | b'\t' | b'\r' => {}
                _ => {
                    if std::mem::take(&mut fresh) {
                        all.push(line, byte == b'[');
                    }
                    match byte {
                        b'=' => in_value = true,
                        b'[' | b'{' if in_value => depth += 1,
                        b']' | b'}' => depth = depth.saturating_sub(usize::from(in_value)),
                        _ => {}
                    }
                }
            }
        }
        all
    }

    fn push(&mut self, line: usize, is_header: bool) {
        self.lines.push((line, is_header));
        if is_header {
            self.headers.push(line);
        }
    }

    /// The table that contains an offset: from its header to the next one. The top
    /// level begins at 0.
    pub(super) fn table(&self, at: usize) -> Range<usize> {
        let next = self.headers.partition_point(|&header| header <= at);
        let own = next.checked_sub(1).and_then(|own| self.headers.get(own));
        let end = self.headers.get(next).copied().unwrap_or(self.end);
        own.copied().unwrap_or(0)..end
    }

    /// What is above the first header.
    pub(super) fn top_level(&self) -> Range<usize> {
        0..self.headers.first().copied().unwrap_or(self.end)
    }

    pub(super) fn on_header(&self, source: &Source, at: usize) -> bool {
        self.headers.binary_search(&source.line(at).start).is_ok()
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_continues_until_the_next_header_outside_of_strings() {
        let text = "a = '''\n[x]\n'''\n[t]\nb = [\n[1],\n]\n [[u]]\n";
        let statements = Statements::of(text);
        let table = |at| text.get(statements.table(at)).unwrap();
        assert_eq!(table(0), "a = '''\n[x]\n'''\n");
        assert_eq!(table(20), "[t]\nb = [\n[1],\n]\n");
        assert_eq!(table(text.len()), " [[u]]\n");
    }
}
