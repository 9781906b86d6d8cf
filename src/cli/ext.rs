//! `qli ext`.

use std::ffi::OsStr;
use std::path::PathBuf;

use super::args::{ExtCommand, Global};
use super::{no_plan, put, scaffold};
use crate::diagnostics::Diagnostics;
use crate::discovery::scaffold::{Guarded, Overwrite};
use crate::discovery::{self, Catalogue, Roots, Target};
use crate::dispatch::Exit;
use crate::host::{HostView, Stream, System, write_stderr};
use crate::names::to_json_pretty;
use crate::report::{self, CatalogueDocument, Format, Style, WhichDocument};

/// Lists what is installed, says where one extension is, or makes groups.
pub(super) fn exec(before: &Global, command: &ExtCommand, host: &mut System) -> Exit {
    match command {
        ExtCommand::New {
            global,
            guarded,
            root,
            name,
        } => {
            let guarded = if *guarded { Guarded::Yes } else { Guarded::No };
            let global = before.clone().and(global);
            scaffold::new(&global, name, guarded, root.as_deref(), host)
        }
        ExtCommand::InstallDefaults {
            global,
            force,
            root,
        } => {
            let overwrite = if *force {
                Overwrite::Yes
            } else {
                Overwrite::No
            };
            let global = before.clone().and(global);
            scaffold::install_defaults(&global, overwrite, root.as_deref(), host)
        }
        ExtCommand::List {
            global,
            format,
            group,
        } => list(&before.clone().and(global), *format, group.as_deref(), host),
        ExtCommand::Which {
            global,
            format,
            group,
            extension,
        } => which(
            &before.clone().and(global),
            *format,
            (group, extension),
            host,
        ),
    }
}

fn list(global: &Global, format: Format, group: Option<&OsStr>, host: &System) -> Exit {
    let catalogue = match catalogue(global, group, host) {
        Ok(catalogue) => catalogue,
        Err(found) => return no_plan(&found, global, format, host),
    };
    put(&match format {
        Format::Json => to_json_pretty(&CatalogueDocument::new(&catalogue)),
        Format::Human => {
            let style = Style::of(Stream::Stdout, global.color(), host);
            report::list(&catalogue, &global.qli(), &style)
        }
    })
}

/// All groups, or the one that was named; it is an error if there is none.
fn catalogue(
    global: &Global,
    group: Option<&OsStr>,
    view: &dyn HostView,
) -> Result<Catalogue, Diagnostics> {
    let roots = Roots::of(&global.extensions, view);
    let mut catalogue = discovery::catalogue(&roots, view);
    if let Some(group) = group {
        let name = discovery::group_name(group)?;
        catalogue.groups.retain(|entry| entry.name == name);
        if catalogue.groups.is_empty() {
            discovery::find_group(&name, &roots, view)?;
        }
    }
    Ok(catalogue)
}

fn which(global: &Global, format: Format, names: (&OsStr, &OsStr), host: &System) -> Exit {
    let (target, hidden) = match find(global, names, host) {
        Ok(found) => found,
        Err(found) => return no_plan(&found, global, format, host),
    };
    if format == Format::Json {
        return put(&to_json_pretty(&WhichDocument::new(&target, &hidden)));
    }
    let (path, notes) = report::which(&target, &hidden);
    if !global.quiet {
        write_stderr(&notes);
    }
    put(&path)
}

fn find(
    global: &Global,
    (group, extension): (&OsStr, &OsStr),
    view: &dyn HostView,
) -> Result<(Target, Vec<PathBuf>), Diagnostics> {
    let roots = Roots::of(&global.extensions, view);
    let group = discovery::group_name(group)?;
    let extension = discovery::extension_name(extension)?;
    let target = discovery::find(&group, &extension, &roots, view)?;
    let mut hidden = discovery::all_of(&target.group.home, &extension, view);
    hidden.retain(|path| *path != target.program.path);
    Ok((target, hidden))
}
