//! The schemas under `schema/` are the ones the types generate, are valid
//! themselves, and close every object. `QLI_BLESS=1` rewrites them.
#![expect(
    clippy::disallowed_methods,
    reason = "a test touches the world and may panic"
)]

use std::path::PathBuf;

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("schema/{name}.v1.schema.json"))
}

#[test]
fn the_files_are_what_the_types_generate() {
    let bless = std::env::var_os("QLI_BLESS").is_some();
    for (name, schema) in qli::report::schemas() {
        let fresh = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if bless {
            std::fs::write(file(name), &fresh).unwrap();
        }
        let kept = std::fs::read_to_string(file(name)).unwrap();
        assert!(
            kept == fresh,
            "schema/{name}.v1.schema.json is stale: QLI_BLESS=1 cargo test --test schema"
        );
    }
}

#[test]
fn no_file_is_without_its_types() {
    let known = qli::report::schemas().len();
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("schema");
    assert_eq!(std::fs::read_dir(directory).unwrap().count(), known);
}

#[test]
fn every_schema_is_valid_and_closes_its_objects() {
    for (name, schema) in qli::report::schemas() {
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
