//! `secrets`: what each fills, by what reference, and whom it is asked from.

use std::ops::Range;

use toml::de::DeTable;

use super::super::fields::{Fields, Findings, Value};
use super::super::typed::{choice, string, tables};
use super::super::{Located, SecretSpec, quoted};
use super::env::env_name;
use crate::diagnostics::Code;
use crate::names::{EnvName, SecretRef};
use crate::providers::ProviderId;

/// Reads secrets, in the file's order.
pub(super) fn secrets(value: &Value<'_>, found: &mut Findings<'_>) -> Vec<Located<SecretSpec>> {
    tables(&found.path_of("secrets"), value, found)
        .into_iter()
        .filter_map(|(table, header)| secret(table, header, found))
        .collect()
}

fn secret(
    table: &DeTable<'_>,
    header: Range<usize>,
    found: &mut Findings<'_>,
) -> Option<Located<SecretSpec>> {
    let title = format!("[[{}]]", found.path_of("secrets"));
    let mut fields = Fields::of(table, header.clone()).titled(title);
    let env = fields.required("env").and_then(|value| {
        let name = string("env", value, found)?;
        let name = env_name(name, value.span(), found)?;
        not_own(&name, value.span(), found)?;
        if obeyed(name.as_str()) {
            let message = format!("`{name}` decides which code runs");
            let diagnostic = found.at(Code::LoaderVariable, value.span(), message);
            found
                .push(diagnostic.help("let the secret fill a variable that only the script reads"));
        }
        Some((name, value.span()))
    });
    let reference = fields.required("ref");
    let provider = fields
        .required("provider")
        .and_then(|value| choice("provider", value, found));
    let reference = reference.and_then(|value| reference_of(value, provider, found));
    fields.finish(found);
    let (env, span) = env?;
    Some(Located {
        value: SecretSpec {
            env,
            reference: reference?,
            provider: provider?,
        },
        span,
    })
}

/// A variable that qli itself sets for the script cannot hold a secret.
fn not_own(name: &EnvName, span: Range<usize>, found: &mut Findings<'_>) -> Option<()> {
    if !["QLI_RUN_ID", "QLI_GROUP", "QLI_EXTENSION"].contains(&name.as_str()) {
        return Some(());
    }
    let message = format!("`{name}` is set by qli itself");
    let diagnostic = found.at(Code::InvalidEnvName, span, message);
    found.push(diagnostic.help("give the secret another variable"));
    None
}

/// Says whether a loader, a shell or an interpreter obeys a variable
/// (ld.so(8), bash(1), and the manuals of the interpreters).
fn obeyed(name: &str) -> bool {
    const NAMES: [&str; 14] = [
        "PATH",
        "IFS",
        "CDPATH",
        "ENV",
        "BASH_ENV",
        "SHELLOPTS",
        "BASHOPTS",
        "PS4",
        "GLOBIGNORE",
        "GCONV_PATH",
        "JAVA_TOOL_OPTIONS",
        "NODE_OPTIONS",
        "NODE_PATH",
        "GIT_SSH_COMMAND",
    ];
    const STARTS: [&str; 6] = ["LD_", "DYLD_", "PERL5", "PYTHON", "RUBY", "GIT_CONFIG"];
    NAMES.contains(&name) || STARTS.iter().any(|start| name.starts_with(start))
}

/// Reads a reference; its grammar is checked only for a provider that is known.
fn reference_of(
    value: &Value<'_>,
    provider: Option<ProviderId>,
    found: &mut Findings<'_>,
) -> Option<SecretRef> {
    let written = string("ref", value, found)?;
    let Ok(reference) = written.parse::<SecretRef>() else {
        let message = "`ref` is empty".to_owned();
        let diagnostic = found.at(Code::EmptyValue, value.span(), message);
        found.push(diagnostic.help("say what the provider is to look up"));
        return None;
    };
    let provider = provider?;
    if let Err(grammar) = provider.row().check(written) {
        let message = format!(
            "{} is no reference of `{}`",
            quoted(written),
            provider.as_str()
        );
        let diagnostic = found.at(Code::MalformedReference, value.span(), message);
        found.push(diagnostic.help(format!("write {grammar}")));
        return None;
    }
    Some(reference)
}
