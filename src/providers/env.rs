//! Secrets in qli's own environment, perhaps under another name: what a CI system
//! provides.

use std::os::unix::ffi::OsStringExt;

use zeroize::Zeroizing;

use super::{FetchError, Lookup, Provider, ProviderFault, Secret, StderrPolicy};
use crate::host::{Host, HostView};
use crate::names::EnvName;

#[derive(Debug)]
pub(super) struct Env;

/// The one predicate: the value of the variable now.
fn value(wanted: &Lookup<'_>, view: &dyn HostView) -> Result<Secret, ProviderFault> {
    let value = view
        .var(wanted.reference.as_str())
        .ok_or(ProviderFault::Unset)?;
    Secret::new(Zeroizing::new(value.into_vec())).map_err(ProviderFault::Unusable)
}

impl Provider for Env {
    fn check(&self, reference: &str) -> Result<(), &'static str> {
        match reference.parse::<EnvName>() {
            Ok(_) => Ok(()),
            Err(_) => Err("the name of a variable, such as `CI_DEPLOY_TOKEN`"),
        }
    }

    fn obstacle(&self, wanted: &Lookup<'_>, view: &dyn HostView) -> Option<ProviderFault> {
        value(wanted, view).err()
    }

    fn local_value(&self, wanted: &Lookup<'_>, view: &dyn HostView) -> Option<Secret> {
        value(wanted, view).ok()
    }

    fn fetch(
        &self,
        wanted: &Lookup<'_>,
        _: StderrPolicy,
        host: &mut dyn Host,
    ) -> Result<Secret, FetchError> {
        Ok(value(wanted, host)?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Tool, Unusable};
    use super::*;
    use crate::host::fake::World;

    fn fault(world: &World) -> Option<ProviderFault> {
        let reference = "TOKEN".parse().unwrap();
        Env.obstacle(
            &Lookup {
                reference: &reference,
                tool: &Tool::None,
            },
            world,
        )
    }

    #[test]
    fn a_set_variable_is_the_value() {
        let mut world = World::new().var("TOKEN", "hunter2");
        assert_eq!(fault(&world), None);
        let reference = "TOKEN".parse().unwrap();
        let wanted = Lookup {
            reference: &reference,
            tool: &Tool::None,
        };
        let secret = Env.fetch(&wanted, StderrPolicy::Shown, &mut world).unwrap();
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn an_unset_or_empty_variable_is_a_fault() {
        assert_eq!(fault(&World::new()), Some(ProviderFault::Unset));
        let empty = World::new().var("TOKEN", "");
        assert_eq!(
            fault(&empty),
            Some(ProviderFault::Unusable(Unusable::Empty))
        );
    }
}
