//! The manual's chapter about manifests, `docs/manifest.md`: its fields come from
//! the schema, so that people, editors and programs are told the same.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// What stands round the fields.
const FRAME: &str = include_str!("manual.md");

/// Where the fields stand in it.
const PLACE: &str = "<!-- fields -->\n";

/// How wide a line is.
const WIDTH: usize = 80;

/// Writes the chapter.
pub fn manual() -> String {
    let schema = super::schema().to_value();
    FRAME.replacen(PLACE, &fields(&schema), 1)
}

/// Writes the fields of the top level, then those of each table in it.
fn fields(schema: &Value) -> String {
    let mut out = String::new();
    table(&mut out, "the top level", "", schema);
    out.truncate(out.trim_end().len());
    out + "\n"
}

/// Writes one table: what it is, its fields, and the tables below it.
fn table(out: &mut String, title: &str, path: &str, schema: &Value) {
    let none = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object);
    // Writing to a String never fails.
    let _ = writeln!(out, "### Of {title}\n");
    let mut below = Vec::new();
    for (name, field) in properties.unwrap_or(&none) {
        let inner = Inner::of(name, path, field);
        let kind = inner
            .as_ref()
            .map_or_else(|| kind(field), |inner| inner.kind.to_owned());
        let required = if is_required(name, schema) {
            ", required"
        } else {
            ""
        };
        let text = field.get("description").and_then(Value::as_str);
        let item = format!("`{name}`, {kind}{required}. {}", text.unwrap_or_default());
        out.push_str(&listed(&item));
        below.extend(inner);
    }
    out.push('\n');
    for inner in below {
        table(out, &inner.title, &inner.path, inner.schema);
    }
}

/// A table with fields of its own in a field.
struct Inner<'s> {
    kind: &'static str,
    title: String,
    path: String,
    schema: &'s Value,
}

impl<'s> Inner<'s> {
    fn of(name: &str, path: &str, field: &'s Value) -> Option<Self> {
        let named = |name: String| format!("{path}{name}");
        let has_fields = |schema: &&Value| schema.get("properties").is_some();
        if let Some(schema) = field.get("items").filter(has_fields) {
            // Those of a section are those of the group.
            let name = named(name.to_owned());
            return path.is_empty().then(|| Self {
                kind: "an array of tables",
                title: format!("`[[{name}]]`"),
                path: format!("{name}."),
                schema,
            });
        }
        let patterns = field.get("patternProperties").and_then(Value::as_object);
        let one = patterns.and_then(|patterns| patterns.values().next());
        if let Some(schema) = one.filter(has_fields) {
            let name = named(format!("{name}.<name>"));
            return Some(Self {
                kind: "a table of tables",
                title: format!("`[{name}]`"),
                path: format!("{name}."),
                schema,
            });
        }
        let schema = Some(field).filter(has_fields)?;
        let name = named(name.to_owned());
        Some(Self {
            kind: "a table",
            title: format!("`[{name}]`"),
            path: format!("{name}."),
            schema,
        })
    }
}

/// Names what a field holds, in TOML's words.
fn kind(field: &Value) -> String {
    let kind = match field.get("type").and_then(Value::as_str) {
        Some("boolean") => "a boolean",
        Some("integer") => "an integer",
        Some("array") => "an array of tables",
        Some("object") => "a table of strings",
        _ => "a string",
    };
    kind.to_owned()
}

fn is_required(name: &str, schema: &Value) -> bool {
    let required = schema.get("required").and_then(Value::as_array);
    required.is_some_and(|required| required.iter().any(|one| one == name))
}

/// Writes an item of a list, and its choices as a list below it.
fn listed(text: &str) -> String {
    let mut parts = text.split("\n- ");
    let mut out = filled(parts.next().unwrap_or_default(), "- ");
    for choice in parts {
        out.push_str(&filled(choice, "  - "));
    }
    out
}

/// Breaks a text into lines behind a mark.
fn filled(text: &str, mark: &str) -> String {
    let indent = " ".repeat(mark.len());
    let mut out = String::new();
    let mut line = mark.trim_end().to_owned();
    for word in text.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > WIDTH {
            out.push_str(&line);
            out.push('\n');
            line.clone_from(&indent);
            line.truncate(indent.len() - 1);
        }
        line.push(' ');
        line.push_str(word);
    }
    out + &line + "\n"
}
