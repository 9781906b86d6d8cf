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

    /// Reads the fragment of a URI, in which some characters are percent-encoded (RFC
    /// 6901, section 6).
    pub(super) fn of_fragment(fragment: &str) -> Self {
        let mut bytes = Vec::new();
        let mut rest = fragment.as_bytes();
        while let Some((first, behind)) = rest.split_first() {
            let hex = behind.get(..2).filter(|_| *first == b'%');
            let hex = hex.and_then(|hex| std::str::from_utf8(hex).ok());
            let decoded = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
            bytes.push(decoded.unwrap_or(*first));
            rest = behind.get(decoded.map_or(0, |_| 2)..).unwrap_or_default();
        }
        Self::parse(&String::from_utf8_lossy(&bytes))
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
    fn a_fragment_is_decoded_before_it_is_split() {
        for (fragment, pointer) in [
            ("/a%20b/%7E1%25", "/a b/~1%"),
            ("/%C3%A4", "/\u{e4}"),
            ("/50%/%zz/%4", "/50%/%zz/%4"),
            ("", ""),
        ] {
            assert_eq!(JsonPointer::of_fragment(fragment).to_string(), pointer);
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
