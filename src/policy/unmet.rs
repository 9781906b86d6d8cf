//! Rules that no value of a manifest can meet or violate: about fields that no manifest
//! has, and about values of another type.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::checker::Accepts;
use super::dialect::Dialect;
use super::document::KeywordError;
use super::expand::Expansion;
use super::pointer::JsonPointer;
use super::shape::{Kinds, Shape};
use crate::diagnostics::{listed, nearest, one_of, quoted, shortened};

const TYPES: [(&str, &[&str]); 4] = [
    ("format maxLength minLength pattern", &["string"]),
    (
        "exclusiveMaximum exclusiveMinimum maximum minimum multipleOf",
        &["integer", "number"],
    ),
    (
        "additionalItems contains items maxContains maxItems minContains minItems \
         prefixItems unevaluatedItems uniqueItems",
        &["array"],
    ),
    (
        "additionalProperties dependencies dependentRequired dependentSchemas \
         maxProperties minProperties patternProperties properties propertyNames \
         required unevaluatedProperties",
        &["object"],
    ),
];

/// Finds the rules about fields that no manifest has, and those about values of a type
/// that is not that of the value.
pub(super) fn unmet(
    policy: &Value,
    dialect: Dialect,
    expansion: &Expansion,
    shape: &Shape,
) -> Vec<KeywordError> {
    let mut found = Vec::new();
    for (at, kinds) in &expansion.reached {
        let schema = at.follow(policy).and_then(Value::as_object);
        let keywords = schema.into_iter().flatten();
        for (name, value) in keywords.filter(|(name, _)| dialect.has(name)) {
            let at = at.join(name);
            if let Some(error) = wrong_type(name, &at, &shape.types(kinds)) {
                found.push(error);
            } else {
                found.extend(unknown_fields((name, value), &at, kinds, shape));
                found.extend(impossible((name, value), &at, kinds, shape));
            }
        }
    }
    found
}

fn wrong_type(name: &str, at: &JsonPointer, types: &BTreeSet<&str>) -> Option<KeywordError> {
    let mut rows = TYPES.iter();
    let row = rows.find(|(names, _)| names.split_whitespace().any(|one| one == name));
    let (_, checked) = row?;
    if checked.iter().any(|one| types.contains(one)) {
        return None;
    }
    let names = types.iter().map(|one| match *one {
        "object" => "a table".to_owned(),
        "array" | "integer" => format!("an {one}"),
        _ => format!("a {one}"),
    });
    let message = format!(
        "`{name}` checks nothing: the value is {}",
        listed(names, "or")
    );
    let error = KeywordError::name(at.clone(), message);
    Some(error.help("to read which types fields have: qli help manifest"))
}

/// Finds values that no manifest has, patterns that match none of its fields, and
/// numbers of fields that it always has.
fn impossible(
    (keyword, value): (&str, &Value),
    at: &JsonPointer,
    kinds: &Kinds,
    shape: &Shape,
) -> Vec<KeywordError> {
    let has = |value: &Value| shape.accepts(kinds, value);
    match keyword {
        "const" if !has(value) => vec![no_value(at.clone(), value)],
        "enum" => {
            let items = value.as_array().into_iter().flatten().enumerate();
            let wrong = items.filter(|(_, item)| !has(item));
            wrong
                .map(|(index, item)| no_value(at.join(index.to_string()), item))
                .collect()
        }
        "type" if !has_type(value, &shape.types(kinds)) => vec![no_value(at.clone(), value)],
        "patternProperties" if !shape.has_any_field(kinds) => {
            let patterns = value.as_object().into_iter().flat_map(|all| all.keys());
            let wrong = patterns.filter(|pattern| !matches_field(pattern, kinds, shape));
            wrong
                .map(|pattern| {
                    let message = format!("no manifest has a field like {} here", quoted(pattern));
                    let error = KeywordError::name(at.join(pattern), message);
                    unknown_field(error, pattern, kinds, shape)
                })
                .collect()
        }
        "minProperties" if is_at_most(value, shape.required(kinds)) => {
            let message = "`minProperties` checks nothing: every manifest has as many here";
            let error = KeywordError::name(at.clone(), message);
            vec![error.help("remove it, or write more")]
        }
        _ => Vec::new(),
    }
}

fn no_value(at: JsonPointer, value: &Value) -> KeywordError {
    let value = value.to_string();
    let message = format!("no manifest has {} here", quoted(&shortened(&value)));
    let help = "to read which values fields have: qli help manifest";
    KeywordError::value(at, message).help(help)
}

fn has_type(value: &Value, types: &BTreeSet<&str>) -> bool {
    let is_possible = |name: &Value| {
        let name = name.as_str().unwrap_or_default();
        types.contains(name) || name == "number" && types.contains("integer")
    };
    match value.as_array() {
        Some(names) => names.iter().any(is_possible),
        None => is_possible(value),
    }
}

fn matches_field(pattern: &str, kinds: &Kinds, shape: &Shape) -> bool {
    let pattern = Accepts::of(&json!({ "pattern": pattern }));
    let mut names = shape.field_names(kinds);
    names.any(|name| pattern.is_met_by(&name.into()))
}

/// Whether a number is one of 1 up to a count.
fn is_at_most(value: &Value, count: usize) -> bool {
    let number = value.as_f64().filter(|number| *number > 0.0);
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    number.is_some_and(|number| number <= f64::from(count))
}

fn unknown_fields(
    (keyword, value): (&str, &Value),
    at: &JsonPointer,
    kinds: &Kinds,
    shape: &Shape,
) -> Vec<KeywordError> {
    let list = |at: JsonPointer, value: &Value| -> Vec<KeywordError> {
        let items = value.as_array().into_iter().flatten().enumerate();
        let items = items.filter_map(|(index, item)| Some((index, item.as_str()?)));
        let unknown = items.filter(|(_, name)| shape.field(kinds, name).is_empty());
        unknown
            .map(|(index, name)| {
                let at = at.join(index.to_string());
                unknown_field(KeywordError::value(at, no_field(name)), name, kinds, shape)
            })
            .collect()
    };
    match keyword {
        "required" => list(at.clone(), value),
        "properties" | "dependentSchemas" | "dependentRequired" | "dependencies" => {
            let members = value.as_object().into_iter().flatten();
            let errors = members.flat_map(|(name, value)| {
                let at = at.join(name);
                let mut found = list(at.clone(), value);
                if shape.field(kinds, name).is_empty() {
                    let error = KeywordError::name(at, no_field(name));
                    found.push(unknown_field(error, name, kinds, shape));
                }
                found
            });
            errors.collect()
        }
        _ => Vec::new(),
    }
}

fn no_field(name: &str) -> String {
    format!("no manifest has the field {} here", quoted(name))
}

fn unknown_field(error: KeywordError, name: &str, kinds: &Kinds, shape: &Shape) -> KeywordError {
    let names: BTreeSet<_> = shape.field_names(kinds).collect();
    if let Some(close) = nearest(name, names.iter().copied()) {
        return error.help(format!("did you mean `{close}`?"));
    }
    if names.is_empty() {
        return error.help("this is no name that a manifest can have");
    }
    error.help(format!("the fields here are {}", one_of(names)))
}
