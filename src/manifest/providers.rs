//! `[providers.<name>]`: a team's own providers, each a program that is described in a
//! table.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use serde_json::{Value, json};

use super::Located;
use super::field_row::{FieldRow, TomlType};
use super::findings::{Findings, TomlValue};
use super::provider_fields::ProviderFields;
use super::provider_row::row;
use super::row_schema::object;
use super::table_reader::{FieldTable, FieldType, TableKind, read_table};
use super::values::{key_of, string, table};
use crate::diagnostics::{Code, quoted};
use crate::providers::Provider;

/// The grammar of the names of providers, as a regular expression.
const PROVIDER_PATTERN: &str = "^[a-z][a-z0-9_-]{0,63}$";

/// The names of the tables. What they contain is in [`Findings::providers`], since the
/// secrets that are read next need it.
#[derive(Debug, Default)]
pub(super) struct Providers(Vec<Located<String>>);

impl Providers {
    /// Refuses a manifest in which a provider has no row, whatever the reason: secrets that
    /// use it would be missing.
    pub(super) fn complete(&self, found: &mut Findings<'_>) {
        let is_missing = |name: &&Located<String>| {
            let row = found.providers.get(&name.value);
            row.is_none_or(Option::is_none)
        };
        let missing = self.0.iter().find(is_missing).map(|one| one.span.clone());
        if let (Some(span), 0) = (missing, found.errors()) {
            let message = "this provider cannot be used";
            let help = "`qli help secrets` describes each field";
            found.wrong(Code::MalformedProvider, span, message, help);
        }
    }

    /// Warns of those that no secret uses: possibly a name is misspelled. A secret or a
    /// provider with a mistake is not known here, so then there is no warning.
    pub(super) fn unused(&self, used: &BTreeSet<&str>, found: &mut Findings<'_>) {
        for name in self.0.iter().filter(|name| !used.contains(&*name.value)) {
            let message = format!("no secret uses the provider `{}`", name.value);
            let help = "write its name in `provider` of a secret, or remove the table";
            found.wrong(Code::UnusedProvider, name.span.clone(), message, help);
        }
    }
}

impl FieldType for Providers {
    const TOML: TomlType = TomlType::Table;
    const INNER: &'static [FieldRow] = ProviderFields::ROWS;

    fn read(name: &'static str, value: &TomlValue<'_>, found: &mut Findings<'_>) -> Option<Self> {
        let mut names = Vec::new();
        for (key, value) in table(name, value, found)? {
            let written = key.get_ref().as_ref();
            names.push(Located {
                value: written.to_owned(),
                span: key.span(),
            });
            check_name(written, key.span(), found);
            let path = format!("{name}.{}", key_of(written));
            let Some(inner) = table(&path, value, found) else {
                found.providers.insert(written.to_owned(), None);
                continue;
            };
            let errors = found.errors();
            let header = value.span();
            let (kind, title) = (TableKind::Inner, format!("[{path}]"));
            let fields: ProviderFields = found.inside(path, |found| {
                read_table(kind, title, inner, header.clone(), found)
            });
            let row = row(written, fields, (inner, &header), found);
            let row = row.filter(|_| found.errors() == errors);
            let provider = row.map(|row| Provider::Tool(Arc::new(row)));
            found.providers.insert(written.to_owned(), provider);
        }
        Some(Self(names))
    }

    fn schema() -> Value {
        json!({
            "type": "object",
            "patternProperties": { PROVIDER_PATTERN: object::<ProviderFields>(None) },
            "additionalProperties": false
        })
    }
}

fn check_name(name: &str, span: Range<usize>, found: &mut Findings<'_>) {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
    if Provider::built_in().any(|one| one == name) {
        let message = format!("`{name}` is a built-in provider");
        let help = "give this one another name";
        found.wrong(Code::MalformedProvider, span, message, help);
    } else if !name.starts_with(|c: char| c.is_ascii_lowercase())
        || !name.chars().all(is_plain)
        || name.len() > 64
    {
        let message = format!("invalid provider name {}", quoted(name));
        let help = "use lower-case letters, digits, `_` and `-`, and start with a letter";
        found.wrong(Code::MalformedProvider, span, message, help);
    }
}

/// The provider of a secret: a built-in one, or one of this manifest.
impl FieldType for Provider {
    fn read(name: &'static str, value: &TomlValue<'_>, found: &mut Findings<'_>) -> Option<Self> {
        let written = string(name, value, found)?;
        if let Some(own) = found.providers.get(written) {
            return own.clone();
        }
        let provider = Self::named(written);
        if provider.is_none() {
            super::foreign::unknown_provider(written, value.span(), found);
        }
        provider
    }

    fn schema() -> Value {
        let names: Vec<_> = Self::built_in().collect();
        let text = |name| {
            let shape = Self::named(name).map(|one| one.shape().to_owned());
            let about = Self::about(name).unwrap_or_default();
            format!("{about}; `ref` is `{}`", shape.unwrap_or_default())
        };
        let texts: Vec<_> = Self::built_in().map(text).collect();
        let built_in = json!({
            "type": "string",
            "enum": names,
            "enumDescriptions": texts,
            "markdownEnumDescriptions": texts,
            "x-taplo": { "docs": { "enumValues": texts } },
        });
        let own = json!({ "type": "string", "pattern": PROVIDER_PATTERN });
        json!({ "anyOf": [built_in, own] })
    }
}
