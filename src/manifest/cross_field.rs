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
    let off = own.confirm.as_ref().filter(|confirm| !confirm.value);
    if let (Some(by), Some(off)) = (&own.confirm_by, off) {
        let message = "`confirm = false` contradicts `confirm_by`";
        let help = "write `confirm = true`, or remove one of the two";
        let label = (&by.span, "this asks for confirmation");
        found.labelled(Code::Contradiction, &off.span, (message, help), label);
    }
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
    let group = group.map(|group| (group, false));
    let tables: Vec<_> = group.into_iter().chain([(own, true)]).collect();
    let mut required_at = BTreeMap::new();
    for &(table, is_own) in &tables {
        for line in required(table) {
            required_at.insert(line.value.0.as_str(), (&line.span, is_own));
        }
    }
    let mut first = BTreeMap::new();
    for (table, is_own) in tables {
        for secret in secrets(table) {
            let env = secret.value.env.as_str();
            let filled = *first.entry(env).or_insert(&secret.span);
            if is_own && *filled != secret.span {
                let message = format!("two secrets fill `{env}`");
                let help = "give one of them another `env`, or remove it";
                let label = (filled, "the first is here");
                found.labelled(Code::DuplicateSecret, &secret.span, (message, help), label);
            }
            let required = |name: &str| {
                let &(span, is_own_line) = required_at.get(name)?;
                (is_own || is_own_line).then_some(span)
            };
            also_required(secret, required, found);
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

/// Reports a variable that holds a secret and must have a certain value: a refusal
/// would print the secret.
fn also_required<'r>(
    secret: &Located<SecretSpec>,
    required: impl Fn(&str) -> Option<&'r Range<usize>>,
    found: &mut Findings<'_>,
) {
    let env = secret.value.env.as_str();
    let mut report = |line, message, help| {
        let label = (line, "required here");
        found.labelled(
            Code::SecretAlsoRequired,
            &secret.span,
            (message, help),
            label,
        );
    };
    if let Some(line) = required(env) {
        let message = format!("`{env}` is filled by a secret and also required beforehand");
        let help = "remove it from `[requires_env]`, or let the secret fill another variable";
        report(line, message, help);
    }
    let source = source_variable(&secret.value).filter(|source| *source != env);
    if let Some((source, line)) = source.and_then(|name| Some((name, required(name)?))) {
        let message = format!("`{source}` holds a secret, but its value is required here");
        report(line, message, "remove it from `[requires_env]`");
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
            let help = format!("name the file without `{source}`");
            let label = (&secret.span, "the secret is here");
            found.labelled(Code::SecretAlsoRequired, span, (message, help), label);
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
