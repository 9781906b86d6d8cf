//! `qli doctor`.

use super::context::Context;
use crate::discovery::{PathCommands, catalogue};
use crate::dispatch::Exit;
use crate::doctor::{Checkup, Health, examine};
use crate::host::Signal;
use crate::names::to_json_pretty;
use crate::policy::Policies;
use crate::report::{self, Format};
use crate::survey;

pub(super) fn exec(cx: &mut Context<'_>, online: bool, format: Format) -> Exit {
    let checkup = match checkup(cx, online) {
        Ok(checkup) => checkup,
        Err(signal) => return Exit::Signal(signal),
    };
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

fn checkup(cx: &mut Context<'_>, online: bool) -> Result<Checkup, Signal> {
    let roots = cx.roots();
    let (policies, unusable) = Policies::load(&Policies::named(&[], cx.host), cx.host);
    let commands = PathCommands::of_all(cx.host);
    let mut survey = survey::of_roots(&roots, &policies, &commands, cx.host);
    survey.found.extend(unusable);
    let catalogue = catalogue(&roots, &commands, cx.host);
    let checkup = examine(&roots, &survey, &catalogue, cx.host);
    if online {
        return checkup.ask(&catalogue, cx.host);
    }
    Ok(checkup)
}
