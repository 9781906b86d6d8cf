//! `qli ext`.

use std::ffi::OsStr;
use std::path::Path;

use super::args::ExtCommand;
use super::context::Context;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::discovery::scaffold::{self, Destination};
use crate::discovery::{self, PathCommands, Roots};
use crate::dispatch::Exit;
use crate::host::{HostView, write_stderr};
use crate::names::{shell_path, to_json_pretty, visible};
use crate::report::{self, CatalogueDocument, Format, Message, RootAccess, WhichDocument};

/// Lists what is installed, locates one extension, or creates groups.
pub(super) fn exec(cx: &mut Context<'_>, command: &ExtCommand) -> Exit {
    match command {
        ExtCommand::New {
            global,
            guarded,
            root,
            name,
        } => {
            let cx = cx.add(global);
            let created = new(cx, name, *guarded, root.as_deref());
            put_created(cx, created)
        }
        ExtCommand::InstallDefaults {
            global,
            force,
            root,
        } => {
            let cx = cx.add(global);
            let copied = install_defaults(cx, *force, root.as_deref());
            put_created(cx, copied)
        }
        ExtCommand::List {
            global,
            format,
            group,
        } => {
            let cx = cx.add(global);
            cx.put_found(list(cx, *format, group.as_deref()), *format)
        }
        ExtCommand::Which {
            global,
            format,
            group,
            extension,
        } => {
            let cx = cx.add(global);
            cx.put_found(which(cx, *format, group, extension), *format)
        }
    }
}

/// Lists all groups, or the one that was named.
fn list(cx: &Context<'_>, format: Format, group: Option<&OsStr>) -> Result<String, Diagnostics> {
    let roots = cx.roots();
    roots.check(cx.host)?;
    let catalogue = match group {
        None => discovery::catalogue(&roots, &PathCommands::of_all(cx.host), cx.host),
        Some(typed) => {
            let name = discovery::group_name(typed)?;
            let found = discovery::catalogue_group(&name, &roots, cx.host);
            if found.is_none() {
                discovery::find_group(&name, &roots, cx.host)?;
            }
            found.into_iter().collect()
        }
    };
    Ok(match format {
        Format::Json => to_json_pretty(&CatalogueDocument::new(&catalogue)),
        Format::Human => report::list(&catalogue, &cx.global.qli(), &cx.stdout()),
    })
}

fn which(
    cx: &Context<'_>,
    format: Format,
    group: &OsStr,
    extension: &OsStr,
) -> Result<String, Diagnostics> {
    let group = discovery::group_name(group)?;
    let extension = discovery::extension_name(extension)?;
    let target = discovery::find(&group, &extension, &cx.roots(), cx.host)?;
    let mut shadowed = discovery::all_of(&target.group.location, &extension, cx.host);
    shadowed.retain(|path| *path != target.program.path);
    if format == Format::Json {
        return Ok(to_json_pretty(&WhichDocument::new(&target, &shadowed)));
    }
    for path in &shadowed {
        let path = shell_path(path);
        cx.note(&Message::note(format!("this shadows {path}")));
    }
    Ok(format!("{}\n", visible(&target.program.path)))
}

fn new(
    cx: &mut Context<'_>,
    group: &OsStr,
    guarded: bool,
    root: Option<&Path>,
) -> Result<String, Diagnostic> {
    let roots = cx.roots();
    let name = discovery::group_name(group)?;
    let destination = Destination::of(root, cx.host)?;
    let created = scaffold::create_group(&name, guarded, &destination, &roots, cx.host)?;
    if !created.warnings.is_empty() {
        write_stderr(&report::diagnostics(&created.warnings, &cx.stderr()));
    }
    let access = access(&destination, &roots, cx.host);
    let style = cx.stdout();
    Ok(report::created(&name, &created, guarded, &access, &style))
}

fn install_defaults(
    cx: &mut Context<'_>,
    overwrite: bool,
    root: Option<&Path>,
) -> Result<String, Diagnostic> {
    let destination = Destination::of(root, cx.host)?;
    let outcomes = scaffold::install_defaults(&destination, overwrite, cx.host)?;
    let access = access(&destination, &cx.roots(), cx.host);
    Ok(report::copied(&outcomes, root, &access, &cx.stdout()))
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

fn put_created(cx: &Context<'_>, created: Result<String, Diagnostic>) -> Exit {
    match created {
        Ok(text) => cx.put(&text),
        Err(found) => {
            write_stderr(&report::diagnostics([&found], &cx.stderr()));
            Exit::USAGE
        }
    }
}
