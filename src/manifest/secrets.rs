//! `secrets`: the variable that each fills, its reference and its provider.

use std::ops::Range;

use serde_json::{Value, json};

use super::field_row::{FieldRow, TomlType, example};
use super::findings::{Findings, TomlValue};
use super::path_variables::misread;
use super::row_schema::object;
use super::table_reader::{FieldTable, FieldType, TableKind, fields, read_table};
use super::values::{string, tables};
use super::{Deliver, Located, SecretSpec};
use crate::diagnostics::{Code, quoted};
use crate::names::{EnvName, SecretRef};
use crate::providers::Provider;

fields! {
    /// One secret, fetched after all other guards have passed.
    SecretFields {
        /// The variable in which the script finds the value, or where to read it:
        /// `"GITHUB_TOKEN"`.
        env: EnvName = example("\"GITHUB_TOKEN\"").required(),

        /// What the provider looks up: `"op://Vault/Item/field"`, or the name of a
        /// variable for the provider `env`.
        reference: SecretRef = example("\"op://Vault/Item/field\"").named("ref").required(),

        /// Which provider has the value.
        provider: Provider = example("\"one_password\"").required(),

        /// Whether the value may be empty, which is an error otherwise. Default: `false`.
        allow_empty: bool = example("true"),

        /// How the script gets it. Only `"env"` takes a line end from the value of a file,
        /// and refuses NUL. Default: `"env"`.
        deliver: Deliver = example("\"file\""),
    }
}

/// In the file's order; a secret's location is its `env`.
pub(super) type SecretList = Vec<Located<SecretSpec>>;

impl FieldType for SecretList {
    const TOML: TomlType = TomlType::Tables;
    const INNER: &'static [FieldRow] = SecretFields::ROWS;

    fn read(name: &'static str, value: &TomlValue<'_>, found: &mut Findings<'_>) -> Option<Self> {
        let path = found.path_of(name);
        let tables = tables(&path, value, found).into_iter();
        let secrets = tables.filter_map(|(table, header)| {
            let (kind, title) = (TableKind::Inner, format!("[[{path}]]"));
            secret(read_table(kind, title, table, header, found), found)
        });
        Some(secrets.collect())
    }

    fn schema() -> Value {
        json!({ "type": "array", "items": object::<SecretFields>(None) })
    }
}

impl FieldType for SecretRef {
    fn read(name: &'static str, value: &TomlValue<'_>, found: &mut Findings<'_>) -> Option<Self> {
        let reference = string(name, value, found)?.parse().ok();
        if reference.is_none() {
            let message = format!("`{name}` is empty");
            let help = format!("write `{name} = {}`", found.example_of(name));
            found.wrong(Code::EmptyValue, value.span(), message, help);
        }
        reference
    }

    fn schema() -> Value {
        json!({ "type": "string", "minLength": 1 })
    }
}

/// Checks what the fields of a secret mean together.
fn secret(fields: SecretFields, found: &mut Findings<'_>) -> Option<Located<SecretSpec>> {
    let provider = fields.provider.map(|provider| provider.value);
    let reference = fields.reference.filter(|reference| {
        // A grammar is known only with the provider.
        let provider = provider.as_ref();
        provider.is_none_or(|provider| is_well_formed(reference, provider, found))
    });
    let env = fields
        .env
        .filter(|env| may_hold_a_secret(&env.value, &env.span, found))?;
    misread_variable(&env, fields.deliver.as_ref(), found);
    Some(Located {
        value: SecretSpec {
            env: env.value,
            reference: reference?.value,
            provider: provider?,
            allow_empty: fields.allow_empty.is_some_and(|one| one.value),
            deliver: fields.deliver.map(|one| one.value).unwrap_or_default(),
        },
        span: env.span,
    })
}

fn is_well_formed(
    reference: &Located<SecretRef>,
    provider: &Provider,
    found: &mut Findings<'_>,
) -> bool {
    if super::foreign::is_foreign(reference, provider, found) {
        return false;
    }
    let checked = provider.check(reference.value.as_str());
    if reference.value.is_token() {
        let message = format!(
            "`ref` must be a reference, but looks like a secret, {}",
            quoted(&reference.value.to_string())
        );
        let help = "revoke it, since it is in this file, and write where the new one is kept";
        found.wrong(Code::LiteralSecret, reference.span.clone(), message, help);
    }
    if let Err(help) = &checked {
        let written = quoted(&reference.value.to_string());
        let provider = provider.name();
        let message = format!("{written} is not a reference of `{provider}`");
        let span = reference.span.clone();
        found.wrong(Code::MalformedReference, span, message, help.as_str());
    }
    checked.is_ok()
}

fn may_hold_a_secret(name: &EnvName, span: &Range<usize>, found: &mut Findings<'_>) -> bool {
    let set_by_qli = ["QLI_RUN_ID", "QLI_GROUP", "QLI_EXTENSION"].contains(&name.as_str());
    if set_by_qli {
        let message = format!("`{name}` is set by qli itself");
        let help = "use another variable for the secret";
        found.wrong(Code::InvalidEnvName, span.clone(), message, help);
    }
    !set_by_qli
}

/// Advises on a variable in which a program looks for something else. Who writes `"env"`
/// says that the secret is a path.
fn misread_variable(
    name: &Located<EnvName>,
    written: Option<&Located<Deliver>>,
    found: &mut Findings<'_>,
) {
    let deliver = written.map_or_else(Deliver::default, |one| one.value);
    let Some((what, program)) = misread(name.value.as_str(), deliver) else {
        return;
    };
    let help = match (written, program) {
        (Some(_), _) if deliver.is_env() => return,
        (Some(_), program) => format!("remove `deliver`: {program} reads the value"),
        (None, "") => "add `deliver = \"file\"`, or `\"env\"` if the secret is a path".to_owned(),
        (None, program) => format!("add `deliver = \"file\"`: {program} opens that path"),
    };
    let message = format!("`{}` {what}", name.value);
    found.wrong(Code::PathVariable, name.span.clone(), message, help);
}
