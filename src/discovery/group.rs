//! From a group's name to its manifest.

use std::io;
use std::path::Path;

use super::location::GroupLocation;
use super::roots::{Root, Roots, unsearchable};
use super::shadowed::shadowed;
use super::{absence, embedded, unknown};
use crate::diagnostics::{Diagnostic, Diagnostics, SOURCE_MAX};
use crate::host::{Access, Contents, HostView};
use crate::manifest::{self, FILE_NAME, Manifest};
use crate::names::GroupName;

/// A group that can run.
#[derive(Debug, Clone)]
pub struct Group {
    pub location: GroupLocation,
    pub manifest: Manifest,
}

/// Finds a group as a run does. The first root that has its manifest owns the whole
/// group.
pub fn find_group(
    name: &GroupName,
    roots: &Roots,
    view: &dyn HostView,
) -> Result<Group, Diagnostics> {
    let group = installed_group(name, roots, view)?;
    roots.check_except(&group.location.root, view)?;
    Ok(group)
}

/// Finds a group, whether or not the named roots can be used.
pub(super) fn installed_group(
    name: &GroupName,
    roots: &Roots,
    view: &dyn HostView,
) -> Result<Group, Diagnostics> {
    let (mut location, read) = locate(name, roots, view)?;
    let manifest = parse(&location, read)?;
    location.shadows = shadowed(&location, &manifest, None, roots, view);
    Ok(Group { location, manifest })
}

pub(super) fn parse(
    location: &GroupLocation,
    read: io::Result<Vec<u8>>,
) -> Result<Manifest, Diagnostics> {
    manifest::parse(&manifest::source(&location.manifest_path, read)?)
}

/// Finds the root that owns a group, and reads its manifest.
pub(super) fn locate(
    name: &GroupName,
    roots: &Roots,
    view: &dyn HostView,
) -> Result<(GroupLocation, io::Result<Vec<u8>>), Diagnostics> {
    let mut meant = None;
    for root in roots.iter() {
        let manifest_path = root.manifest(name);
        let read = view.read(&manifest_path, SOURCE_MAX);
        if is_missing(&read, &manifest_path, view) {
            if let Some(obstacle) = absence::obstacle(root, name, view) {
                return Err(obstacle.into());
            }
            meant = meant.or_else(|| absence::meant(root, name, view));
            continue;
        }
        if let Some(meant) = meant {
            return Err(meant.into());
        }
        if let Some(diagnostic) = unsearchable_root(root, &read, view) {
            return Err(diagnostic.into());
        }
        let location = GroupLocation {
            name: name.clone(),
            root: root.clone(),
            manifest_id: read.as_ref().ok().map(|contents| contents.id),
            manifest_path,
            shadows: None,
        };
        return Ok((location, read.map(|contents| contents.bytes)));
    }
    let Some(text) = embedded::manifest(name) else {
        let mut found = roots.unusable(view);
        found.push(unknown::group(name, roots, view));
        return Err(found);
    };
    if let Some(meant) = meant {
        return Err(meant.into());
    }
    let location = GroupLocation {
        name: name.clone(),
        root: Root::embedded(),
        manifest_path: embedded::reported_path(name, FILE_NAME),
        manifest_id: None,
        shadows: None,
    };
    Ok((location, Ok(text.as_bytes().to_vec())))
}

/// Returns whether a path has no manifest. A dangling link is a manifest that
/// cannot be read: it was meant to make this root own the group.
fn is_missing(read: &io::Result<Contents>, path: &Path, view: &dyn HostView) -> bool {
    let Err(error) = read else { return false };
    let kind = error.kind();
    kind == io::ErrorKind::NotADirectory
        || (kind == io::ErrorKind::NotFound && view.lstat(path).is_err())
}

/// Reports a root that may not be searched.
fn unsearchable_root(
    root: &Root,
    read: &io::Result<Contents>,
    view: &dyn HostView,
) -> Option<Diagnostic> {
    let error = read.as_ref().err()?;
    let denied = error.kind() == io::ErrorKind::PermissionDenied;
    let searchable = view.check_access(&root.path, Access::Execute).is_ok();
    (denied && !searchable).then(|| unsearchable(&root.path, error))
}
