//! Whether this machine is ready to run what is installed on it. Checks change nothing;
//! only [`Checkup::ask`] runs programs.
//!
//! To add a check: its function with its [`Finding`]s, its line in [`examine`].

mod completion;
mod locations;
mod online;
mod records;
mod tools;

use schemars::JsonSchema;
use serde::Serialize;

use crate::diagnostics::{Code, Diagnostic, Location, Severity};
use crate::discovery::{CatalogueGroup, RootKind, Roots};
use crate::host::{Host, HostView, Signal};
use crate::names::Text;
use crate::survey::Survey;

/// `qli doctor --format json`: whether this machine is ready.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, title = "DoctorDocument")]
pub struct Checkup {
    /// Version of this document: 1.
    schema_version: u32,
    /// The version of qli.
    qli: &'static str,
    /// The worst level of all checks.
    pub level: Health,
    /// The roots in force, in their order, without the embedded one.
    pub roots: Vec<RootFacts>,
    pub checks: Vec<Check>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// Nothing to report.
    #[default]
    Ok,
    /// Everything runs, but this is worth a look.
    Warning,
    /// Something does not run.
    Problem,
}

/// One root.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RootFacts {
    pub kind: RootKind,
    pub path: Text,
    pub exists: bool,
    /// The owner's uid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<u32>,
    /// Permission bits in octal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// How many groups come from it.
    pub groups: usize,
}

/// One check.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Check {
    /// Its name: `program`, `roots`, `path`, `trust`, `manifests`, `completion`,
    /// `providers`, `logs`, `spool`; with `--online` also `online`.
    #[serde(rename = "check")]
    pub name: &'static str,
    /// The worst level of its findings.
    pub level: Health,
    /// What was checked, in a few words.
    pub summary: String,
    pub findings: Vec<Finding>,
}

impl Checkup {
    /// Adds whether the programs of providers can answer, which they are asked.
    pub fn ask(
        mut self,
        catalogue: &[CatalogueGroup],
        host: &mut dyn Host,
    ) -> Result<Self, Signal> {
        let check = online::check(catalogue, host)?;
        self.level = self.level.max(check.level);
        self.checks.push(check);
        Ok(self)
    }
}

impl Check {
    fn new(name: &'static str, summary: impl Into<String>, findings: Vec<Finding>) -> Self {
        Self {
            name,
            level: findings
                .iter()
                .map(|one| one.level)
                .max()
                .unwrap_or_default(),
            summary: summary.into(),
            findings,
        }
    }
}

/// One problem or warning.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Finding {
    /// `warning` or `problem`.
    pub level: Health,
    /// Its code, such as `QLI0702`, if it has one.
    #[serde(rename = "code", skip_serializing_if = "Option::is_none")]
    number: Option<&'static str>,
    /// The name of its code.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'static str>,
    #[serde(skip)]
    pub code: Option<Code>,
    /// The file or directory it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<Text>,
    /// The line of the file, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The column of the line in Unicode scalar values, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to type, or to do.
    pub help: String,
}

impl Finding {
    fn new(level: Health, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            level,
            message: message.into(),
            help: help.into(),
            ..Self::default()
        }
    }

    fn warning(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(Health::Warning, message, help)
    }

    fn problem(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(Health::Problem, message, help)
    }

    fn at(self, path: impl Into<Text>) -> Self {
        let path = Some(path.into());
        Self { path, ..self }
    }

    fn code(self, code: Code) -> Self {
        Self {
            number: Some(code.number()),
            name: Some(code.name()),
            code: Some(code),
            ..self
        }
    }

    fn of(one: &Diagnostic) -> Self {
        let level = match one.severity {
            Severity::Error => Health::Problem,
            Severity::Warning | Severity::Info => Health::Warning,
        };
        let position = match &one.location {
            Location::Text { source, span } => Some(source.position(span.start)),
            Location::Path(_) => None,
        };
        let explain = || format!("qli help {}", one.code.number());
        let help = one.help.clone().unwrap_or_else(explain);
        let finding = Self::new(level, &one.message, help);
        Self {
            line: position.map(|at| at.line),
            column: position.map(|at| at.column),
            ..finding.at(one.path()).code(one.code)
        }
    }
}

/// Examines the roots in force, what `validate` finds in them, and their groups with the
/// built-in ones.
pub fn examine(
    roots: &Roots,
    survey: &Survey,
    catalogue: &[CatalogueGroup],
    view: &dyn HostView,
) -> Checkup {
    let trust = locations::trust(roots, catalogue, view);
    let roots = locations::root_facts(roots, catalogue, view);
    let checks = vec![
        locations::program(view),
        locations::roots(&roots, survey, &records::paths(catalogue, view), view),
        locations::path(survey, view),
        trust,
        locations::manifests(survey),
        completion::check(view),
        tools::check(catalogue, view),
        records::logs(catalogue, view),
        records::spool(catalogue, view),
    ];
    Checkup {
        schema_version: 1,
        qli: env!("CARGO_PKG_VERSION"),
        level: checks.iter().map(|one| one.level).max().unwrap_or_default(),
        roots,
        checks,
    }
}

#[cfg(test)]
mod tests;
