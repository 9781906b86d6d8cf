//! SARIF 2.1.0, the format in which code hosts take the findings of a tool (OASIS,
//! Static Analysis Results Interchange Format 2.1.0). Columns count Unicode scalar
//! values, as everywhere in qli.

use std::ops::Range;

use serde_json::{Value, json};

use super::Repository;
use crate::diagnostics::{Code, Diagnostic, Location, PolicyRule, Severity, Source};
use crate::names::{Sha256, visible_lines};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// Describes findings, and what could not be checked: without that, no findings
/// would be no good news.
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
    let mut invocation = json!({ "executionSuccessful": unchecked.is_empty() });
    let unchecked = unchecked
        .iter()
        .map(|one| json!({ "level": "error", "message": text(one) }));
    add(&mut invocation, "toolExecutionNotifications", unchecked);
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

/// Adds a list unless it is empty.
fn add(object: &mut Value, key: &str, list: impl Iterator<Item = Value>) {
    let list: Vec<_> = list.collect();
    if let (Some(object), false) = (object.as_object_mut(), list.is_empty()) {
        object.insert(key.to_owned(), list.into());
    }
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
    let mut finding = json!({
        "ruleId": one.code.number(),
        "ruleIndex": rule,
        "level": level(one.severity),
        "message": text(&message),
        "locations": [physical(&uri, &region(one))],
        "partialFingerprints": { "qli/v1": fingerprint(one, &uri, repository) },
    });
    if let Location::Text { source, .. } = &one.location {
        add(&mut finding, "relatedLocations", related(one, source, &uri));
        add(&mut finding, "fixes", fix(one, source, &uri).into_iter());
    }
    if let (Some(rule), Some(finding)) = (one.policy.as_deref(), finding.as_object_mut()) {
        let [file, pointer] = policy(rule, repository);
        let policy = json!({ "policy": { "file": file, "pointer": pointer } });
        finding.insert("properties".to_owned(), policy);
    }
    finding
}

fn physical(uri: &str, region: &Value) -> Value {
    json!({ "physicalLocation": { "artifactLocation": { "uri": uri }, "region": region } })
}

/// A problem of a file itself is reported at its first line.
fn region(one: &Diagnostic) -> Value {
    match &one.location {
        Location::Text { source, span } => region_of(source, span),
        Location::Path(_) => json!({ "startLine": 1 }),
    }
}

fn region_of(source: &Source, span: &Range<usize>) -> Value {
    let (start, end) = (source.position(span.start), source.position(span.end));
    json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    })
}

fn related<'a>(
    one: &'a Diagnostic,
    source: &'a Source,
    uri: &'a str,
) -> impl Iterator<Item = Value> + 'a {
    one.labels.iter().enumerate().map(move |(id, label)| {
        let mut location = physical(uri, &region_of(source, &label.span));
        if let Some(location) = location.as_object_mut() {
            let fields = [("id", json!(id)), ("message", text(&label.text))];
            location.extend(fields.map(|(key, value)| (key.to_owned(), value)));
        }
        location
    })
}

fn fix(one: &Diagnostic, source: &Source, uri: &str) -> Option<Value> {
    let edits = one.fix.as_ref()?.edits.iter().map(|edit| {
        json!({
            "deletedRegion": region_of(source, &edit.span),
            "insertedContent": text(&edit.replacement),
        })
    });
    Some(json!({
        "description": text(one.help.as_deref().unwrap_or(&one.message)),
        "artifactChanges": [{
            "artifactLocation": { "uri": uri },
            "replacements": edits.collect::<Vec<_>>(),
        }],
    }))
}

fn policy(rule: &PolicyRule, repository: &Repository) -> [String; 2] {
    [repository.uri(&rule.file), visible_lines(&rule.pointer)]
}

/// Identifies a finding by what stays the same when lines move: its code, its
/// file, the text of its line, and the rule it breaks.
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
