//! `qli ext`.

use std::ffi::OsStr;
use std::path::PathBuf;

use super::args::ExtCommand;
use super::context::Context;
use super::scaffold;
use crate::diagnostics::Diagnostics;
use crate::discovery::scaffold::{Guarded, Overwrite};
use crate::discovery::{self, Catalogue, Target};
use crate::dispatch::Exit;
use crate::host::write_stderr;
use crate::names::to_json_pretty;
use crate::report::{self, CatalogueDocument, Format, WhichDocument};

/// Lists what is installed, locates one extension, or creates groups.
pub(super) fn exec(cx: &mut Context<'_>, command: &ExtCommand) -> Exit {
    match command {
        ExtCommand::New {
            global,
            guarded,
            root,
            name,
        } => {
            let guarded = if *guarded { Guarded::Yes } else { Guarded::No };
            scaffold::new(cx.add(global), name, guarded, root.as_deref())
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
            scaffold::install_defaults(cx.add(global), overwrite, root.as_deref())
        }
        ExtCommand::List {
            global,
            format,
            group,
        } => list(cx.add(global), *format, group.as_deref()),
        ExtCommand::Which {
            global,
            format,
            group,
            extension,
        } => which(cx.add(global), *format, (group, extension)),
    }
}

fn list(cx: &Context<'_>, format: Format, group: Option<&OsStr>) -> Exit {
    let catalogue = match catalogue(cx, group) {
        Ok(catalogue) => catalogue,
        Err(found) => return cx.no_plan(&found, format),
    };
    cx.put(&match format {
        Format::Json => to_json_pretty(&CatalogueDocument::new(&catalogue)),
        Format::Human => report::list(&catalogue, &cx.global.qli(), &cx.stdout()),
    })
}

/// Returns all groups, or the one that was named.
fn catalogue(cx: &Context<'_>, group: Option<&OsStr>) -> Result<Catalogue, Diagnostics> {
    let roots = cx.roots();
    let mut catalogue = discovery::catalogue(&roots, cx.host);
    if let Some(group) = group {
        let name = discovery::group_name(group)?;
        catalogue.groups.retain(|group| group.name == name);
        if catalogue.groups.is_empty() {
            discovery::find_group(&name, &roots, cx.host)?;
        }
    }
    Ok(catalogue)
}

fn which(cx: &Context<'_>, format: Format, names: (&OsStr, &OsStr)) -> Exit {
    let (target, shadowed) = match find(cx, names) {
        Ok(found) => found,
        Err(found) => return cx.no_plan(&found, format),
    };
    if format == Format::Json {
        return cx.put(&to_json_pretty(&WhichDocument::new(&target, &shadowed)));
    }
    let (path, notes) = report::which(&target, &shadowed, &cx.stderr());
    if !cx.global.quiet {
        write_stderr(&notes);
    }
    cx.put(&path)
}

fn find(
    cx: &Context<'_>,
    (group, extension): (&OsStr, &OsStr),
) -> Result<(Target, Vec<PathBuf>), Diagnostics> {
    let group = discovery::group_name(group)?;
    let extension = discovery::extension_name(extension)?;
    let target = discovery::find(&group, &extension, &cx.roots(), cx.host)?;
    let mut shadowed = discovery::all_of(&target.group.location, &extension, cx.host);
    shadowed.retain(|path| *path != target.program.path);
    Ok((target, shadowed))
}
