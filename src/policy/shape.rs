//! Which values a manifest can have, as its own schema says.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use serde_json::Value;

use super::checker::Accepts;
use crate::manifest::schema;
use crate::names::{ENV_NAME_PATTERN, EnvName, ExtensionName, NAME_PATTERN};

/// Every kind of value that a manifest can have: the root first.
#[derive(Debug)]
pub(super) struct Shape(Vec<ValueKind>);

#[derive(Debug, Default)]
struct ValueKind {
    /// Its type in JSON Schema.
    json_type: String,
    fields: Vec<(String, usize)>,
    /// The pattern of the names that can be chosen, and the kind of their values.
    any_field: Option<(String, usize)>,
    element: Option<usize>,
    /// How many fields it always has.
    required: usize,
    schema: Value,
    accepts: OnceCell<Accepts>,
}

/// The kinds of value that a rule applies to.
pub(super) type Kinds = BTreeSet<usize>;

impl Shape {
    pub(super) fn of_manifest() -> Self {
        let mut shape = Self(Vec::new());
        shape.add(schema().as_value());
        // The name of a field, for `propertyNames`.
        shape.add(&serde_json::json!({ "type": "string" }));
        shape
    }

    pub(super) fn root() -> Kinds {
        Kinds::from([0])
    }

    pub(super) fn names(&self) -> Kinds {
        Kinds::from([self.0.len().saturating_sub(1)])
    }

    fn add(&mut self, schema: &Value) -> usize {
        let index = self.0.len();
        self.0.push(ValueKind::default());
        let members = |keyword: &str| schema.get(keyword).and_then(Value::as_object);
        let fields = members("properties").into_iter().flatten();
        let fields = fields.map(|(name, value)| (name.clone(), self.add(value)));
        let fields = fields.collect();
        let any_field = members("patternProperties").and_then(|all| all.iter().next());
        let any_field = any_field.map(|(pattern, value)| (pattern.clone(), self.add(value)));
        let element = schema.get("items").map(|items| self.add(items));
        let required = schema.get("required").and_then(Value::as_array);
        let json_type = schema.get("type").and_then(Value::as_str);
        if let Some(kind) = self.0.get_mut(index) {
            *kind = ValueKind {
                json_type: json_type.unwrap_or_default().to_owned(),
                fields,
                any_field,
                element,
                required: required.map_or(0, Vec::len),
                schema: schema.clone(),
                accepts: OnceCell::new(),
            };
        }
        index
    }

    fn all<'s>(&'s self, kinds: &'s Kinds) -> impl Iterator<Item = &'s ValueKind> {
        kinds.iter().filter_map(|kind| self.0.get(*kind))
    }

    pub(super) fn field(&self, kinds: &Kinds, name: &str) -> Kinds {
        self.all(kinds)
            .filter_map(|kind| kind.field(name))
            .collect()
    }

    pub(super) fn every_field(&self, kinds: &Kinds) -> Kinds {
        let fields = |kind: &ValueKind| -> Vec<usize> {
            let named = kind.fields.iter().map(|(_, field)| *field);
            let any = kind.any_field.iter().map(|(_, field)| *field);
            named.chain(any).collect()
        };
        self.all(kinds).flat_map(fields).collect()
    }

    pub(super) fn element(&self, kinds: &Kinds) -> Kinds {
        self.all(kinds).filter_map(|kind| kind.element).collect()
    }

    /// The names of the fields, those that can be chosen left out.
    pub(super) fn field_names<'s>(&'s self, kinds: &'s Kinds) -> impl Iterator<Item = &'s str> {
        let kinds = self.all(kinds);
        kinds.flat_map(|kind| kind.fields.iter().map(|(name, _)| name.as_str()))
    }

    /// Whether a manifest can have a value.
    pub(super) fn accepts(&self, kinds: &Kinds, value: &Value) -> bool {
        self.all(kinds).any(|kind| {
            let accepts = kind.accepts.get_or_init(|| Accepts::of(&kind.schema));
            accepts.is_met_by(value)
        })
    }

    /// The fewest fields that a value always has.
    pub(super) fn required(&self, kinds: &Kinds) -> usize {
        let tables = self.all(kinds).filter(|kind| kind.json_type == "object");
        tables.map(|kind| kind.required).min().unwrap_or_default()
    }

    /// Whether there are tables in which names can be chosen.
    pub(super) fn has_any_field(&self, kinds: &Kinds) -> bool {
        self.all(kinds).any(|kind| kind.any_field.is_some())
    }

    /// The types of the values, each once.
    pub(super) fn types<'s>(&'s self, kinds: &'s Kinds) -> BTreeSet<&'s str> {
        self.all(kinds)
            .map(|kind| kind.json_type.as_str())
            .collect()
    }
}

impl ValueKind {
    fn field(&self, name: &str) -> Option<usize> {
        let mut named = self.fields.iter();
        if let Some((_, field)) = named.find(|(field, _)| field == name) {
            return Some(*field);
        }
        let (pattern, field) = self.any_field.as_ref()?;
        let is_possible = match pattern.as_str() {
            ENV_NAME_PATTERN => name.parse::<EnvName>().is_ok(),
            NAME_PATTERN => name.parse::<ExtensionName>().is_ok(),
            _ => true,
        };
        is_possible.then_some(*field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_a_manifest_and_of_its_sections_are_known() {
        let shape = Shape::of_manifest();
        let at = |path: &str| {
            path.split_whitespace()
                .fold(Shape::root(), |kinds, step| match step {
                    "*" => shape.every_field(&kinds),
                    "[]" => shape.element(&kinds),
                    name => shape.field(&kinds, name),
                })
        };
        let types = |path: &str| {
            shape
                .types(&at(path))
                .into_iter()
                .collect::<Vec<_>>()
                .join(" ")
        };
        for (path, expected) in [
            ("", "object"),
            ("confirm", "boolean"),
            ("secrets [] env", "string"),
            ("requires_env QLI_ENV", "string"),
            ("extensions restore secrets [] ref", "string"),
            ("extensions * requires_env", "object"),
            ("*", "array boolean integer object string"),
            ("baner", ""),
            ("confirm x", ""),
            ("requires_env 1", ""),
            ("extensions restore banner", ""),
            ("extensions a/b", ""),
            ("secrets env", ""),
        ] {
            assert_eq!(types(path), expected, "{path}");
        }
        assert_eq!(shape.types(&shape.names()), BTreeSet::from(["string"]));
        assert!(shape.field_names(&at("secrets []")).eq([
            "env",
            "ref",
            "provider",
            "allow_empty",
            "deliver"
        ]));
    }
}
