//! From text to [`Manifest`]: one pass, all problems.

mod audit;
mod cross_field;
mod env;
mod extensions;
mod secrets;

use std::sync::Arc;

use toml::de::DeTable;

use super::fields::{Fields, Findings, Value};
use super::schema_fields::TOP;
use super::syntax::ErrorRanges;
use super::typed::{boolean, choice, integer, string, text, time_limit_help};
use super::{ConfirmBy, Located, Manifest, Requirements, SecretSpec, lints, quoted, syntax};
use crate::diagnostics::{Code, Diagnostics, Source};
use crate::names::{EnvName, TimeLimit};
use audit::audit;
use cross_field::{contradictions, shown_in_path};
use env::requires_env;
use extensions::{WrittenSection, sections};
use secrets::secrets;

/// Reads a manifest.
///
/// # Errors
///
/// Every problem of the text, errors and warnings, sorted by place. Where a
/// syntax error stands nothing else is reported: what is there is a guess.
pub fn parse(source: &Arc<Source>) -> Result<Manifest, Diagnostics> {
    let (root, errors) = DeTable::parse_recoverable(source.text());
    if !errors.is_empty() {
        return Err(parse_broken(source));
    }
    let mut found = Findings::new(source, ErrorRanges::default());
    let manifest = read(root.get_ref(), &mut found);
    lints::look(root.get_ref(), &mut found);
    let list = found.list.sorted();
    match manifest {
        Some(manifest) if !list.has_errors() => Ok(Manifest {
            warnings: list,
            ..manifest
        }),
        _ => Err(list),
    }
}

/// Reads a text with syntax errors: no manifest comes of it, but every problem
/// that is certain.
fn parse_broken(source: &Arc<Source>) -> Diagnostics {
    let recovered = syntax::recover(source);
    let (root, _) = DeTable::parse_recoverable(&recovered.text);
    let mut found = Findings::new(source, recovered.spoilt);
    drop(read(root.get_ref(), &mut found));
    lints::look(root.get_ref(), &mut found);
    let mut list = found.list;
    list.extend(recovered.problems);
    list.sorted()
}

/// Reads every field, whatever the others are like.
fn read(root: &DeTable<'_>, found: &mut Findings<'_>) -> Option<Manifest> {
    found.top = TOP
        .into_iter()
        .filter(|name| root.contains_key(*name))
        .collect();
    let mut top = Fields::of(root, 0..0);
    let version = top
        .required("schema_version")
        .and_then(|v| version(v, found));
    let description = top.required("description");
    let description = description.and_then(|v| text("description", v, found));
    let banner = top
        .optional("banner")
        .and_then(|v| text("banner", v, found));
    let audit_log = audit(&mut top, found);
    let written = Written::read(&mut top, found);
    let sections = top.optional("extensions").map(|v| sections(v, found));
    let sections = sections.unwrap_or_default();
    top.finish(found);
    contradictions(None, &written, found);
    shown_in_path(audit_log.as_ref(), &written, found);
    for section in &sections {
        contradictions(Some(&written), &section.written, found);
        shown_in_path(audit_log.as_ref(), &section.written, found);
    }
    version?;
    Some(Manifest {
        description: description?,
        banner,
        demands: written.demands(),
        audit_log,
        sections: sections.into_iter().map(WrittenSection::section).collect(),
        source: Arc::clone(found.source),
        warnings: Diagnostics::default(),
    })
}

/// Demands as they are written, with their places.
#[derive(Default)]
struct Written {
    confirm: Option<Located<bool>>,
    confirm_by: Option<Located<ConfirmBy>>,
    required: Vec<Located<(EnvName, String)>>,
    secrets: Vec<Located<SecretSpec>>,
    timeout: Option<Located<TimeLimit>>,
    kill_after: Option<Located<TimeLimit>>,
}

impl Written {
    /// Reads the fields that the top level and a section have in common.
    fn read(fields: &mut Fields<'_, '_>, found: &mut Findings<'_>) -> Self {
        let confirm = fields.optional("confirm").and_then(|value| {
            Some(Located {
                value: boolean("confirm", value, found)?,
                span: value.span(),
            })
        });
        let confirm_by = fields.optional("confirm_by").and_then(|value| {
            Some(Located {
                value: choice("confirm_by", value, found)?,
                span: value.span(),
            })
        });
        let required = fields.optional("requires_env");
        let required = required.map(|value| requires_env(value, found));
        let secrets = fields.optional("secrets").map(|v| secrets(v, found));
        let timeout = fields.optional("timeout");
        let timeout = timeout.and_then(|value| time_limit("timeout", value, found));
        let kill_after = fields.optional("kill_after");
        let kill_after = kill_after.and_then(|value| time_limit("kill_after", value, found));
        Self {
            timeout,
            kill_after,
            confirm,
            confirm_by,
            required: required.unwrap_or_default(),
            secrets: secrets.unwrap_or_default(),
        }
    }

    /// Says how a person is asked, and where that is demanded: the way by itself
    /// asks too.
    fn asks(&self) -> Option<Located<ConfirmBy>> {
        if let Some(by) = &self.confirm_by {
            return Some(by.clone());
        }
        let confirm = self.confirm.as_ref().filter(|one| one.value)?;
        Some(Located {
            value: ConfirmBy::Key,
            span: confirm.span.clone(),
        })
    }

    fn demands(self) -> Requirements {
        Requirements {
            confirm: self.asks().map(|asks| asks.value),
            requires_env: self.required.into_iter().map(|one| one.value).collect(),
            secrets: self.secrets.into_iter().map(|one| one.value).collect(),
            timeout: self.timeout.map(|one| one.value),
            kill_after: self.kill_after.map(|one| one.value),
        }
    }
}

fn time_limit(
    name: &'static str,
    value: &Value<'_>,
    found: &mut Findings<'_>,
) -> Option<Located<TimeLimit>> {
    let written = string(name, value, found)?;
    match written.parse::<TimeLimit>() {
        Ok(limit) => Some(Located {
            value: limit,
            span: value.span(),
        }),
        Err(error) => {
            let message = format!("`{name}` {} is no length of time: {error}", quoted(written));
            let diagnostic = found.at(Code::MalformedDuration, value.span(), message);
            found.push(diagnostic.help(time_limit_help(name, written)));
            None
        }
    }
}

fn version(value: &Value<'_>, found: &mut Findings<'_>) -> Option<()> {
    match integer("schema_version", value, found)? {
        1 => Some(()),
        other => {
            let message = format!("`schema_version` must be 1, it is {other}");
            let diagnostic = found.at(Code::UnsupportedVersion, value.span(), message);
            found
                .push(diagnostic.help(
                    "write `schema_version = 1`, or update qli if the file is newer than it",
                ));
            None
        }
    }
}
