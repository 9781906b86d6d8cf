//! The words of qli itself for every kind of rule.

use super::tests::{MANIFEST, said};

/// Rules of `description`, and what is said behind its name.
const OF_TEXT: [(&str, &str); 11] = [
    (r#""type": "integer""#, "must be an integer, it is a string"),
    (
        r#""type": ["object", "null"]"#,
        "must be null or a table, it is a string",
    ),
    (r#""pattern": "^team ""#, "must match `^team `"),
    (r#""format": "uri""#, "must have the form `uri`"),
    (r#""minLength": 10"#, "must have at least 10 characters"),
    (r#""maxLength": 1"#, "must have at most 1 character"),
    (
        r#""not": { "type": "string" }"#,
        "is what the policy forbids",
    ),
    (
        r#""oneOf": [true, true]"#,
        "fits several rules, and may fit one",
    ),
    (
        r#""anyOf": [{ "const": "a" }, { "minLength": 10 }]"#,
        "must be \"a\", or `description` must have at least 10 characters",
    ),
    (
        r#""oneOf": [{ "const": "a", "minLength": 10 }, false]"#,
        "is nothing of what the policy allows",
    ),
    (
        r#""contentEncoding": "base64""#,
        "is not compliant with \"base64\" content encoding",
    ),
];

/// Rules of other fields, and what is said.
const OF_OTHERS: [(&str, &str); 9] = [
    (
        r#""secrets": { "contains": { "required": ["x"] } }"#,
        "`secrets` does not hold the elements that it must",
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
fn every_kind_of_rule_has_its_words() {
    for (rule, expected) in OF_TEXT {
        let policy = format!(r#"{{ "properties": {{ "description": {{ {rule} }} }} }}"#);
        let policy = policy.replacen(
            '{',
            r#"{ "$schema": "http://json-schema.org/draft-07/schema#","#,
            1,
        );
        let message = said(&policy, MANIFEST)
            .iter()
            .next()
            .unwrap()
            .message
            .clone();
        let words = message.trim_start_matches("`description`");
        assert_eq!(
            words
                .trim_start_matches([':', ' '])
                .trim_start_matches("value "),
            expected,
            "{rule}"
        );
    }
    for (rule, expected) in OF_OTHERS {
        let policy = format!(r#"{{ "properties": {{ {rule} }} }}"#);
        assert_eq!(
            said(&policy, MANIFEST).iter().next().unwrap().message,
            expected
        );
    }
}

/// What a policy's author wrote may be told, and the names of fields; never what
/// a manifest says.
#[test]
fn no_message_and_no_help_tells_a_value() {
    for rule in [
        r#""const": 1"#,
        r#""enum": [1]"#,
        r#""type": "null""#,
        r#""pattern": "^$""#,
        r#""maxLength": 0, "maxItems": 0, "maxProperties": 0"#,
        r#""format": "ipv4""#,
        r#""not": {}"#,
        r#""anyOf": [{ "const": 1 }, { "type": "null" }]"#,
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
        let found = [said(&all, MANIFEST), said(&deep, MANIFEST)];
        let found: Vec<_> = found.iter().flatten().collect();
        assert!(!found.is_empty(), "{rule}");
        for one in found {
            let told = format!("{} {}", one.message, one.help.as_ref().unwrap());
            assert!(!told.contains("hunter"), "{rule}: {told}");
        }
    }
}
