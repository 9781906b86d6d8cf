//! Files that hold secrets. Whoever can change one decides what a script gets.

use std::io;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::output::Bytes;
use crate::host::{
    ChangedBy, HostView, InsecurePath, diagnosis, insecure_paths, is_absent, lookup, reason,
    unset_reason,
};
use crate::names::{PathTemplate, shell_path};

/// Largest file that is read, in bytes.
const READ_MAX: u64 = 1 << 20;

/// Why a file has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileFault {
    /// A variable of its path has no value.
    #[error("{0}")]
    NoPath(String),
    #[error("{} does not exist", shell_path(.0))]
    Absent(PathBuf),
    #[error("another user may change it: {}", .0.reason())]
    Untrusted(InsecurePath),
    #[error("cannot read {}: {reason}", shell_path(path))]
    Unreadable {
        path: PathBuf,
        reason: String,
        /// The command that shows the cause.
        help: String,
    },
    #[error("{} is larger than {READ_MAX} bytes", shell_path(.0))]
    TooLarge(PathBuf),
    #[error("`CREDENTIALS_DIRECTORY` is not set; a service with `LoadCredential=` has it")]
    NoCredentials,
    #[error("`CREDENTIALS_DIRECTORY` must be an absolute path")]
    RelativeCredentials,
    #[error("{} does not set `{key}`", shell_path(path))]
    NoKey { path: PathBuf, key: String },
    #[error("{}:{line}:{column}: {message}", shell_path(path))]
    Malformed {
        path: PathBuf,
        line: usize,
        column: usize,
        message: String,
    },
}

impl FileFault {
    fn of(error: &io::Error, path: &Path) -> Self {
        let path = path.to_owned();
        if is_absent(error) {
            return Self::Absent(path);
        }
        if error.kind() == io::ErrorKind::FileTooLarge {
            return Self::TooLarge(path);
        }
        Self::Unreadable {
            reason: reason(error),
            help: diagnosis(error, &path),
            path,
        }
    }
}

/// What is wrong with a path in a reference.
pub(super) fn check(path: &str) -> Result<(), String> {
    match PathTemplate::parse(path) {
        Ok(_) => Ok(()),
        Err(_) => {
            Err("write an absolute path, or one that starts with `~/` or a variable".to_owned())
        }
    }
}

/// A path of a reference that has been checked.
pub(super) fn expand(path: &str, view: &dyn HostView) -> Result<PathBuf, FileFault> {
    let template = PathTemplate::parse(path).map_err(|_| FileFault::NoPath(path.to_owned()))?;
    let expanded = template.expand(|name| lookup(name, view));
    expanded.map_err(|unset| FileFault::NoPath(unset_reason(&unset, view)))
}

/// Reads a regular file that no other user may change.
pub(super) fn read(path: &Path, view: &dyn HostView) -> Result<Bytes, FileFault> {
    let found = insecure_paths(&[path], view).into_iter();
    let mut insecure = found.filter(|one| one.by != ChangedBy::Group);
    if let Some(insecure) = insecure.next() {
        return Err(FileFault::Untrusted(insecure));
    }
    let contents = view.read(path, READ_MAX);
    let contents = contents.map_err(|error| FileFault::of(&error, path))?;
    Ok(Zeroizing::new(contents.bytes))
}

/// Editors end a file with a line end, which is no part of a password.
pub(super) fn without_line_end(mut value: Bytes) -> Bytes {
    if value.ends_with(b"\n") {
        value.pop();
        if value.ends_with(b"\r") {
            value.pop();
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::{UID, World};
    use crate::host::{Acl, FileKind};

    const FILE: &str = "/home/ops/keys/db";

    fn world() -> World {
        let world = World::new().directory("/home/ops/keys", 0o755);
        world.node(FILE, FileKind::File, 0o600, "hunter2\n")
    }

    fn fault(world: &World) -> FileFault {
        read(Path::new(FILE), world).unwrap_err()
    }

    #[test]
    fn a_file_that_another_user_may_change_is_not_read() {
        let acl = Acl {
            users: vec![UID + 1],
            by_group: false,
        };
        for (insecure, by) in [
            (
                world().alter(FILE, |stat| stat.mode = 0o602),
                ChangedBy::Everyone,
            ),
            (
                world().alter(FILE, |stat| stat.owner = UID + 1),
                ChangedBy::Owner,
            ),
            (
                world().directory("/home/ops/keys", 0o777),
                ChangedBy::Everyone,
            ),
            (
                world()
                    .alter(FILE, |stat| stat.mode = 0o620)
                    .acl_of(FILE, acl),
                ChangedBy::Named(UID + 1),
            ),
        ] {
            let FileFault::Untrusted(found) = fault(&insecure) else {
                panic!("{by:?} may change it")
            };
            assert_eq!(found.by, by);
        }
        for trusted in [
            world(),
            world().alter(FILE, |stat| stat.mode = 0o660),
            world().alter(FILE, |stat| stat.owner = 0),
        ] {
            assert!(read(Path::new(FILE), &trusted).is_ok());
        }
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let absent = fault(&world().without(FILE));
        assert_eq!(absent, FileFault::Absent(FILE.into()));
        let large = "x".repeat(usize::try_from(READ_MAX).unwrap() + 1);
        let large = fault(&world().file(FILE, &large));
        assert_eq!(large, FileFault::TooLarge(FILE.into()));
        for unreadable in [
            world().node(FILE, FileKind::File, 0o200, ""),
            world().node(FILE, FileKind::Special, 0o600, ""),
            world().node(FILE, FileKind::Directory, 0o700, ""),
        ] {
            assert!(matches!(fault(&unreadable), FileFault::Unreadable { .. }));
        }
    }

    #[test]
    fn one_line_end_is_no_part_of_a_value() {
        for (text, value) in [
            ("a", "a"),
            ("a\n", "a"),
            ("a\r\n", "a"),
            ("a\n\n", "a\n"),
            ("a\r", "a\r"),
            ("\n", ""),
        ] {
            let stripped = without_line_end(Zeroizing::new(text.into()));
            assert_eq!(*stripped, value.as_bytes(), "{text:?}");
        }
    }
}
