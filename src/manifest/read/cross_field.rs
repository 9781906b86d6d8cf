//! What only shows when the fields are seen together.

use std::collections::BTreeMap;
use std::ops::Range;

use super::super::audit::AuditLog;
use super::super::fields::Findings;
use super::super::{Located, SecretSpec};
use super::Written;
use crate::diagnostics::Code;
use crate::providers::ProviderId;

/// A place, and whether it is in the demands that are judged.
#[derive(Clone, Copy)]
struct Spot<'w> {
    span: &'w Range<usize>,
    own: bool,
}

/// Reports where demands contradict each other, or those of the group they
/// join; what the group alone has wrong is not reported again.
pub(super) fn contradictions(group: Option<&Written>, own: &Written, found: &mut Findings<'_>) {
    if let Some(group) = group {
        weakened(group, own, found);
    }
    asked_and_not(own, found);
    let timeouts = [
        group.and_then(|group| group.timeout.as_ref()),
        own.timeout.as_ref(),
    ];
    if let (Some(kill_after), [None, None]) = (&own.kill_after, timeouts) {
        let message = "`kill_after` has no `timeout` to follow".to_owned();
        let diagnostic = found.at(Code::TimeoutMissing, kill_after.span.clone(), message);
        found.push(diagnostic.help("add `timeout = \"10m\"`, or remove the line"));
    }
    let layers = || {
        let group = group.into_iter().map(|group| (group, false));
        group.chain([(own, true)])
    };
    let required: BTreeMap<_, _> = layers()
        .flat_map(|(layer, own)| {
            let locations = layer.required.iter();
            locations.map(move |one| {
                let span = &one.span;
                (one.value.0.as_str(), Spot { span, own })
            })
        })
        .collect();
    let mut first = BTreeMap::new();
    for (layer, own) in layers() {
        for secret in &layer.secrets {
            let filled = *first
                .entry(secret.value.env.as_str())
                .or_insert(&secret.span);
            if own && *filled != secret.span {
                filled_twice(secret, filled, found);
            }
            also_required(secret, own, &required, found);
        }
    }
}

fn asked_and_not(own: &Written, found: &mut Findings<'_>) {
    let spared = own.confirm.as_ref().filter(|one| !one.value);
    if let (Some(by), Some(spared)) = (&own.confirm_by, spared) {
        let message = "`confirm_by` says how to ask, and `confirm = false` says not to".to_owned();
        let diagnostic = found.at(Code::Contradiction, spared.span.clone(), message);
        let diagnostic = diagnostic.label(by.span.clone(), "how to ask stands here");
        found.push(diagnostic.help("write `confirm = true`, or remove one of the two"));
    }
}

/// A section only adds: it can neither spare the question nor demand another
/// value, since no run could then meet both.
fn weakened(group: &Written, own: &Written, found: &mut Findings<'_>) {
    let spared = own.confirm.as_ref().filter(|one| !one.value);
    if let (Some(asked), Some(spared)) = (group.asks(), spared) {
        let message = "the group asks before every script, and this section would not";
        let diagnostic = found.at(Code::WeakenedGuard, spared.span.clone(), message.to_owned());
        let diagnostic = diagnostic.label(asked.span, "the group asks here");
        found
            .push(diagnostic.help("remove the line: a section can only add to its group's guards"));
    }
    if let (Some(asked), Some(by)) = (group.asks(), &own.confirm_by)
        && by.value < asked.value
    {
        let message = "the group wants its name typed, and this section less than that";
        let diagnostic = found.at(Code::WeakenedGuard, by.span.clone(), message.to_owned());
        let diagnostic = diagnostic.label(asked.span, "the group says so here");
        found
            .push(diagnostic.help("remove the line: a section can only add to its group's guards"));
    }
    for (name, group, own) in [
        ("timeout", &group.timeout, &own.timeout),
        ("kill_after", &group.kill_after, &own.kill_after),
    ] {
        if let (Some(group), Some(own)) = (group, own)
            && own.value.length() > group.value.length()
        {
            let message = format!("the group's `{name}` is shorter than this");
            let diagnostic = found.at(Code::WeakenedGuard, own.span.clone(), message);
            let diagnostic = diagnostic.label(group.span.clone(), "the group's is here");
            let help = "remove the line, or write a shorter time: a section can only add";
            found.push(diagnostic.help(help));
        }
    }
    for one in &own.required {
        let (name, value) = &one.value;
        let of_group = group.required.iter();
        let mut other = of_group.filter(|group| group.value.0 == *name && group.value.1 != *value);
        if let Some(other) = other.next() {
            let message = format!("the group demands another value of `{name}`");
            let diagnostic = found.at(Code::WeakenedGuard, one.span.clone(), message);
            let diagnostic = diagnostic.label(other.span.clone(), "the group's value is here");
            let help = "remove the line: a section can demand other variables, not other values";
            found.push(diagnostic.help(help));
        }
    }
}

fn filled_twice(secret: &Located<SecretSpec>, first: &Range<usize>, found: &mut Findings<'_>) {
    let message = format!("two secrets fill `{}`", secret.value.env);
    let diagnostic = found.at(Code::DuplicateSecret, secret.span.clone(), message);
    let diagnostic = diagnostic.label(first.clone(), "the first is here");
    found.push(diagnostic.help("give one of them another `env`, or remove it"));
}

/// A variable that holds a secret is not to be compared: a refusal would show
/// what it holds instead.
fn also_required(
    secret: &Located<SecretSpec>,
    own: bool,
    required: &BTreeMap<&str, Spot<'_>>,
    found: &mut Findings<'_>,
) {
    let env = secret.value.env.as_str();
    let wanted = |name: &str| required.get(name).filter(|wanted| own || wanted.own);
    let mut report = |wanted: Spot<'_>, message: String, help: &str| {
        let diagnostic = found.at(Code::SecretAlsoRequired, secret.span.clone(), message);
        let diagnostic = diagnostic.label(wanted.span.clone(), "required here");
        found.push(diagnostic.help(help));
    };
    if let Some(wanted) = wanted(env) {
        let message = format!("`{env}` is filled by a secret and required beforehand");
        let help = "remove it from `[requires_env]`, or let the secret fill another variable";
        report(*wanted, message, help);
    }
    let source = source_variable(&secret.value).filter(|source| *source != env);
    if let Some((source, wanted)) = source.and_then(|name| Some((name, wanted(name)?))) {
        let message = format!("`{source}` holds a secret, and its value is required here");
        report(*wanted, message, "remove it from `[requires_env]`");
    }
}

/// A path is shown and recorded, and the name of a file for all to see.
pub(super) fn shown_in_path(log: Option<&AuditLog>, own: &Written, found: &mut Findings<'_>) {
    for secret in &own.secrets {
        let source = source_variable(&secret.value);
        for (field, path, span) in log.into_iter().flat_map(AuditLog::paths) {
            let mut shown = path.variables().filter(|name| Some(*name) == source);
            let Some(source) = shown.next() else { continue };
            let message = format!("`{source}` holds a secret, and `{field}` would show its value");
            let diagnostic = found.at(Code::SecretAlsoRequired, span.clone(), message);
            let label = diagnostic.label(secret.span.clone(), "the secret is this one");
            found.push(label.help("name the file without it"));
        }
    }
}

/// The variable of qli's own environment that a secret is taken from.
fn source_variable(secret: &SecretSpec) -> Option<&str> {
    match secret.provider {
        ProviderId::Env => Some(secret.reference.as_str()),
        ProviderId::OnePassword => None,
    }
}
