//! Taking a parsed table apart, field by field, and noting every problem on
//! the way.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::quoted;
use super::schema_fields::{AUDIT, EXTENSION, SECRET, TOP, example, without};
use super::syntax::{ErrorRanges, Statements};
use crate::diagnostics::{
    Code, Diagnostic, Diagnostics, Location, Safety, Source, nearest, one_of,
};

/// A value of the parsed text with its place.
pub(super) type Value<'i> = Spanned<DeValue<'i>>;

/// The problems found so far, and the text they are in.
pub(super) struct Findings<'s> {
    pub(super) source: &'s Arc<Source>,
    pub(super) list: Diagnostics,
    /// Where the text means nothing for certain.
    spoilt: ErrorRanges,
    /// Fields of the top level that stand below a header.
    misplaced: Vec<String>,
    /// Fields that stand where they belong, at the top level.
    pub(super) top: Vec<&'static str>,
    /// The header of the section that is being read.
    pub(super) section: Option<String>,
}

impl<'s> Findings<'s> {
    pub(super) fn new(source: &'s Arc<Source>, spoilt: ErrorRanges) -> Self {
        Self {
            source,
            list: Diagnostics::default(),
            spoilt,
            misplaced: Vec::new(),
            top: Vec::new(),
            section: None,
        }
    }

    /// Writes the path of a table in the section that is being read, or at the
    /// top level.
    pub(super) fn path_of(&self, table: &str) -> String {
        match &self.section {
            Some(section) => format!("{section}.{table}"),
            None => table.to_owned(),
        }
    }

    /// Starts a diagnostic of this text; the caller pushes it when it is whole.
    pub(super) fn at(&self, code: Code, span: Range<usize>, message: String) -> Diagnostic {
        Diagnostic::at(code, self.source, span, message)
    }

    /// Adds a diagnostic, unless a syntax error stands where it points: what is
    /// there is then a guess.
    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        let guess = match &diagnostic.location {
            Location::Text { span, .. } => self.spoilt.touches(span),
            Location::Path(_) => false,
        };
        if !guess {
            self.list.push(diagnostic);
        }
    }

    /// Reports a field of the top level, or of a section, that stands below a
    /// header that is not its own.
    pub(super) fn misplaced(
        &mut self,
        name: &str,
        key: Range<usize>,
        table: &str,
        header: Range<usize>,
    ) {
        let message = format!("`{name}` stands inside `{table}`");
        let section = self.section.as_ref();
        let help = match section.filter(|_| EXTENSION.contains(&name)) {
            Some(section) => format!("move it directly below `[{section}]`"),
            None => self.to_the_top(name),
        };
        let diagnostic = self
            .at(Code::MisplacedField, key, message)
            .help(help)
            .label(header, "this table goes on until the next header")
            .meaning(without(name));
        self.push(diagnostic);
        self.misplaced.push(name.to_owned());
    }

    fn to_the_top(&self, name: &str) -> String {
        if self.top.contains(&name) {
            return format!("`{name}` stands above the first header already: remove it here");
        }
        let top = Statements::of(self.source.text()).top_level();
        let line = self.source.line_number(top.end);
        format!("move it above the first header, to line {line}")
    }
}

/// The fields of one table. Every name is asked for once; what nobody asked
/// for is unknown.
pub(super) struct Fields<'t, 'i> {
    table: &'t DeTable<'i>,
    header: Range<usize>,
    /// How its header is written; empty for the top level.
    title: String,
    asked: Vec<&'static str>,
    missing: Vec<&'static str>,
}

impl<'t, 'i> Fields<'t, 'i> {
    pub(super) fn of(table: &'t DeTable<'i>, header: Range<usize>) -> Self {
        Self {
            table,
            header,
            title: String::new(),
            asked: Vec::new(),
            missing: Vec::new(),
        }
    }

    /// Says how the header of the table is written.
    pub(super) fn titled(self, title: String) -> Self {
        Self { title, ..self }
    }

    /// Returns a field that may be absent.
    pub(super) fn optional(&mut self, name: &'static str) -> Option<&'t Value<'i>> {
        self.asked.push(name);
        // What the parser makes up has no place.
        let value = self.table.get(name);
        value.filter(|value| !value.span().is_empty())
    }

    /// Returns a field that may not be absent, and remembers if it is.
    pub(super) fn required(&mut self, name: &'static str) -> Option<&'t Value<'i>> {
        let value = self.optional(name);
        if value.is_none() {
            self.missing.push(name);
        }
        value
    }

    /// Reports what nobody asked for, then what is missing. A name that was
    /// surely meant for a missing field is one problem, not two; and where a
    /// syntax error stands, nothing is certain to be missing.
    pub(super) fn finish(mut self, found: &mut Findings<'_>) {
        let keys = self.table.iter().map(|(key, _)| key);
        let unknown: Vec<_> = keys
            .map(|key| (key.get_ref().as_ref(), key.span()))
            .filter(|(name, _)| !self.asked.contains(name))
            .map(|(name, span)| (name, span, nearest(name, self.asked.iter().copied())))
            .collect();
        let mut meant = BTreeMap::new();
        for (.., close) in &unknown {
            *meant.entry(*close).or_insert(0) += 1;
        }
        for (name, span, close) in unknown {
            let alone = meant.get(&close) == Some(&1);
            self.unknown(name, span, close.map(|close| (close, alone)), found);
        }
        self.missing
            .retain(|name| !found.misplaced.iter().any(|one| one == name));
        if self.missing.is_empty() || found.spoilt.in_table(&self.header) {
            return;
        }
        for name in &self.missing {
            let message = format!("`{name}` is missing");
            let help = format!("add `{name} = {}`", example(name));
            let diagnostic = found.at(Code::MissingField, self.header.clone(), message);
            found.push(diagnostic.help(help));
        }
    }

    /// Says whether this is `[extensions.NAME]` with a name that needs no quotes.
    fn is_section(&self) -> bool {
        let name = self.title.strip_prefix("extensions.");
        name.is_some_and(|name| !name.starts_with('"'))
    }

    fn is_table(&self, name: &str) -> bool {
        let value = self.table.get(name);
        value.is_some_and(|value| matches!(value.get_ref(), DeValue::Table(_)))
    }

    /// Reports an unknown field, given the known one that is near, and whether
    /// no other is near to that.
    fn unknown(
        &mut self,
        name: &str,
        key: Range<usize>,
        near: Option<(&'static str, bool)>,
        found: &mut Findings<'_>,
    ) {
        let in_secret = self.asked == SECRET;
        if !self.title.is_empty() && TOP.contains(&name) {
            found.misplaced(name, key, &self.title, self.header.clone());
            return;
        }
        let message = format!("unknown field {}", quoted(name));
        let diagnostic = found.at(Code::UnknownField, key.clone(), message);
        let diagnostic = match near {
            Some((close, _)) if self.table.contains_key(close) => {
                diagnostic.help(format!("`{close}` is there already: remove one of them"))
            }
            Some((close, alone)) => {
                self.missing.retain(|missing| *missing != close);
                // Two that mean the same would be there twice.
                let safety = if alone {
                    Safety::Safe
                } else {
                    Safety::Suggestion
                };
                diagnostic
                    .fix(safety, key, close)
                    .help(format!("did you mean `{close}`?"))
                    .meaning(without(close))
            }
            None if !in_secret && SECRET.contains(&name) => diagnostic.help(format!(
                "`{name}` belongs to a secret: write it below `[[{}]]`",
                found.path_of("secrets")
            )),
            None if self.title.is_empty() && AUDIT.contains(&name) => diagnostic.help(format!(
                "`{name}` belongs to the log: write it below `[audit]`"
            )),
            None if self.is_section() && self.is_table(name) => {
                let quoted = format!("{}.{name}", self.title).replacen('.', ".\"", 1);
                diagnostic.help(format!(
                    "a name with a dot stands in quotes: `[{quoted}\"]`"
                ))
            }
            None => diagnostic.help(format!(
                "the fields here are {}",
                one_of(self.asked.iter().copied())
            )),
        };
        found.push(diagnostic);
    }
}
