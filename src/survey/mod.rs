//! What `validate` checks, and `doctor` too: manifests, the files next to them,
//! roots and `PATH`. Never used by a run.
//!
//! Owners and modes are not checked, except for the execute bit, which a checkout
//! keeps: the result must be the same on a laptop and in a container.

mod candidate;
mod commands;
mod files;
mod group;
mod parallel;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use crate::diagnostics::{Code, Diagnostic, Diagnostics, Severity, sorted};
use crate::discovery::{PathCommands, Roots, bypassed, embedded, guards_between, some_of};
use crate::host::{HostView, diagnosis, is_absent, reason};
use crate::manifest::FILE_NAME;
use crate::names::{GroupName, shell_path, visible_path};
use crate::policy::Policies;
use candidate::{Candidate, SurveyOptions, candidates, named};
use commands::Groups;
use group::{GroupReport, survey_group};

pub use group::BrokenGroup;

/// What was checked, and what was found.
#[derive(Debug, Default)]
pub struct Survey {
    /// The manifests that were read; never built-in ones.
    pub manifests: Vec<PathBuf>,
    /// Sorted.
    pub found: Diagnostics,
    /// Sorted by path.
    pub broken: Vec<BrokenGroup>,
    /// What was named and could not be checked or used, with the reason.
    pub unchecked: Vec<String>,
}

/// Checks every root, groups that shadow each other, and `PATH`.
pub fn of_roots<V: HostView + Sync>(
    roots: &Roots,
    policies: &Policies,
    commands: &PathCommands,
    view: &V,
) -> Survey {
    let mut survey = Survey::default();
    let mut all = Vec::new();
    let unusable = roots.unusable(view);
    for root in roots.iter() {
        match view.list(&root.path) {
            Ok(entries) => all.extend(candidates(&root.path, entries)),
            Err(error) if !is_absent(&error) => {
                let is_known = unusable.iter().any(|one| one.path() == root.path);
                let one = (!is_known).then(|| unreadable(&root.path, &error));
                survey.found.extend(one);
            }
            Err(_) => {}
        }
    }
    survey.found.extend(unusable);
    survey.add_bypassed(&mut all, bypassed(roots, view));
    let options = SurveyOptions {
        count_commands: true,
        policies,
    };
    let reports = survey.check(&all, options, view);
    let groups = survey.report_shadowed(&reports, view);
    survey
        .found
        .extend(commands::check(&groups, commands, view));
    survey.sorted()
}

/// Checks paths: a file is a manifest, a directory with a manifest is a group, any
/// other directory is a root.
pub fn of_paths<V: HostView + Sync>(paths: &[PathBuf], policies: &Policies, view: &V) -> Survey {
    let mut survey = Survey::default();
    let mut all = BTreeSet::new();
    let mut manifests = Vec::new();
    for path in paths {
        match named(path, view) {
            Ok(_) if is_script(path, view) => survey.unchecked.push(not_a_manifest(path)),
            Ok(found) => {
                manifests.push(path);
                all.extend(found);
            }
            Err(error) => {
                let path = shell_path(path);
                let message = format!("cannot check {path}: {}", reason(&error));
                survey.unchecked.push(message);
            }
        }
    }
    let once = all.iter().filter(|one| !one.is_in(&all)).cloned();
    let once: Vec<_> = once.collect();
    let options = SurveyOptions {
        count_commands: false,
        policies,
    };
    let reports = survey.check(&once, options, view);
    let with_manifest = reports.iter().filter(|one| one.has_manifest);
    let with_manifest: BTreeSet<_> = with_manifest.map(|one| one.path.as_path()).collect();
    for path in manifests {
        // Whatever is below a path sorts directly after it.
        let next = with_manifest.range(path.as_path()..).next();
        if !next.is_some_and(|next| next.starts_with(path)) {
            survey.unchecked.push(format!(
                "no {FILE_NAME} in {} or its directories",
                shell_path(path)
            ));
        }
    }
    survey.sorted()
}

/// Returns whether a file is a script: by its first line, or its format.
fn is_script(path: &Path, view: &dyn HostView) -> bool {
    let is_toml = path.extension().is_some_and(|end| end == "toml");
    let head = view.head(path).unwrap_or_default();
    !is_toml && (head.starts_with(b"#!") || head.starts_with(b"\x7fELF"))
}

fn not_a_manifest(script: &Path) -> String {
    let group = script.parent().filter(|above| *above != Path::new(""));
    let group = shell_path(group.unwrap_or(Path::new(".")));
    let script = shell_path(script);
    format!("{script} is a script; to check its group: qli validate {group}")
}

impl Survey {
    /// Adds what stops another group; it is not checked once more.
    fn add_bypassed(&mut self, all: &mut Vec<Candidate>, bypassed: Diagnostics) {
        let is_known =
            |path: &Path, found: &Diagnostics| found.iter().any(|one| one.path() == path);
        let new = bypassed.into_iter();
        let new: Diagnostics = new
            .filter(|one| !is_known(one.path(), &self.found))
            .collect();
        all.retain(|one| !matches!(one, Candidate::Directory(path) if is_known(path, &new)));
        self.found.extend(new);
    }

    fn check<V: HostView + Sync>(
        &mut self,
        candidates: &[Candidate],
        options: SurveyOptions<'_>,
        view: &V,
    ) -> Vec<GroupReport> {
        let mut reports = parallel::map(candidates, |one| survey_group(one, options, view));
        for (report, candidate) in reports.iter_mut().zip(candidates) {
            self.manifests
                .extend(report.has_manifest.then(|| candidate.manifest()));
            self.found.extend(std::mem::take(&mut report.found));
            self.broken.extend(report.broken.take());
        }
        reports
    }

    /// Reports the groups that an earlier root shadows; returns all that run.
    fn report_shadowed(&mut self, reports: &[GroupReport], view: &dyn HostView) -> Groups {
        let mut groups = Groups::new();
        for one in reports.iter().filter(|one| one.has_manifest) {
            let name = one.path.file_name().and_then(|name| name.to_str());
            let Some(name) = name.and_then(|name| name.parse::<GroupName>().ok()) else {
                continue;
            };
            if let Some(Some(owner)) = groups.get(&name) {
                self.found.push(shadowed(&name, &one.path, owner, view));
                // Its name alone would be taken for the group that runs.
                let mut broken = self.broken.iter_mut();
                if let Some(broken) = broken.find(|group| group.path == one.path) {
                    broken.name = visible_path(&broken.path);
                }
            } else {
                groups.insert(name, Some(one.path.clone()));
            }
        }
        for name in embedded::groups() {
            groups.entry(name).or_default();
        }
        groups
    }

    fn sorted(mut self) -> Self {
        self.found = sorted(self.found);
        self
    }
}

fn unreadable(root: &Path, error: &io::Error) -> Diagnostic {
    let message = format!("the root cannot be read: {}", reason(error));
    Diagnostic::of_path(Code::RootUnreadable, root, message).help(diagnosis(error, root))
}

/// A warning if the guards of the hidden group are missing in the other.
fn shadowed(name: &GroupName, path: &Path, owner: &Path, view: &dyn HostView) -> Diagnostic {
    let [own, hidden] = [owner, path].map(|group| group.join(FILE_NAME));
    let guards = guards_between(&own, &hidden, view);
    let mut message = format!("the group `{name}` of an earlier root shadows this one");
    let severity = if guards.is_empty() {
        Code::GroupShadowed.severity()
    } else {
        message = format!("{message}, but lacks {}", some_of(&guards));
        Severity::Warning
    };
    let found = Diagnostic::of_path(Code::GroupShadowed, path, message);
    let help = format!("the group that runs is {}", shell_path(owner));
    Diagnostic { severity, ..found }.help(help)
}
