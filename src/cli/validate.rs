//! `qli validate`.

use std::sync::Arc;

use super::args::{ValidateArgs, ValidateFormat};
use super::context::Context;
use crate::diagnostics::{Diagnostic, SOURCE_MAX, Severity, Source, has_errors, sorted};
use crate::discovery::PathCommands;
use crate::dispatch::Exit;
use crate::host::{Host, HostView, reason, write_stderr};
use crate::manifest::{self, apply_fixes, schema_line};
use crate::names::{shell_path, to_json_pretty};
use crate::policy::Policies;
use crate::report::{self, DiagnosticsDocument, Message, Repository};
use crate::survey::{self, Survey};

/// Checks manifests and the files next to them, and reports.
pub(super) fn exec(cx: &mut Context<'_>, args: &ValidateArgs) -> Exit {
    let (policies, unusable) = Policies::load(&Policies::named(&args.policy, cx.host), cx.host);
    let mut survey = survey(cx, args, &policies);
    if args.fix {
        let (fixed, abandoned) = fixes(&survey, cx.host);
        let unwritten = write(fixed, cx);
        survey = self::survey(cx, args, &policies);
        survey.unchecked.extend(unwritten);
        survey.found.extend(abandoned);
    }
    survey.found.extend(unusable);
    survey.found = sorted(survey.found);
    let unusable = report::unusable_policies(&survey).into_iter();
    let unusable = unusable.map(|path| format!("cannot use {} as a policy", shell_path(path)));
    let unusable: Vec<_> = unusable.collect();
    survey.unchecked.extend(unusable);
    write_stderr(&report::unchecked(&survey, &cx.stderr()));
    let text = if args.diff {
        diff(&survey, cx)
    } else {
        report(&survey, cx, args)
    };
    cx.put_or(&text, exit(&survey, args.deny_warnings))
}

fn survey(cx: &Context<'_>, args: &ValidateArgs, policies: &Policies) -> Survey {
    if args.path.is_empty() {
        survey::of_roots(
            &cx.roots(),
            policies,
            &PathCommands::of_all(cx.host),
            cx.host,
        )
    } else {
        survey::of_paths(&args.path, policies, cx.host)
    }
}

/// A manifest, and its fixed text.
type Fixed = (Arc<Source>, String);

/// Reads every manifest again and fixes its text in memory; also returns why some
/// fixes were not applied.
fn fixes(survey: &Survey, view: &dyn HostView) -> (Vec<Fixed>, Vec<Diagnostic>) {
    let (mut fixed, mut abandoned) = (Vec::new(), Vec::new());
    for path in &survey.manifests {
        let read = view.read(path, SOURCE_MAX).map(|read| read.bytes);
        let Ok(source) = manifest::source(path, read) else {
            continue;
        };
        let one = apply_fixes(&source, schema_line(&source, view).as_deref());
        fixed.extend(one.text.map(|text| (source, text)));
        abandoned.extend(one.abandoned);
    }
    (fixed, abandoned)
}

/// Writes fixed manifests; returns a message for each that could not be written.
fn write(fixed: Vec<Fixed>, cx: &mut Context<'_>) -> Vec<String> {
    let mut unwritten = Vec::new();
    for (source, text) in fixed {
        let path = source.path();
        let (old, new) = (source.text().as_bytes(), text.as_bytes());
        match cx.host.replace(path, old, new) {
            Ok(()) => cx.note(&Message::note(format!("fixed {}", cx.stderr().path(path)))),
            Err(error) => {
                let (path, why) = (shell_path(path), reason(&error));
                unwritten.push(format!("cannot fix {path}: {why}"));
            }
        }
    }
    unwritten
}

fn diff(survey: &Survey, cx: &Context<'_>) -> String {
    let (fixed, abandoned) = fixes(survey, cx.host);
    write_stderr(&report::diagnostics(&abandoned, &cx.stderr()));
    let style = cx.stdout();
    let diffs = fixed.iter();
    diffs
        .map(|(source, text)| report::diff(source, text, &style))
        .collect()
}

/// A command to copy contains at most this many paths.
const PATHS_MAX: usize = 4;

/// The same command with `--fix`.
fn fix_command(cx: &Context<'_>, args: &ValidateArgs) -> String {
    if args.path.len() > PATHS_MAX {
        return "the same command with --fix".to_owned();
    }
    let policies = args.policy.iter().map(|file| ("--policy ", file));
    let paths = args.path.iter().map(|path| ("", path));
    let words = policies.chain(paths);
    let words = words.map(|(option, path)| format!(" {option}{}", shell_path(path)));
    let qli = cx.global.qli();
    format!("{qli} validate --fix{}", words.collect::<String>())
}

fn report(survey: &Survey, cx: &Context<'_>, args: &ValidateArgs) -> String {
    let (found, unchecked) = (&survey.found, &survey.unchecked);
    let files = survey.manifests.len();
    let repository = || Repository::find(cx.host);
    match args.format {
        ValidateFormat::Json => to_json_pretty(&DiagnosticsDocument::new(files, found)),
        ValidateFormat::Sarif => to_json_pretty(&report::sarif(found, unchecked, &repository())),
        ValidateFormat::Github => report::github(found, unchecked, &repository()),
        ValidateFormat::Concise => report::concise(found),
        ValidateFormat::Human => {
            let fix = (!args.fix).then(|| fix_command(cx, args));
            report::validation(survey, args.deny_warnings, fix.as_deref(), &cx.stdout())
        }
    }
}

/// A path or policy that could not be checked outweighs every problem.
fn exit(survey: &Survey, deny_warnings: bool) -> Exit {
    let found = &survey.found;
    let is_warning = |one: &Diagnostic| one.severity == Severity::Warning;
    if !survey.unchecked.is_empty() {
        Exit::USAGE
    } else if has_errors(found) || (deny_warnings && found.iter().any(is_warning)) {
        Exit::PROBLEMS
    } else {
        Exit::DONE
    }
}
