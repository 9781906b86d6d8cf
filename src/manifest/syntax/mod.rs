//! A text that is not TOML: everything that is wrong with it, and as much of
//! the rest as can still be read.
//!
//! The parser of the crate `toml` reports several errors in one pass, but gives
//! up the rest of the text after some of them. Those are blanked, so that every
//! place stays where it is, and the text is parsed again.

mod intent;
mod kind;
mod lines;
mod messages;
mod unclosed;
mod values;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use toml::de::{DeTable, Error};

use super::error_ranges::ErrorRanges;
use super::statements::Statements;
use crate::diagnostics::{Code, Diagnostic, Source};
use kind::Kind;
use lines::conflicts;
use messages::Reader;

/// What could be made of a text with errors.
#[derive(Debug)]
pub(super) struct Recovered {
    /// The syntax errors, at most one a line.
    pub(super) problems: Vec<Diagnostic>,
    /// The text with what nobody can read blanked.
    pub(super) text: String,
    /// Where the text means nothing for certain.
    pub(super) error_ranges: ErrorRanges,
}

/// So often a text is parsed again. Two are enough for all that was tried.
const ROUNDS: usize = 4;

/// Returns the syntax errors of a text in TOML that is not a manifest: a policy.
#[cfg(feature = "policy")]
pub fn syntax_errors(source: &Arc<Source>) -> Vec<Diagnostic> {
    recover(source).problems
}

/// Finds every syntax error, and blanks what keeps the rest from being read.
pub(super) fn recover(source: &Arc<Source>) -> Recovered {
    let mut state = Recovery {
        source,
        bytes: source.text().as_bytes().to_vec(),
        by_line: BTreeMap::new(),
        error_ranges: Vec::new(),
        statements: Statements::of(source.text()),
    };
    let text = source.text().trim_start_matches('\u{feff}').trim_start();
    if text.starts_with('{') {
        state.report_json();
    } else {
        state.take_out_conflicts();
        state.take_out_unclosed();
        state.take_out_lines();
    }
    Recovered {
        text: state.text(),
        error_ranges: ErrorRanges::of(state.error_ranges, state.statements),
        problems: state.by_line.into_values().collect(),
    }
}

struct Recovery<'s> {
    source: &'s Arc<Source>,
    bytes: Vec<u8>,
    /// Of several errors on a line the first that is found is the cause of the
    /// others.
    by_line: BTreeMap<usize, Diagnostic>,
    error_ranges: Vec<Range<usize>>,
    statements: Statements,
}

impl Recovery<'_> {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        let crate::diagnostics::Location::Text { span, .. } = &diagnostic.location else {
            return;
        };
        self.error_ranges.push(span.clone());
        let line = self.source.line_number(span.start);
        self.by_line.entry(line).or_insert(diagnostic);
    }

    /// Fills a range of whole characters with spaces; line ends stay.
    fn blank(&mut self, range: Range<usize>) {
        if let Some(bytes) = self.bytes.get_mut(range.clone()) {
            let others = bytes.iter_mut().filter(|byte| **byte != b'\n');
            others.for_each(|byte| *byte = b' ');
        }
        self.error_ranges.push(range);
    }

    /// Another language is one problem.
    fn report_json(&mut self) {
        let first = self.source.text().find('{').unwrap_or_default();
        let message = "this looks like JSON, and a manifest is TOML".to_owned();
        let diagnostic = Diagnostic::at(Code::SyntaxError, self.source, first..first, message);
        self.report(diagnostic.help(messages::ON_FIELDS));
        self.blank(0..self.bytes.len());
    }

    fn take_out_conflicts(&mut self) {
        for conflict in conflicts(self.source, &self.statements) {
            let message = "a merge conflict is left in the file".to_owned();
            let mark = conflict.start.clone();
            let diagnostic = Diagnostic::at(Code::SyntaxError, self.source, mark, message)
                .help("keep one side, and remove the lines with `<<<<<<<`, `=======`, `>>>>>>>`");
            self.report(diagnostic);
            conflict
                .blanked
                .into_iter()
                .for_each(|line| self.blank(line));
        }
    }

    fn take_out_unclosed(&mut self) {
        for one in unclosed::unclosed(&self.text()) {
            let line = self.source.line(one.mark);
            let message = format!("the {} that begins here is not closed", one.what);
            let mark = one.mark..line.end.min(one.range.end);
            let diagnostic = Diagnostic::at(Code::Unclosed, self.source, mark, message);
            let help = match one.closing {
                "\"" | "'" => "; a text of several lines stands between `\"\"\"`",
                _ => "",
            };
            let help = format!("end it with `{}`{help}", one.closing);
            self.report(diagnostic.help(help));
            self.blank(one.range);
        }
        // What is a header stays one, whatever is taken out of it later.
        self.statements = Statements::of(&self.text());
    }

    /// Takes out the lines after which the parser reads no further, or loses
    /// what it has read, until there is none left; reports all other errors.
    fn take_out_lines(&mut self) {
        for _ in 0..ROUNDS {
            let text = self.text();
            let (_, errors) = DeTable::parse_recoverable(&text);
            let mut errors: Vec<_> = errors.iter().map(Found::of).collect();
            errors.sort_by_key(|one| (one.span.start, one.span.end));
            let statements = std::mem::take(&mut self.statements);
            let reader = Reader::new(self.source, &text, &statements, &errors);
            let (harmful, rest): (Vec<_>, Vec<_>) =
                errors.into_iter().partition(|one| reader.is_harmful(one));
            let done = harmful.is_empty();
            for one in harmful {
                self.report_once(&reader, &one);
                let whole = matches!(one.kind, Kind::OpenHeader | Kind::Duplicate);
                self.blank(if whole {
                    statements.table(one.span.start)
                } else {
                    self.source.line(one.span.start)
                });
            }
            if done {
                self.report_rest(&reader, rest);
            }
            self.statements = statements;
            if done {
                return;
            }
        }
        self.blank(0..self.bytes.len());
    }

    /// Words an error only if it is the first of its line: a line may hold as
    /// many as it has characters.
    fn report_once(&mut self, reader: &Reader<'_>, one: &Found) {
        let line = self.source.line_number(one.span.start);
        if self.by_line.contains_key(&line) {
            self.error_ranges.push(one.span.clone());
        } else {
            self.report(reader.diagnostic(one));
        }
    }

    fn report_rest(&mut self, reader: &Reader<'_>, rest: Vec<Found>) {
        // What stands below a header that is there twice is there twice, too.
        let mut repeated = 0;
        for one in rest {
            let is_header = one.kind == Kind::Duplicate
                && reader.statements.on_header(self.source, one.span.start);
            if is_header {
                repeated = reader.statements.table(one.span.start).end;
            }
            if one.kind == Kind::Duplicate && !is_header && one.span.start < repeated {
                self.error_ranges.push(one.span);
            } else {
                self.report_once(reader, &one);
            }
        }
    }
}

/// An error of the parser.
struct Found {
    kind: Kind,
    span: Range<usize>,
}

impl Found {
    fn of(error: &Error) -> Self {
        Self {
            kind: Kind::of(error.message()),
            span: error.span().unwrap_or(0..0),
        }
    }
}
