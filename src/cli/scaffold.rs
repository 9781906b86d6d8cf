//! `qli ext new` and `qli ext install-defaults`.

use std::ffi::OsStr;
use std::path::Path;

use super::args::Global;
use super::{no_plan, put};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::discovery::scaffold::{
    Destination, Guarded, Installed, Made, Overwrite, install_defaults as install, make_group,
};
use crate::discovery::{Roots, group_name};
use crate::dispatch::Exit;
use crate::host::{HostView, Stream, System, write_stderr};
use crate::names::GroupName;
use crate::report::{self, Format, Reached, Style};

/// Makes a group and says what to do with it.
pub(super) fn new(
    global: &Global,
    group: &OsStr,
    guarded: Guarded,
    root: Option<&Path>,
    host: &mut System,
) -> Exit {
    let roots = Roots::of(&global.extensions, host);
    let made = match make(group, guarded, root, &roots, host) {
        Ok(made) => made,
        Err(found) => return nothing_made(found, global, host),
    };
    let (name, destination, made) = made;
    let style = Style::of(Stream::Stderr, global.color(), host);
    if !made.warnings.is_empty() {
        write_stderr(&report::diagnostics(&made.warnings, &style));
    }
    let style = Style::of(Stream::Stdout, global.color(), host);
    let reached = reached(&destination, &roots, host);
    put(&report::made(&name, &made, guarded, &reached, &style))
}

fn make(
    group: &OsStr,
    guarded: Guarded,
    root: Option<&Path>,
    roots: &Roots,
    host: &mut System,
) -> Result<(GroupName, Destination, Made), Diagnostic> {
    let name = group_name(group)?;
    let destination = Destination::of(root, host)?;
    let made = make_group(&name, guarded, &destination, roots, host)?;
    Ok((name, destination, made))
}

/// Copies the embedded groups and says what has become of each.
pub(super) fn install_defaults(
    global: &Global,
    overwrite: Overwrite,
    root: Option<&Path>,
    host: &mut System,
) -> Exit {
    let (destination, installed) = match copies(overwrite, root, host) {
        Ok(installed) => installed,
        Err(found) => return nothing_made(found, global, host),
    };
    let style = Style::of(Stream::Stdout, global.color(), host);
    let reached = reached(&destination, &Roots::of(&global.extensions, host), host);
    put(&report::installed(&installed, root, &reached, &style))
}

fn copies(
    overwrite: Overwrite,
    root: Option<&Path>,
    host: &mut System,
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

fn nothing_made(found: Diagnostic, global: &Global, host: &System) -> Exit {
    no_plan(&Diagnostics::from(found), global, Format::Human, host);
    Exit::USAGE
}
