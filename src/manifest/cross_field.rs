//! Contradictions between fields, within a table and between a section and its
//! group.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::audit::AuditLog;
use super::fields::GroupFields;
use super::findings::Findings;
use super::table_reader::FieldTable;
use super::{Located, Mask, SecretSpec};
use crate::diagnostics::Code;
use crate::names::EnvName;

/// A variable and its value.
type Line = Located<(EnvName, String)>;

/// The variables that a table declares, by name: a manifest may have thousands of
/// sections, and each is compared with its group.
#[derive(Debug)]
pub(super) struct Variables<'f> {
    required: BTreeMap<&'f str, &'f Line>,
    set: BTreeMap<&'f str, &'f Line>,
    /// The first secret that fills each variable.
    filled: BTreeMap<&'f str, &'f Located<SecretSpec>>,
    /// The first secret that comes from each variable and fills another.
    sources: BTreeMap<&'f str, &'f Located<SecretSpec>>,
}

impl<'f> Variables<'f> {
    pub(super) fn of(table: &'f GroupFields) -> Self {
        let by_name = |line: &'f Line| (line.value.0.as_str(), line);
        let (mut filled, mut sources) = (BTreeMap::new(), BTreeMap::new());
        for secret in secrets(table) {
            filled.entry(secret.value.env.as_str()).or_insert(secret);
            if let Some(source) = other_source(&secret.value) {
                sources.entry(source).or_insert(secret);
            }
        }
        Self {
            required: required(table).map(by_name).collect(),
            set: set(table).map(by_name).collect(),
            filled,
            sources,
        }
    }
}

/// Reports contradictions in a table and, for a section, with its group; those of
/// the group alone are not reported again.
pub(super) fn contradictions(
    group: Option<(&GroupFields, &Variables<'_>)>,
    own: &GroupFields,
    found: &mut Findings<'_>,
) {
    confirmed_and_not(own, found);
    let timeout = group.and_then(|(group, _)| group.timeout.as_ref());
    if let (Some(kill_after), None) = (&own.kill_after, timeout.or(own.timeout.as_ref())) {
        let message = "`kill_after` needs a `timeout`";
        let help = "add `timeout = \"10m\"`, or remove this line";
        found.wrong(Code::TimeoutMissing, kill_after.span.clone(), message, help);
    }
    let mask = group.and_then(|(group, _)| group.mask.as_ref());
    let masks = [mask, own.mask.as_ref()];
    let is_masked = masks.iter().flatten().any(|one| one.value != Mask::Off);
    if let Some(hold) = own.mask_hold.as_ref().filter(|_| !is_masked) {
        let message = "`mask_hold` needs a `mask`";
        let help = "add `mask = \"pipes\"`, or remove this line";
        found.wrong(Code::MaskMissing, hold.span.clone(), message, help);
    }
    let variables = Variables::of(own);
    let around = group.map(|(_, around)| around);
    for secret in secrets(own) {
        contradicted(secret, &variables, around, found);
    }
    for line in set(own) {
        set_twice(line, &variables, found);
    }
    if let Some((group, around)) = group {
        for check in GroupFields::SECTION_CHECKS {
            check(group, own, found);
        }
        for line in required(own) {
            with_group(line, around, found);
        }
        for line in set(own) {
            set_twice(line, around, found);
            set_otherwise(line, around, found);
        }
        let names = variables.filled.keys().chain(variables.required.keys());
        for line in names.filter_map(|name| around.set.get(name)) {
            set_twice(line, &variables, found);
        }
    }
}

fn confirmed_and_not(own: &GroupFields, found: &mut Findings<'_>) {
    let off = own.confirm.as_ref().filter(|confirm| !confirm.value);
    if let (Some(by), Some(off)) = (&own.confirm_by, off) {
        let message = "`confirm = false` contradicts `confirm_by`";
        let help = "write `confirm = true`, or remove one of the two";
        let label = (&by.span, "this asks for confirmation");
        found.labelled(Code::Contradiction, &off.span, (message, help), label);
    }
}

/// Reports a secret whose variable another secret fills, or whose value a refusal
/// would print, because a variable with it is required.
fn contradicted(
    secret: &Located<SecretSpec>,
    own: &Variables<'_>,
    group: Option<&Variables<'_>>,
    found: &mut Findings<'_>,
) {
    let env = secret.value.env.as_str();
    let first = group.and_then(|group| group.filled.get(env));
    let first = first.or_else(|| own.filled.get(env));
    if let Some(first) = first.filter(|first| first.span != secret.span) {
        let message = format!("two secrets fill `{env}`");
        let help = "give one of them another `env`, or remove it";
        let label = (&first.span, "the first is here");
        found.labelled(Code::DuplicateSecret, &secret.span, (message, help), label);
    }
    let required = |name: &str| {
        let line = own.required.get(name);
        line.or_else(|| group.and_then(|group| group.required.get(name)))
    };
    if let Some(line) = required(env) {
        filled_and_required(secret, line, found);
    }
    if let Some(line) = other_source(&secret.value).and_then(required) {
        source_required(secret, line, found);
    }
}

/// Reports a variable that a section requires, if its group has a secret in it or
/// requires another value: no run could meet both.
fn with_group(line: &Line, group: &Variables<'_>, found: &mut Findings<'_>) {
    let (name, value) = &line.value;
    let name = name.as_str();
    if let Some(secret) = group.filled.get(name) {
        filled_and_required(secret, line, found);
    }
    if let Some(secret) = group.sources.get(name) {
        source_required(secret, line, found);
    }
    let other = group.required.get(name);
    if let Some(other) = other.filter(|other| other.value.1 != *value) {
        let message = format!("the group requires another value of `{name}`");
        let help = "remove this line: a section can require other variables, not other values";
        let label = (&other.span, "the group's value is here");
        found.labelled(Code::WeakenedGuard, &line.span, (message, help), label);
    }
}

fn required(table: &GroupFields) -> impl Iterator<Item = &Line> {
    table
        .requires_env
        .iter()
        .flat_map(|required| &required.value)
}

fn set(table: &GroupFields) -> impl Iterator<Item = &Line> {
    table.set_env.iter().flat_map(|set| &set.value.0)
}

/// Reports a variable that is set, and filled or required by one of these.
fn set_twice(line: &Line, by: &Variables<'_>, found: &mut Findings<'_>) {
    let name = line.value.0.as_str();
    let filled = by
        .filled
        .get(name)
        .map(|secret| (&secret.span, "a secret fills it here"));
    let required = by
        .required
        .get(name)
        .map(|line| (&line.span, "required here"));
    let Some(label) = filled.or(required) else {
        return;
    };
    let message = format!(
        "`{name}` is set here, and {} elsewhere",
        match filled {
            Some(_) => "filled by a secret",
            None => "required",
        }
    );
    let help = "remove one of the two: the script can have one value only";
    found.labelled(Code::SetEnvConflict, &line.span, (message, help), label);
}

/// Reports a variable that a section sets to another value than its group.
fn set_otherwise(line: &Line, group: &Variables<'_>, found: &mut Findings<'_>) {
    let (name, value) = &line.value;
    let other = group.set.get(name.as_str());
    if let Some(other) = other.filter(|other| other.value.1 != *value) {
        let message = format!("the group sets another value of `{name}`");
        let help = "remove this line: a section can set other variables, not other values";
        let label = (&other.span, "the group's value is here");
        found.labelled(Code::WeakenedGuard, &line.span, (message, help), label);
    }
}

pub(super) fn secrets(table: &GroupFields) -> impl Iterator<Item = &Located<SecretSpec>> {
    table.secrets.iter().flat_map(|secrets| &secrets.value)
}

fn filled_and_required(secret: &Located<SecretSpec>, line: &Line, found: &mut Findings<'_>) {
    let env = secret.value.env.as_str();
    let message = format!("`{env}` is filled by a secret and also required beforehand");
    let help = "remove it from `[requires_env]`, or let the secret fill another variable";
    also_required(secret, line, (message, help), found);
}

fn source_required(secret: &Located<SecretSpec>, line: &Line, found: &mut Findings<'_>) {
    let source = line.value.0.as_str();
    let message = format!("`{source}` holds a secret, but its value is required here");
    let help = "remove it from `[requires_env]`";
    also_required(secret, line, (message, help), found);
}

/// Reports a variable that holds a secret and must have a certain value: a refusal
/// would print the secret.
fn also_required(
    secret: &Located<SecretSpec>,
    line: &Line,
    text: (String, &str),
    found: &mut Findings<'_>,
) {
    let label = (&line.span, "required here");
    found.labelled(Code::SecretAlsoRequired, &secret.span, text, label);
}

/// A path of the log: its field, its location and the variables in it.
pub(super) type LogPath<'l> = (&'static str, &'l Range<usize>, BTreeSet<&'l str>);

pub(super) fn log_paths(log: Option<&AuditLog>) -> Vec<LogPath<'_>> {
    let paths = log.into_iter().flat_map(AuditLog::paths);
    let paths = paths.map(|(field, path, span)| (field, span, path.variables().collect()));
    paths.collect()
}

/// Reports secrets in the paths of the log, which are printed and recorded.
pub(super) fn shown_in_path(log: &[LogPath<'_>], own: &GroupFields, found: &mut Findings<'_>) {
    for secret in secrets(own) {
        let Some(source) = source_variable(&secret.value) else {
            continue;
        };
        for (field, span, _) in log.iter().filter(|(.., all)| all.contains(source)) {
            let message = format!("`{field}` would show the secret in `{source}`");
            let help = format!("name the file without `{source}`");
            let label = (&secret.span, "the secret is here");
            found.labelled(Code::SecretAlsoRequired, span, (message, help), label);
        }
    }
}

/// The variable of qli's own environment that a secret comes from.
fn source_variable(secret: &SecretSpec) -> Option<&str> {
    secret.provider.variable(&secret.reference)
}

/// The variable that a secret comes from, if it fills another one.
fn other_source(secret: &SecretSpec) -> Option<&str> {
    source_variable(secret).filter(|source| *source != secret.env.as_str())
}
