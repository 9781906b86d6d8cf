//! Values, types and patterns that no manifest has, or that all have.

use super::effect::{below, messages};

#[test]
fn a_pattern_that_every_text_matches_is_an_error() {
    let with = |pattern: &str| {
        let rule = format!(r#"{{ "pattern": "{pattern}" }}"#);
        messages(&format!(r#"{{ "properties": {{ "banner": {rule} }} }}"#))
    };
    for pattern in ["", "^", "$", "(?:)", ".*", "^.*", "x?", "a|b*", "^(x|)"] {
        let expected = ["`pattern` checks nothing here"];
        assert_eq!(with(pattern), expected, "{pattern}");
    }
    // Not empty, one line, and others.
    for pattern in ["^$", ".", "^.*$", "^(?!x)", "\\b", "^a*$"] {
        assert_eq!(with(pattern), Vec::<String>::new(), "{pattern}");
    }
}

#[test]
fn a_condition_that_no_manifest_meets_is_an_error() {
    for rule in ["false", r#"{ "not": {} }"#] {
        assert_eq!(
            messages(&format!(
                r#"{{ "if": {rule}, "then": {{ "required": ["banner"] }} }}"#
            )),
            ["this rule in `if` accepts nothing: `then` never applies"]
        );
    }
}

/// Each is the only value that a rule accepts, or the only one that it does not.
#[test]
fn a_value_that_no_manifest_has_is_an_error() {
    for (path, rule, value) in [
        ("confirm", r#""const": "true""#, r#""true""#),
        ("confirm", r#""enum": [true, "yes"]"#, r#""yes""#),
        ("confirm", r#""type": "string""#, r#""string""#),
        ("confirm", r#""type": ["null"]"#, r#"["null"]"#),
        ("confirm_by", r#""const": "names""#, r#""names""#),
        ("audit access", r#""const": "world""#, r#""world""#),
        ("requires_env QLI_ENV", r#""const": 1"#, "1"),
        ("requires_env", r#""const": { "A": 1 }"#, r#"{"A":1}"#),
        (
            "secrets [] provider",
            r#""const": "1Password""#,
            r#""1Password""#,
        ),
        (
            "extensions restore confirm_by",
            r#""const": "names""#,
            r#""names""#,
        ),
        ("timeout", r#""const": "10 minutes""#, r#""10 minutes""#),
    ] {
        let expected = [format!("no manifest has `{value}` here")];
        let condition = below(path, rule);
        let text = format!(r#"{{ "if": {condition}, "then": {{ "required": ["banner"] }} }}"#);
        assert_eq!(messages(&text), expected, "{text}");
        let text = format!(r#"{{ "not": {condition} }}"#);
        assert_eq!(messages(&text), expected, "{text}");
    }
}

#[test]
fn a_value_that_a_manifest_can_have_is_accepted() {
    for (path, rule) in [
        ("confirm", r#""const": false"#),
        ("confirm_by", r#""enum": ["key", "name"]"#),
        ("schema_version", r#""const": 1.0"#),
        ("schema_version", r#""type": "number""#),
        ("requires_env", r#""const": { "QLI_ENV": "prod" }"#),
        ("timeout", r#""enum": ["1h", "1h30m"]"#),
        ("*", r#""const": true"#),
        ("", r#""type": "object""#),
        ("", r#""minProperties": 3"#),
        ("audit", r#""minProperties": 1"#),
        ("", r#""patternProperties": { "^audit_": false }"#),
        ("requires_env", r#""patternProperties": { "^X": false }"#),
    ] {
        let text = below(path, rule);
        assert_eq!(messages(&text), Vec::<String>::new(), "{text}");
    }
}
