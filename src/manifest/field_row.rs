//! A field is one row: its name, type, example and documentation, what a run
//! lacks without it, and whether a section may have it. [`fields!`] turns rows
//! into the struct of a table, its reading, its schema and its checks.

use serde_json::Value;

/// How TOML writes the value of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TomlType {
    Text,
    Boolean,
    Integer,
    Table,
    Tables,
}

/// What reading and messages need to know about a field.
#[derive(Debug, Clone, Copy)]
pub(super) struct FieldRow {
    pub(super) name: &'static str,
    pub(super) toml: TomlType,
    /// A value as TOML writes it.
    pub(super) example: &'static str,
    /// What a run lacks without this field.
    pub(super) without: Option<&'static str>,
    pub(super) required: bool,
    /// Whether `[extensions.<name>]` may have it. A section never needs it.
    pub(super) in_section: bool,
    /// The fields of the table in it.
    pub(super) inner: &'static [FieldRow],
}

/// Starts a row with an example of the value.
pub(super) const fn example(example: &'static str) -> FieldRow {
    FieldRow {
        name: "",
        toml: TomlType::Text,
        example,
        without: None,
        required: false,
        in_section: false,
        inner: &[],
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

/// A field in the JSON Schema, apart from its row: only generators use it.
pub(super) struct FieldDoc {
    pub(super) text: &'static str,
    /// What it means in a section.
    pub(super) in_section: Option<&'static str>,
    pub(super) schema: fn() -> Value,
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

/// Declares the fields of a table:
///
/// ```text
/// /// What the field means; the schema, editors and the manual show this.
/// name: Type = example("\"x\"") => section(check, "What it means in a section."),
/// ```
///
/// Each becomes a member `Option<Located<Type>>`. `check` reports a section that asks for less than its
/// group; `adds` is the one of a field that cannot.
macro_rules! fields {
    ($(#[doc = $about:literal])* $table:ident {
        $($(#[doc = $doc:literal])*
        $field:ident: $type:ty = $row:expr
            $(=> section($check:expr, $in_section:literal))?,)*
    }) => {
        #[derive(Debug, Default)]
        pub(super) struct $table {
            $(pub(super) $field: Option<$crate::manifest::Located<$type>>,)*
        }

        impl $crate::manifest::table_reader::FieldTable for $table {
            const ABOUT: &'static str = concat!($($about, "\n",)*);
            const ROWS: &'static [$crate::manifest::field_row::FieldRow] = &[
                $($crate::manifest::field_row::FieldRow {
                    toml: <$type as $crate::manifest::table_reader::FieldType>::TOML,
                    inner: <$type as $crate::manifest::table_reader::FieldType>::INNER,
                    in_section: fields!(@is $($in_section)?),
                    ..$row.named(stringify!($field))
                },)*
            ];
            const DOCS: &'static [$crate::manifest::field_row::FieldDoc] = &[
                $($crate::manifest::field_row::FieldDoc {
                    text: concat!($($doc, "\n",)*),
                    in_section: fields!(@maybe $($in_section)?),
                    schema: <$type as $crate::manifest::table_reader::FieldType>::schema,
                },)*
            ];
            const SECTION_CHECKS: &'static [$crate::manifest::table_reader::SectionCheck<Self>] = &[
                $($(|group, own, found| {
                    if let (Some(group), Some(own)) = (&group.$field, &own.$field) {
                        $check(stringify!($field), group, own, found);
                    }
                },)?)*
            ];

            fn read(
                table: &mut $crate::manifest::table_reader::TableReader<'_, '_>,
                found: &mut $crate::manifest::findings::Findings<'_>,
            ) -> Self {
                let mut rows = Self::ROWS.iter();
                Self { $($field: table.read(rows.next(), found),)* }
            }
        }
    };
    (@is) => { false };
    (@is $text:literal) => { true };
    (@maybe) => { None };
    (@maybe $text:literal) => { Some($text) };
}

pub(super) use fields;
