//! Secrets in qli's own environment, possibly under other names, as a CI system sets
//! them.

use std::os::unix::ffi::OsStringExt;

use zeroize::Zeroizing;

use super::output::Bytes;
use super::{Local, ProviderFault};
use crate::host::HostView;
use crate::names::{EnvName, SecretRef};

pub(super) static ENV: Local = Local {
    name: "env",
    about: "a variable in the environment of qli",
    shape: "NAME",
    check,
    value,
    ends_line: false,
};

fn check(reference: &str) -> Result<(), String> {
    match reference.parse::<EnvName>() {
        Ok(_) => Ok(()),
        Err(_) => Err("write the name of a variable, such as `CI_DEPLOY_TOKEN`".to_owned()),
    }
}

fn value(reference: &SecretRef, view: &dyn HostView) -> Result<Bytes, ProviderFault> {
    let value = view.var(reference.as_str()).ok_or(ProviderFault::Unset)?;
    Ok(Zeroizing::new(value.into_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::World;

    fn local(world: &World) -> Result<Bytes, ProviderFault> {
        let reference = "TOKEN".parse().unwrap();
        value(&reference, world)
    }

    #[test]
    fn a_set_variable_is_the_value() {
        let world = World::new().var("TOKEN", "hunter2");
        assert_eq!(*local(&world).unwrap(), b"hunter2");
    }

    #[test]
    fn an_unset_variable_is_a_fault() {
        assert_eq!(local(&World::new()).unwrap_err(), ProviderFault::Unset);
    }
}
