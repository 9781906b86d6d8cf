//! The report of `validate` for the terminal.

use std::collections::BTreeSet;
use std::path::Path;

use super::message::{Message, rows};
use super::style::{column_width, put};
use super::{Style, human};
use crate::diagnostics::{Code, Diagnostic, Safety, Severity, count};
use crate::names::plural;
use crate::survey::{BrokenGroup, Survey};

/// How many groups that will not run are named; the rest are counted.
const NAMED: usize = 20;

/// Renders the problems, the groups that will not run, and a summary. `fix` is the
/// command that applies the safe fixes, unless this run tried them.
pub fn validation(
    survey: &Survey,
    deny_warnings: bool,
    fix: Option<&str>,
    style: &Style,
) -> String {
    let mut out = human::diagnostics(&survey.found, style);
    if !out.is_empty() {
        out.push('\n');
    }
    out + &groups(survey) + &summary(survey, deny_warnings, fix, style)
}

/// The groups that will not run, and how many others will.
fn groups(survey: &Survey) -> String {
    let broken = survey.broken.len();
    if broken == 0 {
        return String::new();
    }
    let named = survey.broken.iter().take(NAMED);
    let named = named.map(|group| (group.name.clone(), state(group)));
    let mut rows: Vec<_> = named.collect();
    if broken > NAMED {
        let more = format!("{} more", broken - NAMED);
        rows.push((more, "will not run".to_owned()));
    }
    if let others @ 1.. = survey.manifests.len().saturating_sub(broken) {
        rows.push((plural(others, "other"), "ok".to_owned()));
    }
    let width = column_width(rows.iter().map(|(name, _)| name.as_str()));
    let mut out = String::new();
    for (name, state) in rows {
        put!(out, "{name:width$}  {state}\n");
    }
    out
}

fn state(group: &BrokenGroup) -> String {
    let errors = plural(group.errors, "error");
    match group.scripts {
        0 => format!("will not run: {errors}"),
        count => {
            let scripts = plural(count, "script");
            format!("will not run: {errors} ({scripts} affected)")
        }
    }
}

fn summary(survey: &Survey, deny_warnings: bool, fix: Option<&str>, style: &Style) -> String {
    let groups = plural(survey.manifests.len(), "group") + &policies(survey);
    let Some(worst) = survey.found.iter().min_by_key(|one| one.severity) else {
        return match survey.manifests.len() {
            0 => "no group to check\n".to_owned(),
            _ => format!("{groups}, no problems\n"),
        };
    };
    let kinds = [
        (Severity::Error, "error"),
        (Severity::Warning, "warning"),
        (Severity::Info, "note"),
    ];
    let counts = kinds.into_iter().filter_map(|(severity, word)| {
        let count = count(&survey.found, severity);
        (count > 0).then(|| plural(count, word))
    });
    let mut line = format!("{} in {groups}", counts.collect::<Vec<_>>().join(", "));
    if deny_warnings && worst.severity == Severity::Warning {
        line.push_str("; warnings are denied");
    }
    let mut next = Vec::new();
    if let (fixes @ 1.., Some(fix)) = (safe_fixes(survey), fix) {
        put!(line, "; {fixes} can be fixed automatically");
        next.push(("fix it", fix.to_owned()));
    }
    let page = format!("qli help {}", worst.code.number());
    next.push(("explain a code", page));
    format!("{line}\n{}", rows(&next, style))
}

/// The policies that cannot be used, or only in part.
pub fn unusable_policies(survey: &Survey) -> BTreeSet<&Path> {
    let of_policy = survey.found.iter();
    let of_policy = of_policy.filter(|one| one.code == Code::PolicyUnusable);
    of_policy.map(Diagnostic::path).collect()
}

fn policies(survey: &Survey) -> String {
    match unusable_policies(survey).len() {
        0 => String::new(),
        1 => " and 1 policy".to_owned(),
        count => format!(" and {count} policies"),
    }
}

fn safe_fixes(survey: &Survey) -> usize {
    let fixes = survey.found.iter().filter_map(|one| one.fix.as_ref());
    fixes.filter(|fix| fix.safety == Safety::Safe).count()
}

/// What could not be checked, one error each.
pub fn unchecked(survey: &Survey, style: &Style) -> String {
    let errors = survey.unchecked.iter().map(Message::error);
    errors.map(|error| error.render(style)).collect()
}
