//! Rules that no manifest can violate: to JSON Schema they are valid, in a policy they
//! are mistakes.

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
        Value::Object(keywords) => keywords.keys().all(|name| is_note(name)),
        Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) => false,
    }
}

/// Whether a keyword's value is one that every value meets.
fn is_always_met(name: &str, value: &Value) -> bool {
    match name {
        "required" => value.as_array().is_some_and(Vec::is_empty),
        "properties" | "patternProperties" | "dependentSchemas" => is_empty_object(value),
        "dependentRequired" | "dependencies" => {
            let lists = value.as_object().into_iter().flat_map(Map::values);
            let mut lists = lists.filter_map(Value::as_array);
            is_empty_object(value) || lists.any(Vec::is_empty)
        }
        "minLength" | "minItems" | "minProperties" => value.as_u64() == Some(0),
        "uniqueItems" | "not" => value == false,
        "pattern" => value == "",
        _ => false,
    }
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
    let no_minimum = name == "minContains" && value.as_u64() == Some(0);
    let counts_nothing = no_minimum && !schema.contains_key("maxContains");
    if only_describes(name, dialect) || is_always_met(name, value) || counts_nothing {
        let message = format!("`{name}` checks nothing here");
        let error = KeywordError::name(at.clone(), message);
        return vec![error.help("remove it, or write what every manifest must have")];
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
