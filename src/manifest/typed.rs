//! Reading values as what their fields hold, in the words of TOML.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::choice::Choice;
use super::fields::{Findings, Value};
use super::quoted;
use super::schema_fields::example;
use crate::diagnostics::{Code, Safety, nearest, one_of};
use crate::names::{TimeLimit, promises_secret, visible};

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
        ("a string", _) if quotable && promises_secret(name) => {
            diagnostic.help("put the value between quotation marks")
        }
        ("a string", DeValue::Integer(_)) if is_time_limit(name) => {
            diagnostic.help(time_limit_help(name, written))
        }
        ("a string", _) if quotable => {
            diagnostic.help(format!("write `{} = \"{written}\"`", key_of(name)))
        }
        ("a boolean", DeValue::String(text)) if matches!(text.as_ref(), "true" | "false") => {
            diagnostic.help(format!("write `{name} = {text}`, without quotation marks"))
        }
        ("a boolean", DeValue::String(_)) if name == "confirm" => diagnostic.help(
            "write `true` or `false`; `confirm_by = \"name\"` has the name of the group typed",
        ),
        ("a boolean", _) => diagnostic.help("write `true` or `false`"),
        ("an integer", DeValue::String(text)) if text == "1" => diagnostic
            .help(format!("write `{name} = 1`, without quotation marks"))
            .fix(Safety::Safe, value.span(), "1"),
        ("a string" | "an integer", _) => {
            diagnostic.help(format!("write `{name} = {}`", example(name)))
        }
        ("a table", _) => diagnostic.help(format!(
            "write `[{}]`, and a line for each of its fields",
            header_of(name)
        )),
        _ => diagnostic.help(array_of_tables(name)),
    });
}

fn is_time_limit(name: &str) -> bool {
    matches!(name, "timeout" | "kill_after")
}

/// Says how a length of time is written, given what stands there.
pub(super) fn time_limit_help(name: &str, written: &str) -> String {
    let digits = !written.is_empty() && written.bytes().all(|byte| byte.is_ascii_digit());
    if digits && format!("{written}s").parse::<TimeLimit>().is_ok() {
        return format!("write `{name} = \"{written}s\"` or `{name} = \"{written}m\"`");
    }
    let together: String = written.split_whitespace().collect();
    if together.parse::<TimeLimit>().is_ok() {
        return format!("write `{name} = \"{together}\"`");
    }
    let example = example(name);
    format!("write whole numbers, each with its unit, such as `{name} = {example}`")
}

/// Writes what stands between the brackets of a table's header.
fn header_of(table: &str) -> &str {
    match table {
        "extensions" => "extensions.NAME",
        _ => table,
    }
}

/// Writes a name as TOML takes it for a key.
pub fn key_of(name: &str) -> String {
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

/// Reads one of a few words.
pub(super) fn choice<T: Choice>(
    name: &str,
    value: &Value<'_>,
    found: &mut Findings<'_>,
) -> Option<T> {
    let written = string(name, value, found)?;
    let known = || T::ALL.iter().map(|one| one.word());
    let chosen = T::ALL.iter().find(|one| one.word() == written);
    if chosen.is_none() {
        let message = format!("unknown {} {}", T::NOUN, quoted(written));
        let help = match nearest(written, known()) {
            Some(close) => format!("did you mean `{close}`?"),
            None => format!("the choices are {}", one_of(known())),
        };
        let diagnostic = found.at(Code::UnknownValue, value.span(), message);
        found.push(diagnostic.help(help));
    }
    chosen.copied()
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
            found.push(diagnostic.help(format!("write `[{}]`, once", header_of(name))));
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
