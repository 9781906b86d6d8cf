//! The manifest as its authors write it, for the JSON Schema. The doc
//! comments are user documentation: an editor shows them.

use std::collections::BTreeMap;

use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema, generate::SchemaSettings};

use crate::names::{ENV_NAME_PATTERN, EnvName};
use crate::providers::ProviderId;

/// The guards of a group of scripts, in its `_manifest.toml`.
///
/// A schema cannot say everything: that no secret is declared twice or also
/// listed in `requires_env`, that a reference fits its provider, and that
/// `audit_log` is a well-formed absolute path, is checked by `qli validate`.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ManifestFile {
    /// The version of this format. Always `1`.
    #[schemars(with = "i64", range(min = 1, max = 1))]
    pub schema_version: i64,

    /// What the group is for, in one line: `"Production operations"`. It is
    /// shown by `qli ext list` and `qli explain`.
    pub description: String,

    /// Shown on standard error before anything else happens:
    /// `"PROD: irreversible"`.
    #[schemars(with = "String", default)]
    pub banner: Option<String>,

    /// Whether a person must answer `y` on the terminal before any secret is
    /// fetched. `--yes` answers it too. Default: `false`.
    #[schemars(with = "bool", default)]
    pub confirm: Option<bool>,

    /// The file every run is recorded in:
    /// `"$XDG_STATE_HOME/qli/prod-audit.log"`. It must be absolute once `~`,
    /// `$VAR` and `${VAR}` are filled in. A run whose start cannot be
    /// recorded does not start.
    #[schemars(with = "String", length(min = 1), default)]
    pub audit_log: Option<String>,

    /// Variables that must have exactly these values when a script is run:
    /// `QLI_ENV = "prod"`. All that differ are reported at once.
    #[schemars(schema_with = "requires_env", default)]
    pub requires_env: BTreeMap<EnvName, String>,

    /// Secrets that are fetched for the script, all of them before it starts;
    /// if one is missing, nothing runs.
    #[schemars(default)]
    pub secrets: Vec<SecretTable>,
}

/// One secret, fetched when everything else has passed.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct SecretTable {
    /// The variable the script finds the value in: `"GITHUB_TOKEN"`.
    #[schemars(regex(pattern = ENV_NAME_PATTERN))]
    pub env: String,

    /// What the provider looks up: `"op://Vault/Item/field"`, or the name of a
    /// variable for the provider `env`.
    #[schemars(rename = "ref", length(min = 1))]
    pub reference: String,

    /// Who is asked for the value.
    pub provider: ProviderId,
}

fn requires_env(_: &mut schemars::SchemaGenerator) -> Schema {
    schemars::json_schema!({
        "type": "object",
        "patternProperties": { ENV_NAME_PATTERN: { "type": "string" } },
        "additionalProperties": false
    })
}

/// Removes what TOML has no word for, and turns documented choices into a
/// plain `enum` with their texts beside it, which editors understand.
#[derive(Debug, Clone)]
struct ForEditors;

impl Transform for ForEditors {
    fn transform(&mut self, schema: &mut Schema) {
        schema.remove("format");
        schema.remove("default");
        if let Some(serde_json::Value::Array(choices)) = schema.remove("oneOf") {
            let all = |key: &str| {
                choices
                    .iter()
                    .filter_map(|one| one.get(key).cloned())
                    .collect()
            };
            let values: Vec<serde_json::Value> = all("const");
            let texts: Vec<serde_json::Value> = all("description");
            schema.insert("type".into(), "string".into());
            schema.insert("enum".into(), values.into());
            schema.insert("enumDescriptions".into(), texts.into());
        }
        transform_subschemas(self, schema);
    }
}

/// Generates the JSON Schema of the manifest.
pub fn schema() -> Schema {
    let mut settings = SchemaSettings::draft07();
    settings.inline_subschemas = true;
    settings.transforms.push(Box::new(ForEditors));
    settings
        .into_generator()
        .into_root_schema_for::<ManifestFile>()
}
