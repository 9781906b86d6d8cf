//! Messages for syntax errors. The parser's own do not say how to fix them.

use std::cell::OnceCell;
use std::ops::Range;
use std::sync::Arc;

use super::super::field_row::TomlType;
use super::super::statements::Statements;
use super::intent::{IntendedField, foreign_comment, toml_type};
use super::kind::{SyntaxError, SyntaxErrorKind as Is};
use super::lines::Definitions;
use crate::diagnostics::{Code, Diagnostic, Source, quoted};

pub(super) struct ErrorWriter<'t> {
    pub(super) source: &'t Arc<Source>,
    pub(super) text: &'t str,
    pub(super) statements: &'t Statements,
    /// Made for the first duplicate.
    pub(super) defined: OnceCell<Definitions>,
}

/// A line with an error, and the field that it was probably meant to be.
pub(super) struct BrokenLine<'t> {
    pub(super) range: Range<usize>,
    pub(super) text: &'t str,
    pub(super) meant: IntendedField<'t>,
    top_level: bool,
}

impl BrokenLine<'_> {
    pub(super) fn help(&self) -> String {
        self.meant.help(self.top_level)
    }

    pub(super) fn name_span(&self) -> Range<usize> {
        let at = self.text.find(self.meant.name).unwrap_or_default();
        let start = self.range.start + at;
        start..start + self.meant.name.len()
    }
}

pub(super) const ON_FIELDS: &str = "write `field = value`, with text in quotation marks";

impl<'t> ErrorWriter<'t> {
    pub(super) fn written(&self, range: Range<usize>) -> &'t str {
        self.text.get(range).unwrap_or_default()
    }

    /// Whether the parser does not read what follows an error, or drops what it has
    /// read: a table that is defined again, once as an array and once not.
    pub(super) fn hides_others(&self, one: &SyntaxError) -> bool {
        let at = one.span.start;
        matches!(one.kind, Is::NoEquals | Is::OpenHeader)
            || one.kind == Is::Duplicate
                && self.statements.on_header(self.source, at)
                && self.has_other_form(at)
    }

    /// Whether a header is one of an array of tables and the first of its name is
    /// not, or the other way round.
    fn has_other_form(&self, header: usize) -> bool {
        let rest = |at: usize| self.written(at..self.text.len()).trim_start();
        let is_array = |at| rest(at).starts_with("[[");
        let first = self.first_definition(header);
        first.is_some_and(|first| is_array(first.start) != is_array(self.source.line(header).start))
    }

    /// The first definition of what a line defines again.
    fn first_definition(&self, at: usize) -> Option<Range<usize>> {
        let (text, statements) = (self.text, self.statements);
        let defined = self
            .defined
            .get_or_init(|| Definitions::of(text, statements));
        defined.first(text, statements, self.source.line(at).start)
    }

    pub(super) fn syntax(
        &self,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Diagnostic {
        self.at(Code::SyntaxError, span, message, help)
    }

    pub(super) fn at(
        &self,
        code: Code,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic::at(code, self.source, span, message.into()).help(help)
    }

    fn line(&self, at: usize) -> BrokenLine<'t> {
        let whole = self.source.line(at);
        let text = self.written(whole.clone());
        let start = whole.start + (text.len() - text.trim_start().len());
        let text = text.trim();
        let range = start..start + text.len();
        let mut line = BrokenLine {
            top_level: self.statements.top_level().contains(&start),
            range,
            text,
            meant: IntendedField::of(text),
        };
        if self.is_secret(&line.range) {
            line.meant.value = "";
        }
        // A line of a secret's value has no name that may be shown.
        if self.is_secret(&line.name_span()) || !line.meant.name.contains(char::is_alphanumeric) {
            line.meant.name = "";
        }
        line
    }

    /// Whether a range contains something that is not shown.
    pub(super) fn is_secret(&self, range: &Range<usize>) -> bool {
        let of = |text: &'t str| text.get(range.clone()).unwrap_or_default().bytes();
        let mut both = of(self.source.text()).zip(of(self.source.shown()));
        both.any(|(raw, shown)| raw != shown && shown == b'*')
    }

    pub(super) fn quote(&self, range: &Range<usize>) -> String {
        let shown = self.source.shown().get(range.clone());
        quoted(shown.unwrap_or_default().trim())
    }

    pub(super) fn here(&self, at: usize) -> Option<char> {
        self.text.get(at..)?.chars().next()
    }

    pub(super) fn diagnostic(&self, one: &SyntaxError) -> Diagnostic {
        let line = self.line(one.span.start);
        let span = one.span.clone();
        match one.kind {
            Is::NoEquals => self.no_equals(&line),
            Is::OpenHeader => self.open_header(&line),
            Is::Unquoted | Is::Number => self.no_value(one, &line),
            Is::Text => self.text(span, &line),
            Is::Escape => self.escape(&span),
            Is::Control => self.control(span),
            Is::Extra => self.extra(span, &line),
            Is::Equals => {
                let message = format!("more than one `=` after {}", quoted(line.meant.name));
                self.syntax(span, message, line.help())
            }
            Is::Comma => self.comma(span),
            Is::Duplicate => self.duplicate(span, &line),
            Is::Taken => {
                let message = format!("{} is already defined", self.quote(&span));
                let help = "a field has either a value or fields below it: remove one of the two";
                self.at(Code::DuplicateField, span, message, help)
            }
            Is::Name => self.name(span, &line),
            Is::NoName => self.syntax(span, "a name is missing here", ON_FIELDS),
            Is::NoField => self.no_field(&line),
            Is::Depth => {
                let message = "arrays and tables are nested too deeply";
                self.syntax(span, message, "a manifest needs two levels")
            }
            Is::Other => self.other(span, &line),
        }
    }

    fn no_field(&self, line: &BrokenLine<'_>) -> Diagnostic {
        let message = format!("{} is not a field", self.quote(&line.range));
        self.syntax(line.range.clone(), message, ON_FIELDS)
    }

    fn no_equals(&self, line: &BrokenLine<'_>) -> Diagnostic {
        let span = line.range.clone();
        if let Some(comment) = foreign_comment(line.text) {
            return self.comment(span, comment);
        }
        if line.text.starts_with(['"', '\'']) && line.text.matches(['"', '\'']).count() == 1 {
            let message = "the quotation mark of this name is not closed";
            let help = "remove the quotation mark: a name needs none";
            return self.at(Code::Unclosed, span, message, help);
        }
        if line.meant.name.is_empty() {
            return self.no_field(line);
        }
        let export = line.text.starts_with("export ");
        let name = line.text.split('=').next().unwrap_or_default();
        if !export && name.len() < line.text.len() && name.split_whitespace().count() > 1 {
            let range = span.start..span.start + name.len();
            let message = format!("{} is more than one word", self.quote(&range));
            let help = "a name is one word of letters, digits, `-` and `_`";
            return self.syntax(range, message, help);
        }
        let shown = self.quote(&line.name_span());
        let message = if export {
            "`export` is not allowed in a manifest".to_owned()
        } else if line.text.len() <= line.meant.name.len() + 2 {
            format!("{shown} has no value")
        } else {
            format!("`=` is missing after {shown}")
        };
        self.at(Code::FieldWithoutValue, span, message, line.help())
    }

    fn comment(&self, span: Range<usize>, mark: &str) -> Diagnostic {
        let message = format!("`{mark}` does not start a comment");
        self.syntax(span, message, "start it with `#`")
    }

    fn open_header(&self, line: &BrokenLine<'_>) -> Diagnostic {
        let span = line.range.clone();
        let shown = self.quote(&span);
        if line.text.contains(['"', '\''])
            || line.text.ends_with(']') && !line.text.starts_with("[[")
        {
            let message = format!("{shown} is not a valid header");
            let help = "write a name of letters, digits, `-` and `_` in brackets";
            return self.syntax(span, message, help);
        }
        let name = line.text.trim_matches(['[', ']', ' ']);
        let whole = if line.text.starts_with("[[") {
            format!("[[{name}]]")
        } else {
            format!("[{name}]")
        };
        let message = format!("the header {shown} is not closed");
        let help = if self.is_secret(&span) {
            "end it with a bracket".to_owned()
        } else {
            format!("write {}", quoted(&whole))
        };
        self.at(Code::Unclosed, span, message, help)
    }

    fn comma(&self, span: Range<usize>) -> Diagnostic {
        if self.here(span.start) == Some(',') {
            return self.syntax(span, "unexpected `,`", "remove it");
        }
        self.syntax(
            span,
            "a `,` is missing before this",
            "separate values with `,`",
        )
    }

    pub(super) fn extra(&self, span: Range<usize>, line: &BrokenLine<'_>) -> Diagnostic {
        let span = span.start..self.source.line(span.start).end.max(span.start);
        let whole = self.written(span.clone());
        let rest = whole.trim();
        if [",", ";"].contains(&rest) {
            let message = format!("unexpected `{rest}` at the end of the line");
            return self.syntax(span, message, "remove it");
        }
        if let Some(comment) = foreign_comment(rest) {
            return self.comment(span, comment);
        }
        if rest.is_empty() {
            let blank = whole.chars().next().unwrap_or(' ');
            let message = format!("U+{:04X} is not a space in TOML", u32::from(blank));
            return self.syntax(span, message, "remove it");
        }
        let after = if line.text.starts_with('[') {
            "header"
        } else {
            "value"
        };
        let message = format!("unexpected {} after the {after}", self.quote(&span));
        let help = "write one field or header per line; a comment starts with `#`";
        self.syntax(span, message, help)
    }

    /// A field or table that is defined twice, with a label at the first.
    fn duplicate(&self, span: Range<usize>, line: &BrokenLine<'_>) -> Diagnostic {
        let name = self.written(span.clone());
        let first = self.first_definition(span.start);
        let first = first.or_else(|| self.first_on_line(&span, line));
        let is_field = |first: &Range<usize>| self.here(first.start) != Some('[');
        let one_of_array = toml_type(name) == TomlType::Tables
            && line.text.starts_with('[')
            && !first.as_ref().is_some_and(is_field);
        let shown = self.quote(&span);
        let diagnostic = if one_of_array {
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

    /// The first definition between the same braces.
    fn first_on_line(&self, span: &Range<usize>, line: &BrokenLine<'_>) -> Option<Range<usize>> {
        let name = self.written(span.clone());
        let before = self.written(line.range.start..span.start);
        let is_field = |at: usize| {
            let rest = before.get(at + name.len()..);
            rest.is_some_and(|rest| rest.trim_start().starts_with('='))
        };
        let mut found = before.match_indices(name).filter(|(at, _)| is_field(*at));
        let start = line.range.start + found.next()?.0;
        Some(start..start + name.len())
    }

    fn name(&self, span: Range<usize>, line: &BrokenLine<'_>) -> Diagnostic {
        if let Some(comment) = foreign_comment(line.text) {
            return self.comment(span, comment);
        }
        let message = format!("{} is not a valid name", self.quote(&span));
        self.syntax(span, message, "use letters, digits, `-` and `_`")
    }

    pub(super) fn other(&self, span: Range<usize>, line: &BrokenLine<'_>) -> Diagnostic {
        let message = format!("{} is not TOML", self.quote(&line.range));
        self.syntax(span, message, ON_FIELDS)
    }
}
