//! `audit_log` and `[audit]`: where runs are recorded, and how.

use std::ops::Range;

use serde_json::{Value, json};

use super::Located;
use super::choice::{ArgsMode, LogAccess};
use super::field_row::{FieldRow, TomlType, example};
use super::findings::{Findings, TomlValue};
use super::row_schema::object;
use super::table_reader::{FieldTable, FieldType, TableKind, fields, read_table};
use super::values::{string, table};
use crate::diagnostics::{Code, quoted};
use crate::names::{PathTemplate, TemplateError};

fields! {
    /// The settings of the audit log.
    AuditFields {
        /// Whether a run that a guard refuses before it starts is recorded too, as
        /// `refused`. Default: `false`.
        refusals: bool = example("true"),

        /// Whether a record must be on disk before the run continues. Without it, a
        /// crash of the machine can lose the newest records. Default: `true`.
        sync: bool = example("false"),

        /// How the arguments of the script are recorded. Default: `"redacted"`.
        args: ArgsMode = example("\"digest\""),

        /// Who else may use the log. Default: `"private"`.
        access: LogAccess = example("\"group-read\""),

        /// Where the hash of each new record is sent as well, to detect a log that was
        /// cut or rewritten: `"syslog"`, or `"file:"` and the absolute path of an
        /// append-only file. A run whose start cannot be anchored does not start.
        /// Default: nowhere.
        anchor: AnchorTarget = example("\"syslog\""),
    }
}

/// Where the hash of the newest record is sent as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnchorTarget {
    /// `/dev/log`
    Syslog,
    /// An append-only file.
    File(PathTemplate),
}

/// The log that a manifest declares, and how runs are recorded in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLog {
    pub path: PathTemplate,
    /// The path in the manifest's text.
    pub span: Range<usize>,
    /// Whether refused runs are recorded.
    pub refusals: bool,
    /// Whether a record is on disk before the run continues.
    pub sync: bool,
    pub args: ArgsMode,
    pub access: LogAccess,
    pub anchor: Option<Located<AnchorTarget>>,
}

impl AuditLog {
    pub(super) fn of(
        log: Option<Located<PathTemplate>>,
        settings: Option<Located<AuditFields>>,
    ) -> Option<Self> {
        let log = log?;
        let fields = settings.map(|one| one.value).unwrap_or_default();
        Some(Self {
            path: log.value,
            span: log.span,
            refusals: fields.refusals.is_some_and(|one| one.value),
            sync: fields.sync.is_none_or(|one| one.value),
            args: fields.args.map(|one| one.value).unwrap_or_default(),
            access: fields.access.map(|one| one.value).unwrap_or_default(),
            anchor: fields.anchor,
        })
    }

    /// The paths that it names: field, path and location.
    pub fn paths(&self) -> impl Iterator<Item = (&'static str, &PathTemplate, &Range<usize>)> {
        let anchor = self.anchor.as_ref();
        let anchor = anchor.and_then(|anchor| match &anchor.value {
            AnchorTarget::Syslog => None,
            AnchorTarget::File(path) => Some(("anchor", path, &anchor.span)),
        });
        std::iter::once(("audit_log", &self.path, &self.span)).chain(anchor)
    }
}

impl FieldType for AuditFields {
    const TOML: TomlType = TomlType::Table;
    const INNER: &'static [FieldRow] = Self::ROWS;

    fn read(name: &'static str, value: &TomlValue<'_>, found: &mut Findings<'_>) -> Option<Self> {
        let table = table(name, value, found)?;
        let (kind, title) = (TableKind::Inner, format!("[{name}]"));
        Some(read_table(kind, title, table, value.span(), found))
    }

    fn schema() -> Value {
        object::<Self>(None)
    }
}

impl FieldType for PathTemplate {
    fn read(name: &'static str, value: &TomlValue<'_>, found: &mut Findings<'_>) -> Option<Self> {
        let written = string(name, value, found)?;
        template(name, written, value.span(), found)
    }

    fn schema() -> Value {
        json!({ "type": "string", "minLength": 1 })
    }
}

impl FieldType for AnchorTarget {
    fn read(name: &'static str, value: &TomlValue<'_>, found: &mut Findings<'_>) -> Option<Self> {
        let written = string(name, value, found)?;
        match written.strip_prefix("file:") {
            Some(path) => template(name, path, value.span(), found).map(Self::File),
            None if written == "syslog" => Some(Self::Syslog),
            None => {
                let message = format!("unknown value {} for `{name}`", quoted(written));
                let help = "write `syslog`, or `file:` and a path";
                found.wrong(Code::UnknownValue, value.span(), message, help);
                None
            }
        }
    }

    fn schema() -> Value {
        json!({ "type": "string", "pattern": "^(syslog|file:[\\s\\S]+)$" })
    }
}

/// Reads the path in a field.
fn template(
    field: &str,
    written: &str,
    span: Range<usize>,
    found: &mut Findings<'_>,
) -> Option<PathTemplate> {
    let error = match PathTemplate::parse(written) {
        Ok(template) => return Some(template),
        Err(error) => error,
    };
    let malformed = Code::AuditPathMalformed;
    let shown = quoted(written);
    let (code, message, help) = match error {
        TemplateError::Empty => (
            Code::EmptyValue,
            format!("the path in `{field}` is empty"),
            "write a path; without the field no run is recorded",
        ),
        TemplateError::Relative => (
            Code::AuditPathRelative,
            format!("`{field}` must be an absolute path, but is {shown}"),
            "start it with `/`, `~/` or a variable, such as `$XDG_STATE_HOME/qli/audit.log`",
        ),
        TemplateError::Unclosed => (
            malformed,
            format!("`${{` is not closed in `{field}`, {shown}"),
            "close it: `${NAME}`",
        ),
        TemplateError::NoName => (
            malformed,
            format!("no variable name after `$` in `{field}`, {shown}"),
            "write variables as `$NAME` or `${NAME}`",
        ),
        TemplateError::Nul => (
            malformed,
            format!("`{field}` contains a NUL character"),
            "remove it",
        ),
        TemplateError::NoFile => (
            malformed,
            format!("`{field}` must name a file, but is {shown}"),
            "end the path with the name of a file",
        ),
        TemplateError::OtherHome => (
            malformed,
            format!("`{field}` contains another user's home directory, {shown}"),
            "write out the path of that directory",
        ),
    };
    found.wrong(code, span, message, help);
    None
}
