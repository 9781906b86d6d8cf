//! `qli validate` with policies.
#![cfg(feature = "policy")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A directory with a group `shop` that violates two rules of one policy and one of
/// another.
struct Shop(tempfile::TempDir);

const MANIFEST: &str = "schema_version = 1\ndescription = \"The shop\"\nconfirm = false\n";

const STRICT: &str = r#"{
  "x-qli-message": "ask before you act",
  "required": ["banner"],
  "properties": { "confirm": { "const": true } }
}"#;

const MILD: &str = "x-qli-severity = \"warning\"\nrequired = [\"audit_log\"]\n";

impl Shop {
    fn new() -> Self {
        let shop = Self(tempfile::tempdir_in("/tmp").unwrap());
        fs::create_dir_all(shop.path("root/shop")).unwrap();
        fs::create_dir(shop.path(".git")).unwrap();
        for (name, text) in [
            ("root/shop/_manifest.toml", MANIFEST),
            ("strict.json", STRICT),
            ("mild.toml", MILD),
            ("broken.json", "{ \"requird\": [] }"),
        ] {
            fs::write(shop.path(name), text).unwrap();
        }
        fs::write(shop.path("latin1.json"), b"{ \"title\": \"\xe9\" }").unwrap();
        shop
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs `qli validate` with `QLI_POLICY`; returns its exit code and both streams.
    fn validate(&self, variable: &str, words: &str) -> (i32, String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_qli"))
            .arg("validate")
            .args(words.split_whitespace())
            .current_dir(self.path(""))
            .env_clear()
            .env("QLI_POLICY", variable)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let code = output.status.code().unwrap();
        (code, text(output.stdout), text(output.stderr))
    }
}

#[test]
fn violations_set_the_exit_code_like_other_problems() {
    let shop = Shop::new();
    for (variable, words, code, lines) in [
        ("", "root", 0, 0),
        (":", "root", 0, 0),
        ("strict.json", "root", 1, 2),
        ("mild.toml", "root", 0, 1),
        ("mild.toml", "root --deny-warnings", 1, 1),
        ("mild.toml:strict.json", "root", 1, 3),
        // The option replaces the variable, and can be repeated.
        ("broken.json", "root --policy mild.toml", 0, 1),
        ("", "root --policy mild.toml --policy strict.json", 1, 3),
        ("", "root --policy strict.json --policy strict.json", 1, 2),
        // An unusable policy counts more than a violation.
        ("broken.json", "root", 2, 1),
        ("broken.json:strict.json", "root", 2, 3),
        ("nowhere.json", "root", 2, 1),
        ("latin1.json", "root", 2, 1),
        ("root", "root", 2, 1),
        // Without a path every root is checked.
        ("strict.json", "--extensions root", 1, 2),
        ("broken.json", "--extensions root", 2, 1),
    ] {
        let words = format!("{words} --format concise");
        let (exit, out, complaints) = shop.validate(variable, &words);
        assert_eq!(
            (exit, out.lines().count()),
            (code, lines),
            "{variable} {words}\n{out}"
        );
        let unusable = complaints.matches(" as a policy").count();
        assert_eq!(unusable, usize::from(code == 2), "{complaints}");
    }
}

#[test]
fn every_format_has_the_same_exit_code_and_names_the_rule() {
    let shop = Shop::new();
    for format in ["human", "concise", "json", "sarif", "github"] {
        for (variable, code) in [("strict.json", 1), ("broken.json", 2), ("mild.toml", 0)] {
            let words = format!("root --format {format}");
            let (exit, out, _) = shop.validate(variable, &words);
            assert_eq!(exit, code, "{format}: {out}");
            let (file, pointer) = match code {
                1 => ("strict.json", "/properties/confirm/const"),
                2 => ("broken.json", "requird"),
                _ => ("mild.toml", "/required"),
            };
            assert!(
                out.contains(file) && out.contains(pointer),
                "{format}: {out}"
            );
        }
    }
}

#[test]
fn machine_formats_have_the_rules_file_and_pointer() {
    let shop = Shop::new();
    let read = |format: &str| -> Value {
        let words = format!("root --policy ./strict.json --format {format}");
        serde_json::from_str(&shop.validate("", &words).1).unwrap()
    };
    let (json, sarif) = (read("json"), read("sarif"));
    let results = &sarif["runs"][0]["results"];
    let mut fingerprints = std::collections::BTreeSet::new();
    for (at, pointer) in ["/required", "/properties/confirm/const"]
        .into_iter()
        .enumerate()
    {
        let rule = &json["diagnostics"][at]["policy"];
        assert_eq!(
            *rule,
            serde_json::json!({ "file": "./strict.json", "pointer": pointer })
        );
        let rule = &results[at]["properties"]["policy"];
        assert_eq!(
            *rule,
            serde_json::json!({ "file": "strict.json", "pointer": pointer })
        );
        fingerprints.insert(results[at]["partialFingerprints"].to_string());
    }
    assert_eq!(fingerprints.len(), 2);
    assert_valid("sarif-2.1.0.schema.json", &sarif);
}

/// Checks a document against the published schema of its format.
fn assert_valid(schema: &str, document: &Value) {
    let file = project().join("tests/data").join(schema);
    let mut schema: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    // Not every library accepts this pattern as a regular expression.
    for what in ["run", "toolComponent"] {
        let language = format!("/definitions/{what}/properties/language");
        let language = schema.pointer_mut(&language).unwrap();
        language.as_object_mut().unwrap().remove("pattern").unwrap();
    }
    let schema = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<_> = schema
        .iter_errors(document)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
}

#[test]
fn the_json_of_a_violation_fits_its_schema() {
    let shop = Shop::new();
    let (_, out, _) = shop.validate("strict.json:broken.json", "root --format json");
    let file = project().join("schema/diagnostics.v1.schema.json");
    let schema = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let document: Value = serde_json::from_str(&out).unwrap();
    let error = jsonschema::validate(&schema, &document);
    assert!(error.is_ok(), "{error:?}");
    assert_eq!(document["files"], 1);
}

/// Neither its messages nor its file name can forge an annotation.
#[test]
fn no_policy_controls_a_terminal() {
    let shop = Shop::new();
    let hostile = "a\u{1b}[31m\n::error::b\r\u{202e}%0A::stop-commands::c";
    let name = "p\u{1b}[2J\n::error::p.json";
    let worded = serde_json::json!({
        "x-qli-message": hostile,
        "required": ["banner"],
        "properties": { "description": { "const": hostile, "x-qli-message": "m" } },
    });
    let broken = serde_json::json!({
        "x-qli-severity": hostile, "$ref": hostile, "not": false, hostile: 1,
        "required": [hostile], "properties": { hostile: false },
    });
    for (policy, code) in [(worded, 1), (broken, 2)] {
        fs::write(shop.path(name), policy.to_string()).unwrap();
        for format in ["human", "concise", "json", "sarif", "github"] {
            let output = Command::new(env!("CARGO_BIN_EXE_qli"))
                .args(["validate", "root", "--format", format, "--policy", name])
                .current_dir(shop.path(""))
                .env_clear()
                .output()
                .unwrap();
            assert_eq!(output.status.code(), Some(code));
            for stream in [output.stdout, output.stderr] {
                let text = String::from_utf8(stream).unwrap();
                let hidden = |c: char| c != '\n' && qli::testing::names::is_hidden(c);
                assert!(!text.contains(hidden), "{format}: {text:?}");
                let forged = text.lines().filter(|line| line.starts_with("::"));
                let complaint = r"::error::cannot use $'p\x1b[2J\x0a::error::p.json'";
                let own =
                    |line: &str| line.starts_with("::error file=") || line.starts_with(complaint);
                assert!(forged.into_iter().all(own), "{format}: {text}");
            }
        }
    }
}

#[test]
fn a_fix_is_made_despite_violations_and_its_result_is_checked() {
    let shop = Shop::new();
    let manifest = shop.path("root/shop/_manifest.toml");
    fs::write(&manifest, MANIFEST.replace("confirm", "confrim")).unwrap();
    // A manifest with errors is not checked.
    let (code, out, _) = shop.validate("strict.json", "root --format concise");
    assert_eq!((code, out.lines().count()), (1, 1), "{out}");
    let (code, diff, _) = shop.validate("strict.json", "root --diff");
    assert!(code == 1 && diff.contains("\n+confirm = false"), "{diff}");
    let (code, out, stderr) = shop.validate("strict.json", "root --fix --format concise");
    assert_eq!(
        (code, stderr.as_str()),
        (1, "note: fixed root/shop/_manifest.toml\n")
    );
    assert_eq!(out.matches("error[QLI0901]").count(), 2, "{out}");
    assert_eq!(fs::read_to_string(&manifest).unwrap(), MANIFEST);
    // A violation has no fix.
    let (code, diff, _) = shop.validate("strict.json", "root --diff");
    assert_eq!((code, diff.as_str()), (1, ""));
}

#[test]
fn many_manifests_are_reported_in_the_order_of_their_paths() {
    let shop = Shop::new();
    for nth in 0..200 {
        let group = shop.path(&format!("root/g{nth:03}"));
        fs::create_dir(&group).unwrap();
        fs::write(group.join("_manifest.toml"), MANIFEST).unwrap();
    }
    let (code, out, _) = shop.validate("mild.toml:strict.json", "root --format concise");
    assert_eq!((code, out.lines().count()), (1, 3 * 201));
    let paths = out.lines().map(|line| line.split(':').next().unwrap());
    assert!(paths.is_sorted());
    assert_eq!(
        shop.validate("mild.toml:strict.json", "root --format concise")
            .1,
        out
    );
}

#[test]
fn run_and_explain_ignore_policies() {
    let shop = Shop::new();
    for command in ["run", "explain"] {
        let output = Command::new(env!("CARGO_BIN_EXE_qli"))
            .args([command, "dev", "hello"])
            .env_clear()
            .env("QLI_POLICY", shop.path("broken.json"))
            .env("HOME", shop.path(""))
            .env("XDG_DATA_DIRS", "/nowhere")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(
            output.status.success() && output.stderr.is_empty(),
            "{output:?}"
        );
    }
}
