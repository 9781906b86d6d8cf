//! The places of a text's values: what TOML and JSON have in common.

use std::ops::Range;

use serde_json::{Map, Number, Value};
use toml::de::{DeFloat, DeInteger, DeTable, DeValue};

use super::pointer::Pointer;

/// One value of a text, by its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    /// Bytes of the text; of a table in TOML its header, of the root in TOML
    /// nothing.
    pub(super) span: Range<usize>,
    pub(super) inner: Inner,
}

/// What a value holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Inner {
    Scalar,
    Items(Vec<Node>),
    Fields(Vec<Field>),
}

/// A field of a table or an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: String,
    /// Bytes of the name, with its quotation marks.
    pub(super) key: Range<usize>,
    pub(super) value: Node,
}

/// Where a pointer led to: all of its steps, or as many as there are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reached<'n> {
    /// The name it was found under; an element of an array has none.
    pub(super) key: Option<&'n Range<usize>>,
    pub(super) node: &'n Node,
}

impl Node {
    /// Takes the places of a manifest, or of a policy in TOML.
    pub(super) fn of_toml(root: &DeTable<'_>) -> Self {
        Self {
            span: 0..0,
            inner: fields_of(root),
        }
    }

    /// Follows a pointer as far as it leads.
    pub(super) fn follow(&self, pointer: &Pointer) -> Reached<'_> {
        let mut reached = Reached {
            key: None,
            node: self,
        };
        for step in &pointer.0 {
            let next = match &reached.node.inner {
                Inner::Scalar => None,
                Inner::Items(items) => {
                    let at = step.parse::<usize>().ok();
                    at.and_then(|at| items.get(at)).map(|node| (None, node))
                }
                // Of a name that is there twice the last one counts.
                Inner::Fields(fields) => {
                    let mut fields = fields.iter().rev();
                    let field = fields.find(|field| field.name == *step);
                    field.map(|field| (Some(&field.key), &field.value))
                }
            };
            let Some((key, node)) = next else { break };
            reached = Reached { key, node };
        }
        reached
    }
}

fn fields_of(table: &DeTable<'_>) -> Inner {
    let fields = table.iter().map(|(key, value)| Field {
        name: key.get_ref().to_string(),
        key: key.span(),
        value: Node {
            span: value.span(),
            inner: inner_of(value.get_ref()),
        },
    });
    Inner::Fields(fields.collect())
}

fn inner_of(value: &DeValue<'_>) -> Inner {
    match value {
        DeValue::Table(table) => fields_of(table),
        DeValue::Array(items) => {
            let items = items.iter().map(|item| Node {
                span: item.span(),
                inner: inner_of(item.get_ref()),
            });
            Inner::Items(items.collect())
        }
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_) => Inner::Scalar,
    }
}

/// Returns a table of TOML as JSON; a date becomes a string.
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

/// What is out of range has no number in JSON either: it stays as it is
/// written, a text.
fn integer(written: &DeInteger<'_>) -> Value {
    let read = i64::from_str_radix(written.as_str(), written.radix());
    read.map_or_else(|_| Value::String(written.to_string()), Value::from)
}

/// JSON has neither an infinity nor "not a number".
fn float(written: &DeFloat<'_>) -> Value {
    let read = written.as_str().parse::<f64>().ok();
    let number = read.and_then(Number::from_f64);
    number.map_or_else(|| Value::String(written.to_string()), Value::Number)
}

#[cfg(test)]
mod tests {
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
        let root = Node::of_toml(DeTable::parse(TEXT).unwrap().get_ref());
        let reached = root.follow(&Pointer::parse(pointer));
        let piece = |span: &Range<usize>| TEXT.get(span.clone()).unwrap();
        (reached.key.map(piece), piece(&reached.node.span))
    }

    #[test]
    fn every_value_of_toml_has_its_place() {
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
    fn a_pointer_that_leads_too_far_ends_at_the_last_value_there_is() {
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
    fn dates_and_what_no_number_is_become_strings() {
        let expected = json!({
            "a": "1979-05-27", "b": { "c": 255 }, "d": { "e f": [1, { "g": true }] },
            "h": [{ "i": 1.5 }, { "i": "inf" }],
        });
        assert_eq!(json_of(DeTable::parse(TEXT).unwrap().get_ref()), expected);
    }
}
