//! `qli run`.

use std::ffi::OsString;

use super::context::Context;
use super::global::TargetArgs;
use crate::diagnostics::Diagnostics;
use crate::dispatch::{self, Exit};
use crate::host::write_stderr;
use crate::names::shell_line;
use crate::report::{Format, Message, notes, outcome};

pub(super) fn exec(cx: &mut Context<'_>, target: &TargetArgs) -> Exit {
    if target.words.is_empty() {
        return without_extension(cx, target);
    }
    let mut plan = match cx.plan(target) {
        Ok(plan) => plan,
        Err(found) => return not_started(&found, cx, target),
    };
    if let Some(banner) = &mut plan.guards.banner {
        banner.in_colour = cx.stderr().color;
    }
    if let Some(notes) = notes(&plan, cx.global.verbose, || cx.stderr()) {
        write_stderr(&notes);
    }
    let run = dispatch::run(&plan, cx.host);
    let message = outcome(&plan, &run, || cx.global.qli(), || cx.stderr());
    let exit = run.exit();
    if let Some(message) = message {
        let interrupted = matches!(exit, Exit::Signal(_));
        cx.host.write_last(&message, interrupted);
    }
    exit
}

/// Reports why there is no plan, and that nothing ran.
fn not_started(found: &Diagnostics, cx: &Context<'_>, target: &TargetArgs) -> Exit {
    let exit = cx.no_plan(found, Format::Human);
    // Arguments are omitted: they may contain a secret.
    let names = std::iter::once(&target.group).chain(target.words.first());
    let command = shell_line(names.map(OsString::as_os_str));
    write_stderr("\n");
    cx.say(&Message::note(format!("nothing ran: {command}")));
    exit
}

/// Shows the group if no extension is named, so that the user sees what to type next.
fn without_extension(cx: &Context<'_>, target: &TargetArgs) -> Exit {
    match cx.group_entry(target) {
        Ok(entry) => {
            let (qli, style) = (cx.global.qli(), cx.stderr());
            write_stderr(&crate::report::group(&entry, &qli, &style));
            Exit::USAGE
        }
        Err(found) => cx.no_plan(&found, Format::Human),
    }
}
