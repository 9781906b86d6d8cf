//! One policy: its compiled file, and what it finds in a manifest.

use std::cell::LazyCell;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};
use toml::de::DeTable;

use super::checker::Checker;
use super::dialect::Dialect;
use super::document::{KeywordError, PolicyDocument};
use super::expand::expand;
use super::keywords::{MESSAGE, SEVERITY, is_reference, scan};
use super::pointer::{JsonPointer, child};
use super::shape::Shape;
use super::spans::{SpanTree, json_of};
use super::unmet::unmet;
use super::violation::{Defect, Violation};
use crate::diagnostics::{
    Code, Diagnostic, Diagnostics, PolicyRule, SOURCE_MAX, Source, collect, sorted,
};
use crate::host::HostView;
use crate::names::visible_path;

#[derive(Debug)]
pub(super) struct Policy {
    document: PolicyDocument,
    checker: Checker,
    /// The most schemas that check one value.
    steps: usize,
}

/// The most schemas that check the values of one manifest: each may be violated.
const CHECKS_MAX: usize = 4_000_000;

impl Policy {
    /// Fails with everything that is wrong with the policy (QLI0902).
    pub(super) fn load(path: &Path, view: &dyn HostView) -> Result<Self, Diagnostics> {
        let read = view.read(path, SOURCE_MAX).map(|read| read.bytes);
        let document = PolicyDocument::parse(path, read)?;
        match compile(&document.json) {
            Ok((checker, steps)) => Ok(Self {
                document,
                checker,
                steps,
            }),
            Err(errors) => {
                let found = errors.into_iter().map(|error| document.diagnostic(error));
                Err(sorted(found.collect()))
            }
        }
    }

    /// Returns every rule that a manifest violates (QLI0901), and every rule
    /// that could not be checked (QLI0902).
    pub(super) fn check(&self, source: &Arc<Source>, root: &DeTable<'_>) -> Diagnostics {
        let mut found = Diagnostics::default();
        let manifest = json_of(root);
        if count(&manifest).saturating_mul(self.steps) > CHECKS_MAX {
            return vec![self.too_large(source)];
        }
        let spans = LazyCell::new(|| SpanTree::of_toml(root));
        let mut last = None;
        for one in self.checker.check(&manifest) {
            let one = match one {
                Ok(violation) => {
                    merge(&mut last, violation).map(|whole| self.diagnostic(source, &spans, &whole))
                }
                Err(error) => Some(self.document.diagnostic(error)),
            };
            if let Some(one) = one {
                collect(&mut found, one);
            }
        }
        found.extend(last.map(|last| self.diagnostic(source, &spans, &last)));
        sorted(found)
    }

    fn too_large(&self, source: &Source) -> Diagnostic {
        let path = visible_path(source.path());
        let message = format!("too many rules for as large a manifest as `{path}`");
        let error = KeywordError::value(JsonPointer::default(), message);
        let help = "write fewer rules, or split the group";
        self.document.diagnostic(error.help(help))
    }

    fn diagnostic(&self, source: &Arc<Source>, spans: &SpanTree, one: &Violation) -> Diagnostic {
        let enclosing = enclosing(&self.document.json, one);
        let nearest = |keyword: &str| {
            let mut inner_first = enclosing.iter().rev();
            let text = inner_first.find_map(|schema| schema.get(keyword)?.as_str());
            text.filter(|text| !text.trim().is_empty())
        };
        let rule = PolicyRule {
            file: self.document.source.path().as_os_str().into(),
            pointer: one.rule.to_string(),
        };
        let (what, at) = (one.message(), rule.shown());
        let (message, help) = match nearest(MESSAGE).or_else(|| nearest("title")) {
            Some(own) => (own.to_owned(), format!("{what}; see {at}")),
            None => (what, format!("see {at}")),
        };
        let span = location(spans, one);
        let diagnostic = Diagnostic::at(Code::PolicyViolation, source, span, message);
        let diagnostic = diagnostic.help(help).by(rule);
        match nearest(SEVERITY) {
            Some("warning") => diagnostic.as_warning(),
            _ => diagnostic,
        }
    }
}

/// Returns the compiled policy and the steps that a value may take.
fn compile(policy: &Value) -> Result<(Checker, usize), Vec<KeywordError>> {
    let Value::Object(keywords) = policy else {
        let error = KeywordError::value(JsonPointer::default(), "a policy must be a JSON object");
        let help = "write a JSON Schema, such as `{ \"required\": [\"banner\"] }`";
        return Err(vec![error.help(help)]);
    };
    let dialect = Dialect::of(policy).map_err(|error| vec![error])?;
    let mut scan = scan(policy, keywords, dialect);
    let mut errors = std::mem::take(&mut scan.errors);
    if scan.has_too_many_names() {
        return Err(errors);
    }
    let shape = Shape::of_manifest();
    let expanded = expand(policy, dialect, &scan, &shape);
    let expansion = expanded.map_err(|error| [errors.clone(), vec![error]].concat())?;
    match Checker::compile(policy, dialect, &scan) {
        Ok(checker) => {
            errors.extend(unmet(policy, dialect, &expansion, &shape));
            errors.extend(expansion.unresolved);
            let steps = expansion.steps;
            errors.is_empty().then_some((checker, steps)).ok_or(errors)
        }
        Err(more) => Err([errors, more].concat()),
    }
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(all) => all.iter().map(count).sum(),
        Value::Object(all) => all.values().map(count).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// Merges a violation with the last one, or replaces that, and returns it. Fields that
/// are missing by one rule are one violation.
fn merge(last: &mut Option<Violation>, one: Violation) -> Option<Violation> {
    let last_one = last.as_mut();
    let same =
        last_one.filter(|last| last.at == one.at && last.evaluation_path == one.evaluation_path);
    match (same.map(|last| &mut last.defect), one.defect) {
        (Some(Defect::Missing(names)), Defect::Missing(more)) => {
            names.extend(more);
            None
        }
        (_, defect) => last.replace(Violation { defect, ..one }),
    }
}

/// Returns where a manifest violates a rule: at the value, or at a name that is
/// not allowed.
fn location(spans: &SpanTree, one: &Violation) -> Range<usize> {
    let Defect::Name(name, _) = &one.defect else {
        return spans.follow(&one.at).span.clone();
    };
    let reached = spans.follow(&one.at.join(name));
    reached.key.as_ref().unwrap_or(&reached.span).clone()
}

/// Returns the schemas around a keyword, the outermost first, along its
/// evaluation path.
fn enclosing<'v>(policy: &'v Value, one: &Violation) -> Vec<&'v Map<String, Value>> {
    let path = &one.evaluation_path.0;
    let mut around = Vec::new();
    let mut here = Some(policy);
    for (index, step) in path.iter().enumerate() {
        around.extend(here.and_then(Value::as_object));
        let next = here.and_then(|value| child(value, step));
        here = match next.and_then(Value::as_str).filter(|_| is_reference(step)) {
            Some(written) => {
                let pointer = written.strip_prefix('#');
                let target = pointer.and_then(|pointer| policy.pointer(pointer));
                target.or_else(|| last_target(policy, &one.rule, path.len() - index - 1))
            }
            None => next,
        };
    }
    around
}

/// Follows the last reference on the path to a rule, whatever its form: from its
/// target `left` more steps lead to the keyword.
fn last_target<'v>(policy: &'v Value, rule: &JsonPointer, left: usize) -> Option<&'v Value> {
    let steps = rule.0.len().checked_sub(left)?;
    let steps = rule.0.get(..steps)?.to_vec();
    JsonPointer(steps).follow(policy)
}
