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
use crate::names::is_hidden;

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
    /// Whether it holds a value that is not to be repeated.
    secret: bool,
}

impl Line<'_> {
    /// Quotes a part of the line, if it may be repeated.
    fn quote(&self, part: &str, instead: &str) -> String {
        if self.secret {
            return instead.to_owned();
        }
        quoted(part)
    }

    /// Writes the line as it must be.
    fn as_written(&self) -> String {
        as_written(self.name, if self.secret { "" } else { self.value })
    }

    /// Returns where its value stands.
    fn value_span(&self) -> Range<usize> {
        let at = self.text.rfind(self.value).unwrap_or(0);
        let start = self.range.start + at;
        start..start + self.value.len()
    }
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

    fn syntax(&self, span: Range<usize>, message: String, help: impl Into<String>) -> Diagnostic {
        self.at(Code::SyntaxError, span, message, help)
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
        let shown = self.source.shown().get(whole.clone()).unwrap_or_default();
        let start = whole.start + (text.len() - text.trim_start().len());
        let blanked = |(raw, shown)| raw != shown && shown == b'*';
        let secret = text.bytes().zip(shown.bytes()).any(blanked);
        let text = text.trim();
        let (name, value) = name_and_value(text);
        Line {
            range: start..start + text.len(),
            text,
            name,
            value,
            secret,
        }
    }

    fn here(&self, at: usize) -> Option<char> {
        self.text.get(at..)?.chars().next()
    }

    pub(super) fn diagnostic(&self, one: &Found) -> Diagnostic {
        let line = self.line(one.span.start);
        let span = one.span.clone();
        match one.kind {
            Kind::NoEquals => self.no_equals(&line),
            Kind::OpenHeader => self.open_header(&line),
            Kind::Unquoted | Kind::Word | Kind::Number => self.no_value(one, &line),
            Kind::Text => self.text(span, &line),
            Kind::Escape => self.escape(&span),
            Kind::Control => self.control(span),
            Kind::Extra => self.extra(span, &line),
            Kind::Equals => {
                let message = format!("more than one `=` stands after {}", quoted(line.name));
                self.syntax(span, message, line.as_written())
            }
            Kind::Duplicate => self.duplicate(span, &line),
            Kind::Name => self.name(span, &line),
            Kind::NoName => self.syntax(span, "a name is missing here".to_owned(), ON_FIELDS),
            Kind::NoField => {
                let message = format!("{} is no field", line.quote(line.text, "this"));
                self.syntax(line.range, message, ON_FIELDS)
            }
            Kind::Depth => {
                let message = "arrays and tables stand too deep in one another".to_owned();
                self.syntax(span, message, "a manifest needs two levels")
            }
            Kind::Other => self.other(span, &line),
        }
    }

    fn no_equals(&self, line: &Line<'_>) -> Diagnostic {
        let span = line.range.clone();
        if let Some(comment) = foreign_comment(line.text) {
            return self.comment(span, comment);
        }
        if line.text.starts_with(['"', '\'']) && line.text.matches(['"', '\'']).count() == 1 {
            let message = "the name that begins here is not closed".to_owned();
            let help = "a name needs no quotation marks: remove them, or close them";
            return self.at(Code::Unclosed, span, message, help);
        }
        let message = if line.text.starts_with("export ") {
            "a manifest knows no `export`".to_owned()
        } else if line.value.is_empty() {
            format!("{} has no value", quoted(line.name))
        } else {
            format!("`=` is missing after {}", quoted(line.name))
        };
        self.at(Code::FieldWithoutValue, span, message, line.as_written())
    }

    fn comment(&self, span: Range<usize>, mark: &str) -> Diagnostic {
        let message = format!("a comment does not begin with `{mark}`");
        self.syntax(span, message, "begin it with `#`")
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
    fn no_value(&self, one: &Found, line: &Line<'_>) -> Diagnostic {
        let Line { name, value, .. } = line;
        if value.is_empty() {
            let message = format!("{} has no value", quoted(name));
            let span = line.range.clone();
            return self.at(Code::FieldWithoutValue, span, message, line.as_written());
        }
        let whole = line.value_span();
        if let Some(rest) = behind_a_whole_value(value) {
            return self.extra(whole.end - rest.len()..whole.end, line);
        }
        if wanted(name) == Wanted::Integer && one.kind == Kind::Number {
            let message = format!("{} is no whole number", quoted(value));
            return self.syntax(whole, message, as_written(name, ""));
        }
        let is_inside = whole.contains(&one.span.start);
        let span = if is_inside { whole } else { one.span.clone() };
        let help = if is_nothing(value) {
            "remove the line".to_owned()
        } else {
            line.as_written()
        };
        self.at(Code::UnquotedText, span, unquoted(line), help)
    }

    fn text(&self, span: Range<usize>, line: &Line<'_>) -> Diagnostic {
        let here = self.here(span.start);
        if here.is_some_and(|c| c != '\n' && c != '\r' && is_hidden(c)) {
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

    fn escape(&self, span: &Range<usize>) -> Diagnostic {
        let line = self.source.line(span.start);
        let before = self.text.get(line.start..span.start).unwrap_or_default();
        let start = before.rfind('\\').map_or(span.start, |at| line.start + at);
        let next = self.here(span.start).filter(|c| !"\"'\n".contains(*c));
        let end = span.start + next.map_or(0, char::len_utf8);
        let written = self.source.shown().get(start..end).unwrap_or_default();
        let message = format!("{} is no escape", quoted(written));
        let help = "write `\\\\` for a backslash, or put the text between single quotes";
        self.syntax(start..end, message, help)
    }

    fn control(&self, span: Range<usize>) -> Diagnostic {
        let found = self.here(span.start);
        let Some(found) = found.filter(|c| *c != '\r' && is_hidden(*c)) else {
            let message = "a carriage return stands without a line feed".to_owned();
            return self.syntax(span, message, "save the file with LF line ends");
        };
        let code = u32::from(found);
        let message = format!("the control character U+{code:04X} cannot stand here");
        self.syntax(span, message, "remove it")
    }

    fn extra(&self, span: Range<usize>, line: &Line<'_>) -> Diagnostic {
        let span = span.start..line.range.end.max(span.start);
        let rest = self.text.get(span.clone()).unwrap_or_default().trim();
        if [",", ";"].contains(&rest) {
            let message = format!("a line does not end in `{rest}`");
            return self.syntax(span, message, "remove it");
        }
        if let Some(comment) = foreign_comment(rest) {
            return self.comment(span, comment);
        }
        let after = if line.text.starts_with('[') {
            "header"
        } else {
            "value"
        };
        let message = format!("{} stands after the {after}", line.quote(rest, "something"));
        let help = "a line holds one field or one header; a comment begins with `#`";
        self.syntax(span, message, help)
    }

    /// A field or table that is there already, with the place of the first.
    fn duplicate(&self, span: Range<usize>, line: &Line<'_>) -> Diagnostic {
        let name = self.text.get(span.clone()).unwrap_or_default();
        let first = self.defined.first(self.text, span.start);
        let shown = quoted(name);
        let diagnostic = if wanted(name) == Wanted::Tables && line.text.starts_with('[') {
            let help = format!("write `[[{name}]]` each time");
            let message = format!("{shown} is an array of tables");
            self.at(Code::WrongTableForm, span, message, help)
        } else {
            let message = format!("{shown} is defined twice");
            self.at(Code::DuplicateField, span, message, "keep one of them")
        };
        match first {
            Some(first) => diagnostic.label(first, "the first is here"),
            None => diagnostic,
        }
    }

    fn name(&self, span: Range<usize>, line: &Line<'_>) -> Diagnostic {
        if let Some(comment) = foreign_comment(line.text) {
            return self.comment(span, comment);
        }
        let name = self.text.get(span.clone()).unwrap_or_default();
        let message = format!("{} cannot be a name", line.quote(name, "this"));
        self.syntax(span, message, "a name holds letters, digits, `-` and `_`")
    }

    fn other(&self, span: Range<usize>, line: &Line<'_>) -> Diagnostic {
        let message = format!("{} is not TOML", line.quote(line.text, "this line"));
        self.syntax(span, message, ON_FIELDS)
    }
}

/// Says of a value without quotation marks what is wrong with it.
fn unquoted(line: &Line<'_>) -> String {
    const TYPOGRAPHIC: [char; 5] = ['\u{201c}', '\u{201d}', '\u{201e}', '\u{2018}', '\u{2019}'];
    let Line { name, value, .. } = line;
    let shown = line.quote(value, "the value");
    if is_nothing(value) {
        format!("{shown} is no value of TOML")
    } else if wanted(name) == Wanted::Boolean {
        format!("{} must be `true` or `false`, it is {shown}", quoted(name))
    } else if value.starts_with(TYPOGRAPHIC) {
        format!("{shown} stands in typographic quotation marks")
    } else {
        format!("{shown} stands without quotation marks")
    }
}

/// Says whether a word means nothing in other languages.
fn is_nothing(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    ["null", "nil", "none", "undefined"].contains(&value.as_str())
}
