//! `qli ext new` and `qli ext install-defaults`.

use std::ffi::OsStr;
use std::path::Path;

use super::context::Context;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::discovery::scaffold::{
    Destination, Guarded, Installed, Made, Overwrite, install_defaults as install, make_group,
};
use crate::discovery::{Roots, group_name};
use crate::dispatch::Exit;
use crate::host::{Host, HostView, write_stderr};
use crate::names::GroupName;
use crate::report::{self, Format, Reached};

/// Makes a group and says what to do with it.
pub(super) fn new(
    cx: &mut Context<'_>,
    group: &OsStr,
    guarded: Guarded,
    root: Option<&Path>,
) -> Exit {
    let roots = cx.roots();
    let (name, destination, made) = match make(group, guarded, root, &roots, cx.host) {
        Ok(made) => made,
        Err(found) => return nothing_made(found, cx),
    };
    if !made.warnings.is_empty() {
        write_stderr(&report::diagnostics(&made.warnings, &cx.stderr()));
    }
    let reached = reached(&destination, &roots, cx.host);
    cx.put(&report::made(&name, &made, guarded, &reached, &cx.stdout()))
}

fn make(
    group: &OsStr,
    guarded: Guarded,
    root: Option<&Path>,
    roots: &Roots,
    host: &mut dyn Host,
) -> Result<(GroupName, Destination, Made), Diagnostic> {
    let name = group_name(group)?;
    let destination = Destination::of(root, host)?;
    let made = make_group(&name, guarded, &destination, roots, host)?;
    Ok((name, destination, made))
}

/// Copies the embedded groups and says what has become of each.
pub(super) fn install_defaults(
    cx: &mut Context<'_>,
    overwrite: Overwrite,
    root: Option<&Path>,
) -> Exit {
    let (destination, installed) = match copies(overwrite, root, cx.host) {
        Ok(installed) => installed,
        Err(found) => return nothing_made(found, cx),
    };
    let reached = reached(&destination, &cx.roots(), cx.host);
    cx.put(&report::installed(&installed, root, &reached, &cx.stdout()))
}

fn copies(
    overwrite: Overwrite,
    root: Option<&Path>,
    host: &mut dyn Host,
) -> Result<(Destination, Vec<Installed>), Diagnostic> {
    let destination = Destination::of(root, host)?;
    let installed = install(&destination, overwrite, host)?;
    Ok((destination, installed))
}

/// Says how a group of a root is found by a run.
fn reached(destination: &Destination, roots: &Roots, view: &dyn HostView) -> Reached {
    if roots.holds(&destination.root) {
        return Reached::AsTyped(roots.command());
    }
    Reached::ByOption {
        root: destination.root.clone(),
        beside_others: view.var("QLI_EXTENSIONS").is_some_and(|it| !it.is_empty()),
    }
}

fn nothing_made(found: Diagnostic, cx: &Context<'_>) -> Exit {
    cx.no_plan(&Diagnostics::from(found), Format::Human);
    Exit::USAGE
}
