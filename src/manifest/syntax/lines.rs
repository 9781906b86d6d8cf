//! A text by its lines: headers, first definitions, merge conflicts.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::diagnostics::Source;

/// Returns the lines of a text with their offsets, without line ends.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split('\n').map(move |line| {
        let start = at;
        at += line.len() + 1;
        (start, line.strip_suffix('\r').unwrap_or(line))
    })
}

fn is_header(line: &str) -> bool {
    line.trim_start().starts_with('[')
}

/// Says whether an offset is on the line of a header.
pub(super) fn on_header(source: &Source, at: usize) -> bool {
    let line = source.line(at);
    is_header(source.text().get(line).unwrap_or_default())
}

/// Returns the range of a table: from its header to the next one. The top level
/// has no header and begins at 0.
pub(super) fn header_region(text: &str, header: &Range<usize>) -> Range<usize> {
    let rest = text.get(header.start..).unwrap_or_default();
    let own = usize::from(is_header(rest));
    let next = lines(rest).skip(own).find(|(_, line)| is_header(line));
    header.start..next.map_or(text.len(), |(at, _)| header.start + at)
}

/// Where each field and each header of a text is first defined.
#[derive(Debug, Default)]
pub(super) struct Definitions {
    first: BTreeMap<(String, String), Range<usize>>,
    headers: Vec<(usize, String)>,
}

impl Definitions {
    /// Collects them, line by line.
    pub(super) fn of(text: &str) -> Self {
        let mut all = Self::default();
        let mut table = String::new();
        for (start, line) in lines(text) {
            let Some((name, range)) = name_of(line) else {
                continue;
            };
            let range = start + range.start..start + range.end;
            let key = if is_header(line) {
                table.clone_from(&name);
                all.headers.push((start, name.clone()));
                (String::new(), format!("[{name}]"))
            } else {
                (table.clone(), name)
            };
            all.first.entry(key).or_insert(range);
        }
        all
    }

    /// Returns the first definition of what is defined once more at an offset.
    pub(super) fn first(&self, text: &str, at: usize) -> Option<Range<usize>> {
        let start = text.get(..at)?.rfind('\n').map_or(0, |end| end + 1);
        let line = text.get(start..)?.split('\n').next()?;
        let (name, _) = name_of(line)?;
        let key = if is_header(line) {
            (String::new(), format!("[{name}]"))
        } else {
            let above = self.headers.partition_point(|(header, _)| *header < start);
            let table = above.checked_sub(1).and_then(|last| self.headers.get(last));
            (
                table.map(|(_, name)| name.clone()).unwrap_or_default(),
                name,
            )
        };
        let first = self.first.get(&key)?;
        (first.start < start).then(|| first.clone())
    }
}

/// Returns the name that a line defines, without spaces and quotation marks,
/// and where it stands.
fn name_of(line: &str) -> Option<(String, Range<usize>)> {
    let trimmed = line.trim_start();
    let start = line.len() - trimmed.len();
    let end = if is_header(line) {
        let closing = trimmed.find(']');
        closing.map(|at| at + 1 + usize::from(trimmed.as_bytes().get(at + 1) == Some(&b']')))
    } else {
        trimmed.find('=')
    };
    let written = trimmed.get(..end?)?.trim_end();
    let name = written.chars().filter(|c| !" \t\"'[]".contains(*c));
    Some((name.collect(), start..start + written.len()))
}

/// A merge conflict that somebody forgot.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Conflict {
    /// Its first line.
    pub(super) start: Range<usize>,
    /// The lines that are not read: its marks, and all but the first side.
    pub(super) blanked: Vec<Range<usize>>,
}

/// Which part of a conflict a line is in.
#[derive(PartialEq, Eq)]
enum Side {
    None,
    First,
    Other,
}

/// Finds merge conflicts by the marks that git writes (git-merge(1)).
pub(super) fn conflicts(text: &str) -> Vec<Conflict> {
    let mut found: Vec<Conflict> = Vec::new();
    let mut side = Side::None;
    for (start, line) in lines(text) {
        let range = start..start + line.len();
        let begins = line.starts_with("<<<<<<< ");
        if begins {
            side = Side::First;
            found.push(Conflict {
                start: range.clone(),
                blanked: Vec::new(),
            });
        } else if side == Side::First
            && ["=======", "|||||||"]
                .iter()
                .any(|mark| line.starts_with(mark))
        {
            side = Side::Other;
        }
        let read = side == Side::None || (side == Side::First && !begins);
        if let Some(conflict) = found.last_mut().filter(|_| !read) {
            conflict.blanked.push(range);
        }
        if line.starts_with(">>>>>>> ") {
            side = Side::None;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_goes_on_to_the_next_header() {
        let text = "a = 1\n[t]\nb = 2\n [[u]]\n";
        let region = |header| text.get(header_region(text, &header)).unwrap();
        assert_eq!(region(0..0), "a = 1\n");
        assert_eq!(region(6..9), "[t]\nb = 2\n");
        assert_eq!(region(16..21), " [[u]]\n");
    }

    #[test]
    fn the_first_definition_is_found_whatever_it_is_written_like() {
        let text = "a = 1\n[t]\na = 2\n\"a\" = 3\n[ t ]\n";
        let all = Definitions::of(text);
        let first = |at| all.first(text, at).map(|range| text.get(range).unwrap());
        assert_eq!(first(17), Some("a"));
        assert_eq!(first(26), Some("[t]"));
        assert_eq!(first(0), None);
    }

    #[test]
    fn of_a_conflict_the_first_side_is_read() {
        let text = "<<<<<<< a\nx = 1\n||||||| b\nx = 0\n=======\nx = 2\n>>>>>>> c\ny = 1\n";
        let found = conflicts(text);
        assert_eq!(found.len(), 1);
        let blanked = found[0]
            .blanked
            .iter()
            .map(|line| text.get(line.clone()).unwrap());
        assert_eq!(
            blanked.collect::<Vec<_>>(),
            [
                "<<<<<<< a",
                "||||||| b",
                "x = 0",
                "=======",
                "x = 2",
                ">>>>>>> c"
            ]
        );
        assert_eq!(conflicts("=======\n"), []);
    }
}
