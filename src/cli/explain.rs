//! `qli explain`.

use std::ffi::OsString;

use super::args::{ExplainArgs, Global, TargetArgs};
use super::{no_plan, put, put_or, run};
use crate::diagnostics::Diagnostics;
use crate::discovery::{GroupEntry, Roots, extensions, find_group, group_name};
use crate::dispatch::Exit;
use crate::guard::{Plan, Refusal, first_refusal};
use crate::host::{HostView, Stream, System, write_stderr};
use crate::names::{to_json_pretty, visible};
use crate::report::{self, ExplainDocument, Format, GroupDocument, Style};

/// Explains an extension, or a group.
pub(super) fn exec(global: &Global, args: &ExplainArgs, host: &System) -> Exit {
    if args.target.words.is_empty() {
        return explain_group(global, args, host);
    }
    if let Some(hint) = misplaced(&args.target).filter(|_| !global.quiet) {
        write_stderr(&hint);
    }
    match run::plan(global, &args.target, host) {
        Ok(plan) => explain_plan(&plan, global, args.format, host),
        Err(found) => no_plan(&found, global, args.format, host),
    }
}

/// An option of `explain` that stands behind the extension's name is the script's.
fn misplaced(target: &TargetArgs) -> Option<String> {
    let args = target.words.get(1..)?;
    let format = |arg: &&OsString| arg.as_encoded_bytes().starts_with(b"--format");
    args.iter().find(format)?;
    let group = visible(&target.group);
    Some(format!(
        "qli: `--format` went to the script: it goes before `{group}`\n"
    ))
}

fn explain_plan(plan: &Plan, global: &Global, format: Format, view: &dyn HostView) -> Exit {
    let steps = plan.preview(view);
    let exit = Exit::Code(first_refusal(&steps).map_or(0, Refusal::exit_code));
    let text = match format {
        Format::Json => to_json_pretty(&ExplainDocument::new(plan, &steps)),
        Format::Human => {
            let style = Style::of(Stream::Stdout, global.color(), view);
            report::explain(plan, &steps, &style)
        }
    };
    put_or(&text, exit)
}

fn explain_group(global: &Global, args: &ExplainArgs, host: &System) -> Exit {
    let entry = match group_entry(global, &args.target, host) {
        Ok(entry) => entry,
        Err(found) => return no_plan(&found, global, args.format, host),
    };
    put(&match args.format {
        Format::Json => to_json_pretty(&GroupDocument::new(&entry)),
        Format::Human => {
            let style = Style::of(Stream::Stdout, global.color(), host);
            report::group(&entry, &global.qli(), &style)
        }
    })
}

/// Finds a group with its extensions.
pub(super) fn group_entry(
    global: &Global,
    target: &TargetArgs,
    view: &dyn HostView,
) -> Result<GroupEntry, Diagnostics> {
    let name = group_name(&target.group)?;
    let roots = Roots::of(&global.extensions, view);
    let group = find_group(&name, &roots, view)?;
    Ok(GroupEntry {
        extensions: extensions(&group.home, view),
        group,
    })
}
