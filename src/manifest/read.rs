//! From text to [`Manifest`]: one pass, all problems.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use toml::de::DeTable;

use super::fields::{Fields, Findings, Value, boolean, integer, string, table, tables, text};
use super::known::TOP;
use super::syntax::Spoilt;
use super::{Located, Manifest, SecretSpec, oddities, quoted, syntax};
use crate::diagnostics::{Code, Diagnostics, Source, nearest, one_of};
use crate::names::{EnvName, NameError, PathTemplate, SecretRef, TemplateError};
use crate::providers::ProviderId;

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
    let mut found = Findings::new(source, Spoilt::default());
    let manifest = read(root.get_ref(), &mut found);
    oddities::look(root.get_ref(), &mut found);
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
    oddities::look(root.get_ref(), &mut found);
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
    let confirm = top
        .optional("confirm")
        .and_then(|v| boolean("confirm", v, found));
    let audit_log = top.optional("audit_log").and_then(|v| audit_log(v, found));
    let required = top.optional("requires_env").map(|v| requires_env(v, found));
    let secrets = top.optional("secrets").map(|v| secrets(v, found));
    top.finish(found);
    let (required, secrets) = (required.unwrap_or_default(), secrets.unwrap_or_default());
    contradictions(&required, &secrets, found);
    shown_in_path(audit_log.as_ref(), &secrets, found);
    version?;
    Some(Manifest {
        description: description?,
        banner,
        requires_env: required.into_iter().map(|one| one.value).collect(),
        confirm: confirm.unwrap_or(false),
        audit_log,
        secrets: secrets.into_iter().map(|one| one.value).collect(),
        source: Arc::clone(found.source),
        warnings: Diagnostics::default(),
    })
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

fn audit_log(value: &Value<'_>, found: &mut Findings<'_>) -> Option<Located<PathTemplate>> {
    let written = string("audit_log", value, found)?;
    let error = match PathTemplate::parse(written) {
        Ok(template) => {
            return Some(Located {
                value: template,
                span: value.span(),
            });
        }
        Err(error) => error,
    };
    let (code, help) = match error {
        TemplateError::Empty => (
            Code::EmptyValue,
            "write a path, or remove the line to record nothing",
        ),
        TemplateError::Relative => (
            Code::AuditPathRelative,
            "start it with `/`, `~/` or a variable, such as `$XDG_STATE_HOME/qli/audit.log`",
        ),
        TemplateError::Unclosed => (Code::AuditPathMalformed, "close it: `${NAME}`"),
        TemplateError::NoName | TemplateError::Nul => (
            Code::AuditPathMalformed,
            "variables are written `$NAME` or `${NAME}`",
        ),
        TemplateError::NoFile => (Code::AuditPathMalformed, "end it with the name of a file"),
        TemplateError::OtherHome => (
            Code::AuditPathMalformed,
            "write the other user's directory out",
        ),
    };
    let message = match written {
        "" => "`audit_log` is empty".to_owned(),
        _ => format!("`audit_log` {} cannot be read: {error}", quoted(written)),
    };
    found.push(found.at(code, value.span(), message).help(help));
    None
}

fn requires_env(value: &Value<'_>, found: &mut Findings<'_>) -> Vec<Located<(EnvName, String)>> {
    let header = value.span();
    let Some(table) = table("requires_env", value, found) else {
        return Vec::new();
    };
    let mut required = Vec::new();
    for (key, value) in table {
        let name = key.get_ref().as_ref();
        if TOP.contains(&name) {
            found.misplaced(name, key.span(), "[requires_env]", header.clone());
            continue;
        }
        let env = env_name(name, key.span(), found);
        let wanted = string(name, value, found);
        if let (Some(env), Some(wanted)) = (env, wanted) {
            if env.looks_secret() && !wanted.is_empty() {
                literal_secret(&env, value.span(), found);
            }
            required.push(Located {
                value: (env, wanted.to_owned()),
                span: key.span(),
            });
        }
    }
    required.sort_by_key(|one| one.span.start);
    required
}

/// Warns of a value that whoever reads the manifest would know.
fn literal_secret(name: &EnvName, span: Range<usize>, found: &mut Findings<'_>) {
    let message = format!("the value of `{name}` stands in the manifest");
    let diagnostic = found.at(Code::LiteralSecret, span, message);
    found.push(diagnostic.help("if it is a secret, let `[[secrets]]` fetch it instead"));
}

fn env_name(name: &str, span: Range<usize>, found: &mut Findings<'_>) -> Option<EnvName> {
    match name.parse() {
        Ok(name) => Some(name),
        Err(error) => {
            let error: NameError = error;
            let message = format!("{} is no variable name: {error}", quoted(name));
            found.push(found.at(Code::InvalidEnvName, span, message).help(
                "a variable name holds letters, digits and `_`, and does not start with a digit",
            ));
            None
        }
    }
}

fn secrets(value: &Value<'_>, found: &mut Findings<'_>) -> Vec<Located<SecretSpec>> {
    tables("secrets", value, found)
        .into_iter()
        .filter_map(|(table, header)| secret(table, header, found))
        .collect()
}

fn secret(
    table: &DeTable<'_>,
    header: Range<usize>,
    found: &mut Findings<'_>,
) -> Option<Located<SecretSpec>> {
    let mut fields = Fields::of(table, header.clone());
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
        .and_then(|value| provider(value, found));
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

fn provider(value: &Value<'_>, found: &mut Findings<'_>) -> Option<ProviderId> {
    let name = string("provider", value, found)?;
    let known = || ProviderId::ALL.iter().map(|id| id.as_str());
    let id = ProviderId::ALL.iter().find(|id| id.as_str() == name);
    if id.is_none() {
        let message = format!("unknown provider {}", quoted(name));
        let help = match nearest(name, known()) {
            Some(close) => format!("did you mean `{close}`?"),
            None => format!("the providers are {}", one_of(known())),
        };
        found.push(
            found
                .at(Code::UnknownValue, value.span(), message)
                .help(help),
        );
    }
    id.copied()
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

/// Checks what only shows when the fields are seen together.
fn contradictions(
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
fn shown_in_path(
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
