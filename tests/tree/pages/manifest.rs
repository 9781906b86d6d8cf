//! `docs/manifest.md`: its fields come from the schema.

use qli::testing::names::LOADER_VARIABLES;
use serde_json::Value;

/// The rest of the chapter.
const FRAME: &str = include_str!("manifest.md");
const FIELDS_MARK: &str = "<!-- fields -->\n";
const LOADERS_MARK: &str = "<!-- loader variables -->\n";
const WIDTH: usize = 80;

pub(crate) fn page() -> String {
    let fields = table("Top level", "", qli::testing::manifest::schema().as_value());
    let page = FRAME.replacen(FIELDS_MARK, &fields, 1);
    page.replacen(LOADERS_MARK, &loader_variables(), 1)
}

fn loader_variables() -> String {
    let rows = LOADER_VARIABLES.iter().map(|row| {
        let names: Vec<_> = row.names.iter().map(|name| format!("`{name}`")).collect();
        format!("| {} | {} |\n", row.reader, names.join(" "))
    });
    let head = "| read by | variables |\n|---|---|\n".to_owned();
    head + &rows.collect::<String>()
}

/// Lists the fields of a table, then those of the tables in it.
fn table(title: &str, path: &str, schema: &Value) -> String {
    let properties = schema.get("properties").and_then(Value::as_object);
    let required = schema.get("required").and_then(Value::as_array);
    let mut out = format!("### {title}\n\n");
    let mut tables = String::new();
    for (name, field) in properties.into_iter().flatten() {
        let inner = inner_table(&format!("{path}{name}"), field);
        // The secrets of a section have the fields of the group's.
        let inner = inner.filter(|(kind, ..)| path.is_empty() || *kind != "an array of tables");
        if let Some((_, header, path, schema)) = &inner {
            tables.push('\n');
            tables += &table(&format!("`{header}`"), &format!("{path}."), schema);
        }
        let kind = inner.map_or_else(|| kind(field), |(kind, ..)| kind);
        let is_required = required.is_some_and(|all| all.iter().any(|one| one == name));
        let required = if is_required { ", required" } else { "" };
        let text = field.get("description").and_then(Value::as_str);
        let item = format!("`{name}`, {kind}{required}. {}", text.unwrap_or_default());
        let mut parts = item.split("\n- ");
        out += &filled(parts.next().unwrap_or_default(), "- ");
        parts.for_each(|choice| out += &filled(choice, "  - "));
    }
    out + &tables
}

/// The table in a field, if it has named fields: what it is called, its header,
/// its path and its schema.
fn inner_table<'s>(
    path: &str,
    field: &'s Value,
) -> Option<(&'static str, String, String, &'s Value)> {
    let patterns = field.get("patternProperties").and_then(Value::as_object);
    let named = patterns.and_then(|patterns| patterns.values().next());
    let (path, below) = (path.to_owned(), format!("{path}.<name>"));
    let candidates = [
        (
            "an array of tables",
            format!("[[{path}]]"),
            path.clone(),
            field.get("items"),
        ),
        ("a table of tables", format!("[{below}]"), below, named),
        ("a table", format!("[{path}]"), path, Some(field)),
    ];
    candidates
        .into_iter()
        .find_map(|(kind, header, path, schema)| {
            let schema = schema.filter(|schema| schema.get("properties").is_some())?;
            Some((kind, header, path, schema))
        })
}

fn kind(field: &Value) -> &'static str {
    match field.get("type").and_then(Value::as_str) {
        Some("boolean") => "a boolean",
        Some("integer") => "an integer",
        Some("array") if field.pointer("/items/type") == Some(&Value::from("string")) => {
            "an array of strings"
        }
        Some("array") => "an array of tables",
        Some("object") => "a table of strings",
        _ => "a string",
    }
}

/// Wraps an item of a list.
fn filled(text: &str, mark: &str) -> String {
    let mut lines = vec![mark.trim_end().to_owned()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                *line = format!("{line} {word}");
            }
            _ => lines.push(" ".repeat(mark.len()) + word),
        }
    }
    lines.join("\n") + "\n"
}
