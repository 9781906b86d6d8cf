//! The audit logs of all groups.

use std::path::PathBuf;

use super::group::find_group;
use super::listing::group_names;
use super::roots::Roots;
use crate::host::{HostView, lookup};
use crate::names::GroupName;

/// Where the log of a group is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupLog {
    /// The file may not exist yet.
    At(PathBuf),
    /// The path needs this variable, which is not set.
    Unset(String),
    /// Unknown: the manifest has errors.
    Broken,
}

/// Finds the logs of all groups that have one, sorted by group.
pub fn logs(roots: &Roots, view: &dyn HostView) -> Vec<(GroupName, GroupLog)> {
    let names = group_names(roots, view).into_keys();
    names
        .filter_map(|name| {
            let Ok(group) = find_group(&name, roots, view) else {
                return Some((name, GroupLog::Broken));
            };
            let template = group.manifest.audit_log?.path;
            let log = match template.expand(|variable| lookup(variable, view)) {
                Ok(path) => GroupLog::At(path),
                Err(unset) => GroupLog::Unset(unset.0),
            };
            Some((name, log))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::World;

    #[test]
    fn every_group_with_a_log_is_listed_even_if_its_path_is_unknown() {
        let world = World::new()
            .manifest("a", "audit_log = \"$XDG_STATE_HOME/a.log\"")
            .manifest("b", "audit_log = \"/l/$NOWHERE\"")
            .manifest("c", "nonsense = 1")
            .manifest("d", "");
        let found = logs(&Roots::of(&[], &world), &world);
        let found: Vec<_> = found
            .iter()
            .map(|(name, log)| (name.as_str(), log))
            .collect();
        let at = |path: &str| GroupLog::At(path.into());
        assert_eq!(
            found,
            [
                ("a", &at("/home/ops/.local/state/a.log")),
                ("b", &GroupLog::Unset("NOWHERE".to_owned())),
                ("c", &GroupLog::Broken),
                ("prod", &at("/home/ops/.local/state/qli/prod-audit.log")),
            ]
        );
    }
}
