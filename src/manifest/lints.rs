//! Warnings about valid text: hidden characters, and syntax that older tools do not
//! know.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::findings::{Findings, TomlValue};

use crate::diagnostics::{Code, StructuralBytes};
use crate::names::is_hidden;

pub(super) fn look(root: &DeTable<'_>, found: &mut Findings<'_>) {
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
        let span = at..at + c.len_utf8();
        let diagnostic = found.at(Code::HiddenCharacter, span, message);
        found.push(diagnostic.help("remove it"));
    }
}

fn table(table: &DeTable<'_>, found: &mut Findings<'_>) {
    for (key, one) in table {
        let name = key.get_ref().as_ref();
        text(name, key.span(), found);
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
        newer(
            span.clone(),
            format!("the escape `\\{escape}` is new in TOML 1.1"),
            found,
        );
    }
    let unseen = |c: &char| is_hidden(*c) && !matches!(c, '\n' | '\r' | '\t' | '\0');
    let hidden = means.chars().find(unseen);
    if let Some(c) = hidden.filter(|_| !written.chars().any(|c| unseen(&c))) {
        let message = format!("escape of the hidden character U+{:04X}", u32::from(c));
        let diagnostic = found.at(Code::HiddenCharacter, span, message);
        found.push(diagnostic.help("remove it"));
    }
}

fn newer_escape(written: &str) -> Option<char> {
    let mut characters = written.chars();
    while let Some(c) = characters.next() {
        if c == '\\' {
            let escape = characters.next()?;
            if matches!(escape, 'e' | 'x') {
                return Some(escape);
            }
        }
    }
    None
}

/// Finds line breaks and trailing commas in an inline table.
fn inline_table(span: Range<usize>, found: &mut Findings<'_>) {
    let written = found.source.text().get(span.clone()).unwrap_or_default();
    if !written.starts_with('{') {
        return;
    }
    let mut open = Vec::new();
    let mut last = b'{';
    for (_, byte) in StructuralBytes::new(written, 0) {
        let what = match byte {
            b'\n' if open == [b'{'] => "a line break",
            b'}' if open == [b'{'] && last == b',' => "a trailing comma",
            b'[' | b'{' => {
                open.push(byte);
                ""
            }
            b']' | b'}' => {
                open.pop();
                ""
            }
            _ => "",
        };
        if !what.is_empty() {
            newer(
                span,
                format!("{what} in an inline table is new in TOML 1.1"),
                found,
            );
            return;
        }
        if !byte.is_ascii_whitespace() {
            last = byte;
        }
    }
}

fn newer(span: Range<usize>, message: String, found: &mut Findings<'_>) {
    let diagnostic = found.at(Code::NewerSyntax, span, message);
    found.push(diagnostic.help("use TOML 1.0 syntax if other tools read this file"));
}
