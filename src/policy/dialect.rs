//! The two versions of JSON Schema that a policy can use, and their keywords.

use serde_json::Value;

use super::document::KeywordError;
use super::pointer::JsonPointer;

/// A version of JSON Schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Draft07,
    V2020,
}

/// What the value of a keyword is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    Data,
    /// A schema, or an array of schemas.
    Schemas,
    /// An object of schemas.
    SchemasByName,
}

/// A keyword's dialects, and what its value is.
pub(super) type Keyword = (&'static [Dialect], Holds);

const BOTH: &[Dialect] = &[Dialect::Draft07, Dialect::V2020];
const DRAFT_07: &[Dialect] = &[Dialect::Draft07];
const V2020: &[Dialect] = &[Dialect::V2020];

/// Every keyword: JSON Schema draft-07, Core and Validation; 2020-12, the
/// vocabularies of its metaschema. Both take `$defs` and `definitions`.
const KEYWORDS: [(&str, Keyword); 7] = [
    (
        "$comment $id $ref $schema const contentEncoding contentMediaType default \
         deprecated description enum examples exclusiveMaximum exclusiveMinimum \
         format maxItems maxLength maxProperties maximum minItems minLength \
         minProperties minimum multipleOf pattern readOnly required title type \
         uniqueItems writeOnly",
        (BOTH, Holds::Data),
    ),
    (
        "additionalProperties allOf anyOf contains else if items not oneOf \
         propertyNames then",
        (BOTH, Holds::Schemas),
    ),
    (
        "$defs definitions dependencies patternProperties properties",
        (BOTH, Holds::SchemasByName),
    ),
    (
        "$anchor $dynamicAnchor $dynamicRef $vocabulary dependentRequired \
         maxContains minContains",
        (V2020, Holds::Data),
    ),
    (
        "contentSchema prefixItems unevaluatedItems unevaluatedProperties",
        (V2020, Holds::Schemas),
    ),
    ("dependentSchemas", (V2020, Holds::SchemasByName)),
    ("additionalItems", (DRAFT_07, Holds::Schemas)),
];

/// Keywords that are not rules.
const NOTES: &str = "$anchor $comment $defs $dynamicAnchor $id $schema $vocabulary definitions \
     description examples title";

/// Whether a keyword is not a rule, as far as this policy is concerned.
pub(super) fn is_note(name: &str) -> bool {
    name.starts_with("x-") || NOTES.split(' ').any(|one| one == name)
}

/// Looks up a keyword of either dialect.
pub(super) fn keyword(name: &str) -> Option<Keyword> {
    let mut rows = KEYWORDS.iter();
    let row = rows.find(|(names, _)| names.split(' ').any(|one| one == name));
    row.map(|(_, keyword)| *keyword)
}

/// What a schema inside another one checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// The same value as the schema around it.
    Same,
    /// The field of its name.
    Field,
    EveryField,
    Element,
    /// The names of the fields.
    Name,
}

const TARGETS: [(&str, Target); 5] = [
    (
        "allOf anyOf dependencies dependentSchemas else if not oneOf then",
        Target::Same,
    ),
    ("properties", Target::Field),
    (
        "additionalProperties patternProperties unevaluatedProperties",
        Target::EveryField,
    ),
    (
        "additionalItems contains items prefixItems unevaluatedItems",
        Target::Element,
    ),
    ("propertyNames", Target::Name),
];

/// What the schemas in a keyword check; `None` if it only keeps them.
pub(super) fn target(keyword: &str) -> Option<Target> {
    let mut rows = TARGETS.iter();
    let row = rows.find(|(names, _)| names.split(' ').any(|one| one == keyword));
    row.map(|(_, target)| *target)
}

/// The locations of the schemas in a keyword.
pub(super) fn subschemas(
    name: &str,
    value: &Value,
    at: &JsonPointer,
    dialect: Dialect,
) -> Vec<JsonPointer> {
    let known = keyword(name).filter(|_| dialect.has(name));
    match (known.map(|(_, holds)| holds), value) {
        (Some(Holds::Schemas), Value::Array(items)) => {
            let indices = 0..items.len();
            indices.map(|index| at.join(index.to_string())).collect()
        }
        (Some(Holds::Schemas), _) => vec![at.clone()],
        (Some(Holds::SchemasByName), Value::Object(all)) => {
            // `dependencies` may have arrays of names instead.
            let schemas = all.iter().filter(|(_, value)| !value.is_array());
            schemas.map(|(name, _)| at.join(name)).collect()
        }
        _ => Vec::new(),
    }
}

impl Dialect {
    /// Reads a policy's `$schema`; 2020-12 if it has none.
    pub(super) fn of(document: &Value) -> Result<Self, KeywordError> {
        let Some(named) = document.get("$schema") else {
            return Ok(Self::V2020);
        };
        match named.as_str().unwrap_or_default().trim_end_matches('#') {
            "http://json-schema.org/draft-07/schema" => Ok(Self::Draft07),
            "https://json-schema.org/draft/2020-12/schema" => Ok(Self::V2020),
            _ => {
                let at = JsonPointer::default().join("$schema");
                let error = KeywordError::value(at, "`$schema` must be draft-07 or 2020-12");
                Err(error.help(
                    "write \"https://json-schema.org/draft/2020-12/schema\" or \
                     \"http://json-schema.org/draft-07/schema#\"",
                ))
            }
        }
    }

    pub(super) fn has(self, name: &str) -> bool {
        keyword(name).is_some_and(|(dialects, _)| dialects.contains(&self))
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Draft07 => "draft-07",
            Self::V2020 => "2020-12",
        }
    }

    pub(super) fn keywords(self) -> impl Iterator<Item = &'static str> {
        let rows = KEYWORDS.iter();
        let rows = rows.filter(move |(_, (dialects, _))| dialects.contains(&self));
        rows.flat_map(|(names, _)| names.split(' '))
    }
}
