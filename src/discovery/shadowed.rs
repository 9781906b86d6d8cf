//! A group that is hidden by one of the same name in an earlier root.

use std::path::Path;

use super::location::{GroupLocation, Shadowed};
use super::roots::{RootKind, Roots};
use crate::diagnostics::SOURCE_MAX;
use crate::host::HostView;
use crate::manifest::{self, Manifest};
use crate::names::ExtensionName;

/// Returns the group that a group hides and that every run reports: one with guards
/// that it lacks, or one of a system root. The built-in groups do not count, since
/// they are there to be replaced.
pub(super) fn shadowed(
    location: &GroupLocation,
    manifest: &Manifest,
    extension: Option<&ExtensionName>,
    roots: &Roots,
    view: &dyn HostView,
) -> Option<Shadowed> {
    let mut of_system = None;
    for root in roots.after(&location.root) {
        let path = root.manifest(&location.name);
        if view.lstat(&path).is_err() {
            continue;
        }
        let guards = guards_lacking(manifest, &path, extension, view);
        let lacks = !guards.is_empty();
        let found = Shadowed {
            manifest: path,
            guards,
        };
        if lacks {
            return Some(found);
        }
        if location.root.kind < RootKind::System && root.kind == RootKind::System {
            of_system.get_or_insert(found);
        }
    }
    of_system
}

/// Returns the guards of a hidden manifest that one lacks. A manifest with errors
/// counts as one without guards: its group would not run.
fn guards_lacking(
    manifest: &Manifest,
    hidden: &Path,
    extension: Option<&ExtensionName>,
    view: &dyn HostView,
) -> Vec<String> {
    let hidden = read(hidden, view);
    hidden.map_or_else(Vec::new, |hidden| manifest.lacks(&hidden, extension))
}

/// Returns the guards that a hidden manifest has and the one in force lacks.
pub fn guards_between(in_force: &Path, hidden: &Path, view: &dyn HostView) -> Vec<String> {
    let in_force = read(in_force, view);
    in_force.map_or_else(Vec::new, |own| guards_lacking(&own, hidden, None, view))
}

fn read(path: &Path, view: &dyn HostView) -> Option<Manifest> {
    let read = view.read(path, SOURCE_MAX).map(|contents| contents.bytes);
    manifest::parse(&manifest::source(path, read).ok()?).ok()
}
