//! What a policy finds in a manifest, and its message. A message never quotes a
//! value of the manifest, only values that the policy asks for.

use super::pointer::JsonPointer;
use crate::diagnostics::{listed, quoted};

/// A rule that a document violates.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Violation {
    /// The value, or the table that has a wrong field or lacks one.
    pub(super) at: JsonPointer,
    /// The keyword, by its location in the policy.
    pub(super) rule: JsonPointer,
    /// The path to the keyword, through references.
    pub(super) evaluation_path: JsonPointer,
    pub(super) defect: Defect,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Defect {
    /// These fields are missing.
    Missing(Vec<String>),
    /// A field has a name that is not allowed: the name, and what to say of it.
    Name(String, &'static str),
    /// The value is wrong: what to say of it.
    Value(String),
}

/// What kind of document is checked: it decides what its root and its types are
/// called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DocumentKind {
    /// TOML.
    Manifest,
    /// JSON; checked against the metaschema.
    Policy,
}

impl Violation {
    pub(super) fn message(&self) -> String {
        match &self.defect {
            Defect::Missing(names) => {
                let is = if names.len() == 1 { "is" } else { "are" };
                let names = names.iter().map(|name| quoted(name));
                format!("{} {is} missing", listed(names, "and"))
            }
            Defect::Name(name, what) => format!("{} {what}", quoted(name)),
            Defect::Value(message) => message.clone(),
        }
    }
}

/// Names a value by the last name in its path.
pub(super) fn subject(at: &JsonPointer, kind: DocumentKind) -> String {
    let is_index = |step: &String| step.bytes().all(|byte| byte.is_ascii_digit());
    let name = at.0.iter().rev().find(|step| !is_index(step));
    match (name, kind) {
        (None, DocumentKind::Policy) => "the policy".to_owned(),
        (None, DocumentKind::Manifest) => "the manifest".to_owned(),
        (Some(name), _) if at.0.last() == Some(name) => quoted(name),
        (Some(name), _) => format!("an element of {}", quoted(name)),
    }
}
