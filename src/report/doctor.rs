//! `qli doctor`: a line a check, and what to type under each finding.

use super::Style;
use super::style::{column_width, put, wrapped, wrapped_help};
use crate::doctor::{Check, Checkup, Finding, Level, RootFacts};
use crate::names::{plural, visible};

/// Draws a checkup; roots are listed one by one if more is to be said.
pub fn doctor(checkup: &Checkup, verbose: bool, style: &Style) -> String {
    let mut out = String::new();
    let width = column_width(checkup.checks.iter().map(|check| check.name));
    for check in &checkup.checks {
        out.push_str(&line(check, width, style));
        if check.name == "roots" && verbose {
            for root in &checkup.roots {
                put(&mut out, format_args!("         {}\n", facts(root, style)));
            }
        }
        for finding in &check.findings {
            out.push_str(&drawn(finding, style));
        }
    }
    out.push_str(&verdict(checkup));
    out
}

fn line(check: &Check, width: usize, style: &Style) -> String {
    let level = check.level();
    let word = format!("{:7}", level.as_str());
    let word = match level {
        Level::Ok => word,
        Level::Warning => style.strong(&word),
        Level::Problem => style.bad(&word),
    };
    let summary = style.shortened(&check.summary);
    format!("{word}  {:width$}  {summary}\n", check.name)
}

fn facts(root: &RootFacts, style: &Style) -> String {
    let path = style.path(&root.path);
    match root.stat {
        None => format!("{path}  not there"),
        Some((owner, mode)) => {
            let groups = plural(root.groups, "group");
            format!("{path}  {groups} (mode {mode:04o}, owner uid {owner})")
        }
    }
}

/// What stands under a check is indented by so much.
const INDENT: usize = 9;

fn drawn(finding: &Finding, style: &Style) -> String {
    let mut out = String::new();
    let indent = " ".repeat(INDENT);
    if let Some(path) = &finding.path {
        let line = finding.line.map(|line| format!(":{line}"));
        let (path, line) = (style.path(path), line.unwrap_or_default());
        put(&mut out, format_args!("{indent}{path}{line}\n"));
    }
    let code = finding.code.map(|code| format!("{}: ", code.number()));
    let message = format!("{}{}", code.unwrap_or_default(), finding.message);
    let message = style.shortened(&visible(&message));
    for line in wrapped(&message, style.width.saturating_sub(INDENT)) {
        put(&mut out, format_args!("{indent}{line}\n"));
    }
    let help = style.shortened(&visible(&finding.help));
    let lines = wrapped_help(&help, style.width.saturating_sub(INDENT + 2));
    for (at, line) in lines.iter().enumerate() {
        let mark = if at == 0 { "> " } else { "  " };
        put(&mut out, format_args!("{indent}{mark}{line}\n"));
    }
    out
}

fn verdict(checkup: &Checkup) -> String {
    let findings = || checkup.checks.iter().flat_map(|check| &check.findings);
    let count = |level| findings().filter(|one| one.level == level).count();
    match (count(Level::Problem), count(Level::Warning)) {
        (0, 0) => "\nready: nothing is wrong\n".to_owned(),
        (0, warnings) => format!("\nready: {}\n", plural(warnings, "warning")),
        (problems, 0) => format!("\n{}\n", plural(problems, "problem")),
        (problems, warnings) => {
            let (problems, warnings) = (plural(problems, "problem"), plural(warnings, "warning"));
            format!("\n{problems}, {warnings}\n")
        }
    }
}
