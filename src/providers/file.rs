//! Secrets that are a file each, as Docker, Kubernetes and agents write them.

use super::local_file::{check, expand, read};
use super::output::Bytes;
use super::{Local, ProviderFault};
use crate::host::HostView;
use crate::names::SecretRef;

pub(super) static FILE: Local = Local {
    name: "file",
    about: "the contents of a file; a variable gets them without a final line end",
    shape: "path",
    check,
    value,
    ends_line: true,
};

fn value(reference: &SecretRef, view: &dyn HostView) -> Result<Bytes, ProviderFault> {
    let path = expand(reference.as_str(), view)?;
    Ok(read(&path, view)?)
}

#[cfg(test)]
mod tests {
    use super::super::FileFault;
    use super::*;
    use crate::host::fake::World;

    #[test]
    fn the_value_is_the_contents_of_the_file() {
        let world = World::new().file("/home/ops/db", "hunter2\n");
        for path in ["/home/ops/db", "~/db", "$HOME/db"] {
            let bytes = value(&path.parse().unwrap(), &world).unwrap();
            assert_eq!(*bytes, b"hunter2\n", "{path}");
        }
    }

    #[test]
    fn a_path_needs_its_variables_and_a_beginning() {
        let fault = value(&"$KEYS/db".parse().unwrap(), &World::new()).unwrap_err();
        let unset = FileFault::NoPath("`KEYS` is not set".to_owned());
        assert_eq!(fault, ProviderFault::File(unset));
        assert!(check("/run/secrets/db").is_ok() && check("~/db").is_ok());
        assert!(check("db").is_err() && check("/run/").is_err());
    }
}
