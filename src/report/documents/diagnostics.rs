//! The document of diagnostics.

use std::ops::Range;

use schemars::JsonSchema;
use serde::Serialize;

use super::SCHEMA_VERSION;
use crate::diagnostics::{Diagnostic, Location, PolicyRule, Position, Safety, Source};
use crate::names::{Text, without_tokens};

/// `qli validate --format json`, and `explain --format json` when no plan can be
/// made.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct DiagnosticsDocument {
    /// Version of this document: 1.
    pub schema_version: u32,
    /// Number of manifests that were read; embedded ones are never counted.
    pub files: usize,
    /// The problems, sorted by path and location: of each file at most 100, errors
    /// first, and one (`QLI0011`) that counts the others.
    pub diagnostics: Vec<DiagnosticDocument>,
}

/// One problem.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct DiagnosticDocument {
    /// Its number, such as `QLI0102`.
    pub code: &'static str,
    /// Its name, such as `unknown-field`.
    pub name: &'static str,
    /// `error`, `warning` or `info`.
    pub severity: &'static str,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What it means for runs.
    pub effect: String,
    /// The next step, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The file, directory or name it is about.
    pub path: Text,
    /// Where in the file; absent if it is about the path itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub span: Option<SpanDocument>,
    /// Other locations in the same file that belong to it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub labels: Vec<LabelDocument>,
    /// How to fix the text, where that is certain or likely.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<FixDocument>,
    /// The policy's rule that is violated; only for `QLI0901`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<Box<PolicyRule>>,
}

/// Edits of a file that fix a problem.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct FixDocument {
    /// Whether it can be applied without review.
    pub safety: Safety,
    /// The edits; no two overlap.
    pub edits: Vec<EditDocument>,
}

/// One edit of a file.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct EditDocument {
    /// What is replaced.
    pub span: SpanDocument,
    /// What replaces it.
    pub replacement: String,
}

/// A range of a file.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct SpanDocument {
    /// Where it starts.
    pub start: Position,
    /// Where it ends, exclusive.
    pub end: Position,
}

/// Another location of a problem.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct LabelDocument {
    /// What is there.
    pub text: String,
    /// Where.
    pub span: SpanDocument,
}

impl DiagnosticsDocument {
    pub fn new<'a>(files: usize, found: impl IntoIterator<Item = &'a Diagnostic>) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            files,
            diagnostics: found.into_iter().map(DiagnosticDocument::new).collect(),
        }
    }
}

impl SpanDocument {
    fn new(source: &Source, span: &Range<usize>) -> Self {
        Self {
            start: source.position(span.start),
            end: source.position(span.end),
        }
    }
}

impl DiagnosticDocument {
    pub(super) fn new(one: &Diagnostic) -> Self {
        let (source, span) = match &one.location {
            Location::Text { source, span } => (Some(source), Some(span)),
            Location::Path(_) => (None, None),
        };
        let location = |span: &Range<usize>| Some(SpanDocument::new(source?, span));
        let labels = one.labels.iter().filter_map(|label| {
            let text = label.text.clone();
            location(&label.span).map(|span| LabelDocument { text, span })
        });
        let fix = one.fix.as_ref().and_then(|fix| {
            let span = location(&fix.span)?;
            let replacement = without_tokens(&fix.replacement).into_owned();
            let edits = vec![EditDocument { span, replacement }];
            let safety = fix.safety;
            Some(FixDocument { safety, edits })
        });
        Self {
            code: one.code.number(),
            name: one.code.name(),
            severity: one.severity.as_str(),
            message: one.message.clone(),
            effect: one.effect(),
            help: one.help.clone(),
            path: one.path().as_os_str().into(),
            span: span.and_then(location),
            labels: labels.collect(),
            fix,
            policy: one.policy.clone(),
        }
    }
}
