//! What the parser says, in our words: its messages name no remedy.

use std::ops::Range;
use std::sync::Arc;

use super::super::field_row::TomlType;
use super::super::quoted;
use super::super::statements::Statements;
use super::Found;
use super::intent::{Meant, foreign_comment, toml_type};
use super::kind::Kind;
use super::lines::Definitions;
use crate::diagnostics::{Code, Diagnostic, Source};

/// Words errors, given the text that was parsed.
pub(super) struct Reader<'t> {
    pub(super) source: &'t Arc<Source>,
    pub(super) text: &'t str,
    pub(super) statements: &'t Statements,
    defined: Definitions,
}

/// A line with the name and the value that were probably meant.
pub(super) struct Line<'t> {
    pub(super) range: Range<usize>,
    pub(super) text: &'t str,
    pub(super) meant: Meant<'t>,
    top_level: bool,
}

impl Line<'_> {
    pub(super) fn help(&self) -> String {
        self.meant.help(self.top_level)
    }

    pub(super) fn name_span(&self) -> Range<usize> {
        let at = self.text.find(self.meant.name).unwrap_or_default();
        let start = self.range.start + at;
        start..start + self.meant.name.len()
    }
}

pub(super) const ON_FIELDS: &str = "a line is `field = value`, and text stands in quotation marks";

impl<'t> Reader<'t> {
    pub(super) fn new(
        source: &'t Arc<Source>,
        text: &'t str,
        statements: &'t Statements,
        errors: &[Found],
    ) -> Self {
        let twice = errors.iter().any(|one| one.kind == Kind::Duplicate);
        let defined = if twice {
            Definitions::of(text, statements)
        } else {
            Definitions::default()
        };
        Self {
            source,
            text,
            statements,
            defined,
        }
    }

    /// Says whether the parser reads nothing after an error, or has lost what
    /// stood before it: a table that turns up again in the other form.
    pub(super) fn is_harmful(&self, one: &Found) -> bool {
        let is_header =
            one.kind == Kind::Duplicate && self.statements.on_header(self.source, one.span.start);
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
        let own = self.source.line(header).start;
        let first = self.defined.first(self.text, self.statements, own);
        first.is_some_and(|first| is_array(first.start) != is_array(own))
    }

    pub(super) fn syntax(
        &self,
        span: Range<usize>,
        message: String,
        help: impl Into<String>,
    ) -> Diagnostic {
        self.at(Code::SyntaxError, span, message, help)
    }

    pub(super) fn at(
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
        let range = start..start + text.len();
        let mut line = Line {
            top_level: self.statements.top_level().contains(&start),
            range,
            text,
            meant: Meant::by(text),
        };
        if self.is_secret(&line.range) {
            line.meant.value = "";
        }
        // A line of a secret's value has no name that could be told.
        if self.is_secret(&line.name_span()) || !line.meant.name.contains(char::is_alphanumeric) {
            line.meant.name = "";
        }
        line
    }

    /// Says whether a range holds something that is not shown.
    pub(super) fn is_secret(&self, range: &Range<usize>) -> bool {
        let of = |text: &'t str| text.get(range.clone()).unwrap_or_default().bytes();
        let mut both = of(self.source.text()).zip(of(self.source.shown()));
        both.any(|(raw, shown)| raw != shown && shown == b'*')
    }

    /// Quotes a part of the text as it is shown.
    pub(super) fn quote(&self, range: &Range<usize>) -> String {
        quoted(
            self.source
                .shown()
                .get(range.clone())
                .unwrap_or_default()
                .trim(),
        )
    }

    pub(super) fn here(&self, at: usize) -> Option<char> {
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
                let message = format!("more than one `=` stands after {}", quoted(line.meant.name));
                self.syntax(span, message, line.help())
            }
            Kind::Comma => self.comma(span),
            Kind::Duplicate => self.duplicate(span, &line),
            Kind::Taken => {
                let message = format!("{} is defined already", self.quote(&span));
                let help = "a field holds a value or other fields, not both: remove one of them";
                self.at(Code::DuplicateField, span, message, help)
            }
            Kind::Name => self.name(span, &line),
            Kind::NoName => self.syntax(span, "a name is missing here".to_owned(), ON_FIELDS),
            Kind::NoField => self.no_field(&line),
            Kind::Depth => {
                let message = "arrays and tables stand too deep in one another".to_owned();
                self.syntax(span, message, "a manifest needs two levels")
            }
            Kind::Other => self.other(span, &line),
        }
    }

    fn no_field(&self, line: &Line<'_>) -> Diagnostic {
        let message = format!("{} is no field", self.quote(&line.range));
        self.syntax(line.range.clone(), message, ON_FIELDS)
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
            "a manifest knows no `export`".to_owned()
        } else if line.text.len() <= line.meant.name.len() + 2 {
            format!("{shown} has no value")
        } else {
            format!("`=` is missing after {shown}")
        };
        self.at(Code::FieldWithoutValue, span, message, line.help())
    }

    fn comment(&self, span: Range<usize>, mark: &str) -> Diagnostic {
        let message = format!("a comment does not begin with `{mark}`");
        self.syntax(span, message, "begin it with `#`")
    }

    fn open_header(&self, line: &Line<'_>) -> Diagnostic {
        let span = line.range.clone();
        let shown = self.quote(&span);
        if line.text.contains(['"', '\''])
            || line.text.ends_with(']') && !line.text.starts_with("[[")
        {
            let message = format!("{shown} is no header");
            let help = "a header is a name of letters, digits, `-` and `_` between brackets";
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
            let message = "one `,` too many stands here".to_owned();
            return self.syntax(span, message, "remove it");
        }
        let message = "a `,` is missing before this".to_owned();
        self.syntax(span, message, "put a `,` between two values")
    }

    pub(super) fn extra(&self, span: Range<usize>, line: &Line<'_>) -> Diagnostic {
        let span = span.start..self.source.line(span.start).end.max(span.start);
        let whole = self.text.get(span.clone()).unwrap_or_default();
        let rest = whole.trim();
        if [",", ";"].contains(&rest) {
            let message = format!("a line does not end in `{rest}`");
            return self.syntax(span, message, "remove it");
        }
        if let Some(comment) = foreign_comment(rest) {
            return self.comment(span, comment);
        }
        if rest.is_empty() {
            let blank = whole.chars().next().unwrap_or(' ');
            let message = format!("U+{:04X} is no space that TOML knows", u32::from(blank));
            return self.syntax(span, message, "remove it");
        }
        let after = if line.text.starts_with('[') {
            "header"
        } else {
            "value"
        };
        let message = format!("{} stands after the {after}", self.quote(&span));
        let help = "a line holds one field or one header; a comment begins with `#`";
        self.syntax(span, message, help)
    }

    /// A field or table that is there already, with the place of the first.
    fn duplicate(&self, span: Range<usize>, line: &Line<'_>) -> Diagnostic {
        let name = self.text.get(span.clone()).unwrap_or_default();
        let own = self.source.line(span.start).start;
        let first = self.defined.first(self.text, self.statements, own);
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
    fn first_on_line(&self, span: &Range<usize>, line: &Line<'_>) -> Option<Range<usize>> {
        let name = self.text.get(span.clone())?;
        let before = self.text.get(line.range.start..span.start)?;
        let mut locations = before.match_indices(name).filter(|(at, _)| {
            let behind = before.get(at + name.len()..).unwrap_or_default();
            behind.trim_start().starts_with('=')
        });
        let start = line.range.start + locations.next()?.0;
        Some(start..start + name.len())
    }

    fn name(&self, span: Range<usize>, line: &Line<'_>) -> Diagnostic {
        if let Some(comment) = foreign_comment(line.text) {
            return self.comment(span, comment);
        }
        let message = format!("{} cannot be a name", self.quote(&span));
        self.syntax(span, message, "a name holds letters, digits, `-` and `_`")
    }

    pub(super) fn other(&self, span: Range<usize>, line: &Line<'_>) -> Diagnostic {
        let message = format!("{} is not TOML", self.quote(&line.range));
        self.syntax(span, message, ON_FIELDS)
    }
}
