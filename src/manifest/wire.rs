//! The manifest as its authors write it, for the JSON Schema. The doc
//! comments are user documentation: an editor shows them.

use std::collections::BTreeMap;

use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema, generate::SchemaSettings};
use serde_json::{Value, json};

use super::audit::{ArgsMode, LogAccess};
use super::confirm::ConfirmBy;
use crate::names::{ENV_NAME_PATTERN, EnvName, ExtensionName, NAME_PATTERN, TIME_LIMIT_PATTERN};
use crate::providers::ProviderId;

/// The manifest's JSON Schema, as `schema/` has it.
pub const SCHEMA: &str = include_str!("../../schema/manifest.v1.schema.json");

/// What that schema is called wherever it lies.
pub const SCHEMA_ID: &str = "urn:qli:manifest.v1.schema.json";

/// The guards of a group of scripts, in its `_manifest.toml`.
///
/// A schema cannot say everything. Only `qli validate` checks that no secret is
/// declared twice, also listed in `requires_env` or shown by `audit_log`; that a
/// reference fits its provider; that `audit_log` is a well-formed absolute path,
/// and the file of an `anchor` as well; that `[audit]` has a log to hold for;
/// that no field of the top level stands below a header by mistake; that no
/// section takes back what the group demands, or is named after no script; that
/// `confirm = false` and `confirm_by` do not stand together; that `kill_after` has
/// a `timeout` to follow; that
/// no secret fills a variable that qli sets itself; and that no value holds NUL.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the schema is derived from it; `read` parses")]
pub struct ManifestFile {
    /// The version of this format. Always `1`.
    #[schemars(with = "i64", range(min = 1, max = 1))]
    pub schema_version: i64,

    /// What the group is for, in one line: `"Production operations"`. It is
    /// shown by `qli ext list` and `qli explain`.
    pub description: String,

    /// Shown on standard error before anything else happens:
    /// `"PROD: irreversible"`. Control characters in it are made visible.
    #[schemars(with = "String", default)]
    pub banner: Option<String>,

    /// Whether a person must answer `y` on the terminal before any secret is
    /// fetched. `--yes` answers it too. Default: `false`.
    #[schemars(with = "bool", default)]
    pub confirm: Option<bool>,

    /// What that person types: `"key"`, a `y`, or `"name"`, the name of the group.
    /// A name is not answered by `--yes`; without a terminal it takes
    /// `--confirm NAME`. Naming a way asks, also without `confirm = true`.
    #[schemars(with = "ConfirmBy", default)]
    pub confirm_by: Option<ConfirmBy>,

    /// The file every run is recorded in:
    /// `"$XDG_STATE_HOME/qli/prod-audit.log"`. It must be absolute once `~`,
    /// `$VAR` and `${VAR}` are filled in. A run whose start cannot be
    /// recorded does not start.
    #[schemars(with = "String", length(min = 1), default)]
    pub audit_log: Option<String>,

    /// How runs are recorded in `audit_log`, which must be there.
    #[schemars(with = "AuditTable", default)]
    pub audit: Option<AuditTable>,

    /// Variables that must have exactly these values when a script is run:
    /// `QLI_ENV = "prod"`. All that differ are reported at once.
    #[schemars(schema_with = "requires_env", default)]
    pub requires_env: BTreeMap<EnvName, String>,

    /// Secrets that are fetched for the script, all of them before it starts;
    /// if one is missing, nothing runs.
    #[schemars(default)]
    pub secrets: Vec<SecretTable>,

    /// How long a script may run: `"10m"`, `"1h30m"`, `"90s"`. When that is over it
    /// is sent TERM. Time during which it is stopped does not count. Default: as
    /// long as it likes.
    #[schemars(with = "String", regex(pattern = TIME_LIMIT_PATTERN), default)]
    pub timeout: Option<String>,

    /// How long after that it is killed if it still runs: `"30s"`. Default: never.
    #[schemars(with = "String", regex(pattern = TIME_LIMIT_PATTERN), default)]
    pub kill_after: Option<String>,

    /// What single scripts demand beside the group, each in a section named
    /// after its file: `[extensions.restore]`. A section only adds.
    #[schemars(schema_with = "extensions", default)]
    pub extensions: BTreeMap<ExtensionName, ExtensionTable>,
}

/// The settings of the audit log.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the schema is derived from it; `read` parses")]
pub struct AuditTable {
    /// Whether a run that a guard refuses before its start is recorded too, as
    /// `refused`. Default: `false`.
    #[schemars(with = "bool", default)]
    pub refusals: Option<bool>,

    /// Whether a record is on disk before the run goes on. Without it a crash of
    /// the machine can lose the newest records. Default: `true`.
    #[schemars(with = "bool", default)]
    pub sync: Option<bool>,

    /// How the arguments of the script are recorded. Default: `"redacted"`.
    #[schemars(with = "ArgsMode", default)]
    pub args: Option<ArgsMode>,

    /// Who else may use the log. Default: `"private"`.
    #[schemars(with = "LogAccess", default)]
    pub access: Option<LogAccess>,

    /// Where the hash of each new record is sent as well, so that a log that was
    /// cut or rewritten is found out: `"syslog"`, or `"file:"` and the absolute
    /// path of a file that is only ever appended to. A start that cannot be
    /// anchored does not start. Default: nowhere.
    #[schemars(with = "String", regex(pattern = "^(syslog|file:[\\s\\S]+)$"), default)]
    pub anchor: Option<String>,
}

/// The section of one script. Its guards join the group's; none of those can be
/// taken back here.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the schema is derived from it; `read` parses")]
pub struct ExtensionTable {
    /// What the script does, in one line: `"Restore the orders database"`. It
    /// is shown by `qli ext list` and `qli explain`.
    #[schemars(with = "String", default)]
    pub description: Option<String>,

    /// Whether a person must answer `y` before this script runs, where the
    /// group does not ask anyway. Default: as the group.
    #[schemars(with = "bool", default)]
    pub confirm: Option<bool>,

    /// What that person types, where the group does not demand more.
    #[schemars(with = "ConfirmBy", default)]
    pub confirm_by: Option<ConfirmBy>,

    /// Variables that must have exactly these values when this script is run,
    /// beside those of the group.
    #[schemars(schema_with = "requires_env", default)]
    pub requires_env: BTreeMap<EnvName, String>,

    /// Secrets that are fetched for this script, after those of the group.
    #[schemars(default)]
    pub secrets: Vec<SecretTable>,

    /// How long this script may run, at most as long as the group lets it.
    #[schemars(with = "String", regex(pattern = TIME_LIMIT_PATTERN), default)]
    pub timeout: Option<String>,

    /// How long after that it is killed, at most as long as the group says.
    #[schemars(with = "String", regex(pattern = TIME_LIMIT_PATTERN), default)]
    pub kill_after: Option<String>,
}

/// One secret, fetched when everything else has passed.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the schema is derived from it; `read` parses")]
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
        "patternProperties": {
            ENV_NAME_PATTERN: {
                "description": "The value that this variable must have.",
                "type": "string"
            }
        },
        "additionalProperties": false
    })
}

fn extensions(generator: &mut schemars::SchemaGenerator) -> Schema {
    schemars::json_schema!({
        "type": "object",
        "patternProperties": { NAME_PATTERN: generator.subschema_for::<ExtensionTable>() },
        "additionalProperties": false
    })
}

/// Shapes a schema for editors: removes what TOML has no word for, turns
/// documented choices into a plain `enum`, and repeats texts under the keys that
/// each editor shows them from.
#[derive(Debug, Clone)]
struct ForEditors;

impl Transform for ForEditors {
    fn transform(&mut self, schema: &mut Schema) {
        schema.remove("format");
        schema.remove("default");
        if let Some(Value::Array(choices)) = schema.remove("oneOf") {
            enumerate(schema, &choices);
        }
        if let Some(text) = schema.get("description").cloned() {
            schema.insert("markdownDescription".into(), text);
        }
        transform_subschemas(self, schema);
    }
}

/// Writes choices as values with their texts. tombi shows only the text of the
/// field, so that names them all; taplo and VS Code show one text a value.
fn enumerate(schema: &mut Schema, choices: &[Value]) {
    let all = |key: &str| -> Vec<Value> {
        let of_each = choices.iter().filter_map(|one| one.get(key).cloned());
        of_each.collect()
    };
    let (values, texts) = (all("const"), all("description"));
    let pairs = values.iter().zip(&texts);
    let lines = pairs
        .filter_map(|(value, text)| Some(format!("\n- `{}`: {}", value.as_str()?, text.as_str()?)));
    let lines: String = lines.collect();
    let own = schema.get("description").and_then(Value::as_str);
    let text = format!("{}\n{lines}", own.unwrap_or_default());
    schema.insert("description".into(), text.trim().into());
    schema.insert("type".into(), "string".into());
    schema.insert("enum".into(), values.into());
    schema.insert("enumDescriptions".into(), texts.clone().into());
    schema.insert("markdownEnumDescriptions".into(), texts.clone().into());
    let docs = json!({ "docs": { "enumValues": texts } });
    schema.insert("x-taplo".into(), docs);
}

/// Generates the JSON Schema of the manifest.
pub fn schema() -> Schema {
    let mut settings = SchemaSettings::draft07();
    settings.inline_subschemas = true;
    settings.transforms.push(Box::new(ForEditors));
    let generator = settings.into_generator();
    let mut schema = generator.into_root_schema_for::<ManifestFile>();
    schema.insert("title".into(), "The manifest of a group".into());
    schema.insert("$id".into(), SCHEMA_ID.into());
    // qli reads TOML 1.1; tombi would refuse its syntax otherwise.
    schema.insert("x-tombi-toml-version".into(), "v1.1.0".into());
    schema.insert("x-tombi-table-keys-order".into(), "schema".into());
    schema
}
