//! SARIF 2.1.0, the format in which code hosts accept findings (OASIS, Static Analysis
//! Results Interchange Format 2.1.0). Columns count Unicode scalar
//! values, as everywhere in qli.

use std::ops::Range;

use serde_json::{Value, json};

use super::Repository;
use crate::diagnostics::{Code, Diagnostic, Location, PolicyRule, Severity};
use crate::names::{Sha256, visible_lines, without_tokens};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The most results of a run and of a file.
struct Limits {
    run: usize,
    file: usize,
}

/// GitHub refuses more results in a run, and files of more than 10 MB when compressed
/// (GitHub Docs, SARIF support for code scanning).
const GITHUB: Limits = Limits {
    run: 25_000,
    file: 100_000,
};

/// Describes findings, and what could not be checked: otherwise no findings would
/// look like success.
pub fn sarif<'a>(
    list: impl IntoIterator<Item = &'a Diagnostic>,
    unchecked: &[String],
    repository: &Repository,
) -> Value {
    within(&GITHUB, list, unchecked, repository)
}

fn within<'a>(
    limits: &Limits,
    list: impl IntoIterator<Item = &'a Diagnostic>,
    unchecked: &[String],
    repository: &Repository,
) -> Value {
    let codes: Vec<_> = Code::ALL.iter().filter(|code| !code.is_refusal()).collect();
    let mut list = list.into_iter();
    let results = list.by_ref().take(limits.file).map(|one| {
        let rule = codes.binary_search(&&one.code).unwrap_or_default();
        finding(one, rule, repository)
    });
    let results: Vec<_> = results.collect();
    let notification = |level, message: &str| json!({ "level": level, "message": text(message) });
    let mut notifications: Vec<_> = unchecked
        .iter()
        .map(|one| notification("error", one))
        .collect();
    let left_out = list.count();
    if left_out > 0 {
        let message = format!("problems left out of this report: {left_out}");
        notifications.push(notification("warning", &message));
    }
    let mut invocation = without_empty(json!({
        "executionSuccessful": unchecked.is_empty(),
        "toolExecutionNotifications": notifications,
    }));
    let mut runs: Vec<_> = results.chunks(limits.run).collect();
    if runs.is_empty() {
        runs.push(&[]);
    }
    let rules: Vec<_> = codes.iter().map(|code| rule(**code)).collect();
    let runs = runs.into_iter().enumerate().map(|(nth, results)| {
        let invocation = std::mem::replace(&mut invocation, json!({ "executionSuccessful": true }));
        run(nth, results, &rules, &invocation)
    });
    json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": runs.collect::<Vec<_>>() })
}

/// GitHub refuses a file with two runs of one tool in one category, which the id names;
/// the first run leaves the category to the upload.
fn run(nth: usize, results: &[Value], rules: &[Value], invocation: &Value) -> Value {
    let mut run = json!({
        "tool": { "driver": {
            "name": "qli",
            "version": env!("CARGO_PKG_VERSION"),
            "rules": rules,
        } },
        "invocations": [invocation],
        "columnKind": "unicodeCodePoints",
        "results": results,
    });
    if let (1.., Some(run)) = (nth, run.as_object_mut()) {
        let id = json!({ "id": format!("qli-part-{}/", nth + 1) });
        run.insert("automationDetails".to_owned(), id);
    }
    run
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
        "fullDescription": text(code.summary()),
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
                "insertedContent": text(&without_tokens(&fix.replacement)),
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::host::fake::World;

    fn of(count: usize) -> Vec<Value> {
        let one = Diagnostic::of_path(Code::NoManifest, Path::new("/a"), "m".to_owned());
        let (list, limits) = (vec![one; count], Limits { run: 3, file: 7 });
        let repository = Repository::find(&World::new());
        let report = within(&limits, &list, &[], &repository);
        report["runs"].as_array().unwrap().clone()
    }

    #[test]
    fn more_results_than_a_run_may_have_become_runs_in_categories_of_their_own() {
        let counts = |runs: &[Value]| -> Vec<usize> {
            let runs = runs.iter();
            runs.map(|run| run["results"].as_array().unwrap().len())
                .collect()
        };
        for (count, expected) in [(0, &[0][..]), (3, &[3]), (4, &[3, 1]), (8, &[3, 3, 1])] {
            let runs = of(count);
            assert_eq!(counts(&runs), expected);
            let ids: Vec<_> = runs
                .iter()
                .map(|run| &run["automationDetails"]["id"])
                .collect();
            let others = ["qli-part-2/", "qli-part-3/"].map(Value::from);
            assert!(ids[0].is_null() && ids[1..].iter().copied().eq(&others[..ids.len() - 1]));
        }
        let told = &of(8)[0]["invocations"][0]["toolExecutionNotifications"];
        assert_eq!(
            told[0]["message"]["text"],
            "problems left out of this report: 1"
        );
        assert!(of(7)[0]["invocations"][0]["toolExecutionNotifications"].is_null());
    }

    /// GitHub's limits of the texts of a rule.
    #[test]
    fn every_rule_is_described_within_the_limits() {
        let rules = of(0)[0]["tool"]["driver"]["rules"].clone();
        for rule in rules.as_array().unwrap() {
            for (text, max) in [("shortDescription", 1024), ("fullDescription", 1024)] {
                let text = rule[text]["text"].as_str().unwrap();
                assert!((20..max).contains(&text.len()), "{rule}");
            }
        }
    }
}
