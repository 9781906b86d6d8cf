//! From text to [`Manifest`]: one pass, all problems.

use std::sync::Arc;

use toml::de::DeTable;

use super::audit::AuditLog;
use super::cross_field::{contradictions, shown_in_path};
use super::fields::GroupFields;
use super::findings::Findings;
use super::statements::ErrorRanges;
use super::table_reader::{FieldTable, TableKind, present, read_table};
use super::{ConfirmBy, Located, Manifest, Requirements, Section, lints, syntax};
use crate::diagnostics::{Code, Diagnostics, Source, has_errors, sorted};

/// Reads a manifest.
///
/// # Errors
///
/// Every problem of the text, errors and warnings, sorted by location. What
/// overlaps a syntax error is not reported: it is a guess.
pub fn parse(source: &Arc<Source>) -> Result<Manifest, Diagnostics> {
    let (root, errors) = DeTable::parse_recoverable(source.text());
    if !errors.is_empty() {
        return Err(parse_broken(source));
    }
    let mut found = Findings::new(source, GroupFields::ROWS, ErrorRanges::default());
    let manifest = read(root.get_ref(), &mut found);
    lints::look(root.get_ref(), &mut found);
    let warnings = sorted(found.list);
    match manifest {
        Some(manifest) if !has_errors(&warnings) => Ok(Manifest {
            warnings,
            ..manifest
        }),
        _ => Err(warnings),
    }
}

/// Reports every certain problem of a text with syntax errors.
fn parse_broken(source: &Arc<Source>) -> Diagnostics {
    let recovered = syntax::recover(source);
    let (root, _) = DeTable::parse_recoverable(&recovered.text);
    let mut found = Findings::new(source, GroupFields::ROWS, recovered.error_ranges);
    drop(read(root.get_ref(), &mut found));
    lints::look(root.get_ref(), &mut found);
    let mut list = found.list;
    list.extend(recovered.problems);
    sorted(list)
}

/// Reads every field, whatever is wrong with the others.
fn read(root: &DeTable<'_>, found: &mut Findings<'_>) -> Option<Manifest> {
    let rows = GroupFields::ROWS.iter().map(|row| row.name);
    found.top = rows.filter(|name| root.contains_key(*name)).collect();
    let mut top: GroupFields = read_table(TableKind::Top, String::new(), root, 0..0, found);
    settings_without_log(root, found);
    top.imply_confirm();
    let mut sections = top
        .extensions
        .take()
        .map(|one| one.value)
        .unwrap_or_default();
    let audit_log = AuditLog::of(top.audit_log.take(), top.audit.take());
    contradictions(None, &top, found);
    shown_in_path(audit_log.as_ref(), &top, found);
    for section in &mut sections {
        section.fields.imply_confirm();
        contradictions(Some(&top), &section.fields, found);
        shown_in_path(audit_log.as_ref(), &section.fields, found);
    }
    top.schema_version.as_ref()?;
    let sections = sections.into_iter().map(|mut section| Section {
        name: section.name,
        description: section.fields.description.take().map(|one| one.value),
        requirements: section.fields.requirements(),
        span: section.span,
    });
    Some(Manifest {
        description: top.description.take()?.value,
        banner: top.banner.take().map(|one| one.value),
        audit_log,
        requirements: top.requirements(),
        sections: sections.collect(),
        source: Arc::clone(found.source),
        warnings: Diagnostics::default(),
    })
}

/// Reports `[audit]` without `audit_log`, unless that is below a header.
fn settings_without_log(root: &DeTable<'_>, found: &mut Findings<'_>) {
    let is_misplaced = found.misplaced.iter().any(|one| one == "audit_log");
    let log = present(root, "audit_log");
    if let (Some(audit), None, false) = (present(root, "audit"), log, is_misplaced) {
        let message = "`[audit]` has no effect without `audit_log`";
        let help = "add `audit_log = \"$XDG_STATE_HOME/qli/audit.log\"` above the first header";
        found.wrong(Code::AuditWithoutLog, audit.span(), message, help);
    }
}

impl GroupFields {
    /// `confirm_by` asks for confirmation even without `confirm`.
    fn imply_confirm(&mut self) {
        if let (None, Some(by)) = (&self.confirm, &self.confirm_by) {
            let span = by.span.clone();
            self.confirm = Some(Located { value: true, span });
        }
    }

    /// What every run of the table's scripts must pass.
    fn requirements(self) -> Requirements {
        let by = self.confirm_by.map_or(ConfirmBy::Key, |by| by.value);
        Requirements {
            confirm: self.confirm.filter(|one| one.value).map(|_| by),
            requires_env: values(self.requires_env),
            secrets: values(self.secrets),
            timeout: self.timeout.map(|one| one.value),
            kill_after: self.kill_after.map(|one| one.value),
        }
    }
}

fn values<T>(list: Option<Located<Vec<Located<T>>>>) -> Vec<T> {
    let list = list.into_iter().flat_map(|list| list.value);
    list.map(|one| one.value).collect()
}
