//! Third-party validators read the schema as ours does: the Python package
//! `jsonschema`, given each sample as JSON, and `check-jsonschema`, which reads
//! the files by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use qli::testing::diagnostics::Code;
use serde_json::{Value, json};

use super::{assert_agree, directory, instance, read, samples};

/// The samples that are TOML, with their texts, in the order of their paths.
fn texts() -> BTreeMap<String, String> {
    let all = [samples("valid"), samples("invalid")].concat();
    let texts = all.iter().filter_map(|sample| {
        let text = fs::read_to_string(sample).ok()?;
        let text = text.trim_start_matches('\u{feff}');
        instance(text)?;
        Some((sample.display().to_string(), text.to_owned()))
    });
    texts.collect()
}

/// Prints whether each instance is valid.
const JSONSCHEMA: &str = "
import json, sys
from jsonschema.validators import validator_for
given = json.load(open(sys.argv[1]))
kind = validator_for(given['schema'])
kind.check_schema(given['schema'])
check = kind(given['schema'])
json.dump([check.is_valid(one) for one in given['instances']], sys.stdout)
";

#[test]
fn jsonschema_agrees_with_the_parser_on_all_samples() {
    let texts = texts();
    let instances: Vec<_> = texts.values().map(|text| instance(text)).collect();
    let given = json!({ "schema": qli::testing::manifest::schema(), "instances": instances });
    let location = tempfile::tempdir().unwrap();
    let file = location.path().join("given.json");
    fs::write(&file, given.to_string()).unwrap();
    let mut python = Command::new(crate::support::tool("bin/python"));
    let output = python
        .args(["-Ic", JSONSCHEMA])
        .arg(&file)
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}");
    let verdicts: Vec<bool> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(verdicts.len(), texts.len());
    assert!(verdicts.contains(&true) && verdicts.contains(&false));
    for (text, accepted) in texts.values().zip(verdicts) {
        assert_agree(text, accepted);
    }
}

/// What it does not read as TOML 1.1.
const READ_DIFFERENTLY: [&str; 2] = [
    // Its parser rejects the mark.
    "valid/byte-order-mark.toml",
    // It turns a date into a string.
    "invalid/banner-as-a-date.toml",
];

#[test]
fn check_jsonschema_agrees_with_the_parser_on_all_samples() {
    let mut texts = texts();
    for name in READ_DIFFERENTLY {
        let sample = directory(name).display().to_string();
        assert!(texts.remove(&sample).is_some(), "no sample {name}");
    }
    // It reads TOML 1.0.
    texts.retain(|_, text| !is_newer(text));
    let rejected = rejected_by_check_jsonschema(texts.keys());
    assert!(!rejected.is_empty() && rejected.len() < texts.len());
    for (sample, text) in &texts {
        assert_agree(text, !rejected.contains(sample));
    }
}

fn rejected_by_check_jsonschema<'a>(samples: impl Iterator<Item = &'a String>) -> BTreeSet<String> {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/manifest.v1.schema.json");
    let mut check = Command::new(crate::support::tool("bin/check-jsonschema"));
    check.args(["--output-format", "json", "--schemafile"]);
    let output = check.arg(schema).args(samples).output().unwrap();
    let printed = String::from_utf8_lossy(&output.stderr);
    let report: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {printed}"));
    assert_eq!(report.get("parse_errors"), Some(&json!([])));
    let errors = report.get("errors").and_then(Value::as_array).unwrap();
    let names = errors.iter().map(|one| one.get("filename")?.as_str());
    names.map(|name| name.unwrap().to_owned()).collect()
}

fn is_newer(text: &str) -> bool {
    let found = match read("m", text.as_bytes()) {
        Ok(manifest) => manifest.warnings,
        Err(found) => found,
    };
    found.iter().any(|one| one.code == Code::NewerSyntax)
}
