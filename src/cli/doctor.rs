//! `qli doctor`.

use super::args::Global;
use super::put_or;
use crate::discovery::{Roots, catalogue};
use crate::dispatch::Exit;
use crate::doctor::{Checkup, Installed, Level, examine};
use crate::host::{Stream, System};
use crate::names::to_json_pretty;
use crate::policy::Policies;
use crate::report::{self, DoctorDocument, Format, Style};
use crate::survey;

/// Examines this machine and reports.
pub(super) fn exec(global: &Global, format: Format, host: &System) -> Exit {
    let checkup = checkup(global, host);
    let text = match format {
        Format::Json => to_json_pretty(&DoctorDocument::new(&checkup)),
        Format::Human => {
            let style = Style::of(Stream::Stdout, global.color(), host);
            report::doctor(&checkup, global.verbose, &style)
        }
    };
    let exit = match checkup.level() {
        Level::Ok | Level::Warning => Exit::DONE,
        Level::Problem => Exit::PROBLEMS,
    };
    put_or(&text, exit)
}

fn checkup(global: &Global, host: &System) -> Checkup {
    let roots = Roots::of(&global.extensions, host);
    let (policies, unusable) = Policies::load(&Policies::named(&[], host), host);
    let mut survey = survey::of_roots(&roots, &policies, host);
    survey.found.extend(unusable);
    let catalogue = catalogue(&roots, host);
    let installed = Installed {
        roots: &roots,
        survey: &survey,
        catalogue: &catalogue,
    };
    examine(installed, host)
}
