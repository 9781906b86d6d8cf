//! Rules that no manifest can violate: to JSON Schema they are valid, in a policy they
//! are mistakes.

use regex_syntax::Parser;
use regex_syntax::hir::Look;
use serde_json::{Map, Value};

use super::dialect::{Dialect, is_note, subschemas};
use super::document::KeywordError;
use super::pointer::JsonPointer;

/// Keywords that only describe a value, by dialect.
fn only_describes(name: &str, dialect: Dialect) -> bool {
    match name {
        "default" | "deprecated" | "readOnly" | "writeOnly" => true,
        "contentEncoding" | "contentMediaType" | "contentSchema" => dialect == Dialect::V2020,
        _ => false,
    }
}

/// Whether a schema accepts every value.
pub(super) fn accepts_all(schema: &Value) -> bool {
    match schema {
        Value::Bool(accepts) => *accepts,
        Value::Object(keywords) => keywords
            .iter()
            .all(|(name, value)| is_note(name) || name == "not" && accepts_none(value)),
        Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) => false,
    }
}

/// Whether a schema accepts no value.
fn accepts_none(schema: &Value) -> bool {
    schema == false || schema.get("not").is_some_and(accepts_all)
}

/// Whether exactly one of these schemas accepts everything, and all others nothing.
fn one_accepts_all(schemas: &[Value]) -> bool {
    let all = schemas.iter().filter(|one| accepts_all(one)).count();
    let none = schemas.iter().filter(|one| accepts_none(one)).count();
    all == 1 && none + 1 == schemas.len()
}

/// Whether every text contains a match: an empty one, at any place, at the beginning,
/// or at the end.
fn matches_all(pattern: &str) -> bool {
    Parser::new().parse(pattern).is_ok_and(|parsed| {
        let (shape, mut anchors) = (parsed.properties(), parsed.properties().look_set().iter());
        let anchor = anchors.next().filter(|_| anchors.next().is_none());
        let is_met = matches!(anchor, Some(Look::Start | Look::End));
        shape.minimum_len() == Some(0) && (is_met || shape.look_set().is_empty())
    })
}

/// Whether a keyword's value is one that every value meets.
fn is_always_met(name: &str, value: &Value) -> bool {
    match name {
        "required" => value.as_array().is_some_and(Vec::is_empty),
        "properties" | "patternProperties" | "dependentSchemas" => is_empty_object(value),
        "dependentRequired" | "dependencies" => {
            let lists = value.as_object().into_iter().flat_map(Map::values);
            let mut lists = lists.filter_map(Value::as_array);
            is_empty_object(value) || lists.any(Vec::is_empty) || requires_itself(value)
        }
        "minLength" | "minItems" | "minProperties" => value.as_f64() == Some(0.0),
        "uniqueItems" => value == false,
        "not" => accepts_none(value),
        "oneOf" => value.as_array().is_some_and(|all| one_accepts_all(all)),
        "pattern" => value.as_str().is_some_and(matches_all),
        _ => false,
    }
}

/// Whether a field requires only itself.
fn requires_itself(lists: &Value) -> bool {
    let mut lists = lists.as_object().into_iter().flatten();
    lists.any(|(field, value)| {
        let names = value.as_array();
        names.is_some_and(|names| names.iter().all(|name| name == field))
    })
}

fn is_empty_object(value: &Value) -> bool {
    value.as_object().is_some_and(Map::is_empty)
}

/// Whether a keyword may contain a schema that accepts everything: it names a field or
/// an element for the rules about all others, or counts.
fn may_accept_all(name: &str, schema: &Map<String, Value>, has_unevaluated: bool) -> bool {
    let has = |other: &str| schema.contains_key(other);
    match name {
        "properties" | "patternProperties" => has_unevaluated || has("additionalProperties"),
        "additionalProperties" | "items" | "additionalItems" | "if" => has_unevaluated,
        "contains" | "prefixItems" | "oneOf" | "not" | "$defs" | "definitions" => true,
        _ => false,
    }
}

/// Finds what a keyword of a schema does not check, by its value alone.
pub(super) fn empty_rules(
    (name, value): (&str, &Value),
    schema: &Map<String, Value>,
    at: &JsonPointer,
    (policy, dialect, has_unevaluated): (&Value, Dialect, bool),
) -> Vec<KeywordError> {
    let no_minimum = name == "minContains" && value.as_f64() == Some(0.0);
    let counts_nothing = no_minimum && !schema.contains_key("maxContains");
    if only_describes(name, dialect) || is_always_met(name, value) || counts_nothing {
        let message = format!("`{name}` checks nothing here");
        let error = KeywordError::name(at.clone(), message);
        return vec![error.help("remove it, or write what every manifest must have")];
    }
    if name == "if" && accepts_none(value) {
        let message = "this rule in `if` accepts nothing: `then` never applies";
        let error = KeywordError::value(at.clone(), message);
        return vec![error.help("write which manifests it is about")];
    }
    if may_accept_all(name, schema, has_unevaluated) {
        return Vec::new();
    }
    let below = subschemas(name, value, at, dialect).into_iter();
    let empty = below.filter(|at| at.follow(policy).is_some_and(accepts_all));
    let error = |at: JsonPointer| {
        let message = format!("this rule in `{name}` accepts everything");
        KeywordError::value(at, message).help("remove it, or write what is required")
    };
    empty.map(error).collect()
}
