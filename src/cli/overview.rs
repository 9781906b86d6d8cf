//! `qli` alone.

use super::context::Context;
use crate::discovery::{Root, RootKind, group_names};
use crate::dispatch::Exit;
use crate::host::{HostView, is_absent};

/// Prints first steps for a newcomer, or the common commands.
pub(super) fn exec(cx: &Context<'_>) -> Exit {
    let roots = cx.roots();
    let groups = group_names(&roots, cx.host);
    let mut kinds = groups.values().map(|root| root.kind);
    let next = if kinds.any(|kind| kind != RootKind::Embedded) {
        WITH_GROUPS.to_owned()
    } else if roots.iter().any(|root| is_unreadable(root, cx.host)) {
        UNREADABLE.replace("qli doctor", &format!("{} doctor", roots.command()))
    } else {
        NEWCOMER.to_owned()
    };
    let version = env!("CARGO_PKG_VERSION");
    cx.put(&format!(
        "qli {version} runs a team's scripts under guards that their group declares.\n{next}"
    ))
}

fn is_unreadable(root: &Root, view: &dyn HostView) -> bool {
    let listed = view.list(&root.path);
    listed.is_err_and(|error| !is_absent(&error))
}

const UNREADABLE: &str = "
A directory of groups cannot be read. To see which one, and how to fix it:

  qli doctor
";

const NEWCOMER: &str = "
You have no groups yet. Three built-in groups to try:

  qli dev hello              run a script
  qli explain prod hello     show what a guarded run would do, without running it
  qli prod hello             see a refusal, and what to type next

Then create your own:

  qli ext new ops            a group without guards, with a first script
  qli ext new ops --guarded  with a banner, a required variable, confirm, log

  qli help                   all commands and topics
";

const WITH_GROUPS: &str = "
  qli ext list                       list groups and extensions
  qli explain <GROUP> <EXTENSION>    show what a run would do, step by step
  qli <GROUP> <EXTENSION> [ARGS]...  run it
  qli ext new <GROUP>                create another group
  qli validate [PATH]...             check manifests
  qli audit list                     list what ran
  qli audit verify                   check that the logs are intact
  qli doctor                         check this machine
  qli help [COMMAND]                 show all commands and topics
";
