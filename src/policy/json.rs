//! The places of the values of a JSON text. The text is read by `serde_json`;
//! this walks over what was read, to see where it stands.

use std::collections::BTreeSet;
use std::ops::Range;

use super::tree::{Field, Inner, Node};

/// The places, and what stands twice.
#[derive(Debug)]
pub(super) struct Places {
    pub(super) root: Node,
    /// Names that stand twice in one object, each at its second place.
    pub(super) twice: Vec<(String, Range<usize>)>,
}

/// Finds the places of a text that is JSON; offsets begin with `start`.
pub(super) fn locations(text: &str, start: usize) -> Places {
    let mut walk = Walk {
        text,
        at: 0,
        start,
        twice: Vec::new(),
    };
    let root = walk.value();
    let twice = walk.twice;
    Places { root, twice }
}

struct Walk<'t> {
    text: &'t str,
    at: usize,
    start: usize,
    twice: Vec<(String, Range<usize>)>,
}

impl Walk<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Passes over one byte if it is the expected one.
    fn take(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn skip(&mut self, is_skipped: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&is_skipped) {
            self.at += 1;
        }
    }

    fn skip_space(&mut self) {
        self.skip(|byte| byte.is_ascii_whitespace());
    }

    fn since(&self, from: usize) -> Range<usize> {
        self.start + from..self.start + self.at
    }

    fn value(&mut self) -> Node {
        self.skip_space();
        let from = self.at;
        let inner = match self.peek() {
            Some(b'{') => self.object(),
            Some(b'[') => self.array(),
            Some(b'"') => {
                self.string();
                Inner::Scalar
            }
            _ => {
                self.skip(|byte| !byte.is_ascii_whitespace() && !b",]}".contains(&byte));
                Inner::Scalar
            }
        };
        let span = self.since(from);
        self.skip_space();
        Node { span, inner }
    }

    fn array(&mut self) -> Inner {
        self.take(b'[');
        self.skip_space();
        let mut items = Vec::new();
        while self.peek().is_some_and(|byte| byte != b']') {
            items.push(self.value());
            self.take(b',');
        }
        self.take(b']');
        Inner::Items(items)
    }

    fn object(&mut self) -> Inner {
        self.take(b'{');
        self.skip_space();
        let mut fields = Vec::new();
        let mut seen = BTreeSet::new();
        while self.peek().is_some_and(|byte| byte != b'}') {
            let from = self.at;
            let name = self.string();
            let key = self.since(from);
            self.skip_space();
            self.take(b':');
            let value = self.value();
            if !seen.insert(name.clone()) {
                self.twice.push((name.clone(), key.clone()));
            }
            fields.push(Field { name, key, value });
            self.take(b',');
            self.skip_space();
        }
        self.take(b'}');
        Inner::Fields(fields)
    }

    /// Passes over a string and returns what it means.
    fn string(&mut self) -> String {
        let from = self.at;
        self.take(b'"');
        while let Some(byte) = self.peek().filter(|&byte| byte != b'"') {
            self.at += 1 + usize::from(byte == b'\\');
        }
        self.take(b'"');
        let written = self.text.get(from..self.at).unwrap_or_default();
        serde_json::from_str(written).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::super::pointer::Pointer;
    use super::*;

    fn documents() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            (-1e9..1e9).prop_map(|number: f64| Value::from(number)),
            "\\PC{0,6}|[\"\\\\/\n\u{e4}]{0,4}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            let name = "[a-c~/\"\\\\\u{e4}]{0,3}";
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map(name, inner, 0..5)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    /// Holds every value against the piece of the text that is its place.
    fn assert_placed(text: &str, node: &Node, value: &Value) {
        let piece = text.get(node.span.clone()).unwrap();
        assert_eq!(&serde_json::from_str::<Value>(piece).unwrap(), value);
        match (&node.inner, value) {
            (Inner::Items(items), Value::Array(values)) => {
                assert_eq!(items.len(), values.len());
                let pairs = items.iter().zip(values);
                pairs.for_each(|(item, value)| assert_placed(text, item, value));
            }
            (Inner::Fields(fields), Value::Object(values)) => {
                assert_eq!(fields.len(), values.len());
                for field in fields {
                    let key = text.get(field.key.clone()).unwrap();
                    assert_eq!(serde_json::from_str::<String>(key).unwrap(), field.name);
                    assert_placed(text, &field.value, values.get(&field.name).unwrap());
                }
            }
            (inner, _) => assert_eq!(*inner, Inner::Scalar),
        }
    }

    proptest! {
        #[test]
        fn every_value_has_its_place(document in documents(), pretty in any::<bool>()) {
            let text = if pretty {
                serde_json::to_string_pretty(&document).unwrap()
            } else {
                document.to_string()
            };
            let text = format!("\u{feff}{text}");
            let found = locations(text.get(3..).unwrap(), 3);
            assert_placed(&text, &found.root, &document);
            prop_assert!(found.twice.is_empty());
        }
    }

    #[test]
    fn of_a_name_that_is_there_twice_the_last_one_counts() {
        let text = "{ \"a\": 1, \"b\": { \"a\": 2, \"\\u0061\" : [3] } }";
        let found = locations(text, 0);
        let piece = |span: &Range<usize>| text.get(span.clone()).unwrap();
        let twice = found
            .twice
            .iter()
            .map(|(name, at)| (name.as_str(), piece(at)));
        let twice: Vec<_> = twice.collect();
        assert_eq!(twice, [("a", "\"\\u0061\"")]);
        let reached = found.root.follow(&Pointer::parse("/b/a/0"));
        assert_eq!(piece(&reached.node.span), "3");
    }
}
