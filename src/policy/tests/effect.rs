//! Rules that check nothing, and policies that would take too long.

use std::fmt::Write as _;

use super::unusable::errors;

pub(super) fn messages(text: &str) -> Vec<String> {
    let found = errors("p.json", text).into_iter();
    let message = |one: String| one.rsplit_once("] ").unwrap().1.to_owned();
    found.map(message).collect()
}

const ACCEPTS_ALL: [(&str, &str); 28] = [
    (r#""required": []"#, "`required` checks nothing here"),
    (r#""properties": {}"#, "`properties` checks nothing here"),
    (
        r#""dependentRequired": { "confirm": [] }"#,
        "`dependentRequired` checks nothing here",
    ),
    (
        r#""minProperties": 0"#,
        "`minProperties` checks nothing here",
    ),
    (r#""not": false"#, "`not` checks nothing here"),
    (r#""default": {}"#, "`default` checks nothing here"),
    (r#""deprecated": true"#, "`deprecated` checks nothing here"),
    (
        r#""properties": { "banner": { "contentEncoding": "base64" } }"#,
        "`contentEncoding` checks nothing here",
    ),
    (
        r#""properties": { "confirm": {} }"#,
        "this rule in `properties` accepts everything",
    ),
    (
        r#""properties": { "confirm": { "x-qli-message": "m" } }"#,
        "this rule in `properties` accepts everything",
    ),
    (
        r#""allOf": [true]"#,
        "this rule in `allOf` accepts everything",
    ),
    (
        r#""anyOf": [{ "required": ["banner"] }, {}]"#,
        "this rule in `anyOf` accepts everything",
    ),
    (
        r#""additionalProperties": true"#,
        "this rule in `additionalProperties` accepts everything",
    ),
    (
        r#""if": { "required": ["banner"] }, "then": true"#,
        "this rule in `then` accepts everything",
    ),
    (
        r#""if": {}, "else": false"#,
        "this rule in `if` accepts everything",
    ),
    (
        r##""$ref": "#/$defs/a", "$defs": { "a": { "title": "t" } }"##,
        "`#/$defs/a` accepts everything",
    ),
    (
        r#""properties": { "secrets": { "uniqueItems": false } }"#,
        "`uniqueItems` checks nothing here",
    ),
    (
        r#""properties": { "secrets": { "contains": false, "minContains": 0 } }"#,
        "`minContains` checks nothing here",
    ),
    (
        r#""properties": { "banner": { "pattern": "", "minLength": 1 } }"#,
        "`pattern` checks nothing here",
    ),
    (r#""summary": "s""#, "unknown keyword `summary`"),
    (
        r#""properties": { "banner": { "minLength": 0.0 } }"#,
        "`minLength` checks nothing here",
    ),
    (
        r#""properties": { "secrets": { "minItems": 0.0 } }"#,
        "`minItems` checks nothing here",
    ),
    (
        r#""dependentRequired": { "confirm": ["confirm"] }"#,
        "`dependentRequired` checks nothing here",
    ),
    (r#""not": { "not": true }"#, "`not` checks nothing here"),
    (r#""oneOf": [true]"#, "`oneOf` checks nothing here"),
    (r#""oneOf": [{}, false]"#, "`oneOf` checks nothing here"),
    (
        r#""minProperties": 1"#,
        "`minProperties` checks nothing: every manifest has as many here",
    ),
    (
        r#""properties": { "secrets": { "items": { "minProperties": 3 } } }"#,
        "`minProperties` checks nothing: every manifest has as many here",
    ),
];

#[test]
fn a_rule_that_accepts_everything_is_an_error() {
    for (rule, expected) in ACCEPTS_ALL {
        assert_eq!(messages(&format!("{{ {rule} }}")), [expected], "{rule}");
    }
}

/// A policy with a rule about the value at a path.
pub(super) fn below(path: &str, rule: &str) -> String {
    let steps = path.split_whitespace().rev();
    steps.fold(format!("{{ {rule} }}"), |inner, step| match step {
        "*" => format!(r#"{{ "additionalProperties": {inner} }}"#),
        "[]" => format!(r#"{{ "items": {inner} }}"#),
        name => format!(r#"{{ "properties": {{ "{name}": {inner} }} }}"#),
    })
}

/// The path of the schema, the rule there, and what is wrong with it.
const OF_NO_MANIFEST: [(&str, &str, &str); 13] = [
    (
        "",
        r#""required": ["baner"]"#,
        "no manifest has the field `baner` here",
    ),
    (
        "",
        r#""not": { "required": ["extension"] }"#,
        "no manifest has the field `extension` here",
    ),
    (
        "",
        r#""properties": { "env": false }"#,
        "no manifest has the field `env` here",
    ),
    (
        "",
        r#""dependentRequired": { "confirm": ["baner"] }"#,
        "no manifest has the field `baner` here",
    ),
    (
        "extensions *",
        r#""required": ["banner"]"#,
        "no manifest has the field `banner` here",
    ),
    (
        "extensions",
        r#""properties": { "a/b": { "required": ["confirm"] } }"#,
        "no manifest has the field `a/b` here",
    ),
    (
        "secrets []",
        r#""properties": { "key": false }"#,
        "no manifest has the field `key` here",
    ),
    (
        "requires_env",
        r#""required": ["QLI ENV"]"#,
        "no manifest has the field `QLI ENV` here",
    ),
    (
        "",
        r#""patternProperties": { "^audit_lgo$": false }"#,
        "no manifest has a field like `^audit_lgo$` here",
    ),
    (
        "audit",
        r#""patternProperties": { "^x": false }"#,
        "no manifest has a field like `^x` here",
    ),
    (
        "confirm",
        r#""pattern": "true""#,
        "`pattern` checks nothing: the value is a boolean",
    ),
    (
        "secrets",
        r#""required": ["env"]"#,
        "`required` checks nothing: the value is an array",
    ),
    (
        "",
        r#""contains": false"#,
        "`contains` checks nothing: the value is a table",
    ),
];

#[test]
fn a_rule_about_what_no_manifest_has_is_an_error() {
    for (path, rule, expected) in OF_NO_MANIFEST {
        let policy = below(path, rule);
        assert_eq!(messages(&policy), [expected], "{policy}");
    }
}

/// Names a field for the rules about all others, or is used for values of several types.
#[test]
fn a_rule_that_looks_empty_but_has_an_effect_is_accepted() {
    for text in [
        r#"{ "properties": { "confirm": true }, "additionalProperties": false }"#,
        r#"{ "patternProperties": { "^c": {} }, "unevaluatedProperties": false }"#,
        r#"{ "if": { "properties": { "confirm": { "const": true } } }, "unevaluatedProperties": false }"#,
        r#"{ "allOf": [{ "properties": { "confirm": true } }], "unevaluatedProperties": false }"#,
        r#"{ "properties": { "secrets": { "prefixItems": [true, { "maxProperties": 2 }] } } }"#,
        r#"{ "properties": { "secrets": { "contains": {}, "maxContains": 2 } } }"#,
        r#"{ "oneOf": [true, { "required": ["banner"] }] }"#,
        r##"{ "additionalProperties": { "$ref": "#/$defs/a" }, "$defs": { "a": {
              "maxLength": 9, "required": ["x"], "items": { "$ref": "#/$defs/a" } } } }"##,
        r#"{ "properties": { "extensions": { "propertyNames": { "pattern": "^[a-z]" } } } }"#,
        r#"{ "properties": { "extensions": { "properties": { "restore.sh": { "required": ["confirm"] } } } } }"#,
    ] {
        assert_eq!(messages(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn a_format_that_the_program_cannot_check_is_named() {
    let with = |format: &str| {
        let text = format!(r#"{{ "properties": {{ "banner": {{ "format": "{format}" }} }} }}"#);
        messages(&text)
    };
    for format in ["idn-email", "idn-hostname"] {
        assert_eq!(
            with(format),
            [format!("qli cannot check the format `{format}`")]
        );
    }
    for format in [
        "iri",
        "iri-reference",
        "email",
        "hostname",
        "uri",
        "uuid",
        "duration",
    ] {
        assert_eq!(with(format), Vec::<String>::new(), "{format}");
    }
}

/// Schemas `d0`, `d1` and so on, each with what `of` says of the next one.
fn chained(count: usize, of: impl Fn(&str) -> String) -> String {
    let mut text = r##"{ "$ref": "#/$defs/d0", "$defs": {"##.to_owned();
    for nth in 0..count {
        let next = format!(r##""$ref": "#/$defs/d{}""##, nth + 1);
        write!(text, r#""d{nth}": {},"#, of(&next)).unwrap();
    }
    write!(text, r#""d{count}": {{ "required": ["banner"] }} }} }}"#).unwrap();
    text
}

fn doubling(count: usize, keyword: &str) -> String {
    chained(count, |next| {
        format!(r#"{{ "{keyword}": [{{ {next} }}, {{ {next} }}] }}"#)
    })
}

const MANY: &str = "this policy has more than 10000 rules";

#[test]
fn a_policy_that_expands_to_too_many_rules_is_an_error() {
    for keyword in ["anyOf", "allOf", "oneOf"] {
        assert_eq!(messages(&doubling(22, keyword)), [MANY]);
        assert_eq!(messages(&doubling(8, keyword)), Vec::<String>::new());
    }
    let list = vec![r#"{ "required": ["banner"] }"#; 20_000].join(",");
    assert_eq!(messages(&format!(r#"{{ "anyOf": [{list}] }}"#)), [MANY]);
}

#[test]
fn anchors_and_ids_count_like_any_reference() {
    let anchored = (0..=22).fold(doubling(22, "anyOf"), |text, nth| {
        let named = format!(r#""d{nth}": {{ "$anchor": "a{nth}","#);
        text.replace(&format!(r#""d{nth}": {{"#), &named).replace(
            &format!(r##""#/$defs/d{nth}""##),
            &format!(r##""#a{nth}""##),
        )
    });
    assert_eq!(messages(&anchored), [MANY]);
    let identified = anchored
        .replace(r#""$anchor": "a"#, r#""$id": "https://example.com/a"#)
        .replace(r##""$ref": "#a"##, r#""$ref": "https://example.com/a"#);
    assert_eq!(messages(&identified), [MANY]);
}

/// Each reference is compared with all of them.
#[test]
fn a_policy_with_thousands_of_anchors_or_ids_is_an_error() {
    for keyword in ["$anchor", "$id"] {
        let schemas = (0..1_001).map(|nth| format!(r#""d{nth}": {{ "{keyword}": "a{nth}" }}"#));
        let schemas = schemas.collect::<Vec<_>>().join(",");
        let found = messages(&format!(r#"{{ "not": true, "$defs": {{ {schemas} }} }}"#));
        assert_eq!(found, ["this policy has more than 1000 ids and anchors"]);
    }
}

#[test]
fn a_policy_that_is_nested_too_deeply_or_without_end_is_an_error() {
    let deep = chained(5_000, |next| format!("{{ {next} }}"));
    assert_eq!(
        messages(&deep),
        ["more than 200 schemas are inside each other"]
    );
    let json = format!("{}false{}", r#"{ "not": "#.repeat(1000), "}".repeat(1000));
    assert!(messages(&json)[0].contains("recursion limit exceeded"));
    for (text, at) in [
        (r##"{ "$ref": "#" }"##, "#"),
        (
            r##"{ "anyOf": [{ "required": ["banner"] }, { "$ref": "#" }] }"##,
            "#",
        ),
        (
            r##"{ "$ref": "#/$defs/a", "$defs": { "a": { "not": { "$ref": "#/$defs/a" } } } }"##,
            "#/$defs/a",
        ),
    ] {
        assert_eq!(messages(text), [format!("`{at}` leads back to itself")]);
    }
    // The tables of a manifest end.
    let recursive = r##"{ "maxProperties": 20, "additionalProperties": { "$ref": "#" } }"##;
    assert_eq!(messages(recursive), Vec::<String>::new());
}

#[test]
fn a_regular_expression_that_is_too_large_is_an_error() {
    let wrong = ["not a regular expression"];
    let with = |patterns: &[String]| {
        let rules = patterns
            .iter()
            .map(|one| format!(r#"{{ "pattern": "{one}" }}"#));
        let rules = rules.collect::<Vec<_>>().join(",");
        messages(&format!(
            r#"{{ "properties": {{ "banner": {{ "allOf": [{rules}] }} }} }}"#
        ))
    };
    assert_eq!(with(&["(a{1000}){1000}".to_owned()]), wrong);
    let medium = |nth: usize| format!("^([a-z]{{90}}){{50}}{nth}");
    assert_eq!(with(&[medium(0)]), Vec::<String>::new());
    // Many of them share the memory.
    assert_eq!(with(&(0..900).map(medium).collect::<Vec<_>>()), wrong);
}
