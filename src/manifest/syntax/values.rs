//! Messages for errors in values: text without quotation marks, strings that are
//! not closed, invalid escapes and characters.

use std::ops::Range;

use super::super::field_row::TomlType;
use super::intent::{IntendedField, after_a_valid_value, is_nothing, toml_type};
use super::kind::{SyntaxError, SyntaxErrorKind};
use super::messages::{BrokenLine, ErrorWriter};
use crate::diagnostics::{Code, Diagnostic, quoted};
use crate::names::is_hidden;

impl ErrorWriter<'_> {
    /// An invalid value: usually text without quotation marks.
    pub(super) fn no_value(&self, one: &SyntaxError, line: &BrokenLine<'_>) -> Diagnostic {
        let is_secret = self.is_secret(&line.range);
        let IntendedField { name, value } = IntendedField::of(line.text);
        if value.is_empty() {
            let message = format!("{} has no value", self.quote(&line.name_span()));
            return self.at(
                Code::FieldWithoutValue,
                line.range.clone(),
                message,
                line.help(),
            );
        }
        if value.starts_with(['{', '[']) {
            return self.no_value_within(&one.span, line);
        }
        let at = line.text.rfind(value).unwrap_or_default();
        let whole = line.range.start + at..line.range.start + at + value.len();
        if let Some(rest) = after_a_valid_value(value) {
            return self.extra(whole.end - rest.len()..whole.end, line);
        }
        if one.kind == SyntaxErrorKind::Number && !is_secret {
            let message = match toml_type(name) {
                TomlType::Integer => Some("is not a whole number"),
                TomlType::Boolean => None,
                TomlType::Text | TomlType::Array | TomlType::Table | TomlType::Tables => {
                    is_meant_as_number(value).then_some("is not a valid number")
                }
            };
            if let Some(message) = message {
                let message = format!("{} {message}", quoted(value));
                return self.syntax(whole, message, line.help());
            }
        }
        let is_inside = (whole.start..=whole.end).contains(&one.span.start);
        let span = if is_inside { whole } else { one.span.clone() };
        let help = if is_nothing(value) {
            "remove the line".to_owned()
        } else {
            line.help()
        };
        let message = unquoted(line.meant.name, value, &self.shown_value(&span));
        self.at(Code::UnquotedText, span, message, help)
    }

    /// The same inside an array or inline table.
    fn no_value_within(&self, span: &Range<usize>, line: &BrokenLine<'_>) -> Diagnostic {
        let span = &self.word(span);
        let before = self.written(line.range.start..span.start);
        let before = before.trim_end().trim_end_matches('=').trim_end();
        let name = before.rsplit([' ', ',', '{', '[']).next();
        let value = self.written(span.clone()).trim();
        let meant = IntendedField {
            name: name.unwrap_or_default(),
            value: if self.is_secret(span) { "" } else { value },
        };
        if value.is_empty() {
            let (message, help) = ("a value is missing here", "write it, or remove the name");
            return self.at(Code::FieldWithoutValue, span.clone(), message, help);
        }
        let help = match meant.name {
            "" => "put it in quotation marks".to_owned(),
            _ => meant.help(false),
        };
        if is_meant_as_number(meant.value) {
            let message = format!("{} is not a valid number", quoted(value));
            return self.syntax(span.clone(), message, help);
        }
        let message = unquoted("", value, &self.shown_value(span));
        self.at(Code::UnquotedText, span.clone(), message, help)
    }

    /// Extends a range to the whole number or word: the parser points at the first
    /// character that is wrong.
    fn word(&self, span: &Range<usize>) -> Range<usize> {
        let is_inside = |c: char| c.is_alphanumeric() || "_+-.:".contains(c);
        let before = self.written(0..span.start);
        let start = before.trim_end_matches(is_inside).len();
        let after = self.written(span.end..self.text.len());
        start..self.text.len() - after.trim_start_matches(is_inside).len()
    }

    fn shown_value(&self, span: &Range<usize>) -> String {
        if self.is_secret(span) {
            return "the value".to_owned();
        }
        self.quote(span)
    }

    pub(super) fn text(&self, span: Range<usize>, line: &BrokenLine<'_>) -> Diagnostic {
        let here = self.here(span.start);
        if here.is_some_and(|c| c != '\n' && is_hidden(c))
            && !self
                .written(span.start..self.text.len())
                .starts_with("\r\n")
        {
            return self.control(span);
        }
        let before = self.written(line.range.start..span.start);
        let opening = before.find('=').and_then(|at| {
            let value = before.get(at..)?;
            Some(at + value.find(['"', '\''])?)
        });
        let Some(opening) = opening else {
            return self.other(span, line);
        };
        let start = line.range.start + opening;
        let mark = self.here(start).unwrap_or('"');
        let help = format!("close it with `{mark}`");
        let span = start..line.range.end;
        self.at(Code::Unclosed, span, "this string is not closed", help)
    }

    pub(super) fn escape(&self, span: &Range<usize>) -> Diagnostic {
        let line = self.source.line(span.start);
        let before = self.written(line.start..span.start);
        let start = before.rfind('\\').map_or(span.start, |at| line.start + at);
        let rest = self.written(start..line.end);
        let mut characters = rest.chars().skip(1);
        let (digits, help) = match characters.next() {
            Some('u') => (4, "`\\u` needs four hexadecimal digits"),
            Some('U') => (8, "`\\U` needs eight hexadecimal digits"),
            Some('x') => (2, "`\\x` needs two hexadecimal digits"),
            _ => (
                0,
                "write `\\\\` for a backslash, or put the text in single quotes",
            ),
        };
        let first = rest.chars().nth(1).filter(|c| !"\"'\n".contains(*c));
        let hex = characters.take(digits).take_while(char::is_ascii_hexdigit);
        let end = start + 1 + first.map_or(0, char::len_utf8) + hex.count();
        let message = format!("{} is not a valid escape", self.quote(&(start..end)));
        self.syntax(start..end, message, help)
    }

    pub(super) fn control(&self, span: Range<usize>) -> Diagnostic {
        // The parser points to what follows a carriage return.
        let after_return = self.written(0..span.start).ends_with('\r');
        let start = span.start - usize::from(after_return);
        let found = self.here(start).unwrap_or('\r');
        let end = start + found.len_utf8();
        if found == '\r' {
            let message = "carriage return without a line feed";
            return self.syntax(start..end, message, "save the file with LF line endings");
        }
        let code = u32::from(found);
        let message = format!("control character U+{code:04X} is not allowed here");
        self.syntax(start..end, message, "remove it")
    }
}

/// Whether an invalid value is a number with a wrong prefix, sign, point or `_`, and
/// not a date, a version or an address.
fn is_meant_as_number(value: &str) -> bool {
    let digits = value.trim_start_matches(['+', '-']);
    let mut characters = digits.chars();
    let begin = (characters.next(), characters.next());
    if let (Some('0'), Some('x' | 'X' | 'o' | 'O' | 'b' | 'B' | 'd' | 'D')) = begin {
        return true;
    }
    let parts = digits.split(['e', 'E']);
    let mut parts = parts.map(|part| part.trim_start_matches(['+', '-']));
    let is_decimal = |part: &str| part.chars().all(|c| c.is_ascii_digit() || "_.".contains(c));
    let has_digit = value.contains(|c: char| c.is_ascii_digit());
    has_digit && parts.all(is_decimal) && value.matches('.').count() < 2
}

/// The message for a value without quotation marks.
fn unquoted(name: &str, value: &str, shown: &str) -> String {
    const TYPOGRAPHIC: [char; 5] = ['\u{201c}', '\u{201d}', '\u{201e}', '\u{2018}', '\u{2019}'];
    if is_nothing(value) {
        format!("{shown} is not a TOML value")
    } else if toml_type(name) == TomlType::Boolean {
        format!("{} must be `true` or `false`, but is {shown}", quoted(name))
    } else if value.starts_with(TYPOGRAPHIC) {
        format!("{shown} is in typographic quotation marks")
    } else {
        format!("{shown} is not in quotation marks")
    }
}
