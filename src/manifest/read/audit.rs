//! `audit_log` and `[audit]`: where runs are recorded, and how.

use std::ops::Range;

use super::super::audit::{AnchorTarget, AuditLog, AuditSettings};
use super::super::fields::{Fields, Findings, Value};
use super::super::typed::{boolean, choice, string, table};
use super::super::{Located, quoted};
use crate::diagnostics::Code;
use crate::names::{PathTemplate, TemplateError};

/// Reads the log of a manifest with its settings.
pub(super) fn audit(top: &mut Fields<'_, '_>, found: &mut Findings<'_>) -> Option<AuditLog> {
    let written = top.optional("audit_log");
    let log = written.and_then(|value| audit_log(value, found));
    let table = top.optional("audit");
    let settings = table.map(|value| settings(value, found));
    // A log that stands inside is said to stand there.
    let is_inside = |table: &Value<'_>| {
        let fields = table.get_ref().as_table();
        fields.is_some_and(|fields| fields.contains_key("audit_log"))
    };
    let alone = table.filter(|table| !is_inside(table));
    if let (None, Some(table)) = (written, alone) {
        let message = "`[audit]` has no log to hold for".to_owned();
        let diagnostic = found.at(Code::AuditWithoutLog, table.span(), message);
        let help = "add `audit_log = \"$XDG_STATE_HOME/qli/audit.log\"` above the first header";
        found.push(diagnostic.help(help));
    }
    let Located { value, span } = log?;
    Some(AuditLog {
        path: value,
        span,
        settings: settings.unwrap_or_default(),
    })
}

fn settings(value: &Value<'_>, found: &mut Findings<'_>) -> AuditSettings {
    let defaults = AuditSettings::default();
    let Some(table) = table("audit", value, found) else {
        return defaults;
    };
    let mut fields = Fields::of(table, value.span()).titled("[audit]".to_owned());
    let mut switch = |name: &'static str, found: &mut Findings<'_>| {
        fields
            .optional(name)
            .and_then(|value| boolean(name, value, found))
    };
    let refusals = switch("refusals", found);
    let sync = switch("sync", found);
    let args = fields.optional("args");
    let args = args.and_then(|value| choice("args", value, found));
    let access = fields.optional("access");
    let access = access.and_then(|value| choice("access", value, found));
    let anchor = fields.optional("anchor");
    let anchor = anchor.and_then(|value| anchor_target(value, found));
    fields.finish(found);
    AuditSettings {
        refusals: refusals.unwrap_or(defaults.refusals),
        sync: sync.unwrap_or(defaults.sync),
        args: args.unwrap_or(defaults.args),
        access: access.unwrap_or(defaults.access),
        anchor,
    }
}

fn anchor_target(value: &Value<'_>, found: &mut Findings<'_>) -> Option<Located<AnchorTarget>> {
    let written = string("anchor", value, found)?;
    let target = match written.strip_prefix("file:") {
        Some(path) => AnchorTarget::File(template("anchor", path, value.span(), found)?),
        None if written == "syslog" => AnchorTarget::Syslog,
        None => {
            let message = format!("unknown value of `anchor` {}", quoted(written));
            let diagnostic = found.at(Code::UnknownValue, value.span(), message);
            found.push(diagnostic.help("write `syslog`, or `file:` and a path"));
            return None;
        }
    };
    Some(Located {
        value: target,
        span: value.span(),
    })
}

fn audit_log(value: &Value<'_>, found: &mut Findings<'_>) -> Option<Located<PathTemplate>> {
    let written = string("audit_log", value, found)?;
    Some(Located {
        value: template("audit_log", written, value.span(), found)?,
        span: value.span(),
    })
}

/// Reads the path that a field names.
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
    let (code, help) = match error {
        TemplateError::Empty => (
            Code::EmptyValue,
            "write a path, or remove the line to record nothing",
        ),
        TemplateError::Relative => (
            Code::AuditPathRelative,
            "start it with `/`, `~/` or a variable, such as `$XDG_STATE_HOME/qli/audit.log`",
        ),
        TemplateError::Unclosed => (Code::AuditPathMalformed, "close it: `${NAME}`"),
        TemplateError::NoName | TemplateError::Nul => (
            Code::AuditPathMalformed,
            "variables are written `$NAME` or `${NAME}`",
        ),
        TemplateError::NoFile => (Code::AuditPathMalformed, "end it with the name of a file"),
        TemplateError::OtherHome => (
            Code::AuditPathMalformed,
            "write the other user's directory out",
        ),
    };
    let message = match written {
        "" => format!("the path of `{field}` is empty"),
        _ => format!("`{field}` {} cannot be read: {error}", quoted(written)),
    };
    found.push(found.at(code, span, message).help(help));
    None
}
