//! Where groups are created, and why they cannot be.

use std::io;
use std::path::{Path, PathBuf};

use crate::diagnostics::{Code, Diagnostic, Severity};
use crate::discovery::roots::Roots;
use crate::host::{HostView, NewFile, diagnosis, reason, unset_reason};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// The root: an absolute path.
    pub root: PathBuf,
    /// The mode of missing directories above a group.
    pub(super) above: u32,
}

impl Destination {
    /// Returns the directory that was named, or the user's root. Missing
    /// directories of the latter are private, as the XDG specification asks.
    ///
    /// # Errors
    ///
    /// There is no user's root, since `HOME` is not set (QLI0606).
    pub fn of(named: Option<&Path>, view: &dyn HostView) -> Result<Self, Diagnostic> {
        if let Some(named) = named {
            let root = Roots::absolute(named, view);
            return Ok(Self { root, above: 0o755 });
        }
        let root = Roots::of_user(view).map_err(|unset| {
            let message = format!(
                "no directory for your groups: {}",
                unset_reason(&unset, view)
            );
            let help = format!(
                "set `{}` to an absolute path, or name a directory: `--in DIR`",
                unset.0
            );
            as_error(Diagnostic::of_path(Code::RootMissing, "~", message).help(help))
        })?;
        Ok(Self { root, above: 0o700 })
    }
}

pub(super) fn as_error(diagnostic: Diagnostic) -> Diagnostic {
    Diagnostic {
        severity: Severity::Error,
        ..diagnostic
    }
}

pub(super) fn file<'a>(name: &'a str, bytes: &'a [u8], mode: u32) -> NewFile<'a> {
    NewFile { name, bytes, mode }
}

/// Returns whether a directory can be created without replacing anything: it does
/// not exist, or is empty.
pub(super) fn is_free(directory: &Path, view: &dyn HostView) -> bool {
    view.lstat(directory).map_or(true, |stat| {
        let entries = || view.list(directory);
        stat.is_directory() && entries().is_ok_and(|all| all.is_empty())
    })
}

/// Reports a path that could not be written; the help shows what exists of it.
pub(super) fn not_created(path: &Path, error: &io::Error, view: &dyn HostView) -> Diagnostic {
    let message = format!("cannot create this path: {}", reason(error));
    let mut above = path.ancestors().skip(1);
    let above = above.find(|one| view.lstat(one).is_ok()).unwrap_or(path);
    Diagnostic::of_path(Code::NotMade, path, message).help(diagnosis(error, above))
}
