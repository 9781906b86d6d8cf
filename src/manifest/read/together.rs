//! What only shows when the fields are seen together.

use std::collections::BTreeMap;
use std::ops::Range;

use super::super::fields::Findings;
use super::super::{Located, SecretSpec};
use crate::diagnostics::Code;
use crate::names::{EnvName, PathTemplate};
use crate::providers::ProviderId;

/// Checks what only shows when the fields are seen together.
pub(super) fn contradictions(
    required: &[Located<(EnvName, String)>],
    secrets: &[Located<SecretSpec>],
    found: &mut Findings<'_>,
) {
    let mut first = BTreeMap::new();
    let required: BTreeMap<_, _> = required
        .iter()
        .map(|one| (one.value.0.as_str(), &one.span))
        .collect();
    for secret in secrets {
        let env = secret.value.env.as_str();
        let filled = *first.entry(env).or_insert(&secret.span);
        if *filled != secret.span {
            let message = format!("two secrets fill `{env}`");
            let diagnostic = found.at(Code::DuplicateSecret, secret.span.clone(), message);
            found.push(
                diagnostic
                    .label(filled.clone(), "the first is here")
                    .help("give one of them another `env`, or remove it"),
            );
        }
        if let Some(wanted) = required.get(env) {
            let message = format!("`{env}` is filled by a secret and required beforehand");
            let help = "remove it from `[requires_env]`, or let the secret fill another variable";
            also_required(secret, wanted, message, help, found);
        }
        // A refusal would show what the variable holds instead.
        let source = source_variable(&secret.value).filter(|source| *source != env);
        if let Some((source, wanted)) = source.and_then(|name| Some((name, required.get(name)?))) {
            let message = format!("`{source}` holds a secret, and its value is required here");
            also_required(
                secret,
                wanted,
                message,
                "remove it from `[requires_env]`",
                found,
            );
        }
    }
}

/// A path is shown and recorded, and the name of a file for all to see.
pub(super) fn shown_in_path(
    log: Option<&Located<PathTemplate>>,
    secrets: &[Located<SecretSpec>],
    found: &mut Findings<'_>,
) {
    for secret in secrets {
        let source = source_variable(&secret.value);
        let log = log.filter(|log| log.value.variables().any(|name| Some(name) == source));
        if let (Some(log), Some(source)) = (log, source) {
            let message =
                format!("`{source}` holds a secret, and `audit_log` would show its value");
            let diagnostic = found.at(Code::SecretAlsoRequired, log.span.clone(), message);
            let label = diagnostic.label(secret.span.clone(), "the secret is this one");
            found.push(label.help("name the log without it"));
        }
    }
}

fn also_required(
    secret: &Located<SecretSpec>,
    required: &Range<usize>,
    message: String,
    help: &str,
    found: &mut Findings<'_>,
) {
    let diagnostic = found.at(Code::SecretAlsoRequired, secret.span.clone(), message);
    found.push(
        diagnostic
            .label(required.clone(), "required here")
            .help(help),
    );
}

/// The variable of qli's own environment that a secret is taken from.
fn source_variable(secret: &SecretSpec) -> Option<&str> {
    match secret.provider {
        ProviderId::Env => Some(secret.reference.as_str()),
        ProviderId::OnePassword => None,
    }
}
