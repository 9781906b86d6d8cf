//! The text of a `_manifest.toml` becomes a [`Manifest`], or every problem
//! the file has.
//!
//! There is one reading: `run`, `explain` and `validate` all call [`parse`].
//! To add a field: its documented line in `wire::ManifestFile`, its reading in
//! `read/`, its line in [`Manifest`].

mod audit;
mod choice;
mod confirm;
mod fields;
mod fix;
mod lints;
mod manual;
mod read;
mod schema_fields;
mod schema_line;
mod syntax;
mod typed;
mod wire;

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use crate::diagnostics::{Code, Diagnostic, Diagnostics, SOURCE_MAX, Source};
use crate::host::reason;
use crate::names::{EnvName, ExtensionName, SecretRef, TimeLimit, shell_word, visible};
use crate::providers::ProviderId;

pub use audit::{AnchorTarget, ArgsMode, AuditLog, LogAccess};
pub use confirm::ConfirmBy;
pub use fix::{FixOutcome, apply_fixes};
pub use manual::manual;
pub use read::parse;
pub use schema_line::schema_line;
#[cfg(feature = "policy")]
pub use syntax::syntax_errors;
pub use typed::key_of;
pub use wire::{SCHEMA, SCHEMA_ID, schema};

/// The name of every manifest's file.
pub const FILE_NAME: &str = "_manifest.toml";

/// A manifest without errors.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// What the group is for; one line.
    pub description: String,
    /// Shown before anything else.
    pub banner: Option<String>,
    /// What every script of the group demands.
    pub demands: Requirements,
    /// Where runs are recorded.
    pub audit_log: Option<AuditLog>,
    /// What single scripts demand beside it, in the file's order.
    pub sections: Vec<Section>,
    /// The text it was read from.
    pub source: Arc<Source>,
    /// Warnings; none of them is an error.
    pub warnings: Diagnostics,
}

impl Manifest {
    /// Returns the section of an extension, if it has one.
    pub fn section(&self, extension: &ExtensionName) -> Option<&Section> {
        self.sections.iter().find(|one| one.name == *extension)
    }

    /// Returns what a run of an extension demands: the group's demands, then
    /// those of its section. A section only ever adds.
    pub fn demands_of(
        &self,
        extension: &ExtensionName,
    ) -> impl Iterator<Item = (DemandedBy, &Requirements)> + Clone {
        let own = self.section(extension).map(|one| &one.demands);
        let group = std::iter::once((DemandedBy::Group, &self.demands));
        group.chain(own.map(|own| (DemandedBy::Extension, own)))
    }
}

/// The demands that a group may make for all its scripts, and a section for one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Requirements {
    /// Whether a person must say yes, and how.
    pub confirm: Option<ConfirmBy>,
    /// Variables and the values they must have, in the file's order.
    pub requires_env: Vec<(EnvName, String)>,
    /// What is fetched and handed to the script, in the file's order.
    pub secrets: Vec<SecretSpec>,
    /// After this the script is sent TERM.
    pub timeout: Option<TimeLimit>,
    /// So long after TERM the script is killed.
    pub kill_after: Option<TimeLimit>,
}

/// The section of one extension, `[extensions.<name>]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The extension.
    pub name: ExtensionName,
    /// What the extension is for; one line.
    pub description: Option<String>,
    /// What it demands beside the group.
    pub demands: Requirements,
    /// Bytes of the manifest's text: its header.
    pub span: Range<usize>,
}

/// Who makes a demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DemandedBy {
    /// The group, for all its scripts.
    Group,
    /// The section of the extension.
    Extension,
}

/// A value with its place, for what can only be found wrong later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Bytes of the manifest's text.
    pub span: Range<usize>,
}

/// One secret that the script is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretSpec {
    /// The variable that is set.
    pub env: EnvName,
    /// What the provider looks up.
    pub reference: SecretRef,
    /// Who is asked.
    pub provider: ProviderId,
}

/// Takes the result of reading a manifest's file.
///
/// # Errors
///
/// The file cannot be read (QLI0001), is no UTF-8 (QLI0002) or is longer than
/// 1 MiB (QLI0003).
pub fn source(path: &Path, read: std::io::Result<Vec<u8>>) -> Result<Arc<Source>, Diagnostic> {
    let bytes = read.map_err(|error| unreadable(path, &error))?;
    match Source::new(path, &bytes) {
        Ok(source) => Ok(Arc::new(source)),
        Err(offset) => Err(not_utf8(path, &bytes, offset)),
    }
}

/// Returns everything that is wrong with a text.
pub fn problems(source: &Arc<Source>) -> Diagnostics {
    match parse(source) {
        Ok(manifest) => manifest.warnings,
        Err(found) => found,
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Diagnostic {
    if error.kind() == std::io::ErrorKind::FileTooLarge {
        let message = format!("the manifest is larger than {SOURCE_MAX} bytes");
        return Diagnostic::of_path(Code::FileTooLarge, path, message)
            .help("a manifest declares guards; keep data in a file of its own");
    }
    let message = format!("the manifest cannot be read: {}", reason(error));
    Diagnostic::of_path(Code::UnreadableFile, path, message)
        .help(format!("ls -ld {}", shell_word(path)))
}

pub fn not_utf8(path: &Path, bytes: &[u8], offset: usize) -> Diagnostic {
    let byte = bytes.get(offset).copied().unwrap_or_default();
    let message = if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        "the file is UTF-16, not UTF-8".to_owned()
    } else {
        format!("byte {byte:#04x} is not UTF-8")
    };
    // Each byte that is none has a stand-in of one byte: every place holds.
    let mut text = Vec::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.extend_from_slice(chunk.valid().as_bytes());
        text.extend(chunk.invalid().iter().map(|_| b'?'));
    }
    match Source::new(path, &text) {
        Ok(source) => Diagnostic::at(
            Code::NotUtf8,
            &Arc::new(source),
            offset..offset + 1,
            message,
        ),
        Err(_) => Diagnostic::of_path(Code::NotUtf8, path, message),
    }
    .help("save the file as UTF-8")
}

/// Quotes a text of a manifest in a message: visible, and at most 60 characters.
pub fn quoted(text: &str) -> String {
    const MAX: usize = 60;
    match text.char_indices().nth(MAX) {
        Some((end, _)) => format!("`{}…`", visible(text.get(..end).unwrap_or_default())),
        None => format!("`{}`", visible(text)),
    }
}

#[cfg(test)]
mod tests;
