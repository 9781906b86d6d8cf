//! Every group with its extensions, for reports. Never used by a run.

use super::group::{Group, find_group};
use super::listing::{Extension, extensions, group_names};
use super::roots::{Root, Roots};
use crate::diagnostics::Diagnostics;
use crate::host::HostView;
use crate::names::GroupName;

/// Every group, sorted by name.
#[derive(Debug)]
pub struct Catalogue {
    pub groups: Vec<CatalogueGroup>,
}

#[derive(Debug)]
pub struct CatalogueGroup {
    pub name: GroupName,
    /// The root that owns it.
    pub root: Root,
    /// The group, or why it cannot run.
    pub group: Result<GroupEntry, Diagnostics>,
}

/// A group that can run, with its extensions sorted by name.
#[derive(Debug)]
pub struct GroupEntry {
    pub group: Group,
    pub extensions: Vec<Extension>,
}

pub fn catalogue(roots: &Roots, view: &dyn HostView) -> Catalogue {
    let groups = group_names(roots, view).into_iter().map(|(name, root)| {
        let group = find_group(&name, roots, view).map(|group| GroupEntry {
            extensions: extensions(&group.location, view),
            group,
        });
        CatalogueGroup { name, root, group }
    });
    Catalogue {
        groups: groups.collect(),
    }
}
