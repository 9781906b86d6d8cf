//! Text that is not valid TOML: all its errors, and as much of the rest as can
//! still be read.
//!
//! The parser of the crate `toml` reports several errors in one pass, but ignores
//! the rest of the text after some of them. Those are overwritten with spaces, so
//! that all offsets stay the same, and the text is parsed again.

mod intent;
mod kind;
mod limit;
mod lines;
mod messages;
mod unclosed;
mod values;

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use toml::de::DeTable;

use super::statements::{ErrorRanges, Statements};
use crate::diagnostics::{Code, Diagnostic, Location, Source, StructuralBytes};
use kind::{SyntaxError, SyntaxErrorKind as Is};
use limit::{MAX_ERRORS, readable};
use lines::conflicts;
use messages::ErrorWriter;

#[derive(Debug)]
pub(super) struct Recovered {
    /// The syntax errors, at most one a line.
    pub(super) problems: Vec<Diagnostic>,
    /// The text with spaces instead of what cannot be read.
    pub(super) text: String,
    /// Where the meaning of the text is uncertain.
    pub(super) error_ranges: ErrorRanges,
}

/// The most times that a text is parsed again. No text is known to need more than two.
const ROUNDS: usize = 4;

pub use limit::parse_toml;

/// The syntax errors of another TOML file: a policy.
#[cfg(feature = "policy")]
pub fn syntax_errors(source: &Arc<Source>) -> Vec<Diagnostic> {
    recover(source).problems
}

/// Finds every syntax error, and overwrites what keeps the rest from being read.
pub(super) fn recover(source: &Arc<Source>) -> Recovered {
    let mut state = Recovery {
        source,
        bytes: source.text().as_bytes().to_vec(),
        by_line: BTreeMap::new(),
        error_ranges: Vec::new(),
    };
    let end = readable(source.text());
    state.blank(end..source.text().len());
    let text = source.text().trim_start_matches('\u{feff}').trim_start();
    if text.starts_with('{') {
        state.report_json();
    } else {
        state.remove_conflicts();
        state.remove_surplus_quotes();
        state.remove_unclosed();
    }
    // Removing a line below does not change which lines are headers.
    let statements = Statements::of(&state.text());
    state.remove_lines(&statements);
    let too_many = state.too_many(end);
    Recovered {
        text: state.text(),
        error_ranges: ErrorRanges::of(state.error_ranges, statements),
        problems: state.by_line.into_values().chain(too_many).collect(),
    }
}

struct Recovery<'s> {
    source: &'s Arc<Source>,
    bytes: Vec<u8>,
    /// The first error of each line; it causes the others.
    by_line: BTreeMap<usize, Diagnostic>,
    error_ranges: Vec<Range<usize>>,
}

impl Recovery<'_> {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        let Location::Text { span, .. } = &diagnostic.location else {
            return;
        };
        self.error_ranges.push(span.clone());
        let line = self.source.line_number(span.start);
        self.by_line.entry(line).or_insert(diagnostic);
    }

    fn report_at(&mut self, code: Code, span: Range<usize>, message: &str, help: &str) {
        self.report(Diagnostic::at(code, self.source, span, message.to_owned()).help(help));
    }

    /// Overwrites a range with spaces; line endings stay.
    fn blank(&mut self, range: Range<usize>) {
        if let Some(bytes) = self.bytes.get_mut(range.clone()) {
            let others = bytes.iter_mut().filter(|byte| **byte != b'\n');
            others.for_each(|byte| *byte = b' ');
        }
        self.error_ranges.push(range);
    }

    fn report_json(&mut self) {
        let first = self.source.text().find('{').unwrap_or_default();
        let message = "this looks like JSON, but a manifest is TOML";
        let help = messages::ON_FIELDS;
        self.report_at(Code::SyntaxError, first..first, message, help);
        self.blank(0..self.bytes.len());
    }

    fn remove_conflicts(&mut self) {
        for conflict in conflicts(self.source, &Statements::of(self.source.text())) {
            let message = "the file contains a merge conflict";
            let help = "keep one side, and remove the lines with `<<<<<<<`, `=======`, `>>>>>>>`";
            self.report_at(Code::SyntaxError, conflict.start, message, help);
            for line in conflict.blanked {
                self.blank(line);
            }
        }
    }

    fn remove_surplus_quotes(&mut self) {
        let text = self.text();
        let mut bytes = StructuralBytes::new(&text, 0);
        let mut has_more = true;
        while has_more {
            has_more = bytes.next().is_some();
            if let Some(surplus) = bytes.surplus.take() {
                let message = "more quotation marks than close this string";
                self.report_at(Code::SyntaxError, surplus.clone(), message, "remove them");
                self.blank(surplus);
            }
        }
    }

    fn remove_unclosed(&mut self) {
        for one in unclosed::unclosed(&self.text()) {
            let line = self.source.line(one.mark);
            let value = self.source.text().get(one.mark..).unwrap_or_default();
            let (what, closing) = unclosed::kind(value);
            let message = format!("this {what} is not closed");
            let mark = one.mark..line.end.min(one.range.end);
            let help = match closing {
                "\"" | "'" => "; a multi-line string goes between `\"\"\"`",
                _ => "",
            };
            let help = format!("close it with `{closing}`{help}");
            self.report_at(Code::Unclosed, mark, &message, &help);
            self.blank(one.range);
        }
    }

    /// Removes the lines that keep the parser from reading others, until none is left;
    /// reports all other errors.
    fn remove_lines(&mut self, statements: &Statements) {
        for _ in 0..ROUNDS {
            let text = self.text();
            let (_, errors) = DeTable::parse_recoverable(&text);
            let mut errors: Vec<_> = errors
                .iter()
                .map(|one| SyntaxError::of(one, &text))
                .collect();
            errors.sort_by_key(|one| (one.span.start, one.span.end));
            let writer = ErrorWriter {
                source: self.source,
                text: &text,
                statements,
                defined: OnceCell::new(),
            };
            let (harmful, rest): (Vec<_>, Vec<_>) =
                errors.into_iter().partition(|one| writer.hides_others(one));
            if harmful.is_empty() {
                return self.report_rest(&writer, rest);
            }
            let mut last = 0..0;
            for one in harmful {
                self.report_once(&writer, &one);
                let range = if matches!(one.kind, Is::OpenHeader | Is::Duplicate) {
                    statements.table(one.span.start)
                } else {
                    self.source.line(one.span.start)
                };
                // A line may have as many errors as characters.
                if range != last {
                    self.blank(range.clone());
                    last = range;
                }
            }
        }
        self.blank(0..self.bytes.len());
    }

    /// Reports that there are more errors than those reported, if so: the text was
    /// read up to `end`.
    fn too_many(&self, end: usize) -> Option<Diagnostic> {
        let is_full = self.by_line.len() >= MAX_ERRORS;
        let is_partial = is_full || end < self.source.text().len();
        let path = self.source.path();
        let one = is_partial.then(|| Diagnostic::partly_checked(path, Code::SyntaxError));
        one.flatten()
    }

    /// Makes a diagnostic only for the first error of a line: it may have as many
    /// as characters.
    fn report_once(&mut self, writer: &ErrorWriter<'_>, one: &SyntaxError) {
        let line = self.source.line_number(one.span.start);
        if self.by_line.contains_key(&line) || self.by_line.len() >= MAX_ERRORS {
            self.error_ranges.push(one.span.clone());
        } else {
            self.report(writer.diagnostic(one));
        }
    }

    fn report_rest(&mut self, writer: &ErrorWriter<'_>, rest: Vec<SyntaxError>) {
        // Fields below a header that is defined twice are defined twice, too.
        let mut repeated = 0;
        for one in rest {
            let is_duplicate = one.kind == Is::Duplicate;
            if is_duplicate && writer.statements.on_header(self.source, one.span.start) {
                repeated = writer.statements.table(one.span.start).end;
            } else if is_duplicate && one.span.start < repeated {
                self.error_ranges.push(one.span);
                continue;
            }
            self.report_once(writer, &one);
        }
    }
}
