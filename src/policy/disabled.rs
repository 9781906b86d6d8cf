//! A build without the feature `policy`. Naming a policy is an error: one that
//! was ignored would look like one that is enforced.

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;

use toml::de::DeTable;

use crate::diagnostics::{Code, Diagnostic, Diagnostics, Source};
use crate::host::HostView;

/// No value of this type exists.
#[derive(Debug)]
pub(super) struct Policy(Infallible);

impl Policy {
    pub(super) fn load(path: &Path, _: &dyn HostView) -> Result<Self, Diagnostics> {
        let message = "this qli was built without policies".to_owned();
        let one = Diagnostic::of_path(Code::PolicyUnusable, path, message);
        let help =
            "install qli with its default features, or remove `--policy` and unset `QLI_POLICY`";
        Err(one.help(help).into())
    }

    pub(super) fn check(&self, _: &Arc<Source>, _: &DeTable<'_>) -> Diagnostics {
        match self.0 {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::World;

    #[test]
    fn naming_a_policy_is_an_error_at_its_file() {
        let world = World::new().file("/p.json", "{ \"required\": [\"banner\"] }");
        let found = Policy::load(Path::new("/p.json"), &world).unwrap_err();
        let reported: Vec<_> = found.iter().map(|one| (one.code, one.path())).collect();
        assert_eq!(reported, [(Code::PolicyUnusable, Path::new("/p.json"))]);
        // There is no value to call this on.
        let _: fn(&Policy, &Arc<Source>, &DeTable<'_>) -> Diagnostics = Policy::check;
    }
}
