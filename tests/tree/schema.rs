//! The schemas under `schema/` are the ones the types generate, are valid
//! themselves, and close every object; the manual's chapter about diagnostics is
//! the one that the table of codes generates, the one about manifests has its
//! fields from the schema. `QLI_BLESS=1` rewrites them.

use std::path::PathBuf;

use crate::support::assert_current;

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("schema/{name}.v1.schema.json"))
}

#[test]
fn the_files_are_what_the_types_generate() {
    for (name, schema) in qli::testing::report::schemas() {
        let fresh = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        assert_current(&file(name), &fresh, "tree");
    }
}

#[test]
fn the_chapter_about_diagnostics_is_what_the_table_of_codes_generates() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/diagnostics.md");
    assert_current(&file, &qli::testing::diagnostics::manual(), "tree");
}

#[test]
fn the_chapter_about_manifests_is_what_the_schema_generates() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/manifest.md");
    assert_current(&file, &qli::testing::manifest::manual(), "tree");
}

#[test]
fn no_file_is_without_its_types() {
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
