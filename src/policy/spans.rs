//! Where the values of a JSON or TOML text are, and TOML as JSON.

use std::collections::BTreeSet;
use std::ops::Range;

use serde_json::{Map, Number, Value};
use toml::Spanned;
use toml::de::{DeFloat, DeInteger, DeTable, DeValue};

use super::pointer::JsonPointer;

/// Where a value and all values below it are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SpanTree {
    /// Bytes of the text. Of a table in TOML this is its header, of the root in
    /// TOML nothing.
    pub(super) span: Range<usize>,
    /// Bytes of the value's name; the root and elements of arrays have none.
    pub(super) key: Option<Range<usize>>,
    /// By name, or by index in digits.
    pub(super) children: Vec<(String, SpanTree)>,
    /// Indices of the children, by their names: an object may have thousands.
    by_name: Vec<usize>,
}

impl SpanTree {
    pub(super) fn of_toml(root: &DeTable<'_>) -> Self {
        Self::new(0..0, None, members(root))
    }

    fn new(
        span: Range<usize>,
        key: Option<Range<usize>>,
        children: Vec<(String, SpanTree)>,
    ) -> Self {
        let name = |index: &usize| children.get(*index).map(|(name, _)| name);
        let mut by_name: Vec<_> = (0..children.len()).collect();
        by_name.sort_by(|a, b| name(a).cmp(&name(b)));
        Self {
            span,
            key,
            children,
            by_name,
        }
    }

    /// Of a name that is defined twice the last one counts.
    fn child(&self, name: &str) -> Option<&Self> {
        let child = |index: &usize| self.children.get(*index);
        let is_before = |index: &usize| child(index).is_some_and(|(other, _)| &**other <= name);
        let end = self.by_name.partition_point(is_before);
        let last = self.by_name.get(end.checked_sub(1)?).and_then(child)?;
        (last.0 == name).then_some(&last.1)
    }

    /// Takes a text that is known to be JSON. Spans count from its byte `start`
    /// on.
    pub(super) fn of_json(text: &str, start: usize) -> Self {
        let mut reader = JsonReader { text, start, at: 0 };
        reader.value(None)
    }

    /// Follows a pointer as far as it leads.
    pub(super) fn follow(&self, pointer: &JsonPointer) -> &Self {
        let mut here = self;
        for step in &pointer.0 {
            match here.child(step) {
                Some(child) => here = child,
                None => break,
            }
        }
        here
    }

    /// Returns the names that are defined twice in one object, each with its
    /// second location.
    pub(super) fn duplicates(&self) -> Vec<(&str, Range<usize>)> {
        let mut seen = BTreeSet::new();
        let mut found = Vec::new();
        for (name, child) in &self.children {
            if !seen.insert(name) {
                found.extend(child.key.clone().map(|key| (name.as_str(), key)));
            }
            found.extend(child.duplicates());
        }
        found
    }
}

fn members(table: &DeTable<'_>) -> Vec<(String, SpanTree)> {
    let members = table.iter();
    members
        .map(|(key, value)| {
            let name = key.get_ref().to_string();
            (name, of_value(Some(key.span()), value))
        })
        .collect()
}

fn of_value(key: Option<Range<usize>>, value: &Spanned<DeValue<'_>>) -> SpanTree {
    let children = match value.get_ref() {
        DeValue::Table(table) => members(table),
        DeValue::Array(items) => {
            let items = items.iter().enumerate();
            items
                .map(|(index, item)| (index.to_string(), of_value(None, item)))
                .collect()
        }
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_) => Vec::new(),
    };
    SpanTree::new(value.span(), key, children)
}

/// Walks over a text that `serde_json` has read: what is between two values
/// needs no second look.
struct JsonReader<'t> {
    text: &'t str,
    start: usize,
    at: usize,
}

impl JsonReader<'_> {
    /// Returns the next byte; 0 at the end.
    fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    fn skip(&mut self, is_skipped: impl Fn(u8) -> bool) {
        while self.at < self.text.len() && is_skipped(self.peek()) {
            self.at += 1;
        }
    }

    fn skip_separators(&mut self) {
        self.skip(|byte| byte.is_ascii_whitespace() || byte == b',' || byte == b':');
    }

    fn since(&self, from: usize) -> Range<usize> {
        self.start + from..self.start + self.at
    }

    fn value(&mut self, key: Option<Range<usize>>) -> SpanTree {
        self.skip_separators();
        let from = self.at;
        let mut children = Vec::new();
        match self.peek() {
            b'{' | b'[' => children = self.children(),
            b'"' => drop(self.string()),
            _ => self.skip(|byte| !byte.is_ascii_whitespace() && !b",]}".contains(&byte)),
        }
        SpanTree::new(self.since(from), key, children)
    }

    /// Reads an object or an array, from its bracket on.
    fn children(&mut self) -> Vec<(String, SpanTree)> {
        let is_object = self.peek() == b'{';
        let mut children = Vec::new();
        self.at += 1;
        self.skip_separators();
        while !matches!(self.peek(), b'}' | b']' | 0) {
            children.push(if is_object {
                self.member()
            } else {
                (children.len().to_string(), self.value(None))
            });
            self.skip_separators();
        }
        self.at += 1;
        children
    }

    fn member(&mut self) -> (String, SpanTree) {
        let from = self.at;
        let name = self.string();
        let key = self.since(from);
        (name, self.value(Some(key)))
    }

    fn string(&mut self) -> String {
        let from = self.at;
        self.at += 1;
        while !matches!(self.peek(), b'"' | 0) {
            self.at += 1 + usize::from(self.peek() == b'\\');
        }
        self.at += 1;
        let written = self.text.get(from..self.at).unwrap_or_default();
        serde_json::from_str(written).unwrap_or_default()
    }
}

/// Returns a table of TOML as JSON. Dates become strings, and so do numbers
/// that JSON does not have: infinity, NaN, integers of more than 64 bits.
pub(super) fn json_of(table: &DeTable<'_>) -> Value {
    let fields = table.iter();
    let fields = fields.map(|(key, value)| (key.get_ref().to_string(), json(value.get_ref())));
    Value::Object(fields.collect::<Map<_, _>>())
}

fn json(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(written) => integer(written),
        DeValue::Float(written) => float(written),
        DeValue::Boolean(value) => Value::Bool(*value),
        DeValue::Datetime(date) => Value::String(date.to_string()),
        DeValue::Array(items) => items.iter().map(|item| json(item.get_ref())).collect(),
        DeValue::Table(table) => json_of(table),
    }
}

fn integer(written: &DeInteger<'_>) -> Value {
    let read = i64::from_str_radix(written.as_str(), written.radix());
    read.map_or_else(|_| Value::String(written.to_string()), Value::from)
}

fn float(written: &DeFloat<'_>) -> Value {
    let read = written.as_str().parse::<f64>().ok();
    let number = read.and_then(Number::from_f64);
    number.map_or_else(|| Value::String(written.to_string()), Value::Number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const TEXT: &str = "\
a = 1979-05-27
b.c = 0xff
[d]
\"e f\" = [1, { g = true }]
[[h]]
i = 1.5
[[h]]
i = inf
";

    fn at(pointer: &str) -> (Option<&'static str>, &'static str) {
        let root = SpanTree::of_toml(DeTable::parse(TEXT).unwrap().get_ref());
        let reached = root.follow(&JsonPointer::parse(pointer));
        let piece = |span: &Range<usize>| TEXT.get(span.clone()).unwrap();
        (reached.key.as_ref().map(piece), piece(&reached.span))
    }

    #[test]
    fn every_value_of_toml_is_located() {
        for (pointer, key, value) in [
            ("/a", Some("a"), "1979-05-27"),
            ("/b/c", Some("c"), "0xff"),
            ("/d", Some("d"), "[d]"),
            ("/d/e f/0", None, "1"),
            ("/d/e f/1/g", Some("g"), "true"),
            ("/h", Some("h"), "[[h]]"),
            ("/h/1", None, "[[h]]"),
            ("/h/1/i", Some("i"), "inf"),
        ] {
            assert_eq!(at(pointer), (key, value), "{pointer}");
        }
    }

    #[test]
    fn a_pointer_that_leads_too_far_ends_at_the_last_value_it_reaches() {
        for (pointer, value) in [
            ("", ""),
            ("/none", ""),
            ("/d/none", "[d]"),
            ("/d/e f/7", "[1, { g = true }]"),
            ("/a/b/c", "1979-05-27"),
        ] {
            assert_eq!(at(pointer).1, value, "{pointer}");
        }
    }

    #[test]
    fn dates_and_numbers_that_json_lacks_become_strings() {
        let expected = json!({
            "a": "1979-05-27", "b": { "c": 255 }, "d": { "e f": [1, { "g": true }] },
            "h": [{ "i": 1.5 }, { "i": "inf" }],
        });
        assert_eq!(json_of(DeTable::parse(TEXT).unwrap().get_ref()), expected);
    }

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

    /// Compares every value with the piece of the text at its span.
    fn assert_located(text: &str, node: &SpanTree, value: &Value) {
        let piece = text.get(node.span.clone()).unwrap();
        assert_eq!(&serde_json::from_str::<Value>(piece).unwrap(), value);
        match value {
            Value::Array(values) => {
                assert_eq!(node.children.len(), values.len());
                for (index, (name, child)) in node.children.iter().enumerate() {
                    assert_eq!((name, &child.key), (&index.to_string(), &None));
                    assert_located(text, child, &values[index]);
                }
            }
            Value::Object(values) => {
                assert_eq!(node.children.len(), values.len());
                for (name, child) in &node.children {
                    let key = text.get(child.key.clone().unwrap()).unwrap();
                    assert_eq!(serde_json::from_str::<String>(key).unwrap(), *name);
                    assert_located(text, child, values.get(name).unwrap());
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                assert_eq!(node.children, []);
            }
        }
    }

    proptest! {
        #[test]
        fn every_value_of_json_is_located(document in documents(), pretty in any::<bool>()) {
            let text = if pretty {
                serde_json::to_string_pretty(&document).unwrap()
            } else {
                document.to_string()
            };
            let text = format!("\u{feff}{text}");
            let found = SpanTree::of_json(text.get(3..).unwrap(), 3);
            assert_located(&text, &found, &document);
            prop_assert!(found.duplicates().is_empty());
        }
    }

    #[test]
    fn of_a_name_that_is_defined_twice_the_last_one_counts() {
        let text = "{ \"a\": 1, \"b\": { \"a\": 2, \"\\u0061\" : [3] } }";
        let found = SpanTree::of_json(text, 0);
        let piece = |span: Range<usize>| text.get(span).unwrap();
        let twice = found.duplicates().into_iter();
        let twice: Vec<_> = twice.map(|(name, at)| (name, piece(at))).collect();
        assert_eq!(twice, [("a", "\"\\u0061\"")]);
        let reached = found.follow(&JsonPointer::parse("/b/a/0"));
        assert_eq!(piece(reached.span.clone()), "3");
    }
}
