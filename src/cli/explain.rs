//! `qli explain`.

use std::ffi::OsString;

use super::context::Context;
use super::global::TargetArgs;
use crate::dispatch::Exit;
use crate::guard::{Plan, Refusal, first_refusal};
use crate::names::{shell_line, to_json_pretty};
use crate::report::{self, ExplainDocument, Format, GroupDocument, Message};

pub(super) fn exec(cx: &Context<'_>, format: Format, target: &TargetArgs) -> Exit {
    if target.words.is_empty() {
        return explain_group(cx, format, target);
    }
    if let Some(hint) = misplaced(target) {
        cx.note(&hint);
    }
    match cx.plan(target) {
        Ok(plan) => explain_plan(&plan, cx, format),
        Err(found) => cx.no_plan(&found, format),
    }
}

/// An option of `explain` that follows the extension's name belongs to the script.
fn misplaced(target: &TargetArgs) -> Option<Message> {
    let args = target.words.get(1..)?;
    let format = |arg: &&OsString| arg.as_encoded_bytes().starts_with(b"--format");
    args.iter().find(format)?;
    let names = shell_line([&target.group, target.words.first()?]);
    let note = Message::note("`--format` was passed to the script");
    Some(note.step(
        "to explain in JSON",
        format!("qli explain --format json {names}"),
    ))
}

fn explain_plan(plan: &Plan, cx: &Context<'_>, format: Format) -> Exit {
    let steps = plan.preview(cx.host);
    let exit = Exit::Code(first_refusal(&steps).map_or(0, Refusal::exit_code));
    let text = match format {
        Format::Json => to_json_pretty(&ExplainDocument::new(plan, &steps, cx.host)),
        Format::Human => {
            let full_digests = cx.global.verbose;
            let hashes = full_digests.then(|| plan.interpreter_hashes(cx.host));
            report::explain(
                plan,
                &steps,
                &cx.global.qli(),
                hashes.as_deref(),
                &cx.stdout(),
            )
        }
    };
    cx.put_or(&text, exit)
}

fn explain_group(cx: &Context<'_>, format: Format, target: &TargetArgs) -> Exit {
    let text = cx.group_entry(target).map(|entry| match format {
        Format::Json => to_json_pretty(&GroupDocument::new(&entry)),
        Format::Human => report::group(&entry, &cx.global.qli(), &cx.stdout()),
    });
    cx.put_found(text, format)
}
