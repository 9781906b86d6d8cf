//! Values that are opened and not closed. The parser takes all that follows
//! into such a value; here it ends where the next field or header begins.

use std::ops::Range;

use super::skim::Skim;

/// A value without its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unclosed {
    /// From its opening to the next field or header.
    pub(super) range: Range<usize>,
    /// What it is.
    pub(super) what: &'static str,
    /// What would close it.
    pub(super) closing: &'static str,
}

/// So many are told apart; each costs a look at the rest of the text.
const MOST: usize = 16;

/// Finds the values that are still open at the end of the text.
pub(super) fn unclosed(text: &str) -> Vec<Unclosed> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some((open, byte)) = open_at_end(text, at) {
        let end = if found.len() + 1 < MOST {
            next_statement(text, open)
        } else {
            text.len()
        };
        let (what, closing) = match byte {
            b'[' => ("array", "]"),
            b'{' => ("inline table", "}"),
            b'"' => ("text", "\"\"\""),
            _ => ("text", "'''"),
        };
        found.push(Unclosed {
            range: open..end,
            what,
            closing,
        });
        at = end;
    }
    found
}

/// Returns the first value after an offset that is open when the text ends,
/// with the byte that opens it.
fn open_at_end(text: &str, from: usize) -> Option<(usize, u8)> {
    let mut skim = Skim::new(text, from);
    let mut open: Vec<(usize, u8)> = Vec::new();
    let mut in_value = false;
    for (at, byte) in skim.by_ref() {
        match byte {
            b'\n' if open.is_empty() => in_value = false,
            b'=' => in_value = true,
            b'[' | b'{' if in_value => open.push((at, byte)),
            b']' | b'}' => drop(open.pop()),
            _ => {}
        }
    }
    let string = skim.open_string.and_then(|at| {
        let byte = text.as_bytes().get(at)?;
        Some((at, *byte))
    });
    open.first().copied().or(string)
}

/// Returns the beginning of the next line that must be a field or a header.
fn next_statement(text: &str, after: usize) -> usize {
    let own = text.get(..after).unwrap_or_default();
    let indent = indent(own.rsplit('\n').next().unwrap_or_default());
    let rest = text.get(after..).unwrap_or_default();
    let lines = rest.match_indices('\n').map(|(at, _)| after + at + 1);
    let mut lines = lines.filter(|start| {
        let line = text.get(*start..).unwrap_or_default();
        let line = line.split('\n').next().unwrap_or_default();
        self::indent(line) <= indent && is_statement(line.trim())
    });
    lines.next().unwrap_or(text.len())
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn is_statement(line: &str) -> bool {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_-.\"'".contains(c);
    if let Some(header) = line.strip_prefix('[') {
        let name = header.trim_start_matches('[');
        let end = name.find(|c| !is_name(c)).unwrap_or(name.len());
        let behind = name.get(end..).unwrap_or_default();
        let ends = behind.is_empty() || behind.starts_with(']');
        return name.starts_with(|c: char| c.is_ascii_alphabetic()) && ends;
    }
    // The elements of a table or an array that goes on end in a comma.
    let name = line.find(|c| !is_name(c)).filter(|&end| end > 0);
    let behind = name.and_then(|end| line.get(end..)).unwrap_or_default();
    behind.trim_start().starts_with('=') && !line.ends_with(',')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(&str, &'static str)> {
        let found = unclosed(text).into_iter();
        found
            .map(|one| (text.get(one.range).unwrap(), one.what))
            .collect()
    }

    #[test]
    fn an_open_value_ends_where_the_next_field_or_header_begins() {
        assert_eq!(
            found("a = [\n  \"x\",\n  \"y\"\nb = 1\n"),
            [("[\n  \"x\",\n  \"y\"\n", "array")]
        );
        assert_eq!(
            found("a = {x = 1,\ny = 2,\n[t]\nc = 2"),
            [("{x = 1,\ny = 2,\n", "inline table")]
        );
        assert_eq!(
            found("a = \"\"\"x\n\nb = '''\n[t]\n"),
            [("\"\"\"x\n\n", "text"), ("'''\n", "text")]
        );
        assert_eq!(found("a = [ # ]\n"), [("[ # ]\n", "array")]);
    }

    #[test]
    fn what_is_closed_is_not_found() {
        for text in [
            "a = [\n[1],\n]\n[t]\n",
            "[t]\nx = { a = [\n1 ] }",
            "a = '''\n]'''",
            "[t\nb = 1",
            "a = 1\n]\n",
        ] {
            assert_eq!(found(text), []);
        }
    }

    #[test]
    fn many_open_values_cost_no_more_than_some() {
        let many = "a = [\n".repeat(100_000);
        assert_eq!(unclosed(&many).len(), MOST);
    }
}
