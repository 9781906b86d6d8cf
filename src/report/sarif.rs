//! SARIF 2.1.0, the format in which code hosts take the findings of a tool.
//!
//! The types are our own: what a run of `validate` has to say needs a small part
//! of the standard (OASIS, Static Analysis Results Interchange Format 2.1.0).
//! Columns count Unicode scalar values, as everywhere in qli.

use std::ops::Range;

use serde::Serialize;

use super::Repository;
use crate::diagnostics::{Code, Diagnostic, Location, PolicyRule, Severity, Source};
use crate::names::{Sha256, visible_lines};

/// A file of findings.
#[derive(Debug, Serialize)]
pub struct Sarif {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    invocations: [Invocation; 1],
    column_kind: &'static str,
    results: Vec<Finding>,
}

/// Whether everything was looked at; without that no finding is no good news.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Debug, Serialize)]
struct Notification {
    level: &'static str,
    message: Text,
}

#[derive(Debug, Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Debug, Serialize)]
struct Driver {
    name: &'static str,
    version: &'static str,
    rules: Vec<Rule>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    name: &'static str,
    short_description: Text,
    help: Text,
    default_configuration: Level,
}

#[derive(Debug, Serialize)]
struct Level {
    level: &'static str,
}

#[derive(Debug, Serialize)]
struct Text {
    text: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding {
    rule_id: &'static str,
    rule_index: usize,
    level: &'static str,
    message: Text,
    locations: [SarifLocation; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<SarifLocation>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixes: Vec<FixOf>,
    partial_fingerprints: Fingerprints,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<Properties>,
}

/// What the standard has no name for.
#[derive(Debug, Serialize)]
struct Properties {
    policy: Policy,
}

/// A rule of an organisation, by where it is written.
#[derive(Debug, Serialize)]
struct Policy {
    /// A URI reference, as those of the places.
    file: String,
    pointer: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifLocation {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Text>,
    #[serde(rename = "physicalLocation")]
    physical: Physical,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    region: Region,
}

#[derive(Debug, Clone, Serialize)]
struct Artifact {
    uri: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_column: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_column: Option<usize>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FixOf {
    description: Text,
    artifact_changes: [Change; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    artifact_location: Artifact,
    replacements: Vec<Replacement>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Replacement {
    deleted_region: Region,
    inserted_content: Text,
}

/// Tells a finding from others when lines move: the code, the file, and what
/// stands on the line.
#[derive(Debug, Serialize)]
struct Fingerprints {
    #[serde(rename = "qli/v1")]
    v1: String,
}

/// Describes findings, and what could not be looked at.
pub fn sarif<'a>(
    list: impl IntoIterator<Item = &'a Diagnostic>,
    unchecked: &[String],
    repository: &Repository,
) -> Sarif {
    let codes: Vec<_> = Code::ALL.iter().filter(|code| !code.is_refusal()).collect();
    let index = |code: Code| codes.binary_search(&&code).unwrap_or_default();
    let results = list
        .into_iter()
        .map(|one| finding(one, index(one.code), repository));
    let results = results.collect();
    Sarif {
        schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "qli",
                    version: env!("CARGO_PKG_VERSION"),
                    rules: codes.iter().map(|code| rule(**code)).collect(),
                },
            },
            invocations: [Invocation {
                execution_successful: unchecked.is_empty(),
                tool_execution_notifications: unchecked
                    .iter()
                    .map(|one| notification(one))
                    .collect(),
            }],
            column_kind: "unicodeCodePoints",
            results,
        }],
    }
}

fn notification(unchecked: &str) -> Notification {
    Notification {
        level: "error",
        message: text(unchecked),
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn text(text: &str) -> Text {
    Text {
        text: visible_lines(text),
    }
}

fn rule(code: Code) -> Rule {
    Rule {
        id: code.number(),
        name: code.name(),
        short_description: text(code.title()),
        help: text(&code.page()),
        default_configuration: Level {
            level: level(code.severity()),
        },
    }
}

fn finding(one: &Diagnostic, rule_index: usize, repository: &Repository) -> Finding {
    let artifact = Artifact {
        uri: repository.uri(one.path()),
    };
    let help = one.help.as_deref().map(|help| format!("\n{help}"));
    let message = format!(
        "{}{}\n{}",
        one.message,
        help.unwrap_or_default(),
        one.effect()
    );
    Finding {
        rule_id: one.code.number(),
        rule_index,
        level: level(one.severity),
        message: text(&message),
        locations: [SarifLocation {
            id: None,
            message: None,
            physical: Physical {
                region: region(one),
                artifact_location: artifact.clone(),
            },
        }],
        related_locations: related(one, &artifact),
        fixes: fixes(one, &artifact),
        properties: one.policy.as_deref().map(|rule| Properties {
            policy: policy(rule, repository),
        }),
        partial_fingerprints: Fingerprints {
            v1: fingerprint(one, &artifact, repository),
        },
    }
}

/// Where it is; what is about a file itself is put at its first line.
fn region(one: &Diagnostic) -> Region {
    match &one.location {
        Location::Text { source, span } => region_of(source, span),
        Location::Path(_) => Region {
            start_line: 1,
            start_column: None,
            end_line: None,
            end_column: None,
        },
    }
}

fn region_of(source: &Source, span: &Range<usize>) -> Region {
    let (start, end) = (source.position(span.start), source.position(span.end));
    Region {
        start_line: start.line,
        start_column: Some(start.column),
        end_line: Some(end.line),
        end_column: Some(end.column),
    }
}

fn related(one: &Diagnostic, artifact: &Artifact) -> Vec<SarifLocation> {
    let Location::Text { source, .. } = &one.location else {
        return Vec::new();
    };
    let labels = one.labels.iter().enumerate();
    labels
        .map(|(id, label)| SarifLocation {
            id: Some(id),
            message: Some(text(&label.text)),
            physical: Physical {
                artifact_location: artifact.clone(),
                region: region_of(source, &label.span),
            },
        })
        .collect()
}

fn fixes(one: &Diagnostic, artifact: &Artifact) -> Vec<FixOf> {
    let (Some(fix), Location::Text { source, .. }) = (&one.fix, &one.location) else {
        return Vec::new();
    };
    let replacements = fix.edits.iter().map(|edit| Replacement {
        deleted_region: region_of(source, &edit.span),
        inserted_content: text(&edit.replacement),
    });
    vec![FixOf {
        description: text(one.help.as_deref().unwrap_or(&one.message)),
        artifact_changes: [Change {
            artifact_location: artifact.clone(),
            replacements: replacements.collect(),
        }],
    }]
}

fn policy(rule: &PolicyRule, repository: &Repository) -> Policy {
    Policy {
        file: repository.uri(&rule.file),
        pointer: visible_lines(&rule.pointer),
    }
}

/// Names a finding by what stays the same while lines move: what of two rules
/// is broken on one line is two findings.
fn fingerprint(one: &Diagnostic, artifact: &Artifact, repository: &Repository) -> String {
    let line = match &one.location {
        Location::Text { source, span } => source.shown().get(source.line(span.start)),
        Location::Path(_) => None,
    };
    let line = line.unwrap_or_default().trim();
    let mut parts = vec![
        one.code.number().to_owned(),
        artifact.uri.clone(),
        line.to_owned(),
    ];
    if let Some(rule) = &one.policy {
        let Policy { file, pointer } = policy(rule, repository);
        parts.extend([file, pointer]);
    }
    Sha256::of(parts.join("\n").as_bytes()).to_string()
}
