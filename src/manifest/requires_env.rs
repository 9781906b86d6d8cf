//! `requires_env`: variables and the values they must have.

use std::ops::Range;

use serde_json::{Value, json};

use super::Located;
use super::field_row::TomlType;
use super::findings::{Findings, TomlValue};
use super::row_schema::described;
use super::table_reader::FieldType;
use super::values::{env_name, string, table};
use crate::diagnostics::Code;
use crate::names::{ENV_NAME_PATTERN, EnvName, contains_secret, promises_secret};

/// In the file's order.
pub(super) type RequiredEnv = Vec<Located<(EnvName, String)>>;

impl FieldType for RequiredEnv {
    const TOML: TomlType = TomlType::Table;

    fn read(name: &'static str, value: &TomlValue<'_>, found: &mut Findings<'_>) -> Option<Self> {
        variables(name, value, found)
    }

    fn schema() -> Value {
        let value = json!({ "type": "string" });
        json!({
            "type": "object",
            "patternProperties": {
                ENV_NAME_PATTERN: described("The value that this variable must have.", value)
            },
            "additionalProperties": false
        })
    }
}

/// Reads variables and their values.
pub(super) fn variables(
    name: &'static str,
    value: &TomlValue<'_>,
    found: &mut Findings<'_>,
) -> Option<RequiredEnv> {
    let header = value.span();
    let path = found.path_of(name);
    let mut required = Vec::new();
    for (key, value) in table(&path, value, found)? {
        let name = key.get_ref().as_ref();
        if found.is_top_level(name) {
            found.misplaced(name, key.span(), &format!("[{path}]"), header.clone());
            continue;
        }
        let env = env_name(name, key.span(), found);
        let wanted = string(name, value, found);
        if let (Some(env), Some(wanted)) = (env, wanted) {
            if holds_secret(&env, wanted) {
                literal_secret(&env, value.span(), found);
            }
            required.push(Located {
                value: (env, wanted.to_owned()),
                span: key.span(),
            });
        }
    }
    required.sort_by_key(|one| one.span.start);
    Some(required)
}

/// Whether a value that the manifest sets or compares may be a secret.
pub(super) fn holds_secret(name: &EnvName, value: &str) -> bool {
    (promises_secret(name.as_str()) && !value.is_empty()) || contains_secret(value)
}

/// Warns that everyone who can read the manifest knows what may be a secret.
pub(super) fn literal_secret(name: &EnvName, span: Range<usize>, found: &mut Findings<'_>) {
    let message = format!("the manifest contains the value of `{name}`");
    let secrets = found.path_of("secrets");
    let help = format!("if it is a secret, fetch it with `[[{secrets}]]` instead");
    found.wrong(Code::LiteralSecret, span, message, help);
}
