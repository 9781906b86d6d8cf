//! The text of a manifest, with its line starts.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use schemars::JsonSchema;
use serde::Serialize;

/// The largest manifest, in bytes.
pub const SOURCE_MAX: u64 = 1 << 20;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    path: PathBuf,
    text: String,
    line_starts: Vec<usize>,
    /// How many characters begin before each block of [`BLOCK`] bytes; counted
    /// when the first position is asked for.
    characters: OnceLock<Vec<usize>>,
    /// The copy that is safe to display; made when something is rendered.
    pub(super) shown: OnceLock<String>,
}

/// The most bytes that are scanned to count the columns of a position: a file may be
/// one long line with a problem in every word.
const BLOCK: usize = 1024;

/// A position in a text. Lines and columns count from 1, columns in Unicode
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
    /// Fails with the offset of the first byte that is not UTF-8.
    pub fn new(path: &Path, bytes: &[u8]) -> Result<Self, usize> {
        let text = std::str::from_utf8(bytes).map_err(|error| error.valid_up_to())?;
        Ok(Self::of_text(path, text.to_owned()))
    }

    pub fn of_text(path: &Path, text: String) -> Self {
        let starts = text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            path: path.to_owned(),
            line_starts: std::iter::once(0).chain(starts).collect(),
            text,
            characters: OnceLock::new(),
            shown: OnceLock::new(),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// An offset beyond the text is its end.
    pub fn position(&self, offset: usize) -> Position {
        let offset = self.text.floor_char_boundary(offset);
        let line = self.line_number(offset);
        let start = self.line_start(line);
        // A byte-order mark has an offset, but no column.
        let mark = usize::from(start == 0 && offset > 0 && self.text.starts_with('\u{feff}'));
        let column = self.characters_before(offset) - self.characters_before(start) - mark + 1;
        Position {
            line,
            column,
            offset,
        }
    }

    /// Moves both ends of a range to character boundaries. An empty range grows to
    /// the rest of its line, or to the last character, so that there is something
    /// to mark.
    pub fn clamp(&self, span: Range<usize>) -> Range<usize> {
        let start = self.text.floor_char_boundary(span.start);
        let end = self.text.floor_char_boundary(span.end).max(start);
        if start < end {
            return start..end;
        }
        let rest = self.text.get(start..self.line(start).end);
        let rest = rest.unwrap_or_default().trim_end();
        if !rest.is_empty() {
            return start..start + rest.len();
        }
        match self.text.get(..start).and_then(|text| text.chars().last()) {
            Some(last) => start - last.len_utf8()..start,
            None => start..start,
        }
    }

    /// The number of an offset's line, from 1.
    pub fn line_number(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|&start| start <= offset)
    }

    /// The bytes of an offset's line, without its line ending.
    pub fn line(&self, offset: usize) -> Range<usize> {
        let number = self.line_number(offset);
        let next = self.line_starts.get(number);
        self.line_start(number)..next.map_or(self.text.len(), |next| next - 1)
    }

    fn characters_before(&self, offset: usize) -> usize {
        let blocks = self.characters.get_or_init(|| {
            let blocks = self.text.as_bytes().chunks(BLOCK);
            let mut sum = 0;
            let before = blocks.map(|block| {
                sum += begin_in(block);
                sum
            });
            std::iter::once(0).chain(before).collect()
        });
        let block = offset / BLOCK;
        let rest = self.text.as_bytes().get(block * BLOCK..offset);
        blocks.get(block).copied().unwrap_or_default() + begin_in(rest.unwrap_or_default())
    }

    fn line_start(&self, number: usize) -> usize {
        let index = number.saturating_sub(1);
        self.line_starts.get(index).copied().unwrap_or(0)
    }
}

/// Counts the characters that begin in these bytes of UTF-8.
fn begin_in(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| byte & 0xc0 != 0x80).count()
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
            let location = source.position(offset);
            (location.line, location.column)
        };
        assert_eq!((at(0), at(2), at(4)), ((1, 1), (2, 1), (2, 2)));
        assert_eq!((at(6), at(99)), ((3, 1), (3, 1)));
    }

    #[test]
    fn a_byte_order_mark_has_an_offset_but_no_column() {
        let source = source("\u{feff}a\u{feff}b");
        let columns = [3, 4, 7].map(|offset| source.position(offset).column);
        assert_eq!(columns, [1, 2, 3]);
    }

    #[test]
    fn an_empty_range_grows_to_something_to_mark() {
        let source = source("ab cd \nx");
        assert_eq!(source.clamp(3..3), 3..5);
        assert_eq!(source.clamp(8..8), 7..8);
        assert_eq!(source.clamp(90..95), 7..8);
    }

    #[test]
    fn the_first_invalid_byte_is_reported() {
        assert_eq!(Source::new(Path::new("m"), b"ab\xff"), Err(2));
    }

    proptest! {
        #[test]
        fn columns_are_counted_in_scalar_values(text in "[a\u{e4}\u{1f600}\n]{0,40}", times in 1usize..200, at in 0usize..20000) {
            let text = text.repeat(times);
            let source = source(&text);
            let location = source.position(at);
            let before = text.get(..location.offset).unwrap();
            let line = before.rsplit('\n').next().unwrap();
            prop_assert_eq!(location.column, line.chars().count() + 1);
            prop_assert_eq!(location.line, before.matches('\n').count() + 1);
        }

        #[test]
        fn every_range_is_moved_onto_the_text(text in "\\PC{0,20}", a in 0usize..40, b in 0usize..40) {
            let source = source(&text);
            let span = source.clamp(a..b);
            prop_assert!(source.text().get(span).is_some());
        }
    }
}
