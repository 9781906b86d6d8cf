//! How secrets reach the script: in variables, as private files, as descriptors.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::next_step::{CommandLine, NextStep};
use super::{Launch, Refusal, Secrets, WantedSecret};
use crate::diagnostics::{Code, Diagnostic};
use crate::host::{
    ChangedBy, Host, HostView, InsecurePath, NotCreatable, check_creatable, diagnosis,
    insecure_paths, is_directory, is_link, reason,
};
use crate::manifest::{Deliver, ScriptEnvironment};
use crate::names::{EnvName, shell_path};
use crate::providers::Secret;

/// A UUID.
const RUN_ID_LENGTH: usize = 36;

/// Every file system takes names of this length.
const NAME_MAX: usize = 255;

/// Names the directory of the files, as a service manager does (systemd.exec(5)).
const DIRECTORY_VARIABLE: &str = "CREDENTIALS_DIRECTORY";

const DESCRIPTORS: &str = "/dev/fd";

/// A secret that was fetched.
#[derive(Debug)]
pub(super) struct FetchedSecret {
    pub(super) env: EnvName,
    pub(super) deliver: Deliver,
    pub(super) value: Secret,
}

/// Why secrets cannot be passed to the script.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryFault {
    /// Another user could replace the files.
    #[error("a file of a secret could be replaced: {}", .0.reason())]
    Insecure(InsecurePath),
    #[error("{} is a symbolic link; files of secrets need a directory", shell_path(.0))]
    Link(PathBuf),
    #[error(
        "the files of secrets cannot be created in {}: {reason}",
        shell_path(directory)
    )]
    NotCreatable { directory: PathBuf, reason: String },
    #[error("`{0:.40}…` is too long for the name of a file")]
    NameTooLong(EnvName),
    #[error("{DESCRIPTORS} does not exist, where a script opens what it inherits")]
    NoDescriptors,
    #[error("{what}: {reason}")]
    Failed {
        what: String,
        reason: String,
        /// The command that shows the cause.
        help: String,
    },
}

impl DeliveryFault {
    /// The command that fixes it, or shows the cause.
    pub fn help(&self) -> String {
        match self {
            Self::Insecure(path) => path.help(),
            Self::Link(path)
            | Self::NotCreatable {
                directory: path, ..
            } => {
                format!("ls -ld {}", shell_path(path))
            }
            Self::NameTooLong(_) => "getconf NAME_MAX /".to_owned(),
            Self::NoDescriptors => "ls -l /dev/fd /proc/self/fd".to_owned(),
            Self::Failed { help, .. } => help.clone(),
        }
    }

    pub(super) fn next_step(&self, line: CommandLine<'_>) -> NextStep {
        match self {
            Self::NotCreatable { .. } => {
                let command = format!("XDG_RUNTIME_DIR=\"$(mktemp -d)\" {}", line.run(""));
                NextStep::new("with another directory", command)
            }
            Self::Insecure(_) => NextStep::to_fix_it(self.help()),
            Self::Link(_) | Self::NameTooLong(_) | Self::NoDescriptors | Self::Failed { .. } => {
                NextStep::to_see_why(self.help())
            }
        }
    }
}

/// The directory below which each run with files has its own.
pub(super) fn base(view: &dyn HostView) -> PathBuf {
    // A relative value is ignored (XDG Base Directory Specification).
    let set = |name| Some(PathBuf::from(view.var(name)?)).filter(|path| path.is_absolute());
    let of_user = || {
        let directory = PathBuf::from(format!("/run/user/{}", view.euid()));
        is_directory(&directory, view).then_some(directory)
    };
    match set("XDG_RUNTIME_DIR").or_else(of_user) {
        Some(runtime) => runtime.join("qli"),
        // Others may create the same name there: then the run is refused.
        None => set("TMPDIR")
            .unwrap_or_else(|| "/tmp".into())
            .join(format!("qli-{}", view.euid())),
    }
}

impl Secrets {
    fn base(&self) -> Option<&Path> {
        let directory = self.directory.as_ref()?;
        Some(Path::new(directory.as_os_str()))
    }

    /// Why secrets could not be passed to the script now.
    pub fn delivery_fault(&self, view: &dyn HostView) -> Option<DeliveryFault> {
        let mut files = self.delivered(Deliver::File);
        if let Some(one) = files.find(|one| one.env.as_str().len() > NAME_MAX) {
            return Some(DeliveryFault::NameTooLong(one.env.clone()));
        }
        if self.delivered(Deliver::Fd).next().is_some()
            && view.stat(Path::new(DESCRIPTORS)).is_err()
        {
            return Some(DeliveryFault::NoDescriptors);
        }
        directory_fault(self.base()?, view)
    }

    fn delivered(&self, deliver: Deliver) -> impl Iterator<Item = &WantedSecret> {
        self.wanted.iter().filter(move |one| one.deliver == deliver)
    }

    /// Warns about a directory whose files may be written to a disk.
    pub fn warning(&self, view: &dyn HostView) -> Option<Diagnostic> {
        let directory = self.base()?;
        let runtime = directory.file_name() == Some("qli".as_ref());
        let message = match (view.is_in_memory(directory), runtime) {
            (true, true) => return None,
            (_, false) => "no runtime directory for the files of secrets",
            (false, true) => "the files of secrets may be written to a disk",
        };
        let help = "set `XDG_RUNTIME_DIR` to a private directory on a tmpfs";
        let found = Diagnostic::of_path(Code::SecretFileLocation, directory, message.to_owned());
        Some(found.help(help))
    }

    /// What `explain` adds about a secret.
    pub(super) fn delivery(&self, wanted: &WantedSecret) -> String {
        match (wanted.deliver, self.base()) {
            (Deliver::File, Some(base)) => format!(", as a file in {}/RUN_ID", shell_path(base)),
            (Deliver::Fd, _) => format!(", as {DESCRIPTORS}/N"),
            (Deliver::Env | Deliver::File, _) => String::new(),
        }
    }

    /// How many bytes a secret's variable has.
    pub(super) fn variable_length(&self, deliver: Deliver, env: &EnvName, value: &Secret) -> usize {
        match deliver {
            Deliver::Env => value.bytes().len(),
            Deliver::File => self.directory_length() + "/".len() + env.as_str().len(),
            Deliver::Fd => DESCRIPTORS.len() + "/2147483647".len(),
        }
    }

    fn directory_length(&self) -> usize {
        let base = self
            .directory
            .as_ref()
            .map_or(0, |path| path.as_os_str().len());
        base + "/".len() + RUN_ID_LENGTH
    }

    /// The variable that names the directory of the files, unless it is set already.
    pub(super) fn directory_variable(
        &self,
        environment: &ScriptEnvironment,
        view: &dyn HostView,
    ) -> Option<(&'static str, usize)> {
        let is_taken = environment.var(DIRECTORY_VARIABLE, view).is_some()
            || self
                .wanted
                .iter()
                .any(|one| one.env.as_str() == DIRECTORY_VARIABLE);
        (self.directory.is_some() && !is_taken)
            .then(|| (DIRECTORY_VARIABLE, self.directory_length()))
    }
}

fn directory_fault(base: &Path, view: &dyn HostView) -> Option<DeliveryFault> {
    if is_link(base, view) {
        return Some(DeliveryFault::Link(base.to_owned()));
    }
    let insecure = insecure_paths(&[base], view).into_iter();
    let mut insecure = insecure.filter(|one| one.by != ChangedBy::Group);
    if let Some(insecure) = insecure.next() {
        return Some(DeliveryFault::Insecure(insecure));
    }
    let (at, reason) = match check_creatable(base, view).err()? {
        NotCreatable::NotADirectory(path, kind) => (path, format!("it is {}", kind.as_str())),
        NotCreatable::Denied(path, error) => (path, reason(&error)),
    };
    Some(DeliveryFault::NotCreatable {
        directory: at,
        reason,
    })
}

impl Launch<'_> {
    /// Removes what killed runs have left where this one has its files.
    pub(super) fn clear_leftovers(&self, host: &mut dyn Host) {
        let secrets = self.plan.guards.secrets.as_ref();
        if let Some(directory) = secrets.and_then(|one| one.base()) {
            host.clear_leftovers(directory);
        }
    }

    /// Makes the files and descriptors of secrets, as late as possible.
    pub fn deliver(&mut self, host: &mut dyn Host) -> Result<(), Refusal> {
        let delivered = self
            .deliver_files(host)
            .and_then(|()| self.deliver_descriptors(host));
        delivered.map_err(Refusal::NotDelivered)
    }

    fn deliver_files(&mut self, host: &mut dyn Host) -> Result<(), DeliveryFault> {
        let Some(secrets) = &self.plan.guards.secrets else {
            return Ok(());
        };
        let Some(base) = secrets.base() else {
            return Ok(());
        };
        let directory = base.join(self.run_id.as_str());
        let files = self
            .secrets
            .iter()
            .filter(|one| one.deliver == Deliver::File);
        let files: Vec<_> = files
            .map(|one| (one.env.as_str(), one.value.bytes()))
            .collect();
        host.deliver_files(&directory, &files).map_err(|error| {
            let what = format!(
                "the files of secrets cannot be written in {}",
                shell_path(base)
            );
            failed(what, &error, base)
        })?;
        let paths = files
            .iter()
            .map(|(name, _)| ((*name).to_owned(), directory.join(name).into()));
        self.variables.extend(paths);
        if let Some((name, _)) = secrets.directory_variable(&self.plan.spawn.environment, host) {
            self.variables.push((name.to_owned(), directory.into()));
        }
        Ok(())
    }

    fn deliver_descriptors(&mut self, host: &mut dyn Host) -> Result<(), DeliveryFault> {
        for one in self.secrets.iter().filter(|one| one.deliver == Deliver::Fd) {
            let number = host
                .deliver_descriptor(one.value.bytes())
                .map_err(|error| {
                    let what = format!("`{}` cannot be held in a descriptor", one.env);
                    failed(what, &error, Path::new(DESCRIPTORS))
                })?;
            let path = OsString::from(format!("{DESCRIPTORS}/{number}"));
            self.variables.push((one.env.to_string(), path));
        }
        Ok(())
    }

    /// Removes the files and descriptors. Returns the directory that is left, and why.
    pub fn withdraw(&self, host: &mut dyn Host) -> Option<NotRemoved> {
        let error = host.withdraw().err()?;
        let secrets = self.plan.guards.secrets.as_ref()?;
        let directory = secrets.base()?.join(self.run_id.as_str());
        let reason = reason(&error);
        Some(NotRemoved { directory, reason })
    }
}

/// A directory with secrets that is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotRemoved {
    pub directory: PathBuf,
    pub reason: String,
}

fn failed(what: String, error: &io::Error, path: &Path) -> DeliveryFault {
    DeliveryFault::Failed {
        what,
        reason: reason(error),
        help: diagnosis(error, path),
    }
}

#[cfg(test)]
mod tests;
