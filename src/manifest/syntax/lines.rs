//! Where fields are defined first, and merge conflicts.

use std::collections::BTreeMap;
use std::ops::Range;

use super::super::statements::Statements;
use crate::diagnostics::Source;

/// Where each field and header of a text is defined first.
#[derive(Debug, Default)]
pub(super) struct Definitions {
    first: BTreeMap<(String, String), Range<usize>>,
}

/// The table of a line, and the name that the line defines in it. A header is a
/// field of the top level.
fn key(
    text: &str,
    statements: &Statements,
    line: usize,
    is_header: bool,
) -> Option<(String, Name)> {
    let name = name_of(text, line, is_header)?;
    if is_header {
        return Some((String::new(), name));
    }
    let header = statements.table(line).start;
    let in_table = statements.headers.binary_search(&header).is_ok();
    let table = in_table.then(|| name_of(text, header, true)).flatten();
    Some((table.map(|table| table.text).unwrap_or_default(), name))
}

impl Definitions {
    pub(super) fn of(text: &str, statements: &Statements) -> Self {
        let mut all = Self::default();
        for &(line, is_header) in &statements.lines {
            let Some((table, name)) = key(text, statements, line, is_header) else {
                continue;
            };
            // `a.b = 1` also defines `a`.
            let first = name.text.split('.').next().unwrap_or_default().to_owned();
            for defined in [name.text, first] {
                let key = (table.clone(), defined);
                all.first.entry(key).or_insert(name.span.clone());
            }
        }
        all
    }

    /// The first definition of the name that a line defines again.
    pub(super) fn first(
        &self,
        text: &str,
        statements: &Statements,
        line: usize,
    ) -> Option<Range<usize>> {
        let is_header = statements.headers.binary_search(&line).is_ok();
        let (table, name) = key(text, statements, line, is_header)?;
        let first = self.first.get(&(table, name.text))?;
        (first.start < line).then(|| first.clone())
    }
}

struct Name {
    /// Without spaces, quotation marks and brackets.
    text: String,
    span: Range<usize>,
}

fn name_of(text: &str, line: usize, is_header: bool) -> Option<Name> {
    let rest = text.get(line..)?.split('\n').next()?;
    let trimmed = rest.trim_start();
    let start = line + (rest.len() - trimmed.len());
    let end = if is_header {
        let closing = trimmed.find(']')?;
        closing + 1 + usize::from(trimmed.as_bytes().get(closing + 1) == Some(&b']'))
    } else {
        trimmed.find('=')?
    };
    let written = trimmed.get(..end)?.trim_end();
    let plain = written.chars().filter(|c| !" \t\"'[]".contains(*c));
    Some(Name {
        text: plain.collect(),
        span: start..start + written.len(),
    })
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Conflict {
    /// Its first line.
    pub(super) start: Range<usize>,
    /// The lines that are not read: its markers, and all but the first side.
    pub(super) blanked: Vec<Range<usize>>,
}

/// The part of a conflict that a line is in.
#[derive(PartialEq, Eq)]
enum Side {
    None,
    First,
    Other,
}

/// Finds merge conflicts by git's markers (git-merge(1)), outside of strings.
pub(super) fn conflicts(source: &Source, statements: &Statements) -> Vec<Conflict> {
    let mut found: Vec<Conflict> = Vec::new();
    let mut side = Side::None;
    for &(start, _) in &statements.lines {
        let range = source.line(start);
        let line = source.text().get(range.clone()).unwrap_or_default();
        let begins = line.starts_with("<<<<<<< ");
        if begins {
            side = Side::First;
            found.push(Conflict {
                start: range.clone(),
                blanked: Vec::new(),
            });
        } else if side == Side::First
            && (line.starts_with("=======") || line.starts_with("|||||||"))
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
    use std::path::Path;

    use super::*;

    #[test]
    fn the_first_definition_is_found_in_every_spelling() {
        let text = "a = 1\nd.e = 1\n[t]\na = 2\n\"a\" = 3\n[ t ]\n[d]\n";
        let statements = Statements::of(text);
        let all = Definitions::of(text, &statements);
        let first = |line: &str| {
            let first = all.first(text, &statements, text.rfind(line).unwrap());
            first.map(|range| text.get(range).unwrap())
        };
        assert_eq!(first("\"a\""), Some("a"));
        assert_eq!(first("[ t ]"), Some("[t]"));
        assert_eq!(first("[d]"), Some("d.e"));
        assert_eq!(first("a = 1"), None);
    }

    #[test]
    fn the_first_side_of_a_conflict_is_read() {
        let text = "<<<<<<< a\nx = 1\n||||||| b\nx = 0\n=======\nx = 2\n>>>>>>> c\ny = 1\n";
        let of = |text: &str| {
            let source = Source::new(Path::new("m"), text.as_bytes()).unwrap();
            let found = conflicts(&source, &Statements::of(text)).into_iter();
            let blanked = found.flat_map(|one| one.blanked);
            blanked
                .map(|line| text.get(line).unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        let lines = [
            "<<<<<<< a",
            "||||||| b",
            "x = 0",
            "=======",
            "x = 2",
            ">>>>>>> c",
        ];
        assert_eq!(of(text), lines);
        assert!(of("=======\n").is_empty() && of(&format!("b = '''\n{text}'''\n")).is_empty());
    }
}
