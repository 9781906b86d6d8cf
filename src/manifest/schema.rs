//! The JSON Schema of the manifest, made from the rows of its fields.

use schemars::{Schema, json_schema};

use super::fields::GroupFields;
use super::row_schema::object;

/// The schema, as `schema/` has it.
pub const SCHEMA: &str = include_str!("../../schema/manifest.v1.schema.json");

/// Identifies the schema wherever its file is.
pub const SCHEMA_ID: &str = "urn:qli:manifest.v1.schema.json";

pub fn schema() -> Schema {
    let mut schema = json_schema!({
        "$id": SCHEMA_ID,
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "The manifest of a group",
    });
    let fields = object::<GroupFields>(None);
    for (key, value) in fields.as_object().into_iter().flatten() {
        schema.insert(key.clone(), value.clone());
    }
    // qli reads TOML 1.1; tombi would reject its syntax otherwise.
    schema.insert("x-tombi-toml-version".into(), "v1.1.0".into());
    schema.insert("x-tombi-table-keys-order".into(), "schema".into());
    schema
}
