//! `keep` and `set_env`: what a script gets of the environment.

use serde_json::{Value, json};

use super::Located;
use super::field_row::TomlType;
use super::findings::{Findings, TomlValue};
use super::requires_env::{RequiredEnv, variables};
use super::row_schema::described;
use super::table_reader::FieldType;
use super::values::{parsed, strings};
use crate::diagnostics::Code;
use crate::names::{ENV_NAME_PATTERN, ENV_PATTERN_PATTERN, EnvPattern};

/// In the file's order.
pub(super) type KeptNames = Vec<Located<EnvPattern>>;

impl FieldType for KeptNames {
    const TOML: TomlType = TomlType::Array;

    fn read(name: &'static str, value: &TomlValue<'_>, found: &mut Findings<'_>) -> Option<Self> {
        let help = "write names such as `PGHOST`, or the start of names: `AWS_*`";
        let names = strings(name, value, found)?.into_iter();
        let names = names.filter_map(|one| {
            let kind = (Code::InvalidEnvName, "variable name", help);
            let value = parsed(&one.value, one.span.clone(), kind, found)?;
            let span = one.span;
            Some(Located { value, span })
        });
        Some(names.collect())
    }

    fn schema() -> Value {
        json!({ "type": "array", "items": { "type": "string", "pattern": ENV_PATTERN_PATTERN } })
    }
}

/// In the file's order.
#[derive(Debug, Default)]
pub(super) struct PinnedEnv(pub(super) RequiredEnv);

/// What qli sets begins with this.
const OWN: &str = "QLI_";

impl FieldType for PinnedEnv {
    const TOML: TomlType = TomlType::Table;

    fn read(name: &'static str, value: &TomlValue<'_>, found: &mut Findings<'_>) -> Option<Self> {
        let pinned = variables(name, value, found)?;
        for one in &pinned {
            let (variable, _) = &one.value;
            if variable.as_str().starts_with(OWN) {
                let message = format!("`{variable}` cannot be set here: `QLI_*` is for qli itself");
                let help = "set another variable, or remove this line";
                found.wrong(Code::InvalidEnvName, one.span.clone(), message, help);
            }
        }
        Some(Self(pinned))
    }

    fn schema() -> Value {
        let value = json!({ "type": "string" });
        json!({
            "type": "object",
            "patternProperties": {
                ENV_NAME_PATTERN: described("The value that this variable has for the script.", value)
            },
            "additionalProperties": false
        })
    }
}
