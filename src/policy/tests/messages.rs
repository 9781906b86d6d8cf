//! The messages for every kind of rule.

use super::{MANIFEST, violations};

/// Rules of `description`, and the message after its name.
const OF_TEXT: [(&str, &str); 9] = [
    (r#""pattern": "^team ""#, "must match `^team `"),
    (r#""format": "uri""#, "must have the format `uri`"),
    (r#""minLength": 10"#, "must have at least 10 characters"),
    (r#""maxLength": 1"#, "must have at most 1 character"),
    (
        r#""not": { "type": "string" }"#,
        "is what the policy forbids",
    ),
    (
        r#""oneOf": [true, true]"#,
        "matches several alternatives, but must match one",
    ),
    (
        r#""anyOf": [{ "const": "a" }, { "minLength": 10 }]"#,
        "must be \"a\", or `description` must have at least 10 characters",
    ),
    (
        r#""oneOf": [{ "const": "a", "minLength": 10 }, false]"#,
        "matches none of the alternatives",
    ),
    (
        r#""contentEncoding": "base64""#,
        "is not compliant with \"base64\" content encoding",
    ),
];

/// Rules of other fields, and the message.
const OF_OTHERS: [(&str, &str); 9] = [
    (
        r#""secrets": { "contains": { "minProperties": 4 } }"#,
        "`secrets` lacks a required element",
    ),
    (
        r#""secrets": { "minItems": 3 }"#,
        "`secrets` must have at least 3 elements",
    ),
    (
        r#""secrets": { "items": { "properties": { "env": { "const": "B" } } } }"#,
        "`env` must be \"B\"",
    ),
    (
        r#""requires_env": { "minProperties": 2 }"#,
        "`requires_env` must have at least 2 fields",
    ),
    (
        r#""schema_version": { "minimum": 2 }"#,
        "`schema_version` must be at least 2",
    ),
    (
        r#""schema_version": { "maximum": 0.5 }"#,
        "`schema_version` must be at most 0.5",
    ),
    (
        r#""schema_version": { "exclusiveMinimum": 1 }"#,
        "`schema_version` must be more than 1",
    ),
    (
        r#""schema_version": { "exclusiveMaximum": 1 }"#,
        "`schema_version` must be less than 1",
    ),
    (
        r#""schema_version": { "multipleOf": 2 }"#,
        "`schema_version` must be a multiple of 2",
    ),
];

#[test]
fn a_wrong_type_has_a_message() {
    for (types, expected) in [
        (r#""integer""#, "must be an integer, but is a string"),
        (
            r#"["object", "null"]"#,
            "must be null or a table, but is a string",
        ),
    ] {
        let policy = format!(r#"{{ "additionalProperties": {{ "type": {types} }} }}"#);
        let found = violations(&policy, MANIFEST);
        let expected = format!("`description` {expected}");
        assert!(found.iter().any(|one| one.message == expected), "{found:?}");
    }
}

#[test]
fn every_kind_of_rule_has_a_message() {
    for (rule, expected) in OF_TEXT {
        let policy = format!(r#"{{ "properties": {{ "description": {{ {rule} }} }} }}"#);
        let policy = policy.replacen(
            '{',
            r#"{ "$schema": "http://json-schema.org/draft-07/schema#","#,
            1,
        );
        let message = violations(&policy, MANIFEST)
            .first()
            .unwrap()
            .message
            .clone();
        let message = message.trim_start_matches("`description`");
        assert_eq!(
            message
                .trim_start_matches([':', ' '])
                .trim_start_matches("value "),
            expected,
            "{rule}"
        );
    }
    for (rule, expected) in OF_OTHERS {
        let policy = format!(r#"{{ "properties": {{ {rule} }} }}"#);
        assert_eq!(
            violations(&policy, MANIFEST).first().unwrap().message,
            expected
        );
    }
}

/// A message may have values of the policy and names of fields, but no value of
/// the manifest.
#[test]
fn no_message_and_no_help_contains_a_value() {
    for rule in [
        r#""const": 1"#,
        r#""enum": [1]"#,
        r#""type": "boolean""#,
        r#""pattern": "^$""#,
        r#""maxLength": 0, "maxItems": 0, "maxProperties": 0"#,
        r#""format": "ipv4""#,
        r#""not": {}"#,
        r#""anyOf": [{ "const": 1 }, { "type": "boolean" }]"#,
        r#""oneOf": [{ "pattern": "^$" }, { "not": {} }, { "enum": [] }]"#,
        r#""contains": false, "items": false, "propertyNames": false"#,
        r#""minimum": 9, "multipleOf": 7"#,
        r#""unevaluatedItems": false, "unevaluatedProperties": false"#,
    ] {
        let all = format!(r##"{{ {rule}, "additionalProperties": {{ "$ref": "#" }} }}"##);
        let deep = format!(
            r##"{{ "$defs": {{ "a": {{ {rule}, "additionalProperties": {{ "$ref": "#/$defs/a" }}, "items": {{ "$ref": "#/$defs/a" }} }} }}, "$ref": "#/$defs/a" }}"##
        );
        let deep = deep.replace(r#""items": false, "#, "");
        let found = [violations(&all, MANIFEST), violations(&deep, MANIFEST)];
        let found: Vec<_> = found.iter().flatten().collect();
        assert!(!found.is_empty(), "{rule}");
        for one in found {
            let shown = format!("{} {}", one.message, one.help.as_ref().unwrap());
            assert!(!shown.contains("hunter"), "{rule}: {shown}");
        }
    }
}
