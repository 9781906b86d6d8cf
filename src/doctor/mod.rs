//! Whether this machine is ready to run what is installed on it. Everything is
//! looked at, nothing is changed, no program is called.
//!
//! To add a check: its function with its [`Finding`]s, its line in [`examine`].

mod completion;
mod locations;
mod records;
mod tools;

use std::path::PathBuf;

use crate::diagnostics::{Code, Diagnostic, Location, Severity};
use crate::discovery::{Catalogue, RootKind, Roots};
use crate::host::HostView;
use crate::survey::Survey;

/// What was found of everything.
#[derive(Debug)]
pub struct Checkup {
    /// The roots in force, in their order, without the embedded one.
    pub roots: Vec<RootFacts>,
    /// The checks, in the order in which a mistake is looked for.
    pub checks: Vec<Check>,
}

impl Checkup {
    /// Returns the worst of all levels.
    pub fn level(&self) -> Level {
        let levels = self.checks.iter().map(Check::level);
        levels.max().unwrap_or(Level::Ok)
    }
}

/// What is known of a root.
#[derive(Debug)]
pub struct RootFacts {
    /// What kind it is.
    pub kind: RootKind,
    /// The directory.
    pub path: PathBuf,
    /// Its owner's uid and its permission bits; none if it is not there.
    pub stat: Option<(u32, u32)>,
    /// How many groups come from it.
    pub groups: usize,
}

/// One check: what was looked at, and what is wrong with it.
#[derive(Debug)]
pub struct Check {
    /// Its name, in documents too.
    pub name: &'static str,
    /// What was looked at, in a few words.
    pub summary: String,
    /// What is wrong.
    pub findings: Vec<Finding>,
}

impl Check {
    fn new(name: &'static str, summary: String, findings: Vec<Finding>) -> Self {
        Self {
            name,
            summary,
            findings,
        }
    }

    /// Returns the worst of its findings' levels.
    pub fn level(&self) -> Level {
        let levels = self.findings.iter().map(|one| one.level);
        levels.max().unwrap_or(Level::Ok)
    }
}

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing is wrong.
    Ok,
    /// Everything runs; somebody should look.
    Warning,
    /// Something does not run.
    Problem,
}

impl Level {
    /// Returns its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

/// One thing that is wrong, and what to type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// Its row in the table of codes, if it has one.
    pub code: Option<Code>,
    /// The file or directory it is about, if it is about one.
    pub path: Option<PathBuf>,
    /// The line of the file, from 1, if it is about one.
    pub line: Option<usize>,
    /// One sentence.
    pub message: String,
    /// What to type, or to do.
    pub help: String,
}

impl Finding {
    fn new(level: Level, path: Option<PathBuf>, message: String, help: String) -> Self {
        Self {
            level,
            code: None,
            line: None,
            path,
            message,
            help,
        }
    }

    fn of(one: &Diagnostic) -> Self {
        let level = match one.severity {
            Severity::Error => Level::Problem,
            Severity::Warning | Severity::Info => Level::Warning,
        };
        let line = match &one.location {
            Location::Text { source, span } => Some(source.position(span.start).line),
            Location::Path(_) => None,
        };
        let explain = || format!("qli help {}", one.code.number());
        let help = one.help.clone().unwrap_or_else(explain);
        Self {
            code: Some(one.code),
            line,
            ..Self::new(
                level,
                Some(one.path().to_owned()),
                one.message.clone(),
                help,
            )
        }
    }
}

/// What is examined.
#[derive(Debug, Clone, Copy)]
pub struct Installed<'a> {
    /// The roots in force.
    pub roots: &'a Roots,
    /// What `validate` finds in them.
    pub survey: &'a Survey,
    /// Their groups, and qli's own.
    pub catalogue: &'a Catalogue,
}

/// Looks at everything.
pub fn examine(installed: Installed<'_>, view: &dyn HostView) -> Checkup {
    let roots = locations::root_facts(installed, view);
    let checks = vec![
        locations::program(view),
        locations::roots(&roots, installed.survey, view),
        locations::path(installed.survey, view),
        locations::trust(installed, view),
        locations::manifests(installed.survey),
        completion::check(view),
        tools::check(installed.catalogue, view),
        records::logs(installed.catalogue, view),
        records::spool(installed.catalogue, view),
    ];
    Checkup { roots, checks }
}

#[cfg(test)]
mod tests;
