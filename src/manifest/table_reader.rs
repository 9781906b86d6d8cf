//! Reads a parsed table field by field, and reports unknown and missing fields.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value;
use toml::de::DeTable;

use super::Located;
use super::field_row::{FieldRow, TomlType, find};
use super::findings::{Findings, TomlValue};
use crate::diagnostics::{Code, Safety, nearest, one_of, quoted};

/// A type that the value of a field is read as.
pub(super) trait FieldType: Sized {
    const TOML: TomlType = TomlType::Text;
    const INNER: &'static [FieldRow] = &[];

    /// Reads a value, and reports what is wrong with it.
    fn read(name: &'static str, value: &TomlValue<'_>, found: &mut Findings<'_>) -> Option<Self>;

    /// The JSON Schema of a value, without its description.
    fn schema() -> Value;
}

/// The fields of one table; made by [`fields!`].
pub(super) trait FieldTable: Sized + 'static {
    const ABOUT: &'static str;
    const ROWS: &'static [FieldRow];
    /// Of each field that a section may have.
    const SECTION_CHECKS: &'static [SectionCheck<Self>];

    fn read(table: &mut TableReader<'_, '_>, found: &mut Findings<'_>) -> Self;
}

/// Reports where a section, the second, asks for less than its group, the first.
pub(super) type SectionCheck<T> = fn(&T, &T, &mut Findings<'_>);

/// A field that both a group and a section of it set.
pub(super) struct Both<'f, T> {
    pub(super) name: &'static str,
    pub(super) group: &'f Located<T>,
    pub(super) own: &'f Located<T>,
}

/// The check of a field that cannot weaken its group's, or is compared with all the
/// group's variables at once.
pub(super) fn adds<T>(_: Both<'_, T>, _: &mut Findings<'_>) {}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TableKind {
    Top,
    /// `[extensions.<name>]`
    Section,
    /// A table in a field of one of those.
    Inner,
}

pub(super) struct TableReader<'t, 'i> {
    kind: TableKind,
    /// The header as it is written; empty for the top level.
    title: String,
    table: &'t DeTable<'i>,
    header: Range<usize>,
    missing: Vec<&'static FieldRow>,
}

/// Reads all fields of a table.
pub(super) fn read_table<T: FieldTable>(
    kind: TableKind,
    title: String,
    table: &DeTable<'_>,
    header: Range<usize>,
    found: &mut Findings<'_>,
) -> T {
    let mut reader = TableReader {
        kind,
        title,
        table,
        header,
        missing: Vec::new(),
    };
    let outer = std::mem::replace(&mut found.near, T::ROWS);
    let fields = T::read(&mut reader, found);
    let rows = T::ROWS.iter().filter(|row| reader.may_have(row));
    let names: Vec<_> = rows.map(|row| row.name).collect();
    reader.report_unknown(&names, found);
    reader.report_missing(found);
    found.near = outer;
    fields
}

/// The value of a field, if the text has one. What the parser makes up to recover
/// from an error has no location.
pub(super) fn present<'t, 'i>(table: &'t DeTable<'i>, name: &str) -> Option<&'t TomlValue<'i>> {
    table.get(name).filter(|value| !value.span().is_empty())
}

impl TableReader<'_, '_> {
    fn may_have(&self, row: &FieldRow) -> bool {
        self.kind != TableKind::Section || row.in_section.is_some()
    }

    /// Reads the field of a row.
    pub(super) fn read<T: FieldType>(
        &mut self,
        row: Option<&'static FieldRow>,
        found: &mut Findings<'_>,
    ) -> Option<Located<T>> {
        let row = row.filter(|row| self.may_have(row))?;
        let Some(value) = present(self.table, row.name) else {
            if row.required && self.kind != TableKind::Section {
                self.missing.push(row);
            }
            return None;
        };
        Some(Located {
            value: T::read(row.name, value, found)?,
            span: value.span(),
        })
    }

    /// Reports each key that is not a field. The misspelled name of a missing field is
    /// one problem, not two.
    fn report_unknown(&mut self, names: &[&'static str], found: &mut Findings<'_>) {
        let keys = self.table.iter().map(|(key, _)| key);
        let keys = keys.map(|key| (key.get_ref().as_ref(), key.span()));
        let unknown = keys.filter(|(name, _)| !names.contains(name));
        let unknown: Vec<_> = unknown
            .map(|(name, span)| (name, span, nearest(name, names.iter().copied())))
            .collect();
        let mut meant = BTreeMap::new();
        for close in unknown.iter().filter_map(|(.., close)| *close) {
            *meant.entry(close).or_insert(0) += 1;
        }
        for (name, key, close) in unknown {
            if let Some(value) = self.table.get(name) {
                found.without_digits(name, value);
            }
            if self.kind != TableKind::Top && found.is_top_level(name) {
                found.misplaced(name, key, &self.title, self.header.clone());
                continue;
            }
            let message = format!("unknown field {}", quoted(name));
            let diagnostic = found.at(Code::UnknownField, key.clone(), message);
            found.push(match close {
                Some(close) if self.table.contains_key(close) => {
                    diagnostic.help(format!("`{close}` is already set: remove one of the two"))
                }
                Some(close) => {
                    self.missing.retain(|missing| missing.name != close);
                    // Two names that mean the same field would define it twice.
                    let safety = match meant.get(close) {
                        Some(1) => Safety::Safe,
                        _ => Safety::Suggestion,
                    };
                    let row = find(found.rows, close);
                    let diagnostic = diagnostic.fix(safety, key.clone(), close);
                    let diagnostic = diagnostic.meaning(row.and_then(|row| row.without));
                    diagnostic.help(format!("did you mean `{close}`?"))
                }
                None => diagnostic.help(self.where_it_belongs(name, names, found)),
            });
        }
    }

    /// Says which table has a field of this name, or which fields this one has.
    fn where_it_belongs(&self, name: &str, names: &[&str], found: &Findings<'_>) -> String {
        let value = self.table.get(name);
        let is_table = value.is_some_and(|value| value.get_ref().as_table().is_some());
        let has_it = |row: &&FieldRow| {
            row.inner.iter().any(|inner| inner.name == name)
                && (found.section.is_none() || row.in_section.is_some())
        };
        let in_provider = found.inside.is_some();
        let rows = if in_provider { found.near } else { found.rows };
        match rows.iter().find(has_it) {
            Some(row) => {
                let path = if in_provider {
                    found.path_inside(row.name)
                } else {
                    found.path_of(row.name)
                };
                let header = if row.toml == TomlType::Tables {
                    format!("[[{path}]]")
                } else {
                    format!("[{path}]")
                };
                format!("`{name}` is a field of `{header}`: move it below that header")
            }
            None if self.kind == TableKind::Section && is_table => {
                let path = self.title.trim_matches(['[', ']']).replacen('.', ".\"", 1);
                format!("a script name with a dot needs quotation marks: `[{path}.{name}\"]`")
            }
            None => format!("the fields here are {}", one_of(names.iter().copied())),
        }
    }

    /// Reports missing fields, unless the table has a syntax error, which may hide
    /// them.
    fn report_missing(mut self, found: &mut Findings<'_>) {
        self.missing
            .retain(|row| !found.misplaced.contains(row.name));
        if self.missing.is_empty() || found.error_ranges.in_table(&self.header) {
            return;
        }
        for row in self.missing {
            let help = format!("add `{} = {}`", row.name, row.example);
            let message = format!("`{}` is missing", row.name);
            found.wrong(Code::MissingField, self.header.clone(), message, help);
        }
    }
}

/// Declares the fields of a table:
///
/// ```text
/// /// What the field means; the schema, editors and the manual show this.
/// name: Type = example("\"x\"") => section(check, "What it means in a section."),
/// ```
///
/// Each becomes a member `Option<Located<Type>>`. `check` reports a section that asks
/// for less than its group; for a field that cannot, it is [`adds`].
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
                    doc: concat!($($doc, "\n",)*),
                    in_section: fields!(@maybe $($in_section)?),
                    inner: <$type as $crate::manifest::table_reader::FieldType>::INNER,
                    schema: <$type as $crate::manifest::table_reader::FieldType>::schema,
                    ..$row.named(stringify!($field))
                },)*
            ];
            const SECTION_CHECKS: &'static [$crate::manifest::table_reader::SectionCheck<Self>] = &[
                $($(|group, own, found| {
                    if let (Some(group), Some(own)) = (&group.$field, &own.$field) {
                        let name = stringify!($field);
                        $check($crate::manifest::table_reader::Both { name, group, own }, found);
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
    (@maybe) => { None };
    (@maybe $text:literal) => { Some($text) };
}

pub(super) use fields;
