//! The document of `qli doctor`.

use schemars::JsonSchema;
use serde::Serialize;

use super::SCHEMA_VERSION;
use crate::discovery::RootKind;
use crate::doctor::{Check, Checkup, Finding, RootFacts};
use crate::names::Text;

/// `qli doctor --format json`: whether this machine is ready.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct DoctorDocument {
    /// Version of this document: 1.
    pub schema_version: u32,
    /// The version of qli.
    pub qli: &'static str,
    /// The worst of all levels: `ok`, `warning` or `problem`.
    pub level: &'static str,
    /// The roots in force, in their order, without the embedded one.
    pub roots: Vec<RootDocument>,
    /// The checks.
    pub checks: Vec<CheckDocument>,
}

/// One root.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RootDocument {
    /// What kind it is.
    pub kind: RootKind,
    /// The directory.
    pub path: Text,
    /// Whether it is there.
    pub exists: bool,
    /// Its owner's uid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<u32>,
    /// Its permission bits, in octal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// How many groups come from it.
    pub groups: usize,
}

/// One check.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct CheckDocument {
    /// Its name: `program`, `roots`, `path`, `trust`, `manifests`,
    /// `completion`, `providers`, `logs`, `spool`.
    pub check: &'static str,
    /// The worst of its findings' levels: `ok`, `warning` or `problem`.
    pub level: &'static str,
    /// What was looked at, in a few words.
    pub summary: String,
    /// What is wrong.
    pub findings: Vec<FindingDocument>,
}

/// One thing that is wrong.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct FindingDocument {
    /// `warning` or `problem`.
    pub level: &'static str,
    /// Its code, such as `QLI0702`, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    /// The name of its code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'static str>,
    /// The file or directory it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<Text>,
    /// The line of the file, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// One sentence.
    pub message: String,
    /// What to type, or to do.
    pub help: String,
}

impl DoctorDocument {
    /// Describes a checkup.
    pub fn new(checkup: &Checkup) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            qli: env!("CARGO_PKG_VERSION"),
            level: checkup.level().as_str(),
            roots: checkup.roots.iter().map(RootDocument::new).collect(),
            checks: checkup.checks.iter().map(CheckDocument::new).collect(),
        }
    }
}

impl RootDocument {
    fn new(root: &RootFacts) -> Self {
        Self {
            kind: root.kind,
            path: root.path.as_os_str().into(),
            exists: root.stat.is_some(),
            owner: root.stat.map(|(owner, _)| owner),
            mode: root.stat.map(|(_, mode)| format!("{mode:04o}")),
            groups: root.groups,
        }
    }
}

impl CheckDocument {
    fn new(check: &Check) -> Self {
        Self {
            check: check.name,
            level: check.level().as_str(),
            summary: check.summary.clone(),
            findings: check.findings.iter().map(FindingDocument::new).collect(),
        }
    }
}

impl FindingDocument {
    fn new(finding: &Finding) -> Self {
        Self {
            level: finding.level.as_str(),
            code: finding.code.map(crate::diagnostics::Code::number),
            name: finding.code.map(crate::diagnostics::Code::name),
            path: finding.path.as_ref().map(|path| path.as_os_str().into()),
            line: finding.line,
            message: finding.message.clone(),
            help: finding.help.clone(),
        }
    }
}
