//! Reads a text into a [`Manifest`], and collects all its problems.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use toml::de::DeTable;

use super::audit::AuditLog;
use super::cross_field::{Variables, contradictions, log_paths, secrets, shown_in_path};
use super::fields::GroupFields;
use super::findings::Findings;
use super::statements::ErrorRanges;
use super::table_reader::{FieldTable, TableKind, present, read_table};
use super::{
    ConfirmBy, Located, Manifest, Requirements, Section, environment_checks, lints, syntax,
};
use crate::diagnostics::{Code, Diagnostics, Source, has_errors, sorted};
use crate::names::ExtensionName;

/// Fails with every problem of the text, errors and warnings, sorted by location. What
/// overlaps a syntax error is not reported, since its meaning is a guess.
pub fn parse(source: &Arc<Source>) -> Result<Manifest, Diagnostics> {
    let Some(root) = syntax::parse_toml(source.text()) else {
        let recovered = syntax::recover(source);
        let (root, _) = DeTable::parse_recoverable(&recovered.text);
        let (_, mut list) = read_all(root.get_ref(), source, recovered.error_ranges);
        list.extend(recovered.problems);
        return Err(sorted(list));
    };
    let (manifest, list) = read_all(root.get_ref(), source, ErrorRanges::default());
    let warnings = sorted(list);
    match manifest {
        Some(manifest) if !has_errors(&warnings) => Ok(Manifest {
            warnings,
            ..manifest
        }),
        _ => Err(warnings),
    }
}

fn read_all(
    root: &DeTable<'_>,
    source: &Arc<Source>,
    error_ranges: ErrorRanges,
) -> (Option<Manifest>, Diagnostics) {
    let rows = GroupFields::ROWS;
    let top = rows.iter().map(|row| row.name);
    let mut found = Findings {
        source,
        list: Diagnostics::default(),
        rows,
        near: rows,
        inside: None,
        error_ranges,
        misplaced: BTreeSet::new(),
        first_header: OnceCell::new(),
        top: top.filter(|name| root.contains_key(*name)).collect(),
        section: None,
        providers: BTreeMap::new(),
    };
    let manifest = read(root, &mut found);
    lints::check(root, &mut found);
    (manifest, found.list)
}

/// Reads every field, even if others are wrong.
fn read(root: &DeTable<'_>, found: &mut Findings<'_>) -> Option<Manifest> {
    let mut top: GroupFields = read_table(TableKind::Top, String::new(), root, 0..0, found);
    settings_without_log(root, found);
    top.imply_confirm();
    let sections = top.extensions.take();
    let mut sections = sections.map(|one| one.value).unwrap_or_default();
    let audit_log = AuditLog::of(top.audit_log.take(), top.audit.take());
    let paths = log_paths(audit_log.as_ref());
    contradictions(None, &top, found);
    environment_checks::check(None, &top, found);
    shown_in_path(&paths, &top, found);
    let variables = Variables::of(&top);
    let loaders = environment_checks::loader_secrets(&top);
    for section in &mut sections {
        let (_, fields) = &mut section.value;
        fields.imply_confirm();
        contradictions(Some((&top, &variables)), fields, found);
        environment_checks::check(Some((&top, &loaders)), fields, found);
        shown_in_path(&paths, fields, found);
    }
    unused_providers(&top, &sections, found);
    top.schema_version.as_ref()?;
    let sections = sections.into_iter().map(|section| {
        let (name, mut fields) = section.value;
        Section {
            name,
            description: fields.description.take().map(|one| one.value),
            requirements: fields.requirements(),
            span: section.span,
        }
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

fn unused_providers(
    top: &GroupFields,
    sections: &[Located<(ExtensionName, GroupFields)>],
    found: &mut Findings<'_>,
) {
    let Some(providers) = &top.providers else {
        return;
    };
    providers.value.complete(found);
    if has_errors(&found.list) {
        return;
    }
    let sections = sections.iter().map(|section| &section.value.1);
    let secrets = std::iter::once(top).chain(sections).flat_map(secrets);
    let used = secrets.map(|secret| secret.value.provider.name()).collect();
    providers.value.unused(&used, found);
}

/// Reports `[audit]` without `audit_log`, unless that is below a header.
fn settings_without_log(root: &DeTable<'_>, found: &mut Findings<'_>) {
    let is_misplaced = found.misplaced.contains("audit_log");
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

    fn requirements(self) -> Requirements {
        let by = self.confirm_by.map_or(ConfirmBy::Key, |by| by.value);
        Requirements {
            confirm: self.confirm.filter(|one| one.value).map(|_| by),
            requires_env: values(self.requires_env),
            secrets: values(self.secrets),
            timeout: self.timeout.map(|one| one.value),
            kill_after: self.kill_after.map(|one| one.value),
            environment: self.environment.map(|one| one.value),
            keep: values(self.keep),
            set_env: self.set_env.map_or_else(Vec::new, |set| {
                set.value.0.into_iter().map(|one| one.value).collect()
            }),
            mask: self.mask.map(|one| one.value).unwrap_or_default(),
            mask_hold: self.mask_hold.map(|one| one.value),
        }
    }
}

fn values<T>(list: Option<Located<Vec<Located<T>>>>) -> Vec<T> {
    let list = list.into_iter().flat_map(|list| list.value);
    list.map(|one| one.value).collect()
}
