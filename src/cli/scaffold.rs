//! `qli ext new` and `qli ext install-defaults`.

use std::ffi::OsStr;
use std::path::Path;

use super::context::Context;
use crate::diagnostics::Diagnostic;
use crate::discovery::scaffold::{
    CopyOutcome, Destination, Guarded, NewGroup, Overwrite, create_group,
    install_defaults as install,
};
use crate::discovery::{Roots, group_name};
use crate::dispatch::Exit;
use crate::host::{Host, HostView, write_stderr};
use crate::names::GroupName;
use crate::report::{self, Format, RootAccess};

pub(super) fn new(
    cx: &mut Context<'_>,
    group: &OsStr,
    guarded: Guarded,
    root: Option<&Path>,
) -> Exit {
    let roots = cx.roots();
    let (name, destination, created) = match create(group, guarded, root, &roots, cx.host) {
        Ok(created) => created,
        Err(found) => return nothing_created(found, cx),
    };
    if !created.warnings.is_empty() {
        write_stderr(&report::diagnostics(&created.warnings, &cx.stderr()));
    }
    let access = access(&destination, &roots, cx.host);
    cx.put(&report::created(
        &name,
        &created,
        guarded,
        &access,
        &cx.stdout(),
    ))
}

fn create(
    group: &OsStr,
    guarded: Guarded,
    root: Option<&Path>,
    roots: &Roots,
    host: &mut dyn Host,
) -> Result<(GroupName, Destination, NewGroup), Diagnostic> {
    let name = group_name(group)?;
    let destination = Destination::of(root, host)?;
    let created = create_group(&name, guarded, &destination, roots, host)?;
    Ok((name, destination, created))
}

pub(super) fn install_defaults(
    cx: &mut Context<'_>,
    overwrite: Overwrite,
    root: Option<&Path>,
) -> Exit {
    let (destination, outcomes) = match copy(overwrite, root, cx.host) {
        Ok(copied) => copied,
        Err(found) => return nothing_created(found, cx),
    };
    let access = access(&destination, &cx.roots(), cx.host);
    cx.put(&report::copied(&outcomes, root, &access, &cx.stdout()))
}

fn copy(
    overwrite: Overwrite,
    root: Option<&Path>,
    host: &mut dyn Host,
) -> Result<(Destination, Vec<CopyOutcome>), Diagnostic> {
    let destination = Destination::of(root, host)?;
    let outcomes = install(&destination, overwrite, host)?;
    Ok((destination, outcomes))
}

fn access(destination: &Destination, roots: &Roots, view: &dyn HostView) -> RootAccess {
    if roots.contains(&destination.root) {
        return RootAccess::InForce(roots.command());
    }
    RootAccess::ByOption {
        root: destination.root.clone(),
        has_others: view.var("QLI_EXTENSIONS").is_some_and(|it| !it.is_empty()),
    }
}

fn nothing_created(found: Diagnostic, cx: &Context<'_>) -> Exit {
    cx.no_plan(&found.into(), Format::Human);
    Exit::USAGE
}
