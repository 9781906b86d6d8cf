//! JSON Pointers (RFC 6901).

use std::fmt;

use serde_json::Value;

/// The steps from the root of a document to one of its values. The index of an
/// array is a step in digits.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct JsonPointer(pub(super) Vec<String>);

impl JsonPointer {
    /// Reads what follows the `#`.
    pub(super) fn parse(written: &str) -> Self {
        let steps = written.split('/').skip(1);
        let steps = steps.map(|step| step.replace("~1", "/").replace("~0", "~"));
        Self(steps.collect())
    }

    pub(super) fn join(&self, step: impl Into<String>) -> Self {
        let mut steps = self.0.clone();
        steps.push(step.into());
        Self(steps)
    }

    pub(super) fn prepend(&mut self, steps: &[String]) {
        self.0.splice(..0, steps.iter().cloned());
    }

    pub(super) fn follow<'v>(&self, root: &'v Value) -> Option<&'v Value> {
        root.pointer(&self.to_string())
    }
}

impl fmt::Display for JsonPointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps = self.0.iter();
        let mut steps = steps.map(|step| step.replace('~', "~0").replace('/', "~1"));
        steps.try_for_each(|step| write!(f, "/{step}"))
    }
}

pub(super) fn child<'v>(value: &'v Value, step: &str) -> Option<&'v Value> {
    match value {
        Value::Object(fields) => fields.get(step),
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_displayed_as_it_was_written() {
        for written in ["", "/a", "/a~1b/~0/0", "/", "/a//b"] {
            assert_eq!(JsonPointer::parse(written).to_string(), written);
        }
    }

    #[test]
    fn a_pointer_leads_through_objects_and_arrays() {
        let document = serde_json::json!({ "a/b": { "~": [7] } });
        let seven = JsonPointer::parse("/a~1b/~0/0").follow(&document);
        assert_eq!(seven, Some(&7.into()));
        assert_eq!(JsonPointer::parse("/a~1b/~0/x").follow(&document), None);
    }
}
