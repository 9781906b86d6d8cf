//! What a command line asks for: a plan, or a group.

use super::args::TargetArgs;
use super::context::Context;
use crate::diagnostics::Diagnostics;
use crate::discovery::{GroupEntry, extension_name, extensions, find_group, group_name};
use crate::guard::{Answer, Plan, Request};

pub(super) fn plan(cx: &Context<'_>, target: &TargetArgs) -> Result<Plan, Diagnostics> {
    Plan::of(&request(cx, target)?, cx.host)
}

fn request(cx: &Context<'_>, target: &TargetArgs) -> Result<Request, Diagnostics> {
    let (extension, args) = target.words.split_first().unwrap_or((&target.group, &[]));
    Ok(Request {
        group: group_name(&target.group)?,
        extension: extension_name(extension)?,
        args: args.to_vec(),
        roots: cx.roots(),
        answer: match &cx.global.confirm {
            Some(name) => Answer::NameGiven(name.to_string_lossy().into_owned()),
            None if cx.global.yes => Answer::YesGiven,
            None => Answer::AskPerson,
        },
    })
}

pub(super) fn group_entry(
    cx: &Context<'_>,
    target: &TargetArgs,
) -> Result<GroupEntry, Diagnostics> {
    let name = group_name(&target.group)?;
    let group = find_group(&name, &cx.roots(), cx.host)?;
    Ok(GroupEntry {
        extensions: extensions(&group.location, cx.host),
        group,
    })
}
