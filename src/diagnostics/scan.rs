//! Scans TOML text that may not be valid: its strings and comments, and the lines
//! that begin a field or a header.

use std::ops::Range;

/// The bytes of a text that are in no string and no comment.
pub struct StructuralBytes<'t> {
    text: &'t str,
    at: usize,
    /// The byte before: an apostrophe in the middle of a word opens nothing.
    last: u8,
    /// Where a string begins that is not closed: a multi-line one by the end of the
    /// text, or the last one that its line does not close.
    pub open_string: Option<usize>,
    /// Quotation marks after the last string that are too many to close it.
    pub surplus: Option<Range<usize>>,
}

impl<'t> StructuralBytes<'t> {
    /// Starts at an offset outside of strings.
    pub fn new(text: &'t str, at: usize) -> Self {
        Self {
            text,
            at,
            last: b'\n',
            open_string: None,
            surplus: None,
        }
    }

    /// Whether the beginning of a line is outside of strings.
    pub(super) fn reaches(&mut self, line: usize) -> bool {
        while self.at < line && self.next().is_some() {}
        self.at == line
    }

    fn rest(&self) -> &'t [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// A string that is not closed ends with its line, a multi-line one with the
    /// text.
    fn skip_string(&mut self, quote: &str) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = string_length(rest, quote);
        if length.is_none() {
            self.open_string = Some(self.at);
        }
        let line = || rest.find('\n').filter(|_| quote.len() == 1);
        self.at += length.or_else(line).unwrap_or(rest.len());
        if length.is_some() {
            self.skip_more(quote);
        }
    }

    /// Skips more of the quotation marks that have closed a string. A multi-line string
    /// may end in two of them; the others are too many, if the value ends there.
    fn skip_more(&mut self, quote: &str) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let (mark, allowed) = quote.split_at(1);
        let behind = rest.trim_start_matches(mark);
        let run = rest.len() - behind.len();
        let surplus = run.saturating_sub(allowed.len());
        let behind = behind.trim_start_matches([' ', '\t', '\r']);
        let ends = behind.is_empty() || behind.starts_with(['\n', '#', ',', ']', '}']);
        if surplus == 0 || ends {
            self.at += run;
        }
        if surplus > 0 && ends {
            self.surplus = Some(self.at - surplus..self.at);
        }
    }
}

impl Iterator for StructuralBytes<'_> {
    type Item = (usize, u8);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let in_word = self.last.is_ascii_alphanumeric();
            self.last = b'"';
            match self.rest() {
                [b'"', b'"', b'"', ..] => self.skip_string("\"\"\""),
                [b'\'', b'\'', b'\'', ..] => self.skip_string("'''"),
                [b'"', ..] if !in_word => self.skip_string("\""),
                [b'\'', ..] if !in_word => self.skip_string("'"),
                [b'#', rest @ ..] => {
                    let end = rest.iter().position(|&byte| byte == b'\n');
                    self.at += 1 + end.unwrap_or(rest.len());
                }
                [byte, ..] => {
                    let found = (self.at, *byte);
                    self.last = *byte;
                    self.at += 1;
                    return Some(found);
                }
                [] => return None,
            }
        }
    }
}

/// The length of a string with its quotation marks, if it is closed: on its line,
/// or anywhere if `quote` is that of a multi-line string.
pub(super) fn string_length(text: &str, quote: &str) -> Option<usize> {
    let mut at = quote.len();
    loop {
        at += match text.as_bytes().get(at..)? {
            rest if rest.starts_with(quote.as_bytes()) => return Some(at + quote.len()),
            [] => return None,
            [b'\n', ..] if quote.len() == 1 => return None,
            // A backslash escapes what follows it.
            [b'\\', next, ..] if quote.starts_with('"') && *next != b'\n' => 2,
            _ => 1,
        }
    }
}

/// Whether a line, without leading spaces, begins a field or a header. Elements of
/// an open table or array end in a comma.
pub fn begins_statement(line: &str) -> bool {
    let line = line.trim_end();
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_-.\"'".contains(c);
    if let Some(header) = line.strip_prefix('[') {
        let name = header.trim_start_matches('[');
        let end = name.find(|c| !is_name(c)).unwrap_or(name.len());
        let behind = name.get(end..).unwrap_or_default();
        let ends = behind.is_empty() || behind.starts_with(']');
        return name.starts_with(|c: char| c.is_ascii_alphabetic()) && ends;
    }
    let name = line.find(|c| !is_name(c)).filter(|&end| end > 0);
    let behind = name.and_then(|end| line.get(end..)).unwrap_or_default();
    behind.trim_start().starts_with('=') && !line.ends_with(',')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outside(text: &str) -> String {
        let bytes = StructuralBytes::new(text, 0).map(|(_, byte)| char::from(byte));
        bytes.collect()
    }

    #[test]
    fn strings_and_comments_are_skipped() {
        assert_eq!(outside("a = \"x # [\" # [\nb"), "a =  \nb");
        assert_eq!(outside("a = 'x\\' [ \"\\\"]\" ]"), "a =  [  ]");
        assert_eq!(outside("\"\"\"\n\"\"[\\\"\"\"\"x'''y'''"), "x");
        assert_eq!(outside("a = \"x\nb"), "a = \nb");
        assert_eq!(outside("a = [it's]"), "a = [it's]");
    }

    #[test]
    fn too_many_closing_quotation_marks_are_found() {
        for (text, surplus) in [
            ("a = \"\"\"x\"\"\"\"\"\nb", None),
            ("a = \"\"\"x\"\"\"\"\"\"\nb", Some(13..14)),
            ("a = \"\"\"x\"\"\"\"\"\"\"\"\"\nb", Some(13..17)),
            ("a = \'\'\'x\'\'\'\'\'\'\'\nb", Some(13..15)),
            ("a = \"x\"\" # c\nb", Some(7..8)),
            ("a = [\"x\"\"\"\"]\nb", Some(8..11)),
            ("a = \"\"\nb", None),
            // A comma is missing between two strings.
            ("a = [\"x\"\"y\"]\nb", None),
        ] {
            let mut bytes = StructuralBytes::new(text, 0);
            let last = bytes.by_ref().last();
            assert_eq!(
                (bytes.surplus, last),
                (surplus, Some((text.len() - 1, b'b'))),
                "{text}"
            );
            assert_eq!(bytes.open_string, None, "{text}");
        }
    }

    #[test]
    fn an_open_string_is_found() {
        let mut bytes = StructuralBytes::new("a = '''x\n\"\"\"", 0);
        assert_eq!(bytes.by_ref().count(), 4);
        assert_eq!(bytes.open_string, Some(4));
    }
}
