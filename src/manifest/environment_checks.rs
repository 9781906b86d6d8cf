//! Contradictions about the environment of a script, within a table and between a
//! section and its group.

use super::cross_field::secrets;
use super::fields::GroupFields;
use super::findings::Findings;
use super::script_environment::EnvironmentFilter;
use super::{DemandedBy, EnvironmentPolicy, Located, SecretSpec};
use crate::diagnostics::{Code, quoted};
use crate::names::reader_of;

/// The secrets of a group that decide which code runs: found once, since a manifest may
/// have thousands of sections.
pub(super) fn loader_secrets(group: &GroupFields) -> Vec<&Located<SecretSpec>> {
    let is_loader =
        |one: &&Located<SecretSpec>| reader_of(one.value.env.as_str().as_ref()).is_some();
    secrets(group).filter(is_loader).collect()
}

/// Reports contradictions in a table and, for a section, with its group.
pub(super) fn check(
    group: Option<(&GroupFields, &[&Located<SecretSpec>])>,
    own: &GroupFields,
    found: &mut Findings<'_>,
) {
    let loaders = group.map_or(&[][..], |(_, loaders)| loaders);
    let group = group.map(|(group, _)| group);
    let of_group = group.map(policy).unwrap_or_default();
    kept_without_effect(own, found);
    if let Some(group) = group {
        kept_in_vain(group, own, found);
        if of_group == EnvironmentPolicy::Inherit {
            for secret in loaders {
                filled_by_group(secret, own, found);
            }
        }
    }
    let stricter = group.filter(|_| of_group > policy(own)).unwrap_or(own);
    secrets(own).for_each(|secret| loader_variable(secret, stricter, found));
}

fn policy(table: &GroupFields) -> EnvironmentPolicy {
    let policy = table.environment.as_ref();
    policy.map(|one| one.value).unwrap_or_default()
}

fn kept_without_effect(own: &GroupFields, found: &mut Findings<'_>) {
    let Some(keep) = own.keep.as_ref().filter(|_| !may_be_misspelled(found)) else {
        return;
    };
    if policy(own) == EnvironmentPolicy::Inherit {
        let is_set = own.environment.is_some();
        let without = if is_set { "with" } else { "without" };
        let policy = if is_set { " = \"inherit\"" } else { "" };
        let message = format!("`keep` has no effect {without} `environment{policy}`");
        let help = "write `environment = \"clean\"` next to it, or remove this line";
        found.wrong(Code::KeepWithoutEffect, keep.span.clone(), message, help);
    }
}

/// Whether the field that is missing may be one with a mistake.
fn may_be_misspelled(found: &Findings<'_>) -> bool {
    let codes = [
        Code::UnknownField,
        Code::UnknownValue,
        Code::WrongType,
        Code::MisplacedField,
    ];
    found.list.iter().any(|one| codes.contains(&one.code))
}

/// Reports names that a section keeps and its group removes.
fn kept_in_vain(group: &GroupFields, own: &GroupFields, found: &mut Findings<'_>) {
    let (Some(environment), Some(own)) = (&group.environment, &own.keep) else {
        return;
    };
    let keep = group.keep.iter().flat_map(|keep| &keep.value);
    let keep = keep.map(|one| one.value.clone()).collect();
    let filter = EnvironmentFilter {
        policy: environment.value,
        keep,
        demanded_by: DemandedBy::Group,
    };
    for one in own
        .value
        .iter()
        .filter(|one| filter.removes_all(&one.value))
    {
        let message = format!("the group removes {}", quoted(one.value.as_str()));
        let help =
            "remove it here, or add it to the group's `keep`: a section can only remove more";
        let label = (&environment.span, "removed here");
        found.labelled(Code::WeakenedGuard, &one.span, (message, help), label);
    }
}

/// Reports a secret of a group that decides which code runs, where a section removes such
/// variables.
fn filled_by_group(secret: &Located<SecretSpec>, own: &GroupFields, found: &mut Findings<'_>) {
    let name = secret.value.env.as_str();
    let environment = own.environment.as_ref();
    let removes = environment.filter(|one| one.value > EnvironmentPolicy::Inherit);
    if let (Some(environment), Some(reader)) = (removes, reader_of(name.as_ref())) {
        let message =
            format!("a secret of the group fills `{name}`, which changes which code runs");
        let help = format!("read by {reader}: use a variable that only the script reads");
        let label = (&secret.span, "the secret is here");
        found.labelled(
            Code::LoaderVariable,
            &environment.span,
            (message, help),
            label,
        );
    }
}

/// Reports a secret that decides which code runs. `strict` is the table whose policy
/// applies to it.
fn loader_variable(secret: &Located<SecretSpec>, strict: &GroupFields, found: &mut Findings<'_>) {
    let name = secret.value.env.as_str();
    // The interpreter is found by `PATH`, before a secret is fetched.
    let by_path = (name == "PATH").then_some("`env` and every shell");
    let Some(reader) = by_path.or_else(|| reader_of(name.as_ref())) else {
        return;
    };
    let message = format!("`{name}` changes which code runs");
    let help = format!("read by {reader}: use a variable that only the script reads");
    let diagnostic = found.at(Code::LoaderVariable, secret.span.clone(), message);
    let diagnostic = diagnostic.help(help);
    let removed = strict.environment.as_ref();
    let removed = removed.filter(|one| one.value > EnvironmentPolicy::Inherit);
    found.push(match removed {
        Some(policy) => diagnostic.label(policy.span.clone(), "such variables are removed here"),
        None if by_path.is_some() => diagnostic,
        None => diagnostic.as_warning(),
    });
}
