//! Values of single fields, and their JSON Schemas.

use std::ops::Range;
use std::str::FromStr;

use serde_json::{Value, json};
use toml::de::{DeTable, DeValue};

use super::Located;
use super::choice::Choice;
use super::field_row::{TomlType, header_of};
use super::findings::{Findings, TomlValue};
use super::row_schema::choices;
use super::table_reader::FieldType;
use crate::diagnostics::{Code, Safety, nearest, one_of, quoted};
use crate::names::{
    ENV_NAME_PATTERN, EnvName, NameError, TIME_LIMIT_PATTERN, TimeLimit, promises_secret, visible,
};

/// Names a value's type as TOML does.
fn type_name(value: &DeValue<'_>) -> &'static str {
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

pub(super) fn wrong_type(name: &str, value: &TomlValue<'_>, want: &str, found: &mut Findings<'_>) {
    if found.without_digits(name, value) {
        return;
    }
    let is = type_name(value.get_ref());
    let message = format!("{} must be {want}, but is {is}", quoted(name));
    let written = found.source.text().get(value.span()).unwrap_or_default();
    let diagnostic = found.at(Code::WrongType, value.span(), message);
    let quotable = matches!(
        value.get_ref(),
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_)
    );
    let example = found.example_of(name);
    found.push(match (want, value.get_ref()) {
        ("a string", _) if quotable && promises_secret(name) => {
            diagnostic.help("put the value in quotation marks")
        }
        ("a string", DeValue::Integer(_))
            if matches!(name, "timeout" | "kill_after" | "mask_hold") =>
        {
            diagnostic.help(time_limit_help(name, written, example))
        }
        ("a string", _) if quotable => {
            diagnostic.help(format!("write `{} = \"{written}\"`", key_of(name)))
        }
        ("a boolean", DeValue::String(text)) if matches!(text.as_ref(), "true" | "false") => {
            diagnostic.help(format!("write `{name} = {text}`, without quotation marks"))
        }
        ("a boolean", DeValue::String(_)) if name == "confirm" => {
            diagnostic.help("write `true` or `false`, or `confirm_by = \"name\"` for a typed name")
        }
        ("a boolean", _) => diagnostic.help("write `true` or `false`"),
        ("an integer", DeValue::String(text)) if text == "1" => diagnostic
            .help(format!("write `{name} = 1`, without quotation marks"))
            .fix(Safety::Safe, value.span(), "1"),
        ("a string" | "an integer" | "an array of strings" | "a string or a table", _) => {
            diagnostic.help(format!("write `{name} = {example}`"))
        }
        ("a table", _) => diagnostic.help(format!(
            "write `[{}]`, and below it a line for each of its fields",
            header_of(&found.path_inside(name))
        )),
        _ => diagnostic.help(array_of_tables(name, found)),
    });
}

/// How to correct a duration.
fn time_limit_help(name: &str, written: &str, example: &str) -> String {
    let digits = !written.is_empty() && written.bytes().all(|byte| byte.is_ascii_digit());
    if digits && format!("{written}s").parse::<TimeLimit>().is_ok() {
        // What is held back is held for less than a second.
        let units = if name == "mask_hold" {
            ["ms", "s"]
        } else {
            ["s", "m"]
        };
        let [one, other] = units.map(|unit| format!("`{name} = \"{written}{unit}\"`"));
        return format!("write {one} or {other}");
    }
    let together: String = written.split_whitespace().collect();
    if together.parse::<TimeLimit>().is_ok() {
        return format!("write `{name} = \"{together}\"`");
    }
    format!("write whole numbers with units, such as `{name} = {example}`")
}

/// Writes a name as a TOML key.
pub fn key_of(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    if !name.is_empty() && name.chars().all(plain) {
        return name.to_owned();
    }
    format!("{:?}", visible(name))
}

fn array_of_tables(name: &str, found: &Findings<'_>) -> String {
    let path = found.path_inside(name);
    format!("write `[[{path}]]`, and below it a line for each of its fields")
}

/// Reads a string. No variable, argument or path can contain NUL.
pub(super) fn string<'t>(
    name: &str,
    value: &'t TomlValue<'_>,
    found: &mut Findings<'_>,
) -> Option<&'t str> {
    let DeValue::String(text) = value.get_ref() else {
        wrong_type(name, value, "a string", found);
        return None;
    };
    if text.contains('\0') {
        let message = format!("{} contains a NUL character", quoted(name));
        let help = "remove `\\u0000`: NUL cannot be passed to a process";
        found.wrong(Code::NulCharacter, value.span(), message, help);
        return None;
    }
    Some(text)
}

/// Reads an array of strings.
pub(super) fn strings(
    name: &str,
    value: &TomlValue<'_>,
    found: &mut Findings<'_>,
) -> Option<Vec<Located<String>>> {
    let Some(items) = value.get_ref().as_array() else {
        wrong_type(name, value, "an array of strings", found);
        return None;
    };
    let items = items.iter().filter_map(|item| {
        if !item.get_ref().is_str() && !found.without_digits(name, item) {
            let is = type_name(item.get_ref());
            let message = format!("`{name}` must contain strings, but this is {is}");
            let help = format!("write `{name} = {}`", found.example_of(name));
            found.wrong(Code::WrongType, item.span(), message, help);
        }
        let value = item
            .get_ref()
            .is_str()
            .then(|| string(name, item, found))??;
        Some(Located {
            value: value.to_owned(),
            span: item.span(),
        })
    });
    Some(items.collect())
}

/// Reads a table.
pub(super) fn table<'t, 'i>(
    name: &str,
    value: &'t TomlValue<'i>,
    found: &mut Findings<'_>,
) -> Option<&'t DeTable<'i>> {
    if let Some(table) = value.get_ref().as_table() {
        return Some(table);
    }
    let items = value.get_ref().as_array();
    if items.is_some_and(|items| items.iter().all(is_table)) {
        let message = format!("`{name}` is one table, not an array of tables");
        let path = found.path_inside(name);
        let help = format!("write `[{}]`, once", header_of(&path));
        found.wrong(Code::WrongTableForm, value.span(), message, help);
    } else {
        wrong_type(name, value, "a table", found);
    }
    None
}

fn is_table(value: &TomlValue<'_>) -> bool {
    value.get_ref().as_table().is_some()
}

/// Reads an array of tables.
pub(super) fn tables<'t, 'i>(
    name: &str,
    value: &'t TomlValue<'i>,
    found: &mut Findings<'_>,
) -> Vec<(&'t DeTable<'i>, Range<usize>)> {
    if let Some(items) = value.get_ref().as_array() {
        let tables = items.iter().filter_map(|item| {
            let Some(table) = item.get_ref().as_table() else {
                if found.without_digits(name, item) {
                    return None;
                }
                let is = type_name(item.get_ref());
                let message = format!("`{name}` must contain tables, but this is {is}");
                let help = array_of_tables(name, found);
                found.wrong(Code::WrongType, item.span(), message, help);
                return None;
            };
            Some((table, item.span()))
        });
        return tables.collect();
    }
    if is_table(value) {
        let message = format!("`{name}` is an array of tables");
        let diagnostic = found.at(Code::WrongTableForm, value.span(), message);
        let header = format!("[{}]", found.path_inside(name));
        let diagnostic = diagnostic.help(format!("write `[{header}]`"));
        let is_header = found.source.text().get(value.span()) == Some(&header);
        found.push(if is_header {
            diagnostic.fix(Safety::Suggestion, value.span(), &format!("[{header}]"))
        } else {
            diagnostic
        });
    } else {
        wrong_type(name, value, "an array of tables", found);
    }
    Vec::new()
}

/// Text to display; blank text is a warning.
impl FieldType for String {
    fn read(name: &'static str, value: &TomlValue<'_>, found: &mut Findings<'_>) -> Option<Self> {
        let text = string(name, value, found)?;
        if text.trim().is_empty() {
            let message = format!("`{name}` is blank");
            let help = "write a text, or remove this line";
            found.wrong(Code::EmptyText, value.span(), message, help);
        }
        Some(text.to_owned())
    }

    fn schema() -> Value {
        json!({ "type": "string" })
    }
}

impl FieldType for bool {
    const TOML: TomlType = TomlType::Boolean;

    fn read(name: &'static str, value: &TomlValue<'_>, found: &mut Findings<'_>) -> Option<Self> {
        if let DeValue::Boolean(value) = value.get_ref() {
            return Some(*value);
        }
        wrong_type(name, value, "a boolean", found);
        None
    }

    fn schema() -> Value {
        json!({ "type": "boolean" })
    }
}

impl<T: Choice> FieldType for T {
    fn read(name: &'static str, value: &TomlValue<'_>, found: &mut Findings<'_>) -> Option<Self> {
        let written = string(name, value, found)?;
        let words = || T::ALL.iter().map(|one| one.word());
        let chosen = T::ALL.iter().find(|one| one.word() == written);
        if chosen.is_none() {
            let message = format!("unknown value {} for `{name}`", quoted(written));
            let help = match nearest(written, words()) {
                Some(close) => format!("did you mean `{close}`?"),
                None => format!("the choices are {}", one_of(words())),
            };
            found.wrong(Code::UnknownValue, value.span(), message, help);
        }
        chosen.copied()
    }

    fn schema() -> Value {
        choices::<T>()
    }
}

impl FieldType for TimeLimit {
    fn read(name: &'static str, value: &TomlValue<'_>, found: &mut Findings<'_>) -> Option<Self> {
        let written = string(name, value, found)?;
        let limit = written.parse().map_err(|error| {
            let message = format!("invalid value {} for `{name}`: {error}", quoted(written));
            let help = time_limit_help(name, written, found.example_of(name));
            found.wrong(Code::MalformedDuration, value.span(), message, help);
        });
        limit.ok()
    }

    fn schema() -> Value {
        json!({ "type": "string", "pattern": TIME_LIMIT_PATTERN })
    }
}

impl FieldType for EnvName {
    fn read(name: &'static str, value: &TomlValue<'_>, found: &mut Findings<'_>) -> Option<Self> {
        env_name(string(name, value, found)?, value.span(), found)
    }

    fn schema() -> Value {
        json!({ "type": "string", "pattern": ENV_NAME_PATTERN })
    }
}

pub(super) fn env_name(
    name: &str,
    span: Range<usize>,
    found: &mut Findings<'_>,
) -> Option<EnvName> {
    let help = "use letters, digits and `_`, and do not start with a digit";
    parsed(
        name,
        span,
        (Code::InvalidEnvName, "variable name", help),
        found,
    )
}

/// Reads a name of some kind.
pub(super) fn parsed<T: FromStr<Err = NameError>>(
    written: &str,
    span: Range<usize>,
    (code, kind, help): (Code, &str, &str),
    found: &mut Findings<'_>,
) -> Option<T> {
    let name = written.parse().map_err(|error| {
        let message = format!("invalid {kind} {}: {error}", quoted(written));
        found.wrong(code, span, message, help);
    });
    name.ok()
}

/// `schema_version`, which is 1.
#[derive(Debug)]
pub(super) struct Version;

impl FieldType for Version {
    const TOML: TomlType = TomlType::Integer;

    fn read(name: &'static str, value: &TomlValue<'_>, found: &mut Findings<'_>) -> Option<Self> {
        let DeValue::Integer(written) = value.get_ref() else {
            wrong_type(name, value, "an integer", found);
            return None;
        };
        if found.without_digits(name, value) {
            return None;
        }
        // The parser does not check the range.
        let (code, message, help) = match i64::from_str_radix(written.as_str(), written.radix()) {
            Ok(1) => return Some(Self),
            Ok(other) => (
                Code::UnsupportedVersion,
                format!("`{name}` must be 1, but is {other}"),
                format!("write `{name} = 1`; if the file needs a newer qli, update qli"),
            ),
            Err(_) => (
                Code::NumberOutOfRange,
                format!("`{name}` is out of range"),
                format!("write `{name} = 1`"),
            ),
        };
        found.wrong(code, value.span(), message, help);
        None
    }

    fn schema() -> Value {
        json!({ "type": "integer", "maximum": 1, "minimum": 1 })
    }
}
