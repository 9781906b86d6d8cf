//! The versions of JSON Schema that a policy may have, and their keywords.

use serde_json::Value;

use super::pointer::Pointer;
use super::text::Fault;

/// The versions of JSON Schema that a policy may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Draft {
    /// draft-07.
    Seven,
    /// 2020-12.
    Twenty,
}

/// Which of them know a keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum In {
    Both,
    Seven,
    Twenty,
}

/// What stands behind a keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// No schema.
    Data,
    /// A schema, or a list of schemas.
    Schemas,
    /// Schemas by names.
    Named,
}

/// Every keyword (JSON Schema draft-07, Core and Validation; 2020-12, the
/// vocabularies of its metaschema). A container for what is only referred to is
/// taken under both of its names.
pub(super) const KEYWORDS: [(&str, In, Holds); 60] = [
    ("$anchor", In::Twenty, Holds::Data),
    ("$comment", In::Both, Holds::Data),
    ("$defs", In::Both, Holds::Named),
    ("$dynamicAnchor", In::Twenty, Holds::Data),
    ("$dynamicRef", In::Twenty, Holds::Data),
    ("$id", In::Both, Holds::Data),
    ("$ref", In::Both, Holds::Data),
    ("$schema", In::Both, Holds::Data),
    ("$vocabulary", In::Twenty, Holds::Data),
    ("additionalItems", In::Seven, Holds::Schemas),
    ("additionalProperties", In::Both, Holds::Schemas),
    ("allOf", In::Both, Holds::Schemas),
    ("anyOf", In::Both, Holds::Schemas),
    ("const", In::Both, Holds::Data),
    ("contains", In::Both, Holds::Schemas),
    ("contentEncoding", In::Both, Holds::Data),
    ("contentMediaType", In::Both, Holds::Data),
    ("contentSchema", In::Twenty, Holds::Schemas),
    ("default", In::Both, Holds::Data),
    ("definitions", In::Both, Holds::Named),
    ("dependencies", In::Both, Holds::Named),
    ("dependentRequired", In::Twenty, Holds::Data),
    ("dependentSchemas", In::Twenty, Holds::Named),
    ("deprecated", In::Both, Holds::Data),
    ("description", In::Both, Holds::Data),
    ("else", In::Both, Holds::Schemas),
    ("enum", In::Both, Holds::Data),
    ("examples", In::Both, Holds::Data),
    ("exclusiveMaximum", In::Both, Holds::Data),
    ("exclusiveMinimum", In::Both, Holds::Data),
    ("format", In::Both, Holds::Data),
    ("if", In::Both, Holds::Schemas),
    ("items", In::Both, Holds::Schemas),
    ("maxContains", In::Twenty, Holds::Data),
    ("maxItems", In::Both, Holds::Data),
    ("maxLength", In::Both, Holds::Data),
    ("maxProperties", In::Both, Holds::Data),
    ("maximum", In::Both, Holds::Data),
    ("minContains", In::Twenty, Holds::Data),
    ("minItems", In::Both, Holds::Data),
    ("minLength", In::Both, Holds::Data),
    ("minProperties", In::Both, Holds::Data),
    ("minimum", In::Both, Holds::Data),
    ("multipleOf", In::Both, Holds::Data),
    ("not", In::Both, Holds::Schemas),
    ("oneOf", In::Both, Holds::Schemas),
    ("pattern", In::Both, Holds::Data),
    ("patternProperties", In::Both, Holds::Named),
    ("prefixItems", In::Twenty, Holds::Schemas),
    ("properties", In::Both, Holds::Named),
    ("propertyNames", In::Both, Holds::Schemas),
    ("readOnly", In::Both, Holds::Data),
    ("required", In::Both, Holds::Data),
    ("then", In::Both, Holds::Schemas),
    ("title", In::Both, Holds::Data),
    ("type", In::Both, Holds::Data),
    ("unevaluatedItems", In::Twenty, Holds::Schemas),
    ("unevaluatedProperties", In::Twenty, Holds::Schemas),
    ("uniqueItems", In::Both, Holds::Data),
    ("writeOnly", In::Both, Holds::Data),
];

impl Draft {
    /// Reads what a policy says of itself; 2020-12 if it says nothing.
    pub(super) fn of(document: &Value) -> Result<Self, Fault> {
        let Some(named) = document.get("$schema") else {
            return Ok(Self::Twenty);
        };
        match named.as_str().unwrap_or_default().trim_end_matches('#') {
            "http://json-schema.org/draft-07/schema" => Ok(Self::Seven),
            "https://json-schema.org/draft/2020-12/schema" => Ok(Self::Twenty),
            _ => {
                let at = Pointer::default().join("$schema");
                let fault = Fault::of_value(at, "a policy is of draft-07 or 2020-12");
                Err(fault.help(
                    "write \"https://json-schema.org/draft/2020-12/schema\" or \
                     \"http://json-schema.org/draft-07/schema#\"",
                ))
            }
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Seven => "draft-07",
            Self::Twenty => "2020-12",
        }
    }

    pub(super) fn other(self) -> Self {
        match self {
            Self::Seven => Self::Twenty,
            Self::Twenty => Self::Seven,
        }
    }

    pub(super) fn knows(self, keyword: In) -> bool {
        matches!(
            (self, keyword),
            (_, In::Both) | (Self::Seven, In::Seven) | (Self::Twenty, In::Twenty)
        )
    }
}
