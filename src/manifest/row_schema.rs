//! JSON Schemas of tables and choices, in the form that editors show best: a
//! plain `enum` for a choice, and each text under the key of each editor.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::choice::Choice;
use super::table_reader::FieldTable;

/// The schema of a table: that of a section, described by `section`, or another.
pub(super) fn object<T: FieldTable>(section: Option<&str>) -> Value {
    let rows = T::ROWS.iter();
    let rows = rows.filter(|row| section.is_none() || row.in_section.is_some());
    let properties: Map<_, _> = rows
        .clone()
        .map(|row| {
            let text = section.and(row.in_section).unwrap_or(row.doc);
            (row.name.to_owned(), described(text, (row.schema)()))
        })
        .collect();
    let mut schema = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    let required = rows.filter(|row| row.required && section.is_none());
    let required: Vec<_> = required.map(|row| row.name).collect();
    if let (Some(schema), false) = (schema.as_object_mut(), required.is_empty()) {
        schema.insert("required".into(), required.into());
    }
    described(section.unwrap_or(T::ABOUT), schema)
}

/// Adds the text of a doc comment; tombi shows only that, so it lists choices.
pub(super) fn described(text: &str, schema: Value) -> Value {
    let lines = text
        .lines()
        .map(|line| line.strip_prefix(' ').unwrap_or(line));
    let mut text = lines.collect::<Vec<_>>().join("\n").trim().to_owned();
    let all = |key: &str| {
        schema
            .get(key)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    };
    let choices = all("enum").zip(all("enumDescriptions"));
    let choices = choices.filter_map(|(value, text)| Some((value.as_str()?, text.as_str()?)));
    let list: Vec<_> = choices
        .map(|(value, text)| format!("\n- `{value}`: {text}"))
        .collect();
    if !list.is_empty() {
        text = format!("{text}\n{}", list.concat());
    }
    let mut all = json!({ "description": text });
    if let (Value::Object(all), Value::Object(mut schema)) = (&mut all, schema) {
        // A field's text is closer to its author than that of its table.
        schema.remove("description");
        all.extend(schema);
        // Of a value that is one of several kinds, tombi shows the text of its kind.
        let kinds = all.get_mut("anyOf").and_then(Value::as_array_mut);
        for kind in kinds.into_iter().flatten().filter_map(Value::as_object_mut) {
            let shown = kind
                .entry("description")
                .or_insert_with(|| text.clone().into());
            let shown = shown.clone();
            kind.entry("markdownDescription").or_insert(shown);
        }
        all.insert("markdownDescription".into(), text.into());
    }
    all
}

/// The schema of a choice. taplo and VS Code show a text for each value.
pub(super) fn choices<T: Choice>() -> Value {
    let generator = SchemaSettings::draft07().into_generator();
    let choices = generator.into_root_schema_for::<T>();
    let choices = choices.get("oneOf").and_then(Value::as_array);
    let all = |key: &str| -> Vec<Value> {
        let choices = choices.into_iter().flatten();
        choices.filter_map(|one| one.get(key).cloned()).collect()
    };
    let texts = all("description");
    json!({
        "type": "string",
        "enum": all("const"),
        "enumDescriptions": texts,
        "markdownEnumDescriptions": texts,
        "x-taplo": { "docs": { "enumValues": texts } },
    })
}
