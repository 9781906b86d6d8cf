//! SARIF 2.1.0, the format in which code hosts accept findings (OASIS, Static Analysis
//! Results Interchange Format 2.1.0). Columns count Unicode scalar
//! values, as everywhere in qli.

use std::ops::Range;

use serde_json::{Value, json};

use super::Repository;
use crate::diagnostics::{Code, Diagnostic, Location, PolicyRule, Severity};
use crate::names::{Sha256, visible_lines};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// Describes findings, and what could not be checked: otherwise no findings would
/// look like success.
pub fn sarif<'a>(
    list: impl IntoIterator<Item = &'a Diagnostic>,
    unchecked: &[String],
    repository: &Repository,
) -> Value {
    let codes: Vec<_> = Code::ALL.iter().filter(|code| !code.is_refusal()).collect();
    let results = list.into_iter().map(|one| {
        let rule = codes.binary_search(&&one.code).unwrap_or_default();
        finding(one, rule, repository)
    });
    let unchecked = unchecked
        .iter()
        .map(|one| json!({ "level": "error", "message": text(one) }));
    let unchecked: Vec<_> = unchecked.collect();
    let invocation = without_empty(json!({
        "executionSuccessful": unchecked.is_empty(),
        "toolExecutionNotifications": unchecked,
    }));
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "qli",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": codes.iter().map(|code| rule(**code)).collect::<Vec<_>>(),
            } },
            "invocations": [invocation],
            "columnKind": "unicodeCodePoints",
            "results": results.collect::<Vec<_>>(),
        }],
    })
}

/// Omits properties that are null or an empty list.
fn without_empty(mut object: Value) -> Value {
    if let Some(object) = object.as_object_mut() {
        object.retain(|_, value| !value.is_null() && *value != json!([]));
    }
    object
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn text(text: &str) -> Value {
    json!({ "text": visible_lines(text) })
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.number(),
        "name": code.name(),
        "shortDescription": text(code.title()),
        "help": text(&code.page()),
        "defaultConfiguration": { "level": level(code.severity()) },
    })
}

fn finding(one: &Diagnostic, rule: usize, repository: &Repository) -> Value {
    let uri = repository.uri(one.path());
    let help = one.help.as_deref().map(|help| format!("\n{help}"));
    let help = help.unwrap_or_default();
    let message = format!("{}{help}\n{}", one.message, one.effect());
    let span = match &one.location {
        Location::Text { span, .. } => span,
        Location::Path(_) => &(0..0),
    };
    let related = one.labels.iter().enumerate().map(|(id, label)| {
        json!({
            "physicalLocation": physical(one, &uri, &label.span),
            "id": id,
            "message": text(&label.text),
        })
    });
    let policy = one.policy.as_deref().map(|rule| {
        let [file, pointer] = policy(rule, repository);
        json!({ "policy": { "file": file, "pointer": pointer } })
    });
    without_empty(json!({
        "ruleId": one.code.number(),
        "ruleIndex": rule,
        "level": level(one.severity),
        "message": text(&message),
        "locations": [{ "physicalLocation": physical(one, &uri, span) }],
        "partialFingerprints": { "qli/v1": fingerprint(one, &uri, repository) },
        "relatedLocations": related.collect::<Vec<_>>(),
        "fixes": fix(one, &uri).as_slice(),
        "properties": policy,
    }))
}

fn physical(one: &Diagnostic, uri: &str, span: &Range<usize>) -> Value {
    json!({ "artifactLocation": { "uri": uri }, "region": region(one, span) })
}

/// A problem of a file itself is reported at its first line.
fn region(one: &Diagnostic, span: &Range<usize>) -> Value {
    let Location::Text { source, .. } = &one.location else {
        return json!({ "startLine": 1 });
    };
    let (start, end) = (source.position(span.start), source.position(span.end));
    json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    })
}

fn fix(one: &Diagnostic, uri: &str) -> Option<Value> {
    let fix = one.fix.as_ref()?;
    Some(json!({
        "description": text(one.help.as_deref().unwrap_or(&one.message)),
        "artifactChanges": [{
            "artifactLocation": { "uri": uri },
            "replacements": [{
                "deletedRegion": region(one, &fix.span),
                "insertedContent": text(&fix.replacement),
            }],
        }],
    }))
}

fn policy(rule: &PolicyRule, repository: &Repository) -> [String; 2] {
    [
        repository.uri(rule.file.as_ref()),
        visible_lines(&rule.pointer),
    ]
}

/// Identifies a finding by what stays the same when lines move: its code, its file,
/// the text of its line, and the rule it violates.
fn fingerprint(one: &Diagnostic, uri: &str, repository: &Repository) -> String {
    let line = match &one.location {
        Location::Text { source, span } => source.shown().get(source.line(span.start)),
        Location::Path(_) => None,
    };
    let line = line.unwrap_or_default().trim();
    let mut parts = vec![
        one.code.number().to_owned(),
        uri.to_owned(),
        line.to_owned(),
    ];
    if let Some(rule) = &one.policy {
        parts.extend(policy(rule, repository));
    }
    Sha256::of(parts.join("\n").as_bytes()).to_string()
}
