//! From text to [`Manifest`]: one pass, all problems.

use std::ops::Range;
use std::sync::Arc;

use toml::de::DeTable;

use super::fields::{Fields, Findings, Value, boolean, integer, string, table, tables, text};
use super::{Located, Manifest, SecretSpec, quoted};
use crate::diagnostics::{Code, Diagnostic, Diagnostics, Source, nearest, one_of};
use crate::names::{EnvName, NameError, PathTemplate, SecretRef, TemplateError};
use crate::providers::ProviderId;

/// The fields of the top level.
pub(super) const TOP: [&str; 7] = [
    "schema_version",
    "description",
    "banner",
    "confirm",
    "audit_log",
    "requires_env",
    "secrets",
];

/// Reads a manifest.
///
/// # Errors
///
/// Every problem of the text, errors and warnings, sorted by place. After a
/// syntax error only syntax errors are reported: what the rest of the text
/// means is then a guess.
pub fn parse(source: &Arc<Source>) -> Result<Manifest, Diagnostics> {
    let mut found = Findings::new(source);
    let (root, errors) = DeTable::parse_recoverable(source.text());
    if !errors.is_empty() {
        return Err(syntax_errors(&errors, source));
    }
    let manifest = read(root.get_ref(), &mut found);
    let list = found.list.sorted();
    match manifest {
        Some(manifest) if !list.has_errors() => Ok(Manifest {
            warnings: list,
            ..manifest
        }),
        _ => Err(list),
    }
}

/// Of several syntax errors on a line the first is the cause of the others.
fn syntax_errors(errors: &[toml::de::Error], source: &Arc<Source>) -> Diagnostics {
    let mut found = Findings::new(source);
    let mut errors: Vec<_> = errors
        .iter()
        .map(|error| (error.span().unwrap_or(0..0), error.message()))
        .collect();
    errors.sort_by_key(|(span, _)| (span.start, span.end));
    let mut last_line = 0;
    for (span, message) in errors {
        let line = source.position(span.start).line;
        if line == last_line {
            continue;
        }
        last_line = line;
        found.push(syntax_error(message, span, &found));
    }
    found.list.sorted()
}

fn syntax_error(message: &str, span: Range<usize>, found: &Findings<'_>) -> Diagnostic {
    if message == "duplicate key" {
        let key = found.source.text().get(span.clone()).unwrap_or_default();
        let message = format!("{} is defined twice", quoted(key));
        let diagnostic = found.at(Code::DuplicateField, span, message);
        return diagnostic.help("keep one of them");
    }
    let message = message.lines().next().unwrap_or("this is not TOML");
    let diagnostic = found.at(Code::SyntaxError, span, message.to_owned());
    diagnostic.help("a line is `field = value`, and text stands in quotation marks")
}

/// Reads every field, whatever the others are like.
fn read(root: &DeTable<'_>, found: &mut Findings<'_>) -> Option<Manifest> {
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
    let message = format!("`audit_log` {} cannot be read: {error}", quoted(written));
    found.push(found.at(code, value.span(), message).help(help));
    None
}

fn requires_env(value: &Value<'_>, found: &mut Findings<'_>) -> Vec<Located<(EnvName, String)>> {
    let Some(table) = table("requires_env", value, found) else {
        return Vec::new();
    };
    let mut required = Vec::new();
    for (key, value) in table {
        let name = key.get_ref().as_ref();
        if TOP.contains(&name) {
            let message = format!("`{name}` stands inside `[requires_env]`");
            let diagnostic = found
                .at(Code::MisplacedField, key.span(), message)
                .help("move this line above the header")
                .label(
                    table_header(found.source, key.span().start),
                    "this table goes on until the next header",
                );
            found.push(diagnostic);
            continue;
        }
        let env = env_name(name, key.span(), found);
        let wanted = string(name, value, found);
        if let (Some(env), Some(wanted)) = (env, wanted) {
            required.push(Located {
                value: (env, wanted.to_owned()),
                span: key.span(),
            });
        }
    }
    required.sort_by_key(|one| one.span.start);
    required
}

/// Finds the header line above a place.
fn table_header(source: &Source, below: usize) -> Range<usize> {
    let before = source.text().get(..below).unwrap_or_default();
    let at = before.rfind("[requires_env]").unwrap_or(below);
    source.line(at)
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
    for (index, secret) in secrets.iter().enumerate() {
        let env = &secret.value.env;
        let earlier = secrets
            .iter()
            .take(index)
            .find(|other| other.value.env == *env);
        if let Some(first) = earlier {
            let message = format!("two secrets fill `{env}`");
            let diagnostic = found.at(Code::DuplicateSecret, secret.span.clone(), message);
            found.push(
                diagnostic
                    .label(first.span.clone(), "the first is here")
                    .help("give one of them another `env`, or remove it"),
            );
        }
        let source = source_variable(&secret.value);
        for wanted in required {
            let name = &wanted.value.0;
            let (message, help) = if name == env {
                (
                    format!("`{name}` is filled by a secret and required beforehand"),
                    "remove it from `[requires_env]`, or let the secret fill another variable",
                )
            } else if source == Some(name.as_str()) {
                // A refusal would show what the variable holds instead.
                (
                    format!("`{name}` holds a secret, and its value is required here"),
                    "remove it from `[requires_env]`",
                )
            } else {
                continue;
            };
            let diagnostic = found.at(Code::SecretAlsoRequired, secret.span.clone(), message);
            let label = diagnostic.label(wanted.span.clone(), "required here");
            found.push(label.help(help));
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
