//! A field is one row: its name, type, example and documentation, what a run
//! lacks without it, and whether a section may have it.

use serde_json::Value;

/// How TOML writes the value of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TomlType {
    Text,
    Boolean,
    Integer,
    Array,
    Table,
    Tables,
}

impl TomlType {
    /// Whether a header starts it.
    pub(super) fn is_table(self) -> bool {
        matches!(self, Self::Table | Self::Tables)
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct FieldRow {
    pub(super) name: &'static str,
    pub(super) toml: TomlType,
    /// What the field means, as the schema says it.
    pub(super) doc: &'static str,
    /// A value as TOML writes it.
    pub(super) example: &'static str,
    /// What a run lacks without this field.
    pub(super) without: Option<&'static str>,
    pub(super) required: bool,
    /// What it means in `[extensions.<name>]`, if a section may have it. None is
    /// required there.
    pub(super) in_section: Option<&'static str>,
    /// The fields of the table in it.
    pub(super) inner: &'static [FieldRow],
    /// The JSON Schema of its value, without a description.
    pub(super) schema: fn() -> Value,
}

/// Starts a row with an example of the value.
pub(super) const fn example(example: &'static str) -> FieldRow {
    FieldRow {
        name: "",
        toml: TomlType::Text,
        doc: "",
        example,
        without: None,
        required: false,
        in_section: None,
        inner: &[],
        schema: || Value::Null,
    }
}

impl FieldRow {
    /// Names a row that has no name yet.
    pub(super) const fn named(self, name: &'static str) -> Self {
        if self.name.is_empty() {
            Self { name, ..self }
        } else {
            self
        }
    }

    pub(super) const fn required(self) -> Self {
        Self {
            required: true,
            ..self
        }
    }

    pub(super) const fn without(self, consequence: &'static str) -> Self {
        Self {
            without: Some(consequence),
            ..self
        }
    }
}

/// The row of a name, at the top level or in a table there.
pub(super) fn find(rows: &'static [FieldRow], name: &str) -> Option<&'static FieldRow> {
    let inner = rows.iter().flat_map(|row| row.inner);
    rows.iter().chain(inner).find(|row| row.name == name)
}

/// An example of a field's value; of a variable's, since those have no row.
pub(super) fn example_of(rows: &'static [FieldRow], name: &str) -> &'static str {
    find(rows, name).map_or("\"…\"", |row| row.example)
}

/// What a header names to start a field's table.
pub(super) fn header_of(table: &str) -> &str {
    match table {
        "extensions" => "extensions.NAME",
        "providers" => "providers.NAME",
        _ => table,
    }
}
