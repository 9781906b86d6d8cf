//! Rules that no value of a manifest can meet or violate: about fields that no manifest
//! has, and about values of another type.

use std::collections::BTreeSet;

use serde_json::Value;

use super::dialect::Dialect;
use super::document::KeywordError;
use super::expand::Expansion;
use super::pointer::JsonPointer;
use super::shape::{Kinds, Shape};
use crate::diagnostics::{listed, nearest, one_of, quoted};

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
            match wrong_type(name, &at, &shape.types(kinds)) {
                Some(error) => found.push(error),
                None => found.extend(unknown_fields((name, value), &at, kinds, shape)),
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
