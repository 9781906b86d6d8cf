//! A manifest with every field of the schema, made from the schema.

use serde_json::Value;

/// Lines of a manifest, and what an editor must show at some of them.
#[derive(Debug, Default)]
pub(crate) struct Sample {
    pub(crate) lines: Vec<String>,
    pub(crate) shown: Vec<Shown>,
}

/// What an editor must show at a line.
#[derive(Debug)]
pub(crate) struct Shown {
    /// Counted from 0.
    pub(crate) line: usize,
    /// Where the name of the field begins or, in a header, ends.
    pub(crate) name: usize,
    /// Where the value begins; none in a header.
    pub(crate) value: Option<usize>,
    pub(crate) text: String,
    /// The text of the value, if it has one.
    pub(crate) of_value: Option<String>,
}

impl Sample {
    /// A manifest below existing lines.
    pub(crate) fn below(head: &str, schema: &Value) -> Self {
        let lines = head.lines().map(str::to_owned).collect();
        let mut sample = Self {
            lines,
            shown: Vec::new(),
        };
        sample.table(schema, "");
        sample
    }

    /// Writes the fields of a table, tables last.
    fn table(&mut self, table: &Value, before: &str) {
        let fields = || properties(table);
        for (name, field) in fields().filter(|(_, field)| !is_table(field)) {
            self.line(format!("{name} = {}", value(field)), field);
        }
        for (name, field) in fields().filter(|(_, field)| is_table(field)) {
            self.below_header(&format!("{before}{name}"), field);
        }
    }

    /// Writes a header and the fields below it.
    fn below_header(&mut self, name: &str, field: &Value) {
        let named = field.get("patternProperties").and_then(Value::as_object);
        let named = named.and_then(|named| named.values().next());
        match (field.get("items"), named) {
            (Some(item), _) => {
                // What a header of several tables shows is the text of one.
                self.line(format!("[[{name}]]"), item);
                self.table(item, &format!("{name}."));
            }
            (None, Some(table)) if is_table(table) => {
                self.line(format!("[{name}.a]"), table);
                self.table(table, &format!("{name}.a."));
            }
            (None, Some(value)) => {
                self.line(format!("[{name}]"), field);
                self.line(format!("A = {}", self::value(value)), value);
            }
            (None, None) => {
                self.line(format!("[{name}]"), field);
                self.table(field, &format!("{name}."));
            }
        }
    }

    fn line(&mut self, line: String, field: &Value) {
        let own = field.pointer("/enumDescriptions/0").and_then(Value::as_str);
        self.shown.push(Shown {
            line: self.lines.len(),
            name: line
                .strip_prefix('[')
                .and_then(|line| line.find(']'))
                .unwrap_or(0),
            value: line.find(" = ").map(|at| at + 3),
            text: text(field).to_owned(),
            of_value: own.map(str::to_owned),
        });
        self.lines.push(line);
    }

    pub(crate) fn text(&self) -> String {
        self.lines.join("\n") + "\n"
    }
}

pub(crate) fn properties(table: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let properties = table.get("properties").and_then(Value::as_object);
    properties.into_iter().flatten()
}

pub(crate) fn text(field: &Value) -> &str {
    let text = field.get("description").and_then(Value::as_str);
    text.unwrap_or_else(|| panic!("a field without a text: {field}"))
}

fn is_table(field: &Value) -> bool {
    let kind = field.pointer("/items/type").or_else(|| field.get("type"));
    kind == Some(&"object".into())
}

/// A value of the field's type.
fn value(field: &Value) -> String {
    let kinds = ["/enum/0", "/anyOf/0/enum/0"];
    if let Some(first) = kinds.iter().find_map(|kind| field.pointer(kind)) {
        return first.to_string();
    }
    match field.get("type").and_then(Value::as_str).unwrap() {
        "boolean" => "true".to_owned(),
        "integer" => "1".to_owned(),
        "array" => "[]".to_owned(),
        _ => "\"A\"".to_owned(),
    }
}
