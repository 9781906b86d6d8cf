//! Types of the fields of a provider.

use std::num::IntErrorKind;

use serde_json::{Value, json};
use toml::de::DeValue;

use super::Located;
use super::field_row::TomlType;
use super::findings::{Findings, TomlValue};
use super::requires_env::{holds_secret, literal_secret};
use super::row_schema::described;
use super::table_reader::FieldType;
use super::values::{env_name, string, strings, table, wrong_type};
use crate::diagnostics::{Code, quoted};
use crate::names::ENV_NAME_PATTERN;
use crate::providers::Shape;

/// Arguments.
#[derive(Debug)]
pub(super) struct Words(pub(super) Vec<Located<String>>);

/// Names of parts or variables, without spaces.
#[derive(Debug, Default)]
pub(super) struct Names(pub(super) Vec<Located<String>>);

/// Variables and their values.
#[derive(Debug, Default)]
pub(super) struct Variables(pub(super) Vec<(String, String)>);

/// A text that may be empty.
#[derive(Debug)]
pub(super) struct Exact(pub(super) String);

/// A whole number in a range.
#[derive(Debug)]
pub(super) struct Whole<const MIN: usize, const MAX: usize>(pub(super) usize);

pub(super) type Count = Whole<0, 1_000_000>;
pub(super) type Positive = Whole<1, 1_000_000>;
pub(super) type ExitCode = Whole<0, 255>;

/// The shape of references.
#[derive(Debug)]
pub(super) struct Reference(pub(super) Shape);

impl FieldType for Words {
    const TOML: TomlType = TomlType::Array;

    fn read(name: &'static str, value: &TomlValue<'_>, found: &mut Findings<'_>) -> Option<Self> {
        strings(name, value, found).map(Self)
    }

    fn schema() -> Value {
        json!({ "type": "array", "items": { "type": "string" } })
    }
}

const NAME_PATTERN: &str = "^[A-Za-z_][A-Za-z0-9_-]*\\*?$";

impl FieldType for Names {
    const TOML: TomlType = TomlType::Array;

    fn read(name: &'static str, value: &TomlValue<'_>, found: &mut Findings<'_>) -> Option<Self> {
        let mut names = strings(name, value, found)?;
        names.retain(|one| {
            let plain = one.value.strip_suffix('*').unwrap_or(&one.value);
            let is_name = plain.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && plain
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
            if !is_name {
                let message = format!("invalid name {} in `{name}`", quoted(&one.value));
                let help = "write a name, such as `CORP_TOKEN`, or the start of names: `CORP_*`";
                found.wrong(Code::InvalidEnvName, one.span.clone(), message, help);
            }
            is_name
        });
        Some(Self(names))
    }

    fn schema() -> Value {
        json!({ "type": "array", "items": { "type": "string", "pattern": NAME_PATTERN } })
    }
}

impl FieldType for Variables {
    const TOML: TomlType = TomlType::Table;

    fn read(name: &'static str, value: &TomlValue<'_>, found: &mut Findings<'_>) -> Option<Self> {
        let variables = table(name, value, found)?
            .iter()
            .filter_map(|(key, value)| {
                let variable = env_name(key.get_ref(), key.span(), found)?;
                let text = string(variable.as_str(), value, found)?;
                if holds_secret(&variable, text) {
                    literal_secret(&variable, value.span(), found);
                }
                Some((variable.as_str().to_owned(), text.to_owned()))
            });
        Some(Self(variables.collect()))
    }

    fn schema() -> Value {
        let value = json!({ "type": "string" });
        json!({
            "type": "object",
            "patternProperties": {
                ENV_NAME_PATTERN: described("The value that this variable gets.", value)
            },
            "additionalProperties": false
        })
    }
}

impl FieldType for Exact {
    fn read(name: &'static str, value: &TomlValue<'_>, found: &mut Findings<'_>) -> Option<Self> {
        string(name, value, found).map(|text| Self(text.to_owned()))
    }

    fn schema() -> Value {
        json!({ "type": "string" })
    }
}

impl<const MIN: usize, const MAX: usize> FieldType for Whole<MIN, MAX> {
    const TOML: TomlType = TomlType::Integer;

    fn read(name: &'static str, value: &TomlValue<'_>, found: &mut Findings<'_>) -> Option<Self> {
        let DeValue::Integer(written) = value.get_ref() else {
            wrong_type(name, value, "an integer", found);
            return None;
        };
        let count = usize::from_str_radix(written.as_str(), written.radix());
        let (code, what) = match count {
            Ok(count) if (MIN..=MAX).contains(&count) => return Some(Self(count)),
            // The parser accepts a prefix without digits.
            Err(error) if *error.kind() == IntErrorKind::Empty => {
                (Code::SyntaxError, "has a number without digits")
            }
            Ok(_) | Err(_) => (Code::NumberOutOfRange, "is out of range"),
        };
        let message = format!("`{name}` {what}");
        let example = found.example_of(name);
        let help = format!("write a whole number from {MIN} to {MAX}: `{name} = {example}`");
        found.wrong(code, value.span(), message, help);
        None
    }

    fn schema() -> Value {
        json!({ "type": "integer", "minimum": MIN, "maximum": MAX })
    }
}

impl FieldType for Reference {
    fn read(name: &'static str, value: &TomlValue<'_>, found: &mut Findings<'_>) -> Option<Self> {
        let written = string(name, value, found)?;
        let shape = Shape::parse(written).map_err(|error| {
            let message = format!(
                "{} is not the shape of a reference: {error}",
                quoted(written)
            );
            let help = "write the names of its parts and what separates them: `\"path#field\"`";
            found.wrong(Code::MalformedProvider, value.span(), message, help);
        });
        shape.ok().map(Self)
    }

    fn schema() -> Value {
        json!({ "type": "string", "minLength": 1 })
    }
}
