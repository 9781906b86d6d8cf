//! The text of a `_manifest.toml` becomes a [`Manifest`], or a list of every
//! problem in it. `run`, `explain` and `validate` all call [`parse()`].
//!
//! To add a field, see [`fields`].

mod audit;
mod choice;
mod compare;
mod cross_field;
mod environment_checks;
mod environment_fields;
mod field_row;
mod fields;
mod findings;
mod fix;
mod foreign;
mod lints;
mod locate;
mod parse;
mod path_variables;
mod provider_arguments;
mod provider_fields;
mod provider_row;
mod provider_values;
mod providers;
mod requires_env;
mod row_schema;
mod schema;
mod schema_line;
mod script_environment;
mod secrets;
mod statements;
mod syntax;
mod table_reader;
mod values;

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use crate::diagnostics::{Code, Diagnostic, Diagnostics, SOURCE_MAX, Source, utf8_source};
use crate::host::{diagnosis, reason};
use crate::names::{EnvName, EnvPattern, ExtensionName, SecretRef, TimeLimit};
use crate::providers::Provider;

pub use audit::{AnchorTarget, AuditLog};
pub use choice::{ArgsMode, ConfirmBy, Deliver, EnvironmentPolicy, LogAccess, Mask};
pub use fix::apply_fixes;
pub use locate::locate;
pub use parse::parse;
pub use schema::{SCHEMA, SCHEMA_ID, schema};
pub use schema_line::schema_line;
pub use script_environment::{PinnedVariable, ScriptEnvironment};
#[cfg(feature = "policy")]
pub use syntax::{parse_toml, syntax_errors};
pub use values::key_of;

pub const FILE_NAME: &str = "_manifest.toml";

/// A manifest without errors.
#[derive(Debug, Clone)]
pub struct Manifest {
    pub description: String,
    pub banner: Option<String>,
    /// Apply to every script of the group.
    pub requirements: Requirements,
    pub audit_log: Option<AuditLog>,
    /// In the file's order.
    pub sections: Vec<Section>,
    pub source: Arc<Source>,
    pub warnings: Diagnostics,
}

impl Manifest {
    pub fn section(&self, extension: &ExtensionName) -> Option<&Section> {
        self.sections.iter().find(|one| one.name == *extension)
    }

    /// The requirements for a run of an extension: the group's, then those of its
    /// section, which only add.
    pub fn requirements_of(
        &self,
        extension: &ExtensionName,
    ) -> impl Iterator<Item = (DemandedBy, &Requirements)> + Clone {
        let own = self.section(extension).map(|one| &one.requirements);
        let group = std::iter::once((DemandedBy::Group, &self.requirements));
        group.chain(own.map(|own| (DemandedBy::Extension, own)))
    }
}

/// The guards that a group may declare for all its scripts, and a section for one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Requirements {
    pub confirm: Option<ConfirmBy>,
    /// In the file's order.
    pub requires_env: Vec<(EnvName, String)>,
    /// In the file's order.
    pub secrets: Vec<SecretSpec>,
    pub timeout: Option<TimeLimit>,
    /// From TERM to KILL.
    pub kill_after: Option<TimeLimit>,
    pub environment: Option<EnvironmentPolicy>,
    /// What `environment` lets pass besides.
    pub keep: Vec<EnvPattern>,
    /// In the file's order.
    pub set_env: Vec<(EnvName, String)>,
    pub mask: Mask,
    pub mask_hold: Option<TimeLimit>,
}

/// `[extensions.<name>]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    pub name: ExtensionName,
    pub description: Option<String>,
    pub requirements: Requirements,
    /// Its name in the manifest's text.
    pub span: Range<usize>,
}

/// Who declares a guard.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DemandedBy {
    #[default]
    Group,
    /// Its section in the manifest.
    Extension,
}

/// A value with its range in the manifest's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    pub value: T,
    pub span: Range<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretSpec {
    /// The variable that it fills.
    pub env: EnvName,
    pub reference: SecretRef,
    pub provider: Provider,
    pub allow_empty: bool,
    pub deliver: Deliver,
}

/// Makes a source from what reading a manifest's file returned. Fails if that is an
/// error (QLI0001), longer than 1 MiB (QLI0003) or not UTF-8 (QLI0002).
pub fn source(path: &Path, read: std::io::Result<Vec<u8>>) -> Result<Arc<Source>, Diagnostic> {
    let bytes = read.map_err(|error| unreadable(path, &error))?;
    utf8_source(path, &bytes)
}

/// Every error and warning of a text.
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
            .help("a manifest only declares guards; keep data in another file");
    }
    let message = format!("cannot read the manifest: {}", reason(error));
    Diagnostic::of_path(Code::UnreadableFile, path, message).help(diagnosis(error, path))
}

#[cfg(test)]
mod tests;
