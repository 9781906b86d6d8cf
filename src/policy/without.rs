//! A build without the feature `policy`: no policy can be used, and whoever
//! names one is told so.

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;

use toml::de::DeTable;

use crate::diagnostics::{Code, Diagnostic, Diagnostics, Source};
use crate::host::HostView;

/// A policy; there is none.
#[derive(Debug)]
pub(super) struct Policy(Infallible);

impl Policy {
    /// Refuses a policy.
    ///
    /// # Errors
    ///
    /// Always: a policy that is passed over would be taken for one that holds.
    pub(super) fn load(path: &Path, _: &dyn HostView) -> Result<Self, Diagnostics> {
        let message = "this build of qli has no policies".to_owned();
        let one = Diagnostic::of_path(Code::PolicyUnusable, path, message);
        let help =
            "install qli with its default features, or take `--policy` and `QLI_POLICY` away";
        Err(one.help(help).into())
    }

    /// Checks nothing: there is no policy that it could be asked of.
    pub(super) fn check(&self, _: &Arc<Source>, _: &DeTable<'_>) -> Diagnostics {
        match self.0 {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::World;

    #[test]
    fn whoever_names_a_policy_is_told_that_there_are_none() {
        let world = World::new().file("/p.json", "{ \"required\": [\"banner\"] }");
        let found = Policy::load(Path::new("/p.json"), &world).unwrap_err();
        let told: Vec<_> = found.iter().map(|one| (one.code, one.path())).collect();
        assert_eq!(told, [(Code::PolicyUnusable, Path::new("/p.json"))]);
        // No value can be made that this could be called on.
        let _: fn(&Policy, &Arc<Source>, &DeTable<'_>) -> Diagnostics = Policy::check;
    }
}
