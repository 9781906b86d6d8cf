//! What is valid, and still deserves a warning: characters that nobody sees, and
//! syntax that older tools refuse.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::findings::{Findings, TomlValue};
use super::structural_bytes::StructuralBytes;
use crate::diagnostics::Code;
use crate::names::is_hidden;

/// Looks through a text that was parsed.
pub(super) fn look(root: &DeTable<'_>, found: &mut Findings<'_>) {
    let text = found.source.text();
    // TOML itself allows no hidden character of ASCII.
    if !text.is_ascii() {
        hidden(found);
    }
    // What is written plainly uses neither escapes nor inline tables.
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
        let message = format!("U+{:04X} stands here, which nobody sees", u32::from(c));
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

/// Looks at the escapes of a text between double quotes.
fn text(means: &str, span: Range<usize>, found: &mut Findings<'_>) {
    let written = found.source.text().get(span.clone()).unwrap_or_default();
    if !written.starts_with('"') || !written.contains('\\') {
        return;
    }
    if let Some(escape) = newer_escape(written) {
        newer(
            span.clone(),
            format!("the escape `\\{escape}` is of TOML 1.1"),
            found,
        );
    }
    let unseen = |c: &char| is_hidden(*c) && !matches!(c, '\n' | '\r' | '\t' | '\0');
    let hidden = means.chars().find(unseen);
    if let Some(c) = hidden.filter(|_| !written.chars().any(|c| unseen(&c))) {
        let message = format!("an escape means U+{:04X}, which nobody sees", u32::from(c));
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

/// Looks for line ends and a last comma between the braces of a table.
fn inline_table(span: Range<usize>, found: &mut Findings<'_>) {
    let written = found.source.text().get(span.clone()).unwrap_or_default();
    if !written.starts_with('{') {
        return;
    }
    let mut open = Vec::new();
    let mut last = b'{';
    for (_, byte) in StructuralBytes::new(written, 0) {
        let what = match byte {
            b'\n' if open == [b'{'] => "a line end",
            b'}' if open == [b'{'] && last == b',' => "a last comma",
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
                format!("{what} between the braces of a table is of TOML 1.1"),
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
    found.push(diagnostic.help("write it as TOML 1.0 has it, if other tools read the file"));
}
