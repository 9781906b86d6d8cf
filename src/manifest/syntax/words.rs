//! What the parser says, in our words: its messages name no remedy.

use std::ops::Range;
use std::sync::Arc;

use super::super::known::{Wanted, wanted};
use super::super::quoted;
use super::Found;
use super::kind::Kind;
use super::lines::{Definitions, on_header};
use super::meant::{as_written, behind_a_whole_value, foreign_comment, name_and_value};
use crate::diagnostics::{Code, Diagnostic, Source};
use crate::names::{is_hidden, looks_secret};

/// Words errors, given the text that was parsed.
pub(super) struct Reader<'t> {
    source: &'t Arc<Source>,
    pub(super) text: &'t str,
    defined: Definitions,
}

/// A line with the name and the value that were probably meant.
struct Line<'t> {
    range: Range<usize>,
    text: &'t str,
    name: &'t str,
    value: &'t str,
}

pub(super) const ON_FIELDS: &str = "a line is `field = value`, and text stands in quotation marks";

impl<'t> Reader<'t> {
    pub(super) fn new(source: &'t Arc<Source>, text: &'t str, errors: &[Found]) -> Self {
        let twice = errors.iter().any(|one| one.kind == Kind::Duplicate);
        let defined = if twice {
            Definitions::of(text)
        } else {
            Definitions::default()
        };
        Self {
            source,
            text,
            defined,
        }
    }

    /// Says whether the parser reads nothing after an error, or has lost what
    /// stood before it: a table that turns up again in the other form.
    pub(super) fn is_harmful(&self, one: &Found) -> bool {
        let is_header = one.kind == Kind::Duplicate && on_header(self.source, one.span.start);
        matches!(one.kind, Kind::NoEquals | Kind::OpenHeader)
            || (is_header && self.has_other_form(one.span.start))
    }

    /// Says whether the header at an offset is one of an array, and its first
    /// is not, or the other way round.
    fn has_other_form(&self, header: usize) -> bool {
        let is_array = |at: usize| {
            let rest = self.text.get(at..).unwrap_or_default();
            rest.trim_start().starts_with("[[")
        };
        let first = self.defined.first(self.text, header);
        let own = self.source.line(header).start;
        first.is_some_and(|first| is_array(first.start) != is_array(own))
    }

    fn at(
        &self,
        code: Code,
        span: Range<usize>,
        message: String,
        help: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic::at(code, self.source, span, message).help(help)
    }

    fn line(&self, at: usize) -> Line<'t> {
        let whole = self.source.line(at);
        let text = self.text.get(whole.clone()).unwrap_or_default();
        let start = whole.start + (text.len() - text.trim_start().len());
        let text = text.trim();
        let (name, value) = name_and_value(text);
        Line {
            range: start..start + text.len(),
            text,
            name,
            value,
        }
    }

    pub(super) fn diagnostic(&self, one: &Found) -> Diagnostic {
        let Found { kind, span } = one;
        let (kind, span) = (*kind, span.clone());
        let line = self.line(span.start);
        match kind {
            Kind::NoEquals => self.no_equals(&line),
            Kind::OpenHeader => self.open_header(&line),
            Kind::Unquoted | Kind::Word | Kind::Number => self.unquoted(kind, span, &line),
            Kind::Text => self.text(span, &line),
            Kind::Escape => self.escape(&span),
            Kind::Control => self.control(span),
            Kind::Extra => self.extra(span, &line),
            Kind::Equals => {
                let message = format!("more than one `=` stands after {}", quoted(line.name));
                self.at(
                    Code::SyntaxError,
                    span,
                    message,
                    as_written(line.name, line.value),
                )
            }
            Kind::Duplicate => self.duplicate(span),
            Kind::Name => self.name(span, &line),
            Kind::NoName => {
                let message = "a name is missing here".to_owned();
                self.at(Code::SyntaxError, span, message, ON_FIELDS)
            }
            Kind::NoField => self.no_field(&line),
            Kind::Depth => {
                let message = "arrays and tables stand too deep in one another".to_owned();
                self.at(
                    Code::SyntaxError,
                    span,
                    message,
                    "a manifest needs two levels",
                )
            }
            Kind::Other => self.other(span),
        }
    }

    fn no_equals(&self, line: &Line<'_>) -> Diagnostic {
        let Line {
            range,
            text,
            name,
            value,
        } = line;
        if let Some(comment) = foreign_comment(text) {
            let message = format!("a comment does not begin with `{comment}`");
            return self.at(
                Code::SyntaxError,
                range.clone(),
                message,
                "begin it with `#`",
            );
        }
        if text.starts_with(['"', '\'']) && text.matches(['"', '\'']).count() == 1 {
            let message = "the name that begins here is not closed".to_owned();
            let help = "a name needs no quotation marks: remove them, or close them";
            return self.at(Code::Unclosed, range.clone(), message, help);
        }
        let message = match (value.is_empty(), text.strip_prefix("export ")) {
            (_, Some(_)) => "a manifest knows no `export`".to_owned(),
            (true, None) => format!("{} has no value", quoted(name)),
            (false, None) => format!("`=` is missing after {}", quoted(name)),
        };
        self.at(
            Code::FieldWithoutValue,
            range.clone(),
            message,
            as_written(name, value),
        )
    }

    fn open_header(&self, line: &Line<'_>) -> Diagnostic {
        let name = line.text.trim_matches(['[', ']', ' ']);
        let whole = if line.text.starts_with("[[") {
            format!("[[{name}]]")
        } else {
            format!("[{name}]")
        };
        let message = format!("the header {} is not closed", quoted(line.text));
        let help = format!("write {}", quoted(&whole));
        self.at(Code::Unclosed, line.range.clone(), message, help)
    }

    /// A value that is none: text without quotation marks, as a rule.
    fn unquoted(&self, kind: Kind, span: Range<usize>, line: &Line<'_>) -> Diagnostic {
        let Line {
            range, name, value, ..
        } = line;
        if value.is_empty() {
            let message = format!("{} has no value", quoted(name));
            return self.at(
                Code::FieldWithoutValue,
                range.clone(),
                message,
                as_written(name, ""),
            );
        }
        let end = range
            .end
            .min(range.start + line.text.find(value).unwrap_or(0) + value.len());
        let start = end - value.len();
        let span = if (start..end).contains(&span.start) {
            start..end
        } else {
            span
        };
        if let Some(rest) = behind_a_whole_value(value) {
            return self.extra(end - rest.len()..end, line);
        }
        let shown = if looks_secret(name) {
            "the value".to_owned()
        } else {
            quoted(value)
        };
        if ["null", "nil", "none", "undefined"].contains(&value.to_ascii_lowercase().as_str()) {
            let message = format!("{shown} is no value of TOML");
            return self.at(Code::UnquotedText, span, message, "remove the line");
        }
        let message = match (wanted(name), kind) {
            (Wanted::Boolean, _) => {
                format!("{} must be `true` or `false`, it is {shown}", quoted(name))
            }
            (Wanted::Integer, Kind::Number) => {
                let message = format!("{shown} is no whole number");
                return self.at(Code::SyntaxError, span, message, as_written(name, ""));
            }
            _ if value
                .starts_with(['\u{201c}', '\u{201d}', '\u{201e}', '\u{2018}', '\u{2019}']) =>
            {
                format!("{shown} stands in typographic quotation marks")
            }
            _ => format!("{shown} stands without quotation marks"),
        };
        self.at(Code::UnquotedText, span, message, as_written(name, value))
    }

    fn text(&self, span: Range<usize>, line: &Line<'_>) -> Diagnostic {
        let here = self
            .text
            .get(span.start..)
            .unwrap_or_default()
            .chars()
            .next();
        if here.is_some_and(|c| c != '\n' && c != '\r' && is_hidden(c)) {
            return self.control(span);
        }
        let before = self
            .text
            .get(line.range.start..span.start)
            .unwrap_or_default();
        let Some(quote) = before
            .find('=')
            .and_then(|at| Some(at + before.get(at..)?.find(['"', '\''])?))
        else {
            return self.other(span);
        };
        let start = line.range.start + quote;
        let mark = self.text.get(start..=start).unwrap_or("\"");
        let message = "the text that begins here is not closed".to_owned();
        self.at(
            Code::Unclosed,
            start..line.range.end,
            message,
            format!("end it with `{mark}`"),
        )
    }

    fn escape(&self, span: &Range<usize>) -> Diagnostic {
        let line = self.source.line(span.start);
        let before = self.text.get(line.start..span.start).unwrap_or_default();
        let start = before.rfind('\\').map_or(span.start, |at| line.start + at);
        let next = self
            .text
            .get(span.start..line.end)
            .unwrap_or_default()
            .chars()
            .next();
        let end = span.start
            + next
                .filter(|c| !"\"'".contains(*c))
                .map_or(0, char::len_utf8);
        let written = self.text.get(start..end).unwrap_or_default();
        let message = format!("{} is no escape", quoted(written));
        let help = "write `\\\\` for a backslash, or put the text between single quotes";
        self.at(Code::SyntaxError, start..end, message, help)
    }

    fn control(&self, span: Range<usize>) -> Diagnostic {
        let found = self
            .text
            .get(span.start..)
            .unwrap_or_default()
            .chars()
            .next();
        if found.is_none_or(|c| c == '\r' || !is_hidden(c)) {
            let message = "a carriage return stands without a line feed".to_owned();
            return self.at(
                Code::SyntaxError,
                span,
                message,
                "save the file with LF line ends",
            );
        }
        let code = found.map_or(0, u32::from);
        let message = format!("the control character U+{code:04X} cannot stand here");
        let help = format!("remove it, or write `\\u{code:04x}` in a text between double quotes");
        self.at(Code::SyntaxError, span, message, help)
    }

    fn extra(&self, span: Range<usize>, line: &Line<'_>) -> Diagnostic {
        let rest = self
            .text
            .get(span.start..line.range.end)
            .unwrap_or_default();
        let span = span.start..line.range.end.max(span.start);
        let secret = looks_secret(line.name);
        if [",", ";"].contains(&rest.trim()) {
            let message = format!("a line does not end in `{}`", rest.trim());
            return self.at(Code::SyntaxError, span, message, "remove it");
        }
        if let Some(comment) = foreign_comment(rest) {
            let message = format!("a comment does not begin with `{comment}`");
            return self.at(Code::SyntaxError, span, message, "begin it with `#`");
        }
        let what = if secret {
            "something".to_owned()
        } else {
            quoted(rest)
        };
        let after = if line.text.starts_with('[') {
            "header"
        } else {
            "value"
        };
        let message = format!("{what} stands after the {after}");
        let help = "a line holds one field or one header; a comment begins with `#`";
        self.at(Code::SyntaxError, span, message, help)
    }

    /// A field or table that is there already, with the place of the first.
    fn duplicate(&self, span: Range<usize>) -> Diagnostic {
        let name = self.text.get(span.clone()).unwrap_or_default();
        let line = self.line(span.start);
        let first = self.defined.first(self.text, span.start);
        let is_array = matches!(wanted(name), Wanted::Tables);
        let (code, message, help) = if is_array && line.text.starts_with('[') {
            let message = format!("{} is an array of tables", quoted(name));
            (
                Code::WrongTableForm,
                message,
                format!("write `[[{name}]]` each time"),
            )
        } else {
            let message = format!("{} is defined twice", quoted(name));
            (Code::DuplicateField, message, "keep one of them".to_owned())
        };
        let diagnostic = self.at(code, span, message, help);
        match first {
            Some(first) => diagnostic.label(first, "the first is here"),
            None => diagnostic,
        }
    }

    fn name(&self, span: Range<usize>, line: &Line<'_>) -> Diagnostic {
        if let Some(comment) = foreign_comment(line.text) {
            let message = format!("a comment does not begin with `{comment}`");
            return self.at(Code::SyntaxError, span, message, "begin it with `#`");
        }
        let name = self.text.get(span.clone()).unwrap_or_default();
        let message = format!("{} cannot be a name", quoted(name));
        let help = "a name holds letters, digits, `-` and `_`";
        self.at(Code::SyntaxError, span, message, help)
    }

    fn no_field(&self, line: &Line<'_>) -> Diagnostic {
        let message = format!("{} is no field", quoted(line.text));
        self.at(Code::SyntaxError, line.range.clone(), message, ON_FIELDS)
    }

    fn other(&self, span: Range<usize>) -> Diagnostic {
        let line = self.line(span.start);
        let message = format!(
            "{} is not TOML",
            quoted(if looks_secret(line.name) {
                line.name
            } else {
                line.text
            })
        );
        self.at(Code::SyntaxError, span, message, ON_FIELDS)
    }
}
