//! `qli run`.

use std::ffi::OsString;

use super::args::{Global, TargetArgs};
use super::no_plan;
use crate::diagnostics::Diagnostics;
use crate::discovery::{Roots, extension_name, group_name};
use crate::dispatch::{self, Exit};
use crate::guard::{Answer, Plan, Request};
use crate::host::{HostView, Stream, System, write_stderr};
use crate::names::shell_line;
use crate::report::{Format, Shown, Style, notes, outcome};

/// Plans and runs an extension.
pub(super) fn exec(global: &Global, target: &TargetArgs, host: &mut System) -> Exit {
    if target.words.is_empty() {
        return without_extension(global, target, host);
    }
    let plan = match plan(global, target, host) {
        Ok(plan) => plan,
        Err(found) => return not_started(&found, global, target, host),
    };
    if let Some(notes) = notes(&plan, shown(global), || style(global, host)) {
        write_stderr(&notes);
    }
    let ended = dispatch::run(&plan, host);
    let words = outcome(&plan, &ended, || global.qli(), || style(global, host));
    let exit = ended.exit();
    if let Some(words) = words {
        let interrupted = matches!(exit, Exit::Signal(_));
        host.last_words(&words, interrupted);
    }
    exit
}

fn shown(global: &Global) -> Shown {
    match (global.verbose, global.extensions.as_slice()) {
        (true, _) => Shown::All,
        (false, []) => Shown::None,
        (false, _) => Shown::OfTypedRoots,
    }
}

/// Says why there is no plan, and that nothing was started.
fn not_started(found: &Diagnostics, global: &Global, target: &TargetArgs, host: &System) -> Exit {
    let exit = no_plan(found, global, Format::Human, host);
    // The names alone: arguments may hold a secret.
    let names = std::iter::once(&target.group).chain(target.words.first());
    let command = shell_line(names.map(OsString::as_os_str));
    write_stderr(&format!("\nqli: not started: {command}\n"));
    exit
}

/// How texts on standard error look: found out only when there is one.
fn style(global: &Global, view: &dyn HostView) -> Style {
    Style::of(Stream::Stderr, global.color(), view)
}

/// A group alone is shown, so that one sees what could be typed next.
fn without_extension(global: &Global, target: &TargetArgs, host: &System) -> Exit {
    match super::explain::group_entry(global, target, host) {
        Ok(entry) => {
            write_stderr(&crate::report::group(
                &entry,
                &global.qli(),
                &style(global, host),
            ));
            Exit::USAGE
        }
        Err(found) => no_plan(&found, global, Format::Human, host),
    }
}

/// Plans what the command line asks for.
pub(super) fn plan(
    global: &Global,
    target: &TargetArgs,
    view: &dyn HostView,
) -> Result<Plan, Diagnostics> {
    let request = request(global, target, view)?;
    Plan::of(&request, view)
}

fn request(
    global: &Global,
    target: &TargetArgs,
    view: &dyn HostView,
) -> Result<Request, Diagnostics> {
    let (extension, args) = target.words.split_first().unwrap_or((&target.group, &[]));
    Ok(Request {
        group: group_name(&target.group)?,
        extension: extension_name(extension)?,
        args: args.to_vec(),
        roots: Roots::of(&global.extensions, view),
        answer: match &global.confirm {
            Some(name) => Answer::NameGiven(name.to_string_lossy().into_owned()),
            None if global.yes => Answer::YesGiven,
            None => Answer::AskPerson,
        },
    })
}
