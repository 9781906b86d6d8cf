//! The JSON Schema of the manifest, made from the rows of its fields.

use schemars::Schema;
use serde_json::{Map, Value, json};

use super::fields::GroupFields;
use super::row_schema::object;

/// The schema, as `schema/` has it.
pub const SCHEMA: &str = include_str!("../../schema/manifest.v1.schema.json");

/// Identifies the schema wherever its file is.
pub const SCHEMA_ID: &str = "urn:qli:manifest.v1.schema.json";

/// Generates the schema.
pub fn schema() -> Schema {
    let schema = json!({
        "$id": SCHEMA_ID,
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "The manifest of a group",
    });
    let for_tombi = json!({
        // qli reads TOML 1.1; tombi would reject its syntax otherwise.
        "x-tombi-toml-version": "v1.1.0",
        "x-tombi-table-keys-order": "schema",
    });
    let parts = [schema, object::<GroupFields>(None), for_tombi].into_iter();
    let entries = parts.filter_map(|part| match part {
        Value::Object(entries) => Some(entries),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            None
        }
    });
    entries.flatten().collect::<Map<_, _>>().into()
}
