//! Ways into a JSON document, step by step (RFC 6901).

use std::fmt;

use serde_json::Value;

/// The steps from the root of a document to one of its values. An index is
/// written in digits, as a name is: the value it is used on tells them apart.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pointer(pub(super) Vec<String>);

impl Pointer {
    /// Reads what is written behind the `#`; everything that is no step is
    /// taken for a name.
    pub(super) fn parse(written: &str) -> Self {
        let steps = written.split('/').skip(1);
        let steps = steps.map(|step| step.replace("~1", "/").replace("~0", "~"));
        Self(steps.collect())
    }

    /// Returns the way one step further.
    pub(super) fn join(&self, step: impl Into<String>) -> Self {
        let mut steps = self.0.clone();
        steps.push(step.into());
        Self(steps)
    }

    /// Puts steps before its own.
    pub(super) fn prepend(&mut self, steps: &[String]) {
        self.0.splice(..0, steps.iter().cloned());
    }

    /// Returns the value it leads to.
    pub(super) fn of<'v>(&self, root: &'v Value) -> Option<&'v Value> {
        self.0
            .iter()
            .try_fold(root, |value, step| child(value, step))
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps = self.0.iter();
        let mut steps = steps.map(|step| step.replace('~', "~0").replace('/', "~1"));
        steps.try_for_each(|step| write!(f, "/{step}"))
    }
}

/// Returns what a value holds under a name or an index.
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
    fn a_pointer_is_read_as_it_is_written() {
        for written in ["", "/a", "/a~1b/~0/0", "/", "/a//b"] {
            assert_eq!(Pointer::parse(written).to_string(), written);
        }
        let document = serde_json::json!({ "a/b": { "~": [7] } });
        let seven = Pointer::parse("/a~1b/~0/0").of(&document);
        assert_eq!(seven, Some(&7.into()));
        assert_eq!(Pointer::parse("/a~1b/~0/x").of(&document), None);
    }
}
