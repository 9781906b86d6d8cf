//! `qli doctor`: the answer, a row per check, then the findings.

use std::path::Path;

use super::style::{column_width, put};
use super::{Message, Style};
use crate::diagnostics::Severity;
use crate::doctor::{Check, Checkup, Finding, Health, RootFacts};
use crate::names::plural;

/// `verbose` adds a row per root.
pub fn doctor(checkup: &Checkup, verbose: bool, style: &Style) -> String {
    let mut out = format!("{}\n\n", answer(checkup, style));
    let width = column_width(checkup.checks.iter().map(|check| check.name));
    for check in &checkup.checks {
        let result = painted(check.level, &format!("{:7}", word(check.level)), style);
        let summary = style.shortened(&check.summary);
        let name = check.name;
        put!(out, "{name:width$}  {result}  {summary}\n");
        if check.name == "roots" && verbose {
            for root in &checkup.roots {
                let indent = " ".repeat(width + 11);
                put!(out, "{indent}{}\n", facts(root, style));
            }
        }
    }
    let with_findings = |check: &&Check| !check.findings.is_empty();
    for check in checkup.checks.iter().filter(with_findings) {
        out.push('\n');
        out.extend(check.findings.iter().map(|one| message(one, style)));
    }
    out
}

fn answer(checkup: &Checkup, style: &Style) -> String {
    let findings = || checkup.checks.iter().flat_map(|check| &check.findings);
    let count = |level| findings().filter(|one| one.level == level).count();
    let counts = [(Health::Problem, "error"), (Health::Warning, "warning")];
    let counts = counts.map(|(level, name)| (count(level), name));
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts: Vec<_> = counts.map(|&(count, name)| plural(count, name)).collect();
    let ready = match checkup.level {
        Health::Ok | Health::Warning => "READY",
        Health::Problem => "NOT READY",
    };
    let ready = painted(checkup.level, ready, style);
    if counts.is_empty() {
        return ready;
    }
    format!("{ready}: {}", counts.join(", "))
}

fn word(level: Health) -> &'static str {
    match level {
        Health::Ok => "ok",
        Health::Warning => "warning",
        Health::Problem => "error",
    }
}

fn painted(level: Health, text: &str, style: &Style) -> String {
    match level {
        Health::Ok => text.to_owned(),
        Health::Warning => style.strong(text),
        Health::Problem => style.bad(text),
    }
}

fn facts(root: &RootFacts, style: &Style) -> String {
    let path = style.path(root.path.as_ref());
    match (&root.mode, root.owner) {
        (Some(mode), Some(owner)) => {
            let groups = plural(root.groups, "group");
            format!("{path}  {groups} (mode {mode}, owner uid {owner})")
        }
        _ => format!("{path}  missing"),
    }
}

fn message(finding: &Finding, style: &Style) -> String {
    let severity = match finding.level {
        Health::Ok | Health::Warning => Severity::Warning,
        Health::Problem => Severity::Error,
    };
    let mut message = Message::new(severity, finding.message.clone());
    if let Some(code) = finding.code {
        message = message.code(code);
    }
    if let Some(path) = &finding.path {
        let path: &Path = path.as_ref();
        let mut location = style.path(path);
        for number in [finding.line, finding.column].into_iter().flatten() {
            put!(location, ":{number}");
        }
        message = message.line(format!("at {location}"));
    }
    message.field("help", &finding.help).render(style)
}
