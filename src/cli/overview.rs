//! `qli` alone.

use super::args::Global;
use crate::discovery::{Root, RootKind, Roots, group_names};
use crate::host::{HostView, is_absent};

/// What a newcomer sees, or somebody who has groups.
pub(super) fn text(global: &Global, view: &dyn HostView) -> String {
    let roots = Roots::of(&global.extensions, view);
    let groups = group_names(&roots, view);
    let own = groups
        .values()
        .filter(|root| root.kind != RootKind::Embedded);
    let next = match own.count() {
        0 if roots.iter().any(|root| shadows(root, view)) => {
            HIDDEN.replace("qli doctor", &format!("{} doctor", roots.command()))
        }
        0 => NEWCOMER.to_owned(),
        _ => WITH_GROUPS.to_owned(),
    };
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "qli {version} runs a team's scripts under the guards that their group declares.\n{next}"
    )
}

/// Says whether nobody can tell which groups a root holds.
fn shadows(root: &Root, view: &dyn HostView) -> bool {
    let listed = view.list(&root.path);
    listed.is_err_and(|error| !is_absent(&error))
}

const HIDDEN: &str = "
Your groups cannot be seen: a root cannot be read. Which one, and what to type:

  qli doctor
";

const NEWCOMER: &str = "
You have no groups yet. Three of qli itself are there to try:

  qli dev hello              runs a script
  qli explain prod hello     shows what a guarded one would do, and does nothing
  qli prod hello             is refused, and says what to type

Then make your own:

  qli ext new ops            a group without guards, with a first script
  qli ext new ops --guarded  one with a banner, a check, a question and a log

qli help                     everything else
";

const WITH_GROUPS: &str = "
  qli ext list                       what is installed
  qli explain <GROUP> <EXTENSION>    what a run would do, step by step
  qli <GROUP> <EXTENSION> [ARGS]...  run it
  qli ext new <GROUP>                make another group
  qli validate [PATH]...             check manifests
  qli audit list                     what ran; audit verify: is its log whole
  qli doctor                         check this machine
  qli help [COMMAND]                 everything else
";
