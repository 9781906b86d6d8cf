//! The problems of a text, collected while it is read.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::DeValue;

use super::field_row::{FieldRow, example_of, find, header_of};
use super::statements::{ErrorRanges, Statements};
use crate::diagnostics::{Code, Diagnostic, Diagnostics, Location, Source, collect, quoted};
use crate::providers::Provider;

pub(super) type TomlValue<'i> = Spanned<DeValue<'i>>;

pub(super) struct Findings<'s> {
    pub(super) source: &'s Arc<Source>,
    pub(super) list: Diagnostics,
    /// The rows of the top level.
    pub(super) rows: &'static [FieldRow],
    /// The rows of the table that is being read.
    pub(super) near: &'static [FieldRow],
    /// The path of that table, if it is in a provider.
    pub(super) inside: Option<String>,
    /// Where the text has syntax errors.
    pub(super) error_ranges: ErrorRanges,
    /// Top-level fields that are below a header.
    pub(super) misplaced: BTreeSet<String>,
    /// The line of the first header; searched for the first misplaced field.
    pub(super) first_header: OnceCell<usize>,
    /// Fields that are set at the top level.
    pub(super) top: Vec<&'static str>,
    /// The path of the section that is being read.
    pub(super) section: Option<String>,
    /// The manifest's own providers; one with mistakes is none.
    pub(super) providers: BTreeMap<String, Option<Provider>>,
}

impl Findings<'_> {
    /// The path of a table in the section that is being read, or at the top level.
    pub(super) fn path_of(&self, table: &str) -> String {
        match &self.section {
            Some(section) => format!("{section}.{table}"),
            None => table.to_owned(),
        }
    }

    /// The path of a field of the provider that is being read; elsewhere its name.
    pub(super) fn path_inside(&self, field: &str) -> String {
        match &self.inside {
            Some(table) => format!("{table}.{field}"),
            None => field.to_owned(),
        }
    }

    /// Reads a table of a provider.
    pub(super) fn inside<T>(&mut self, path: String, read: impl FnOnce(&mut Self) -> T) -> T {
        let outer = self.inside.replace(path);
        let value = read(self);
        self.inside = outer;
        value
    }

    /// How many errors there are.
    pub(super) fn errors(&self) -> usize {
        self.list.iter().filter(|one| one.is_error()).count()
    }

    /// Starts a diagnostic; [`Self::push`] adds it when it is complete.
    pub(super) fn at(&self, code: Code, span: Range<usize>, message: String) -> Diagnostic {
        Diagnostic::at(code, self.source, span, message)
    }

    /// Adds a diagnostic, unless it overlaps a syntax error: the value there is a
    /// guess of the parser.
    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        let is_guess = match &diagnostic.location {
            Location::Text { span, .. } => self.error_ranges.touches(span),
            Location::Path(_) => false,
        };
        if !is_guess {
            collect(&mut self.list, diagnostic);
        }
    }

    /// Reports a wrong value with its help.
    pub(super) fn wrong(
        &mut self,
        code: Code,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.push(self.at(code, span, message.into()).help(help));
    }

    /// Reports a wrong value, with a label at another location that belongs to it.
    pub(super) fn labelled(
        &mut self,
        code: Code,
        span: &Range<usize>,
        (message, help): (impl Into<String>, impl Into<String>),
        (other, label): (&Range<usize>, &str),
    ) {
        let diagnostic = self.at(code, span.clone(), message.into()).help(help);
        self.push(diagnostic.label(other.clone(), label));
    }

    /// Reports each number without digits in a value, such as `0x`, which the parser
    /// accepts. Returns whether the value is one itself.
    pub(super) fn without_digits(&mut self, name: &str, value: &TomlValue<'_>) -> bool {
        match value.get_ref() {
            DeValue::Integer(written) if written.as_str().is_empty() => {
                let message = format!("{} has a number without digits", quoted(name));
                let line = format!("{name} = {}", self.example_of(name));
                let help = format!("write {}", quoted(&line));
                self.wrong(Code::SyntaxError, value.span(), message, help);
                return true;
            }
            DeValue::Array(items) => {
                for item in items {
                    self.without_digits(name, item);
                }
            }
            DeValue::Table(fields) => {
                for (name, value) in fields {
                    self.without_digits(name.get_ref(), value);
                }
            }
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_) => {}
        }
        false
    }

    pub(super) fn example_of(&self, name: &str) -> &'static str {
        let near = self.near.iter().find(|row| row.name == name);
        near.map_or_else(|| example_of(self.rows, name), |row| row.example)
    }

    pub(super) fn is_top_level(&self, name: &str) -> bool {
        self.rows.iter().any(|row| row.name == name)
    }

    /// Reports a field of the top level or of a section that is below the header
    /// of another table.
    pub(super) fn misplaced(
        &mut self,
        name: &str,
        key: Range<usize>,
        table: &str,
        header: Range<usize>,
    ) {
        let row = find(self.rows, name);
        let section = self.section.as_ref();
        let help = match section.filter(|_| row.is_some_and(|row| row.in_section.is_some())) {
            Some(section) => format!("move this line directly below `[{section}]`"),
            None => self.to_the_top(name, row),
        };
        let message = format!("`{name}` is inside `{table}`");
        let diagnostic = self
            .at(Code::MisplacedField, key, message)
            .help(help)
            .label(header, "this table continues until the next header")
            .meaning(row.and_then(|row| row.without));
        self.push(diagnostic);
        self.misplaced.insert(name.to_owned());
    }

    fn to_the_top(&self, name: &str, row: Option<&FieldRow>) -> String {
        if self.section.is_some() && row.is_some_and(|row| row.toml.is_table()) {
            return format!(
                "a section cannot have it: `[{}]` is the group's",
                header_of(name)
            );
        }
        if self.top.contains(&name) {
            return format!("`{name}` is already set above the first header: remove this line");
        }
        let line = self.first_header.get_or_init(|| {
            let top = Statements::of(self.source.text()).top_level();
            self.source.line_number(top.end)
        });
        format!("move this line above line {line}, the first header")
    }
}
