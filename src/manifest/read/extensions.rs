//! `[extensions.<name>]`: what single scripts demand beside their group.

use std::ops::Range;

use super::super::fields::{Fields, Findings, Value};
use super::super::typed::{key_of, table, text};
use super::super::{Section, quoted};
use super::Written;
use crate::diagnostics::Code;
use crate::names::{ExtensionName, NameError};

/// A section as it is written.
pub(super) struct WrittenSection {
    name: ExtensionName,
    description: Option<String>,
    span: Range<usize>,
    pub(super) written: Written,
}

impl WrittenSection {
    pub(super) fn section(self) -> Section {
        Section {
            name: self.name,
            description: self.description,
            demands: self.written.demands(),
            span: self.span,
        }
    }
}

/// Reads the sections, in the file's order.
pub(super) fn sections(value: &Value<'_>, found: &mut Findings<'_>) -> Vec<WrittenSection> {
    let Some(table) = table("extensions", value, found) else {
        return Vec::new();
    };
    let sections = table.iter().filter_map(|(key, value)| {
        let name = extension_name(key.get_ref(), key.span(), found);
        found.section = Some(format!("extensions.{}", key_of(key.get_ref())));
        let section = section(value, found);
        found.section = None;
        let (description, written) = section?;
        Some(WrittenSection {
            name: name?,
            description,
            span: key.span(),
            written,
        })
    });
    let mut sections: Vec<_> = sections.collect();
    sections.sort_by_key(|one| one.span.start);
    sections
}

fn section(value: &Value<'_>, found: &mut Findings<'_>) -> Option<(Option<String>, Written)> {
    let path = found.section.clone().unwrap_or_default();
    let fields = Fields::of(table(&path, value, found)?, value.span());
    let mut fields = fields.titled(format!("[{path}]"));
    let description = fields.optional("description");
    let description = description.and_then(|value| text("description", value, found));
    let written = Written::read(&mut fields, found);
    fields.finish(found);
    Some((description, written))
}

fn extension_name(
    name: &str,
    span: Range<usize>,
    found: &mut Findings<'_>,
) -> Option<ExtensionName> {
    let error: NameError = match name.parse() {
        Ok(name) => return Some(name),
        Err(error) => error,
    };
    let message = format!("{} is no extension name: {error}", quoted(name));
    let diagnostic = found.at(Code::InvalidSectionName, span, message);
    found.push(diagnostic.help("a section is named after its script: `[extensions.NAME]`"));
    None
}
