//! `qli validate`.

use std::sync::Arc;

use super::args::{Global, ValidateArgs, ValidateFormat};
use super::put_or;
use crate::diagnostics::{Code, Diagnostic, SOURCE_MAX, Source};
use crate::discovery::Roots;
use crate::dispatch::Exit;
use crate::host::{Host, HostView, Stream, System, reason, write_stderr};
use crate::manifest::{self, FixOutcome, apply_fixes, schema_line};
use crate::names::{shell_word, to_json_pretty};
use crate::policy::Policies;
use crate::report::{self, DiagnosticsDocument, Repository, Style, Warnings};
use crate::survey::{self, Survey};

/// Checks manifests and what is beside them, and reports.
pub(super) fn exec(global: &Global, args: &ValidateArgs, host: &mut System) -> Exit {
    let (policies, unusable) = Policies::load(&Policies::named(&args.policy, host), host);
    let mut survey = look(global, args, &policies, host);
    if args.fix {
        let written = fix(&survey, global, host);
        survey = look(global, args, &policies, host);
        survey.unchecked.extend(written);
        let abandoned = abandoned(&survey, host);
        survey.found.extend(abandoned);
    }
    survey.found.extend(unusable);
    survey.found = std::mem::take(&mut survey.found).sorted();
    let unused = unused_policies(&survey);
    survey.unchecked.extend(unused);
    write_stderr(&report::complaints(&survey));
    let warnings = if args.deny_warnings {
        Warnings::Denied
    } else {
        Warnings::Allowed
    };
    let text = if args.diff {
        diff(&survey, global, host)
    } else {
        report(&survey, warnings, global, args, host)
    };
    put_or(&text, exit(&survey, warnings))
}

fn look(global: &Global, args: &ValidateArgs, policies: &Policies, host: &System) -> Survey {
    if args.path.is_empty() {
        survey::of_roots(&Roots::of(&global.extensions, host), policies, host)
    } else {
        survey::of_paths(&args.path, policies, host)
    }
}

/// Says which policies manifests were not checked against, or not wholly: the
/// problems say why.
fn unused_policies(survey: &Survey) -> Vec<String> {
    let unusable = survey.found.iter();
    let unusable = unusable.filter(|one| one.code == Code::PolicyUnusable);
    let mut paths: Vec<_> = unusable.map(Diagnostic::path).collect();
    paths.dedup();
    let paths = paths.into_iter();
    let complaint = |path| format!("{} cannot be used as a policy", shell_word(path));
    paths.map(complaint).collect()
}

/// Reads every manifest again, with what becomes of its text.
fn mendings(
    survey: &Survey,
    view: &dyn HostView,
) -> impl Iterator<Item = (Arc<Source>, FixOutcome)> {
    survey.manifests.iter().filter_map(move |path| {
        let read = view.read(path, SOURCE_MAX).map(|read| read.bytes);
        let source = manifest::source(path, read).ok()?;
        let mending = apply_fixes(&source, schema_line(&source, view).as_deref());
        Some((source, mending))
    })
}

/// Writes every text that can be mended; returns what could not be written.
fn fix(survey: &Survey, global: &Global, host: &mut System) -> Vec<String> {
    let mut complaints = Vec::new();
    let style = Style::of(Stream::Stderr, global.color(), host);
    let all: Vec<_> = mendings(survey, host).collect();
    for (source, mending) in all {
        let FixOutcome::Mended(text) = mending else {
            continue;
        };
        let path = source.path();
        match host.replace(path, source.text().as_bytes(), text.as_bytes()) {
            Ok(()) if global.quiet => {}
            Ok(()) => write_stderr(&format!("qli: mended {}\n", style.path(path))),
            Err(error) => complaints.push(format!(
                "{} cannot be mended: {}",
                shell_word(path),
                reason(&error)
            )),
        }
    }
    complaints
}

/// Returns why texts are not changed although they could be.
fn abandoned(survey: &Survey, view: &dyn HostView) -> Vec<Diagnostic> {
    let abandoned = mendings(survey, view).filter_map(|(_, mending)| match mending {
        FixOutcome::Abandoned(one) => Some(one),
        FixOutcome::Nothing | FixOutcome::Mended(_) => None,
    });
    abandoned.collect()
}

fn diff(survey: &Survey, global: &Global, host: &System) -> String {
    write_stderr(&report::concise(&abandoned(survey, host)));
    let style = Style::of(Stream::Stdout, global.color(), host);
    let diffs = mendings(survey, host).filter_map(|(source, mending)| match mending {
        FixOutcome::Mended(text) => Some(report::diff(&source, &text, &style)),
        FixOutcome::Nothing | FixOutcome::Abandoned(_) => None,
    });
    diffs.collect()
}

/// More paths than this are not typed again for anybody to copy.
const REPEATED: usize = 4;

/// Returns the command that mends what this one looks at.
fn mend_command(global: &Global, args: &ValidateArgs) -> String {
    if args.path.len() > REPEATED {
        return "the same command with --fix".to_owned();
    }
    let policies = args.policy.iter().map(|file| ("--policy ", file));
    let paths = args.path.iter().map(|path| ("", path));
    let words = policies.chain(paths);
    let words = words.map(|(option, path)| format!(" {option}{}", shell_word(path)));
    format!(
        "{} validate --fix{}",
        global.qli(),
        words.collect::<String>()
    )
}

fn report(
    survey: &Survey,
    warnings: Warnings,
    global: &Global,
    args: &ValidateArgs,
    host: &System,
) -> String {
    match args.format {
        ValidateFormat::Json => to_json_pretty(&DiagnosticsDocument::new(
            survey.manifests.len(),
            &survey.found,
        )),
        ValidateFormat::Sarif => {
            let repository = Repository::find(host);
            to_json_pretty(&report::sarif(
                &survey.found,
                &survey.unchecked,
                &repository,
            ))
        }
        ValidateFormat::Github => {
            let repository = Repository::find(host);
            report::github(&survey.found, &survey.unchecked, &repository)
        }
        ValidateFormat::Concise => report::concise(&survey.found),
        ValidateFormat::Human => {
            let style = Style::of(Stream::Stdout, global.color(), host);
            let mend = (!args.fix).then(|| mend_command(global, args));
            report::validation(survey, warnings, mend.as_deref(), &style)
        }
    }
}

/// What could not be done weighs more than what was found.
fn exit(survey: &Survey, warnings: Warnings) -> Exit {
    let found = &survey.found;
    if !survey.unchecked.is_empty() {
        Exit::USAGE
    } else if found.has_errors() || (warnings == Warnings::Denied && found.has_warnings()) {
        Exit::PROBLEMS
    } else {
        Exit::DONE
    }
}
