//! The text of one manifest, with its line starts.

use std::ops::Range;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use crate::names::is_hidden;

/// Largest manifest, in bytes.
pub const SOURCE_MAX: u64 = 1 << 20;

/// A manifest's text as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    path: PathBuf,
    text: String,
    line_starts: Vec<usize>,
}

/// A place in a text. Lines and columns count from 1, columns in Unicode
/// scalar values; the offset counts bytes from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in Unicode scalar values, from 1.
    pub column: usize,
    /// Bytes from 0.
    pub offset: usize,
}

impl Source {
    /// Takes the bytes of a file.
    ///
    /// # Errors
    ///
    /// The offset of the first byte that is not UTF-8.
    pub fn new(path: &Path, bytes: &[u8]) -> Result<Self, usize> {
        let text = std::str::from_utf8(bytes).map_err(|error| error.valid_up_to())?;
        let starts = text.match_indices('\n').map(|(at, _)| at + 1);
        Ok(Self {
            path: path.to_owned(),
            line_starts: std::iter::once(0).chain(starts).collect(),
            text: text.to_owned(),
        })
    }

    /// Returns where the text came from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Says where an offset is. One beyond the text is its end.
    pub fn position(&self, offset: usize) -> Position {
        let offset = self.border(offset);
        let line = self.line_starts.partition_point(|&start| start <= offset);
        let start = self.line_start(line);
        let before = self.text.get(start..offset).unwrap_or_default();
        // A byte-order mark is counted by offsets and shown in no column.
        let column = before.chars().filter(|&c| c != '\u{feff}').count() + 1;
        Position {
            line,
            column,
            offset,
        }
    }

    /// Moves both ends of a range onto characters of the text. An empty range
    /// grows to the rest of its line, or to the last character: a mark under
    /// nothing helps nobody.
    pub fn clamp(&self, span: Range<usize>) -> Range<usize> {
        let start = self.border(span.start);
        let end = self.border(span.end).max(start);
        if start < end {
            return start..end;
        }
        let line = self.line(start);
        let line_end = line.start
            + self
                .text
                .get(line.clone())
                .unwrap_or_default()
                .trim_end()
                .len();
        if start < line_end {
            return start..line_end;
        }
        match self.text.get(..start).and_then(|text| text.chars().last()) {
            Some(last) => start - last.len_utf8()..start,
            None => start..start,
        }
    }

    /// Returns the bytes of the line an offset is on, without its line end.
    pub fn line(&self, offset: usize) -> Range<usize> {
        let number = self.position(offset).line;
        let start = self.line_start(number);
        let rest = self.text.get(start..).unwrap_or_default();
        start..start + rest.find('\n').unwrap_or(rest.len())
    }

    /// Returns a copy of equal byte length in which nothing is hidden, so
    /// that every span still holds.
    pub fn harmless(&self) -> String {
        self.text
            .chars()
            .fold(String::with_capacity(self.text.len()), |mut out, c| {
                match c {
                    '\n' | '\t' => out.push(c),
                    hidden if is_hidden(hidden) => out.push_str(stand_in(hidden.len_utf8())),
                    plain => out.push(plain),
                }
                out
            })
    }

    fn border(&self, offset: usize) -> usize {
        let end = offset.min(self.text.len());
        (0..=end)
            .rev()
            .find(|&at| self.text.is_char_boundary(at))
            .unwrap_or(0)
    }

    fn line_start(&self, number: usize) -> usize {
        let index = number.saturating_sub(1);
        self.line_starts.get(index).copied().unwrap_or(0)
    }
}

/// What stands in the place of a hidden character of so many bytes.
fn stand_in(bytes: usize) -> &'static str {
    match bytes {
        1 => "?",
        2 => "\u{bf}",
        3 => "\u{fffd}",
        _ => "\u{bf}\u{bf}",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn source(text: &str) -> Source {
        Source::new(Path::new("m"), text.as_bytes()).unwrap()
    }

    #[test]
    fn lines_and_columns_count_from_one_in_scalar_values() {
        let source = source("a\nöx\n");
        let at = |offset| {
            let place = source.position(offset);
            (place.line, place.column)
        };
        assert_eq!((at(0), at(2), at(4)), ((1, 1), (2, 1), (2, 2)));
        assert_eq!((at(6), at(99)), ((3, 1), (3, 1)));
    }

    #[test]
    fn an_empty_range_grows_to_something_one_can_point_at() {
        let source = source("ab cd \nx");
        assert_eq!(source.clamp(3..3), 3..5);
        assert_eq!(source.clamp(8..8), 7..8);
        assert_eq!(source.clamp(90..95), 7..8);
    }

    #[test]
    fn the_first_byte_that_is_not_utf8_is_named() {
        assert_eq!(Source::new(Path::new("m"), b"ab\xff"), Err(2));
    }

    proptest! {
        #[test]
        fn the_harmless_copy_keeps_every_span(text in "\\PC*|[\\x00-\\x7f\u{80}-\u{9f}\u{ad}\u{202e}\u{feff}\u{e0041}]*") {
            let source = source(&text);
            let copy = source.harmless();
            prop_assert_eq!(copy.len(), text.len());
            prop_assert!(copy.chars().all(|c| c == '\n' || c == '\t' || !is_hidden(c)));
            prop_assert!((0..=text.len()).all(|at| !text.is_char_boundary(at) || copy.is_char_boundary(at)));
        }

        #[test]
        fn every_range_is_moved_onto_the_text(text in "\\PC{0,20}", a in 0usize..40, b in 0usize..40) {
            let source = source(&text);
            let span = source.clamp(a..b);
            prop_assert!(source.text().get(span).is_some());
        }
    }
}
