//! One policy: its file, compiled, and what it says of a manifest.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};
use toml::de::DeTable;

use super::checker::Checker;
use super::draft::Draft;
use super::fact::{About, Fact, Finding};
use super::keywords::{MESSAGE, SEVERITY, is_reference, look};
use super::pointer::{Pointer, child};
use super::text::{Fault, Text};
use super::tree::{Node, json_of};
use crate::diagnostics::{Code, Diagnostic, Diagnostics, PolicyRule, SOURCE_MAX, Source};
use crate::host::HostView;

/// A policy that can be used.
#[derive(Debug)]
pub(super) struct Policy {
    text: Text,
    checker: Checker,
}

impl Policy {
    /// Reads and compiles a policy.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, each at its place (QLI0902).
    pub(super) fn load(path: &Path, view: &dyn HostView) -> Result<Self, Diagnostics> {
        let read = view.read(path, SOURCE_MAX).map(|read| read.bytes);
        let text = Text::read(path, read)?;
        match compile(&text.document) {
            Ok(checker) => Ok(Self { text, checker }),
            Err(faults) => {
                let mut found = Diagnostics::default();
                let faults = faults.into_iter();
                found.extend(faults.map(|fault| text.diagnostic(fault)));
                Err(found.sorted())
            }
        }
    }

    /// Checks a manifest that was read without an error: every rule that it
    /// breaks (QLI0901), and every rule that cannot be checked (QLI0902).
    pub(super) fn check(&self, source: &Arc<Source>, root: &DeTable<'_>) -> Diagnostics {
        let mut found = Diagnostics::default();
        let checked = self.checker.check(&json_of(root));
        if checked.is_empty() {
            return found;
        }
        let locations = Node::of_toml(root);
        let mut broken: Vec<Finding> = Vec::new();
        for one in checked {
            match one {
                Ok(finding) => add(&mut broken, finding),
                Err(fault) => found.push(self.text.diagnostic(fault)),
            }
        }
        let broken = broken.into_iter();
        found.extend(broken.map(|one| self.violation(source, &locations, &one)));
        found
    }

    fn violation(&self, source: &Arc<Source>, locations: &Node, finding: &Finding) -> Diagnostic {
        let enclosing = enclosing(&self.text.document, finding);
        let nearest = |keyword: &str| {
            let mut inner_first = enclosing.iter().rev();
            let text = inner_first.find_map(|schema| schema.get(keyword)?.as_str());
            text.filter(|text| !text.trim().is_empty())
        };
        let rule = PolicyRule {
            file: self.text.source.path().to_owned(),
            pointer: finding.rule.to_string(),
        };
        let fact = finding.words(About::Manifest);
        let (message, help) = match nearest(MESSAGE).or_else(|| nearest("title")) {
            Some(own) => (
                own.to_owned(),
                format!("{fact}; the rule is {}", rule.shown()),
            ),
            None => (fact, format!("the rule is {}", rule.shown())),
        };
        let span = location(locations, finding);
        let one = Diagnostic::at(Code::PolicyViolation, source, span, message);
        let one = one.help(help).by(rule);
        match nearest(SEVERITY) {
            Some("warning") => one.as_warning(),
            _ => one,
        }
    }
}

fn compile(document: &Value) -> Result<Checker, Vec<Fault>> {
    let draft = Draft::of(document).map_err(|fault| vec![fault])?;
    let mut seen = look(document, draft);
    let faults = std::mem::take(&mut seen.faults);
    if !document.is_object() {
        return Err(faults);
    }
    match Checker::compile(document, draft, &seen) {
        Ok(checker) if faults.is_empty() => Ok(checker),
        Ok(_) => Err(faults),
        Err(more) => Err([faults, more].concat()),
    }
}

/// Adds a finding, to the last one if it is the same mistake: more fields are
/// missing by the same rule.
fn add(broken: &mut Vec<Finding>, one: Finding) {
    let last = broken.last_mut();
    let same = last.filter(|last| last.at == one.at && last.way == one.way);
    match (same.map(|last| &mut last.fact), one.fact) {
        (Some(Fact::Missing(names)), Fact::Missing(more)) => names.extend(more),
        (_, fact) => broken.push(Finding { fact, ..one }),
    }
}

/// Where a manifest breaks a rule: at the value, or, if it may not be there at
/// all, at its name.
fn location(locations: &Node, finding: &Finding) -> Range<usize> {
    let name = match &finding.fact {
        Fact::Unexpected(name) | Fact::BadName(name) => Some(name),
        Fact::Missing(_)
        | Fact::NotOf(_)
        | Fact::Type(..)
        | Fact::NoMatch(_)
        | Fact::Format(_)
        | Fact::Bounds(..)
        | Fact::Twice
        | Fact::Elements
        | Fact::Forbidden
        | Fact::NoneOf(_)
        | Fact::SeveralOf
        | Fact::Other(_) => None,
    };
    let at = name.map_or_else(|| finding.at.clone(), |name| finding.at.join(name));
    let reached = locations.follow(&at);
    let key = reached.key.filter(|_| name.is_some());
    key.unwrap_or(&reached.node.span).clone()
}

/// Returns the schemas around a keyword, the outermost first, along the way that
/// led to it.
fn enclosing<'v>(document: &'v Value, finding: &Finding) -> Vec<&'v Map<String, Value>> {
    let Finding { way, rule, .. } = finding;
    let mut around = Vec::new();
    let mut here = Some(document);
    for (index, step) in way.0.iter().enumerate() {
        around.extend(here.and_then(Value::as_object));
        let next = here.and_then(|value| child(value, step));
        here = match next.and_then(Value::as_str).filter(|_| is_reference(step)) {
            Some(written) => {
                let behind = way.0.len() - index - 1;
                target(document, written).or_else(|| last_target(document, rule, behind))
            }
            None => next,
        };
    }
    around
}

/// Returns what a reference by a pointer leads to.
fn target<'v>(document: &'v Value, written: &str) -> Option<&'v Value> {
    let pointer = written.strip_prefix('#')?;
    let is_pointer = pointer.is_empty() || pointer.starts_with('/');
    Pointer::parse(pointer).of(document).filter(|_| is_pointer)
}

/// Returns what the last reference leads to, whatever its form: so many steps
/// before the keyword.
fn last_target<'v>(document: &'v Value, rule: &Pointer, behind: usize) -> Option<&'v Value> {
    let steps = rule.0.len().checked_sub(behind)?;
    let steps = rule.0.get(..steps)?.to_vec();
    Pointer(steps).of(document)
}
