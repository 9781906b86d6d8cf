//! Contradictions between fields, within a table and between a section and its
//! group.

use std::collections::BTreeMap;
use std::ops::Range;

use super::audit::AuditLog;
use super::fields::GroupFields;
use super::findings::Findings;
use super::table_reader::FieldTable;
use super::{Located, SecretSpec};
use crate::diagnostics::Code;
use crate::names::EnvName;
use crate::providers::ProviderId;

/// Reports contradictions in a table and, for a section, with its group; those of
/// the group alone are not reported again.
pub(super) fn contradictions(
    group: Option<&GroupFields>,
    own: &GroupFields,
    found: &mut Findings<'_>,
) {
    confirm_by_without_confirm(own, found);
    if let Some(group) = group {
        for check in GroupFields::SECTION_CHECKS {
            check(group, own, found);
        }
    }
    let timeout = group.and_then(|group| group.timeout.as_ref());
    if let (Some(kill_after), None) = (&own.kill_after, timeout.or(own.timeout.as_ref())) {
        let message = "`kill_after` needs a `timeout`";
        let help = "add `timeout = \"10m\"`, or remove this line";
        found.wrong(Code::TimeoutMissing, kill_after.span.clone(), message, help);
    }
    let tables: Vec<_> = group.into_iter().chain([own]).collect();
    let is_own = |table: &GroupFields| std::ptr::eq(table, own);
    let required: BTreeMap<_, _> = tables
        .iter()
        .flat_map(|table| {
            required(table).map(|one| (one.value.0.as_str(), (&one.span, is_own(table))))
        })
        .collect();
    let mut first = BTreeMap::new();
    for table in &tables {
        for secret in secrets(table) {
            let env = secret.value.env.as_str();
            let filled = *first.entry(env).or_insert(&secret.span);
            if is_own(table) && *filled != secret.span {
                filled_twice(secret, filled, found);
            }
            let wanted = |name: &str| {
                let wanted = required.get(name);
                wanted.filter(|(_, is_own_line)| is_own(table) || *is_own_line)
            };
            also_required(secret, |name| Some(wanted(name)?.0), found);
        }
    }
}

fn required(table: &GroupFields) -> impl Iterator<Item = &Located<(EnvName, String)>> {
    table
        .requires_env
        .iter()
        .flat_map(|required| &required.value)
}

fn secrets(table: &GroupFields) -> impl Iterator<Item = &Located<SecretSpec>> {
    table.secrets.iter().flat_map(|secrets| &secrets.value)
}

fn confirm_by_without_confirm(own: &GroupFields, found: &mut Findings<'_>) {
    let off = own.confirm.as_ref().filter(|confirm| !confirm.value);
    if let (Some(by), Some(off)) = (&own.confirm_by, off) {
        let message = "`confirm = false` contradicts `confirm_by`".to_owned();
        let diagnostic = found.at(Code::Contradiction, off.span.clone(), message);
        let diagnostic = diagnostic.label(by.span.clone(), "this asks for confirmation");
        found.push(diagnostic.help("write `confirm = true`, or remove one of the two"));
    }
}

fn filled_twice(secret: &Located<SecretSpec>, first: &Range<usize>, found: &mut Findings<'_>) {
    let message = format!("two secrets fill `{}`", secret.value.env);
    let diagnostic = found.at(Code::DuplicateSecret, secret.span.clone(), message);
    let diagnostic = diagnostic.label(first.clone(), "the first is here");
    found.push(diagnostic.help("give one of them another `env`, or remove it"));
}

/// Reports a variable that holds a secret and is compared with a value: a refusal
/// would print what it holds instead.
fn also_required<'r>(
    secret: &Located<SecretSpec>,
    wanted: impl Fn(&str) -> Option<&'r Range<usize>>,
    found: &mut Findings<'_>,
) {
    let env = secret.value.env.as_str();
    let mut report = |wanted: &Range<usize>, message: String, help: &str| {
        let diagnostic = found.at(Code::SecretAlsoRequired, secret.span.clone(), message);
        let diagnostic = diagnostic.label(wanted.clone(), "required here");
        found.push(diagnostic.help(help));
    };
    if let Some(wanted) = wanted(env) {
        let message = format!("`{env}` is filled by a secret and also required beforehand");
        let help = "remove it from `[requires_env]`, or let the secret fill another variable";
        report(wanted, message, help);
    }
    let source = source_variable(&secret.value).filter(|source| *source != env);
    if let Some((source, wanted)) = source.and_then(|name| Some((name, wanted(name)?))) {
        let message = format!("`{source}` holds a secret, but its value is required here");
        report(wanted, message, "remove it from `[requires_env]`");
    }
}

/// Reports secrets in the paths of the log, which are printed and recorded.
pub(super) fn shown_in_path(log: Option<&AuditLog>, own: &GroupFields, found: &mut Findings<'_>) {
    for secret in secrets(own) {
        let source = source_variable(&secret.value);
        for (field, path, span) in log.into_iter().flat_map(AuditLog::paths) {
            let mut shown = path.variables().filter(|name| Some(*name) == source);
            let Some(source) = shown.next() else { continue };
            let message = format!("`{field}` would show the secret in `{source}`");
            let diagnostic = found.at(Code::SecretAlsoRequired, span.clone(), message);
            let label = diagnostic.label(secret.span.clone(), "the secret is here");
            found.push(label.help(format!("name the file without `{source}`")));
        }
    }
}

/// The variable of qli's own environment that a secret comes from.
fn source_variable(secret: &SecretSpec) -> Option<&str> {
    match secret.provider {
        ProviderId::Env => Some(secret.reference.as_str()),
        ProviderId::OnePassword => None,
    }
}
