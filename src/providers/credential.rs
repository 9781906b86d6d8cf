//! Secrets that a service manager passes to a service (systemd.exec(5), `LoadCredential=`).

use std::path::{Path, PathBuf};

use super::local_file::{FileFault, read};
use super::output::Bytes;
use super::{Local, ProviderFault};
use crate::host::HostView;
use crate::names::SecretRef;

pub(super) static CREDENTIAL: Local = Local {
    name: "credential",
    about: "a credential of the systemd service that qli runs in",
    shape: "name",
    check,
    value,
    ends_line: true,
};

fn check(reference: &str) -> Result<(), String> {
    let is_name = !reference.contains(['/', '\0']) && reference != "." && reference != "..";
    let help = || "write the name of a credential, as `LoadCredential=` has it".to_owned();
    is_name.then_some(()).ok_or_else(help)
}

fn value(reference: &SecretRef, view: &dyn HostView) -> Result<Bytes, ProviderFault> {
    let path = directory(view)?.join(reference.as_str());
    Ok(read(&path, view)?)
}

fn directory(view: &dyn HostView) -> Result<PathBuf, FileFault> {
    let set = view.var("CREDENTIALS_DIRECTORY");
    let directory = set.filter(|directory| !directory.is_empty());
    let directory = directory.ok_or(FileFault::NoCredentials)?;
    let absolute = Path::new(&directory).is_absolute();
    absolute
        .then(|| directory.into())
        .ok_or(FileFault::RelativeCredentials)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::World;

    fn of(world: &World) -> Result<Bytes, ProviderFault> {
        value(&"db".parse().unwrap(), world)
    }

    #[test]
    fn a_credential_is_a_file_in_the_directory_of_the_service() {
        let world = World::new()
            .var("CREDENTIALS_DIRECTORY", "/run/credentials/backup.service")
            .file("/run/credentials/backup.service/db", "hunter2\n");
        assert_eq!(*of(&world).unwrap(), b"hunter2\n");
    }

    #[test]
    fn without_the_directory_there_is_no_credential() {
        let none = ProviderFault::File(FileFault::NoCredentials);
        assert_eq!(of(&World::new()).unwrap_err(), none);
        let empty = World::new().var("CREDENTIALS_DIRECTORY", "");
        assert_eq!(of(&empty).unwrap_err(), none);
        let relative = World::new().var("CREDENTIALS_DIRECTORY", "creds");
        let fault = ProviderFault::File(FileFault::RelativeCredentials);
        assert_eq!(of(&relative).unwrap_err(), fault);
    }

    #[test]
    fn a_name_leads_nowhere_else() {
        for name in ["a/b", "/etc/shadow", "..", ".", "a\0b"] {
            assert!(check(name).is_err(), "{name:?}");
        }
        assert!(check("db-password.1").is_ok());
    }
}
