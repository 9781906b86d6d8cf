//! Generated files are current: the schemas in `schema/`, which are valid and closed,
//! `docs/diagnostics.md` from the table of codes, `docs/manifest.md` from the schema, and
//! `docs/secrets.md` from the table of providers. `QLI_BLESS=1` rewrites them.

use std::path::PathBuf;

use crate::pages;
use crate::support::assert_current;

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("schema/{name}.v1.schema.json"))
}

#[test]
fn the_schemas_are_generated_from_the_types() {
    for (name, schema) in qli::testing::report::schemas() {
        let fresh = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        assert_current(&file(name), &fresh, "tree");
    }
}

#[test]
fn the_page_of_diagnostics_is_generated_from_the_table_of_codes() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/diagnostics.md");
    assert_current(&file, &pages::diagnostics::page(), "tree");
}

#[test]
fn the_page_of_manifests_is_generated_from_the_schema() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/manifest.md");
    assert_current(&file, &pages::manifest::page(), "tree");
}

#[test]
fn the_page_of_secrets_is_generated_from_the_table_of_providers() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/secrets.md");
    assert_current(&file, &pages::secrets::page(), "tree");
}

#[test]
fn every_schema_file_has_its_types() {
    let known = qli::testing::report::schemas().len();
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("schema");
    assert_eq!(std::fs::read_dir(directory).unwrap().count(), known);
}

#[test]
fn every_schema_is_valid_and_closes_its_objects() {
    for (name, schema) in qli::testing::report::schemas() {
        let schema = schema.to_value();
        jsonschema::meta::validate(&schema).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_closed(name, &schema);
    }
}

fn assert_closed(name: &str, schema: &serde_json::Value) {
    match schema {
        serde_json::Value::Object(map) => {
            if map.contains_key("properties") {
                let closed = map.get("additionalProperties") == Some(&false.into());
                assert!(closed, "{name}: an open object: {schema:#}");
            }
            map.values().for_each(|value| assert_closed(name, value));
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| assert_closed(name, item)),
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::String(_) => {}
    }
}
