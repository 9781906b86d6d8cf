//! Taking a parsed table apart, field by field, and noting every problem on
//! the way.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::known::{SECRET, TOP, example, without};
use super::quoted;
use super::syntax::{Spoilt, Statements};
use crate::diagnostics::{Code, Diagnostic, Diagnostics, Place, Safety, Source, nearest, one_of};
use crate::names::{looks_secret, visible};

/// A value of the parsed text with its place.
pub(super) type Value<'i> = Spanned<DeValue<'i>>;

/// The problems found so far, and the text they are in.
pub(super) struct Findings<'s> {
    pub(super) source: &'s Arc<Source>,
    pub(super) list: Diagnostics,
    /// Where the text means nothing for certain.
    spoilt: Spoilt,
    /// Fields of the top level that stand below a header.
    misplaced: Vec<String>,
    /// Fields that stand where they belong, at the top level.
    pub(super) top: Vec<&'static str>,
}

impl<'s> Findings<'s> {
    pub(super) fn new(source: &'s Arc<Source>, spoilt: Spoilt) -> Self {
        Self {
            source,
            list: Diagnostics::default(),
            spoilt,
            misplaced: Vec::new(),
            top: Vec::new(),
        }
    }

    /// Starts a diagnostic of this text; the caller pushes it when it is whole.
    pub(super) fn at(&self, code: Code, span: Range<usize>, message: String) -> Diagnostic {
        Diagnostic::at(code, self.source, span, message)
    }

    /// Adds a diagnostic, unless a syntax error stands where it points: what is
    /// there is then a guess.
    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        let guess = match &diagnostic.place {
            Place::Text { span, .. } => self.spoilt.touches(span),
            Place::Path(_) => false,
        };
        if !guess {
            self.list.push(diagnostic);
        }
    }

    /// Reports a field of the top level that stands below a header.
    pub(super) fn misplaced(
        &mut self,
        name: &str,
        key: Range<usize>,
        table: &str,
        header: Range<usize>,
    ) {
        let message = format!("`{name}` stands inside `{table}`");
        let top = Statements::of(self.source.text()).top_level();
        let line = self.source.line_number(top.end);
        let help = if self.top.contains(&name) {
            format!("`{name}` stands above the first header already: remove it here")
        } else {
            format!("move it above the first header, to line {line}")
        };
        let diagnostic = self
            .at(Code::MisplacedField, key, message)
            .help(help)
            .label(header, "this table goes on until the next header")
            .meaning(without(name));
        self.push(diagnostic);
        self.misplaced.push(name.to_owned());
    }
}

/// The fields of one table. Every name is asked for once; what nobody asked
/// for is unknown.
pub(super) struct Fields<'t, 'i> {
    table: &'t DeTable<'i>,
    header: Range<usize>,
    asked: Vec<&'static str>,
    missing: Vec<&'static str>,
}

impl<'t, 'i> Fields<'t, 'i> {
    pub(super) fn of(table: &'t DeTable<'i>, header: Range<usize>) -> Self {
        Self {
            table,
            header,
            asked: Vec::new(),
            missing: Vec::new(),
        }
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
        if in_secret && TOP.contains(&name) {
            found.misplaced(name, key, "[[secrets]]", self.header.clone());
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
                "`{name}` belongs to a secret: write it below `[[secrets]]`"
            )),
            None => diagnostic.help(format!(
                "the fields here are {}",
                one_of(self.asked.iter().copied())
            )),
        };
        found.push(diagnostic);
    }
}

/// Names a value's type as TOML does.
pub(super) fn type_name(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}

fn wrong_type(name: &str, value: &Value<'_>, want: &str, found: &mut Findings<'_>) {
    let is = type_name(value.get_ref());
    let message = format!("{} must be {want}, it is {is}", quoted(name));
    let written = found.source.text().get(value.span()).unwrap_or_default();
    let diagnostic = found.at(Code::WrongType, value.span(), message);
    let quotable = matches!(
        value.get_ref(),
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_)
    );
    found.push(match (want, value.get_ref()) {
        ("a string", _) if quotable && looks_secret(name) => {
            diagnostic.help("put the value between quotation marks")
        }
        ("a string", _) if quotable => {
            diagnostic.help(format!("write `{} = \"{written}\"`", key_of(name)))
        }
        ("a boolean", DeValue::String(text)) if matches!(text.as_ref(), "true" | "false") => {
            diagnostic.help(format!("write `{name} = {text}`, without quotation marks"))
        }
        ("a boolean", _) => diagnostic.help("write `true` or `false`"),
        ("an integer", DeValue::String(text)) if text == "1" => diagnostic
            .help(format!("write `{name} = 1`, without quotation marks"))
            .fix(Safety::Safe, value.span(), "1"),
        ("a string" | "an integer", _) => {
            diagnostic.help(format!("write `{name} = {}`", example(name)))
        }
        ("a table", _) => diagnostic.help(format!(
            "write `[{name}]`, and a line for each of its fields"
        )),
        _ => diagnostic.help(array_of_tables(name)),
    });
}

/// Writes a name as TOML takes it.
fn key_of(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    if !name.is_empty() && name.chars().all(plain) {
        return name.to_owned();
    }
    format!("{:?}", visible(name))
}

fn array_of_tables(name: &str) -> String {
    format!("write `[[{name}]]`, and a line for each of its fields")
}

/// Reads a string. NUL can stand in no variable, argument or path.
pub(super) fn string<'t>(
    name: &str,
    value: &'t Value<'_>,
    found: &mut Findings<'_>,
) -> Option<&'t str> {
    let DeValue::String(text) = value.get_ref() else {
        wrong_type(name, value, "a string", found);
        return None;
    };
    if text.contains('\0') {
        let message = format!("{} holds a NUL character", quoted(name));
        let diagnostic = found.at(Code::NulCharacter, value.span(), message);
        found.push(diagnostic.help("remove `\\u0000`: no process can be given one"));
        return None;
    }
    Some(text)
}

/// Reads a text that is shown to people; one that shows nothing is a warning.
pub(super) fn text(name: &str, value: &Value<'_>, found: &mut Findings<'_>) -> Option<String> {
    let text = string(name, value, found)?;
    if text.trim().is_empty() {
        let message = format!("`{name}` shows nothing");
        found.push(
            found
                .at(Code::EmptyText, value.span(), message)
                .help("say something, or remove the line"),
        );
    }
    Some(text.to_owned())
}

/// Reads a boolean.
pub(super) fn boolean(name: &str, value: &Value<'_>, found: &mut Findings<'_>) -> Option<bool> {
    if let DeValue::Boolean(value) = value.get_ref() {
        return Some(*value);
    }
    wrong_type(name, value, "a boolean", found);
    None
}

/// Reads an integer. The parser leaves its range to whoever reads it.
pub(super) fn integer(name: &str, value: &Value<'_>, found: &mut Findings<'_>) -> Option<i64> {
    let DeValue::Integer(written) = value.get_ref() else {
        wrong_type(name, value, "an integer", found);
        return None;
    };
    let read = i64::from_str_radix(written.as_str(), written.radix()).ok();
    if read.is_none() {
        let message = format!("`{name}` is out of range");
        let diagnostic = found.at(Code::NumberOutOfRange, value.span(), message);
        found.push(diagnostic.help(format!("write `{name} = {}`", example(name))));
    }
    read
}

/// Reads a table.
pub(super) fn table<'t, 'i>(
    name: &str,
    value: &'t Value<'i>,
    found: &mut Findings<'_>,
) -> Option<&'t DeTable<'i>> {
    match value.get_ref() {
        DeValue::Table(table) => Some(table),
        DeValue::Array(items) if holds_tables(items.iter()) => {
            let message = format!("`{name}` is one table, not an array of tables");
            let diagnostic = found.at(Code::WrongTableForm, value.span(), message);
            found.push(diagnostic.help(format!("write `[{name}]`, once")));
            None
        }
        DeValue::Array(_)
        | DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_) => {
            wrong_type(name, value, "a table", found);
            None
        }
    }
}

/// Reads an array of tables.
pub(super) fn tables<'t, 'i>(
    name: &str,
    value: &'t Value<'i>,
    found: &mut Findings<'_>,
) -> Vec<(&'t DeTable<'i>, Range<usize>)> {
    match value.get_ref() {
        DeValue::Array(items) => items
            .iter()
            .filter_map(|item| {
                if let DeValue::Table(table) = item.get_ref() {
                    return Some((table, item.span()));
                }
                let is = type_name(item.get_ref());
                let message = format!("`{name}` holds tables, this is {is}");
                let diagnostic = found.at(Code::WrongType, item.span(), message);
                found.push(diagnostic.help(array_of_tables(name)));
                None
            })
            .collect(),
        DeValue::Table(_) => {
            let message = format!("`{name}` is an array of tables");
            let diagnostic = found.at(Code::WrongTableForm, value.span(), message);
            let diagnostic = diagnostic.help(format!("write `[[{name}]]`"));
            let header = format!("[{name}]");
            let is_header = found.source.text().get(value.span()) == Some(&header);
            found.push(if is_header {
                diagnostic.fix(Safety::Suggestion, value.span(), &format!("[{header}]"))
            } else {
                diagnostic
            });
            Vec::new()
        }
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_) => {
            wrong_type(name, value, "an array of tables", found);
            Vec::new()
        }
    }
}

fn holds_tables<'v, 'i: 'v>(mut items: impl Iterator<Item = &'v Value<'i>>) -> bool {
    items.all(|item| matches!(item.get_ref(), DeValue::Table(_)))
}
