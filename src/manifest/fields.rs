//! Taking a parsed table apart, field by field, and noting every problem on
//! the way.

use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::quoted;
use crate::diagnostics::{Code, Diagnostic, Diagnostics, Source, nearest, one_of};

/// A value of the parsed text with its place.
pub(super) type Value<'i> = Spanned<DeValue<'i>>;

/// The problems found so far, and the text they are in.
pub(super) struct Findings<'s> {
    pub(super) source: &'s Arc<Source>,
    pub(super) list: Diagnostics,
}

impl<'s> Findings<'s> {
    pub(super) fn new(source: &'s Arc<Source>) -> Self {
        Self {
            source,
            list: Diagnostics::default(),
        }
    }

    /// Starts a diagnostic of this text; the caller pushes it when it is whole.
    pub(super) fn at(&self, code: Code, span: Range<usize>, message: String) -> Diagnostic {
        Diagnostic::at(code, self.source, span, message)
    }

    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        self.list.push(diagnostic);
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
        self.table.get(name)
    }

    /// Returns a field that may not be absent, and remembers if it is.
    pub(super) fn required(&mut self, name: &'static str) -> Option<&'t Value<'i>> {
        let value = self.optional(name);
        if value.is_none() {
            self.missing.push(name);
        }
        value
    }

    /// Reports what nobody asked for, then what is missing. A misspelt name
    /// that was surely meant for a missing field is one problem, not two.
    pub(super) fn finish(mut self, found: &mut Findings<'_>) {
        for (key, _) in self.table {
            let name = key.get_ref().as_ref();
            if self.asked.contains(&name) {
                continue;
            }
            let close = nearest(name, self.asked.iter().copied());
            let close = close.filter(|close| !self.table.contains_key(*close));
            self.missing.retain(|missing| Some(*missing) != close);
            let message = format!("unknown field {}", quoted(name));
            let help = match close {
                Some(close) => format!("did you mean `{close}`?"),
                None => format!("the fields here are {}", one_of(self.asked.iter().copied())),
            };
            found.push(found.at(Code::UnknownField, key.span(), message).help(help));
        }
        for name in &self.missing {
            let message = format!("`{name}` is missing");
            let help = format!("add `{name} = {}`", example(name));
            found.push(
                found
                    .at(Code::MissingField, self.header.clone(), message)
                    .help(help),
            );
        }
    }
}

/// What a missing field could be filled with.
fn example(field: &str) -> &'static str {
    match field {
        "schema_version" => "1",
        "description" => "\"what these scripts are for\"",
        "env" => "\"GITHUB_TOKEN\"",
        "ref" => "\"op://Vault/Item/field\"",
        "provider" => "\"one_password\"",
        _ => "…",
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
    let help = match (want, value.get_ref()) {
        ("a string", _) if quotable => Some(format!("write `{name} = \"{written}\"`")),
        ("a boolean", DeValue::String(text)) if matches!(text.as_ref(), "true" | "false") => {
            Some(format!("write `{name} = {text}`"))
        }
        ("a boolean", _) => Some("write `true` or `false`".to_owned()),
        _ => None,
    };
    found.push(match help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    });
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
        found.push(diagnostic.help("write a number of at most 18 digits"));
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
            found.push(diagnostic.help(format!("write `[{name}]`")));
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
                wrong_type(name, item, "a table", found);
                None
            })
            .collect(),
        DeValue::Table(_) => {
            let message = format!("`{name}` is an array of tables");
            let diagnostic = found.at(Code::WrongTableForm, value.span(), message);
            found.push(diagnostic.help(format!("write `[[{name}]]`")));
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
