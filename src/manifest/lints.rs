//! Warnings about valid text: hidden characters, and syntax that older tools do not
//! know.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::findings::{Findings, TomlValue};
use crate::diagnostics::{Code, StructuralBytes};
use crate::names::is_hidden;

pub(super) fn check(root: &DeTable<'_>, found: &mut Findings<'_>) {
    let text = found.source.text();
    // TOML allows no hidden ASCII characters.
    if !text.is_ascii() {
        hidden(found);
    }
    // Only escapes and inline tables can have newer syntax.
    if text.contains(['\\', '{']) {
        table(root, found);
    }
}

/// Reports hidden characters, the first of each line.
fn hidden(found: &mut Findings<'_>) {
    let source = found.source;
    let mark = usize::from(source.text().starts_with('\u{feff}')) * '\u{feff}'.len_utf8();
    let mut line_end = 0;
    for (at, c) in source.text().char_indices() {
        let seen = !is_hidden(c) || matches!(c, '\n' | '\r' | '\t');
        if seen || at < mark || at < line_end {
            continue;
        }
        line_end = source.line(at).end;
        let message = format!("hidden character U+{:04X}", u32::from(c));
        found.wrong(
            Code::HiddenCharacter,
            at..at + c.len_utf8(),
            message,
            "remove it",
        );
    }
}

fn table(table: &DeTable<'_>, found: &mut Findings<'_>) {
    for (key, one) in table {
        text(key.get_ref(), key.span(), found);
        value(one, found);
    }
}

fn value(one: &TomlValue<'_>, found: &mut Findings<'_>) {
    match one.get_ref() {
        DeValue::String(written) => text(written, one.span(), found),
        DeValue::Array(items) => items.iter().for_each(|item| value(item, found)),
        DeValue::Table(inner) => {
            inline_table(one.span(), found);
            table(inner, found);
        }
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {}
    }
}

/// Checks the escapes of a basic string.
fn text(means: &str, span: Range<usize>, found: &mut Findings<'_>) {
    let written = found.source.text().get(span.clone()).unwrap_or_default();
    if !written.starts_with('"') || !written.contains('\\') {
        return;
    }
    if let Some(escape) = newer_escape(written) {
        newer(span.clone(), &format!("the escape `\\{escape}`"), found);
    }
    let unseen = |c: &char| is_hidden(*c) && !matches!(c, '\n' | '\r' | '\t' | '\0');
    let is_written = written.chars().any(|c| unseen(&c));
    if let (Some(c), false) = (means.chars().find(unseen), is_written) {
        let message = format!("escape of the hidden character U+{:04X}", u32::from(c));
        found.wrong(Code::HiddenCharacter, span, message, "remove it");
    }
}

fn newer_escape(written: &str) -> Option<char> {
    let mut characters = written.chars();
    // The character after each backslash.
    let mut escapes = std::iter::from_fn(|| {
        characters.find(|c| *c == '\\')?;
        characters.next()
    });
    escapes.find(|escape| matches!(escape, 'e' | 'x'))
}

/// Finds line breaks and trailing commas in an inline table.
fn inline_table(span: Range<usize>, found: &mut Findings<'_>) {
    let written = found.source.text().get(span.clone()).unwrap_or_default();
    if !written.starts_with('{') {
        return;
    }
    let (mut open, mut last) = (Vec::new(), b'{');
    for (_, byte) in StructuralBytes::new(written, 0) {
        match byte {
            b'\n' if open == [b'{'] => {
                return newer(span, "a line break in an inline table", found);
            }
            b'}' if open == [b'{'] && last == b',' => {
                return newer(span, "a trailing comma in an inline table", found);
            }
            b'[' | b'{' => open.push(byte),
            b']' | b'}' => drop(open.pop()),
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            last = byte;
        }
    }
}

fn newer(span: Range<usize>, what: &str, found: &mut Findings<'_>) {
    let help = "use TOML 1.0 syntax if other tools read this file";
    found.wrong(
        Code::NewerSyntax,
        span,
        format!("{what} is new in TOML 1.1"),
        help,
    );
}
