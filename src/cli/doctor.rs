//! `qli doctor`.

use super::context::Context;
use crate::discovery::{PathCommands, catalogue};
use crate::dispatch::Exit;
use crate::doctor::{Checkup, Health, examine};
use crate::names::to_json_pretty;
use crate::policy::Policies;
use crate::report::{self, Format};
use crate::survey;

pub(super) fn exec(cx: &Context<'_>, format: Format) -> Exit {
    let checkup = checkup(cx);
    let text = match format {
        Format::Json => to_json_pretty(&checkup),
        Format::Human => report::doctor(&checkup, cx.global.verbose, &cx.stdout()),
    };
    let exit = match checkup.level {
        Health::Ok | Health::Warning => Exit::DONE,
        Health::Problem => Exit::PROBLEMS,
    };
    cx.put_or(&text, exit)
}

fn checkup(cx: &Context<'_>) -> Checkup {
    let roots = cx.roots();
    let (policies, unusable) = Policies::load(&Policies::named(&[], cx.host), cx.host);
    let commands = PathCommands::of_all(cx.host);
    let mut survey = survey::of_roots(&roots, &policies, &commands, cx.host);
    survey.found.extend(unusable);
    let catalogue = catalogue(&roots, &commands, cx.host);
    examine(&roots, &survey, &catalogue, cx.host)
}
