//! What the parser says of values, in our words: text without quotation marks,
//! texts that are not closed, escapes and characters that mean nothing.

use std::ops::Range;

use super::super::field_row::TomlType;
use super::super::quoted;
use super::Found;
use super::intent::{Meant, behind_a_whole_value, is_nothing, toml_type};
use super::kind::Kind;
use super::messages::{Line, Reader};
use crate::diagnostics::{Code, Diagnostic};
use crate::names::is_hidden;

impl Reader<'_> {
    /// A value that is none: text without quotation marks, as a rule.
    pub(super) fn no_value(&self, one: &Found, line: &Line<'_>) -> Diagnostic {
        let is_secret = self.is_secret(&line.range);
        let Meant { name, value } = Meant::by(line.text);
        if value.is_empty() {
            let message = format!("{} has no value", self.quote(&line.name_span()));
            let span = line.range.clone();
            return self.at(Code::FieldWithoutValue, span, message, line.help());
        }
        if value.starts_with(['{', '[']) {
            return self.no_value_within(&one.span, line);
        }
        let at = line.text.rfind(value).unwrap_or_default();
        let whole = line.range.start + at..line.range.start + at + value.len();
        if let Some(rest) = behind_a_whole_value(value) {
            return self.extra(whole.end - rest.len()..whole.end, line);
        }
        if toml_type(name) == TomlType::Integer && one.kind == Kind::Number && !is_secret {
            let message = format!("{} is no whole number", quoted(value));
            return self.syntax(whole, message, line.help());
        }
        let is_inside = whole.contains(&one.span.start);
        let span = if is_inside { whole } else { one.span.clone() };
        let help = if is_nothing(value) {
            "remove the line".to_owned()
        } else {
            line.help()
        };
        let message = unquoted(line.meant.name, value, &self.shown_value(&span));
        self.at(Code::UnquotedText, span, message, help)
    }

    /// The same between the braces or brackets of a value.
    fn no_value_within(&self, span: &Range<usize>, line: &Line<'_>) -> Diagnostic {
        let before = self.text.get(line.range.start..span.start);
        let before = before.unwrap_or_default().trim_end().trim_end_matches('=');
        let name = before.trim_end().rsplit([' ', ',', '{', '[']).next();
        let value = self.text.get(span.clone()).unwrap_or_default().trim();
        let meant = Meant {
            name: name.unwrap_or_default(),
            value: if self.is_secret(span) { "" } else { value },
        };
        if value.is_empty() {
            let message = "a value is missing here".to_owned();
            return self.at(
                Code::FieldWithoutValue,
                span.clone(),
                message,
                "write it, or remove the name",
            );
        }
        let message = unquoted("", value, &self.shown_value(span));
        let help = match meant.name {
            "" => "put quotation marks round it".to_owned(),
            _ => meant.help(false),
        };
        self.at(Code::UnquotedText, span.clone(), message, help)
    }

    fn shown_value(&self, span: &Range<usize>) -> String {
        if self.is_secret(span) {
            return "the value".to_owned();
        }
        self.quote(span)
    }

    pub(super) fn text(&self, span: Range<usize>, line: &Line<'_>) -> Diagnostic {
        let here = self.here(span.start);
        if here.is_some_and(|c| c != '\n' && is_hidden(c)) && !self.at_line_end(span.start) {
            return self.control(span);
        }
        let before = line.range.start..span.start;
        let before = self.text.get(before).unwrap_or_default();
        let opening = before.find('=').and_then(|at| {
            let value = before.get(at..)?;
            Some(at + value.find(['"', '\''])?)
        });
        let Some(opening) = opening else {
            return self.other(span, line);
        };
        let start = line.range.start + opening;
        let mark = self.here(start).unwrap_or('"');
        let message = "the text that begins here is not closed".to_owned();
        let help = format!("end it with `{mark}`");
        self.at(Code::Unclosed, start..line.range.end, message, help)
    }

    /// Says whether a line ends at an offset.
    fn at_line_end(&self, at: usize) -> bool {
        let rest = self.text.get(at..).unwrap_or_default();
        rest.starts_with("\r\n")
    }

    pub(super) fn escape(&self, span: &Range<usize>) -> Diagnostic {
        let line = self.source.line(span.start);
        let before = self.text.get(line.start..span.start).unwrap_or_default();
        let start = before.rfind('\\').map_or(span.start, |at| line.start + at);
        let rest = self.text.get(start..line.end).unwrap_or_default();
        let mut characters = rest.chars().skip(1);
        let (digits, help) = match characters.next() {
            Some('u') => (4, "`\\u` takes the four digits of a character"),
            Some('U') => (8, "`\\U` takes the eight digits of a character"),
            Some('x') => (2, "`\\x` takes two digits"),
            _ => (
                0,
                "write `\\\\` for a backslash, or put the text between single quotes",
            ),
        };
        let first = rest.chars().nth(1).filter(|c| !"\"'\n".contains(*c));
        let hex = characters.take(digits).take_while(char::is_ascii_hexdigit);
        let end = start + 1 + first.map_or(0, char::len_utf8) + hex.count();
        let message = format!("{} is no escape", self.quote(&(start..end)));
        self.syntax(start..end, message, help)
    }

    pub(super) fn control(&self, span: Range<usize>) -> Diagnostic {
        // The parser points behind a carriage return.
        let start = match self.text.get(..span.start) {
            Some(before) if before.ends_with('\r') => span.start - 1,
            _ => span.start,
        };
        let found = self.here(start).unwrap_or('\r');
        let end = start + found.len_utf8();
        if found == '\r' {
            let message = "a carriage return stands without a line feed".to_owned();
            return self.syntax(start..end, message, "save the file with LF line ends");
        }
        let code = u32::from(found);
        let message = format!("the control character U+{code:04X} cannot stand here");
        self.syntax(start..end, message, "remove it")
    }
}

/// Says of a value without quotation marks what is wrong with it.
fn unquoted(name: &str, value: &str, shown: &str) -> String {
    const TYPOGRAPHIC: [char; 5] = ['\u{201c}', '\u{201d}', '\u{201e}', '\u{2018}', '\u{2019}'];
    if is_nothing(value) {
        format!("{shown} is no value of TOML")
    } else if toml_type(name) == TomlType::Boolean {
        format!("{} must be `true` or `false`, it is {shown}", quoted(name))
    } else if value.starts_with(TYPOGRAPHIC) {
        format!("{shown} stands in typographic quotation marks")
    } else {
        format!("{shown} stands without quotation marks")
    }
}
