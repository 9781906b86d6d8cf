//! `qli validate`.

use super::args::{Global, ValidateArgs, ValidateFormat};
use super::put_or;
use crate::discovery::Roots;
use crate::discovery::survey::{self, Survey};
use crate::dispatch::Exit;
use crate::host::{Stream, System, write_stderr};
use crate::names::to_json_pretty;
use crate::report::{self, DiagnosticsDocument, Repository, Style, Warnings};

/// Checks manifests and what is beside them, and reports.
pub(super) fn exec(global: &Global, args: &ValidateArgs, host: &System) -> Exit {
    let survey = if args.path.is_empty() {
        survey::of_roots(&Roots::of(&global.extensions, host), host)
    } else {
        survey::of_paths(&args.path, host)
    };
    write_stderr(&report::complaints(&survey));
    let warnings = if args.deny_warnings {
        Warnings::Denied
    } else {
        Warnings::Allowed
    };
    let text = match args.format {
        ValidateFormat::Json => {
            to_json_pretty(&DiagnosticsDocument::new(survey.manifests, &survey.found))
        }
        ValidateFormat::Sarif => {
            to_json_pretty(&report::sarif(&survey.found, &Repository::find(host)))
        }
        ValidateFormat::Github => report::github(&survey.found, &Repository::find(host)),
        ValidateFormat::Concise => report::concise(&survey.found),
        ValidateFormat::Human => {
            let style = Style::of(Stream::Stdout, global.color(), host);
            report::validation(&survey, warnings, &style)
        }
    };
    put_or(&text, exit(&survey, warnings))
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
