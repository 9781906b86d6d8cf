//! Where violations are located, and whose message and severity they have.

mod effect;
mod messages;
mod unusable;
mod values;

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::diagnostics::{Code, Diagnostic, Location, Source, sorted};
use crate::host::fake::World;
use crate::manifest::parse;

const MANIFEST: &str = "\
schema_version = 1
description = \"hunter2\"
confirm = false
requires_env.QLI_ENV = \"hunter3\"

[[secrets]]
env = \"A_TOKEN\"
ref = \"hunter4\"
provider = \"env\"

[[secrets]]
env = \"B\"
ref = \"hunter5\"
provider = \"env\"

[extensions.restore]
";

fn load(name: &str, text: &str) -> (Policies, Diagnostics) {
    let path = Path::new("/").join(name);
    let world = World::new().file(path.to_str().unwrap(), text);
    Policies::load(&[path], &world)
}

fn violations(policy: &str, manifest: &str) -> Diagnostics {
    let (policies, found) = load("p.json", policy);
    assert!(found.is_empty(), "{policy}: {found:?}");
    let source = Source::new(Path::new("m"), manifest.as_bytes()).unwrap();
    let manifest = parse(&Arc::new(source)).unwrap();
    sorted(policies.check(&manifest))
}

/// Returns `line:column` and the piece of the text.
fn location(one: &Diagnostic) -> (String, String) {
    let Location::Text { source, span } = &one.location else {
        return (String::new(), String::new());
    };
    let at = source.position(span.start);
    let piece = source.text().get(span.clone()).unwrap_or_default();
    (format!("{}:{}", at.line, at.column), piece.to_owned())
}

fn lines(found: &Diagnostics) -> Vec<String> {
    let line = |one: &Diagnostic| {
        let (at, piece) = location(one);
        format!("{at} [{piece}] {}", one.message)
    };
    found.iter().map(line).collect()
}

#[test]
fn a_violation_points_at_what_it_is_about() {
    for (policy, expected) in [
        // A missing field: the header of its table.
        (
            r#"{ "required": ["banner", "audit_log", "confirm"] }"#,
            "1:1 [schema_version = 1] `banner` and `audit_log` are missing",
        ),
        (
            r#"{ "properties": { "extensions": { "additionalProperties": { "required": ["timeout"] } } } }"#,
            "16:1 [[extensions.restore]] `timeout` is missing",
        ),
        (
            r#"{ "properties": { "requires_env": { "required": ["X"] } } }"#,
            "4:1 [requires_env] `X` is missing",
        ),
        (
            r#"{ "dependentRequired": { "confirm": ["banner"] } }"#,
            "1:1 [schema_version = 1] `banner` is missing",
        ),
        // A wrong value.
        (
            r#"{ "properties": { "confirm": { "const": true } } }"#,
            "3:11 [false] `confirm` must be true",
        ),
        (
            r#"{ "properties": { "requires_env": { "properties": { "QLI_ENV": { "enum": ["prod", "dev"] } } } } }"#,
            "4:24 [\"hunter3\"] `QLI_ENV` must be \"prod\" or \"dev\"",
        ),
        (
            r#"{ "properties": { "secrets": { "maxItems": 1 } } }"#,
            "6:1 [[[secrets]]] `secrets` must have at most 1 element",
        ),
        (
            r#"{ "properties": { "secrets": { "prefixItems": [true, { "maxProperties": 2 }] } } }"#,
            "11:1 [[[secrets]]] an element of `secrets` must have at most 2 fields",
        ),
        // A field that is not allowed: its name.
        (
            r#"{ "properties": { "confirm": false } }"#,
            "3:1 [confirm] `confirm` is not allowed",
        ),
        (
            r#"{ "patternProperties": { "^[^c]": true }, "additionalProperties": false }"#,
            "3:1 [confirm] `confirm` is not allowed",
        ),
        (
            r#"{ "patternProperties": { "^[^c]": true }, "unevaluatedProperties": false }"#,
            "3:1 [confirm] `confirm` is not allowed",
        ),
        (
            r#"{ "propertyNames": { "maxLength": 20, "not": { "const": "confirm" } } }"#,
            "3:1 [confirm] `confirm` is not an allowed name",
        ),
        // The whole manifest: its first line.
        (
            r#"{ "maxProperties": 2 }"#,
            "1:1 [schema_version = 1] the manifest must have at most 2 fields",
        ),
    ] {
        let found = violations(policy, MANIFEST);
        assert_eq!(lines(&found).first().unwrap(), expected, "{policy}");
        assert!(found.iter().all(|one| one.code == Code::PolicyViolation));
    }
}

#[test]
fn each_field_that_is_not_allowed_is_its_own_violation() {
    let policy = r#"{ "properties": { "schema_version": true, "description": true }, "additionalProperties": false }"#;
    let expected = [
        "3:1 [confirm] `confirm` is not allowed",
        "4:1 [requires_env] `requires_env` is not allowed",
        "6:1 [[[secrets]]] `secrets` is not allowed",
    ];
    let found = lines(&violations(policy, MANIFEST));
    assert_eq!(found[..2], expected[..2]);
    // An array of tables has its name in its header.
    assert_eq!(found[2], "6:3 [secrets] `secrets` is not allowed");
}

/// Returns message, severity and rule of the first violation.
fn first(policy: &str) -> (String, &'static str, String) {
    let found = violations(policy, MANIFEST);
    let one = found.first().unwrap();
    let rule = one.policy.as_deref().unwrap();
    assert_eq!(rule.file, Path::new("/p.json").into());
    assert!(one.help.as_ref().unwrap().ends_with(&rule.shown()));
    (
        one.message.clone(),
        one.severity.as_str(),
        rule.pointer.clone(),
    )
}

#[test]
fn the_nearest_message_and_the_nearest_severity_count() {
    for (policy, message, severity) in [
        (
            r#"{ "required": ["banner"] }"#,
            "`banner` is missing",
            "error",
        ),
        (r#"{ "title": "T", "required": ["banner"] }"#, "T", "error"),
        (
            r#"{ "title": "T", "x-qli-message": "M", "required": ["banner"] }"#,
            "M",
            "error",
        ),
        // A message wins over a title, however near.
        (
            r#"{ "x-qli-message": "M", "allOf": [{ "title": "T", "required": ["banner"] }] }"#,
            "M",
            "error",
        ),
        (
            r#"{ "x-qli-message": "M", "x-qli-severity": "warning",
                 "allOf": [{ "x-qli-message": "N", "required": ["banner"] }] }"#,
            "N",
            "warning",
        ),
        (
            r#"{ "x-qli-severity": "warning",
                 "then": { "x-qli-severity": "error", "required": ["banner"] }, "if": { "required": ["confirm"] } }"#,
            "`banner` is missing",
            "error",
        ),
        // A field of the manifest may have the name of a keyword.
        (
            r#"{ "properties": { "requires_env": { "title": "T", "properties": {
                 "title": { "minLength": 1 }, "QLI_ENV": { "x-qli-message": "M", "const": "a" } } } } }"#,
            "M",
            "error",
        ),
    ] {
        let (found, how, _) = first(policy);
        assert_eq!((found.as_str(), how), (message, severity), "{policy}");
    }
}

#[test]
fn a_message_is_found_on_both_sides_of_a_reference() {
    let rule = r#"{ "properties": { "confirm": { "const": true } } }"#;
    let worded = r#"{ "x-qli-message": "M", "properties": { "confirm": { "const": true } } }"#;
    for (policy, pointer) in [
        (
            format!(
                r##"{{ "allOf": [{{ "$ref": "#/$defs/a", "x-qli-message": "M" }}], "$defs": {{ "a": {rule} }} }}"##
            ),
            "/$defs/a/properties/confirm/const",
        ),
        (
            format!(
                r##"{{ "title": "T", "allOf": [{{ "$ref": "#/$defs/a" }}], "$defs": {{ "a": {worded} }} }}"##
            ),
            "/$defs/a/properties/confirm/const",
        ),
        (
            format!(
                r##"{{ "$ref": "#/$defs/b", "$defs": {{ "a": {rule}, "b": {{ "x-qli-message": "M", "$ref": "#/$defs/a" }} }} }}"##
            ),
            "/$defs/a/properties/confirm/const",
        ),
        (
            format!(
                r##"{{ "$ref": "#a", "$defs": {{ "x": {} }} }}"##,
                worded.replacen('{', r#"{ "$anchor": "a", "#, 1)
            ),
            "/$defs/x/properties/confirm/const",
        ),
        (
            format!(
                r#"{{ "$ref": "https://example.com/a", "$defs": {{ "x": {} }} }}"#,
                worded.replacen('{', r#"{ "$id": "https://example.com/a", "#, 1)
            ),
            "/$defs/x/properties/confirm/const",
        ),
    ] {
        let found = first(&policy);
        assert_eq!(
            found,
            ("M".to_owned(), "error", pointer.to_owned()),
            "{policy}"
        );
    }
}

#[test]
fn fields_missing_by_one_rule_are_one_violation() {
    let policy = r#"{ "x-qli-message": "M", "required": ["audit_log", "banner"], "allOf": [{ "required": ["timeout"] }] }"#;
    let found = violations(policy, MANIFEST);
    let help: Vec<_> = found.iter().map(|one| one.help.clone().unwrap()).collect();
    assert_eq!(
        help,
        [
            "`timeout` is missing; see /p.json#/allOf/0/required",
            "`audit_log` and `banner` are missing; see /p.json#/required",
        ]
    );
}

#[test]
fn a_rule_that_takes_too_long_is_an_error_of_the_policy() {
    let policy = r#"{ "properties": { "description": { "pattern": "^(x+x+)+\\1y$" } } }"#;
    let manifest = MANIFEST.replace("hunter2", &"x".repeat(60));
    let found = violations(policy, &manifest);
    let one = found.first().unwrap();
    assert_eq!(
        (one.code, one.path()),
        (Code::PolicyUnusable, Path::new("/p.json"))
    );
    assert_eq!(location(one).0, "1:47");
    assert!(
        one.message.starts_with("this rule could not be checked: "),
        "{}",
        one.message
    );
}

#[test]
fn many_rules_for_a_large_manifest_are_an_error_of_the_policy() {
    let rules = vec![r#"{ "required": ["env"] }"#; 2_000].join(",");
    let policy =
        format!(r#"{{ "properties": {{ "secrets": {{ "items": {{ "anyOf": [{rules}] }} }} }} }}"#);
    assert!(violations(&policy, MANIFEST).is_empty());
    let secret = |nth| format!("[[secrets]]\nenv = \"E{nth}\"\nref = \"R\"\nprovider = \"env\"\n");
    let secrets: String = (0..500).map(secret).collect();
    let found = violations(&policy, &format!("{MANIFEST}{secrets}"));
    let found: Vec<_> = found
        .iter()
        .map(|one| (one.code, one.message.as_str()))
        .collect();
    let expected = "too many rules for as large a manifest as `m`";
    assert_eq!(found, [(Code::PolicyUnusable, expected)]);
}

fn shared<T: Send + Sync>() {}

#[test]
fn policies_are_shared_between_threads() {
    shared::<Policies>();
}
