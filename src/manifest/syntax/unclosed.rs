//! Values that are not closed. The parser reads everything after one as a part of
//! it; here it ends where the next field or header begins.

use std::ops::Range;

use crate::diagnostics::{StructuralBytes, begins_statement};

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unclosed {
    /// Where the value begins.
    pub(super) mark: usize,
    /// From the field's line to the next field or header.
    pub(super) range: Range<usize>,
}

/// The most that are found: each may cost a scan of the rest of the text.
const LIMIT: usize = 200;

/// Finds values that are not closed by the end of the text or the line, or before
/// another bracket closes.
pub(super) fn unclosed(text: &str) -> Vec<Unclosed> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some((mark, line, seen)) = next_open(text, at) {
        at = if found.len() + 1 < LIMIT {
            next_statement(text, line, seen)
        } else {
            text.len()
        };
        let range = line..at;
        found.push(Unclosed { mark, range });
    }
    found
}

/// What the mark of a value opens, and what closes it.
pub(super) fn kind(value: &str) -> (&'static str, &'static str) {
    let is = |mark: &&str| value.starts_with(mark);
    match value.as_bytes().first() {
        Some(b'[') => ("array", "]"),
        Some(b'{') => ("inline table", "}"),
        _ => {
            let mut marks = ["\"\"\"", "'''", "\""].into_iter();
            ("string", marks.find(is).unwrap_or("'"))
        }
    }
}

/// The first value after the beginning of a line that is not closed: its mark, the
/// line of its field, and what it ends after.
fn next_open(text: &str, from: usize) -> Option<(usize, usize, usize)> {
    let mut bytes = StructuralBytes::new(text, from);
    let mut open: Vec<(usize, u8)> = Vec::new();
    let (mut line, mut in_value) = (from, false);
    while let Some((at, byte)) = bytes.next() {
        let string = bytes.open_string.take().filter(|_| in_value);
        let wrong = match (byte, open.last()) {
            (b']', Some((mark, b'{'))) | (b'}', Some((mark, b'['))) => Some(*mark),
            _ => None,
        };
        if let Some(mark) = string.or(wrong) {
            let seen = if string.is_some() { mark } else { at };
            // A field inside a value means that the value should have ended before.
            let outer = open.first().map(|(outer, _)| *outer);
            let outer = outer.filter(|outer| next_statement(text, line, *outer) <= mark);
            return Some((outer.unwrap_or(mark), line, outer.unwrap_or(seen)));
        }
        match byte {
            b'\n' if open.is_empty() => (line, in_value) = (at + 1, false),
            b'=' => in_value = true,
            b'[' | b'{' if in_value => open.push((at, byte)),
            b']' | b'}' => drop(open.pop()),
            _ => {}
        }
    }
    let string = bytes.open_string.filter(|_| in_value);
    let mark = open.first().map(|(at, _)| *at).or(string)?;
    Some((mark, line, mark))
}

/// The next line that must be a field or a header: one that is not indented more
/// than `line`.
fn next_statement(text: &str, line: usize, after: usize) -> usize {
    let indent = indent(text.get(line..).unwrap_or_default());
    let rest = text.get(after..).unwrap_or_default();
    let lines = rest.match_indices('\n').map(|(at, _)| after + at + 1);
    let mut lines = lines.filter(|start| {
        let line = text.get(*start..).unwrap_or_default();
        let line = line.split('\n').next().unwrap_or_default();
        self::indent(line) <= indent && begins_statement(line.trim_start())
    });
    lines.next().unwrap_or(text.len())
}

fn indent(line: &str) -> usize {
    let is_blank = |c: char| c == ' ' || c == '\t';
    line.len() - line.trim_start_matches(is_blank).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(&str, usize, &'static str)> {
        let found = unclosed(text).into_iter();
        found
            .map(|one| {
                let (_, closing) = kind(text.get(one.mark..).unwrap());
                (text.get(one.range).unwrap(), one.mark, closing)
            })
            .collect()
    }

    #[test]
    fn an_open_value_ends_where_the_next_field_or_header_begins() {
        assert_eq!(
            found("a = [\n  \"x\",\n  \"y\"\nb = 1\n"),
            [("a = [\n  \"x\",\n  \"y\"\n", 4, "]")]
        );
        assert_eq!(
            found("a = {x = 1,\ny = 2,\n[t]\nc = 2"),
            [("a = {x = 1,\ny = 2,\n", 4, "}")]
        );
        assert_eq!(
            found("a = \"\"\"x\n\nb = '''\n[t]\n"),
            [("a = \"\"\"x\n\n", 4, "\"\"\""), ("b = '''\n", 14, "'''")]
        );
        assert_eq!(found("a = [ # ]\n"), [("a = [ # ]\n", 4, "]")]);
        assert_eq!(found("a = \"x\ny\"\nb = 1"), [("a = \"x\ny\"\n", 4, "\"")]);
    }

    #[test]
    fn a_wrong_closing_bracket_leaves_the_innermost_value_open() {
        let text = "a = [\n { x = 1 ],\n {},\n]\nb = 1\n";
        assert_eq!(found(text), [("a = [\n { x = 1 ],\n {},\n]\n", 7, "}")]);
    }

    #[test]
    fn a_string_that_is_opened_again_ends_with_its_field() {
        let text = "a = \"\"\"\nx\n\"\"\" \"\"\"\nb = 1\n";
        assert_eq!(
            found(text),
            [("a = \"\"\"\nx\n\"\"\" \"\"\"\n", 14, "\"\"\"")]
        );
    }

    #[test]
    fn closed_values_are_not_found() {
        for text in [
            "a = [\n[1],\n]\n[t]\n",
            "[t]\nx = { a = [\n1 ] }",
            "a = '''\n]'''",
            "[t\nb = 1",
            "a = 1\n]\n",
            "a = it's\n",
            "a = [it's]\n",
        ] {
            assert_eq!(found(text), []);
        }
    }

    #[test]
    fn the_number_of_open_values_is_limited() {
        let many = "a = [\n".repeat(10_000);
        assert_eq!(unclosed(&many).len(), LIMIT);
    }
}
