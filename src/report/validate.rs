//! The report of `validate` for people.

use std::collections::BTreeSet;

use super::style::{column_width, put};
use super::{Style, human};
use crate::diagnostics::{Code, Diagnostic, Safety, Severity};
use crate::names::{plural, visible};
use crate::survey::{Broken, Survey};

/// Whether warnings count as errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warnings {
    /// They are told.
    Allowed,
    /// They are as bad as errors.
    Denied,
}

/// How many broken groups are named; the rest is counted.
const NAMED: usize = 20;

/// Draws the problems, says which groups cannot run, and counts. `mend` is the
/// command that mends what can be, if that has not been tried.
pub fn validation(
    survey: &Survey,
    warnings: Warnings,
    mend: Option<&str>,
    style: &Style,
) -> String {
    let mut out = human::diagnostics(&survey.found, style);
    if !out.is_empty() {
        out.push('\n');
    }
    out.push_str(&groups(survey));
    out + &summary(survey, warnings, mend) + "\n"
}

/// Names the groups that cannot run, where more than one was looked at or a
/// script is stopped.
fn groups(survey: &Survey) -> String {
    let named = survey.broken.iter().take(NAMED);
    let width = column_width(named.clone().map(|group| group.name.as_str()));
    let mut out = String::new();
    for group in named {
        let Broken { name, .. } = group;
        put(
            &mut out,
            format_args!("{name:width$}  {}\n", stopped(group)),
        );
    }
    if let Some(more) = survey
        .broken
        .len()
        .checked_sub(NAMED)
        .filter(|&more| more > 0)
    {
        put(
            &mut out,
            format_args!("and {}\n", plural(more, "more broken group")),
        );
    }
    out
}

fn stopped(group: &Broken) -> String {
    let errors = plural(group.errors, "error");
    let are = if group.errors == 1 { "is" } else { "are" };
    match group.scripts {
        0 => format!("broken until its {errors} {are} mended"),
        scripts => {
            let scripts = plural(scripts, "script");
            format!("broken: {scripts} cannot run until its {errors} {are} mended")
        }
    }
}

fn summary(survey: &Survey, warnings: Warnings, mend: Option<&str>) -> String {
    let manifests = plural(survey.manifests.len(), "manifest") + &policies(survey);
    let Some(worst) = survey.found.iter().min_by_key(|one| one.severity) else {
        return match survey.manifests.len() {
            0 => "no manifest was checked".to_owned(),
            _ => format!("{manifests}, no problem"),
        };
    };
    let kinds = [
        (Severity::Error, "error"),
        (Severity::Warning, "warning"),
        (Severity::Info, "note"),
    ];
    let counts = kinds.into_iter().filter_map(|(severity, word)| {
        let of_kind = survey.found.iter().filter(|one| one.severity == severity);
        let count = of_kind.count();
        (count > 0).then(|| plural(count, word))
    });
    let counts: Vec<_> = counts.collect();
    let denied = match (worst.severity, warnings) {
        (Severity::Warning, Warnings::Denied) => ", and warnings are denied",
        _ => "",
    };
    let (counts, code) = (counts.join(", "), worst.code.number());
    let mended = match (safe_fixes(survey), mend) {
        (0, _) | (_, None) => String::new(),
        (count, Some(mend)) => format!("\nmends {count} of them: {mend}"),
    };
    format!("{counts} in {manifests}{denied}\nwhat it means: qli help {code}{mended}")
}

/// Counts the policies that have problems of their own.
fn policies(survey: &Survey) -> String {
    let of_policy = survey.found.iter();
    let of_policy = of_policy.filter(|one| one.code == Code::PolicyUnusable);
    let paths: BTreeSet<_> = of_policy.map(Diagnostic::path).collect();
    match paths.len() {
        0 => String::new(),
        1 => " and 1 policy".to_owned(),
        count => format!(" and {count} policies"),
    }
}

/// How many problems can be mended without being looked at.
fn safe_fixes(survey: &Survey) -> usize {
    let fixes = survey.found.iter().filter_map(|one| one.fix.as_ref());
    fixes.filter(|fix| fix.safety == Safety::Safe).count()
}

/// Words what could not be checked, a line each.
pub fn complaints(survey: &Survey) -> String {
    let mut out = String::new();
    for line in &survey.unchecked {
        put(&mut out, format_args!("qli: {}\n", visible(line)));
    }
    out
}
