//! What is checked: manifests and directories that may be groups.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::host::{HostView, is_absent};
use crate::manifest::FILE_NAME;
use crate::policy::Policies;

#[derive(Debug, Clone, Copy)]
pub(super) struct SurveyOptions<'a> {
    /// Whether commands on `PATH` count as extensions of a group. For a checkout
    /// they do not: the result must not depend on the machine.
    pub(super) count_commands: bool,
    pub(super) policies: &'a Policies,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Candidate {
    Manifest(PathBuf),
    /// A directory of a root.
    Directory(PathBuf),
}

impl Candidate {
    /// Returns the path of the manifest, whether or not it exists.
    pub(super) fn manifest(&self) -> PathBuf {
        match self {
            Self::Manifest(file) => file.clone(),
            Self::Directory(path) => path.join(FILE_NAME),
        }
    }

    /// Returns whether it is the manifest of a directory in `all`.
    pub(super) fn is_in(&self, all: &BTreeSet<Self>) -> bool {
        match self {
            Self::Manifest(file) if file.file_name() == Some(FILE_NAME.as_ref()) => file
                .parent()
                .is_some_and(|directory| all.contains(&Self::Directory(directory.into()))),
            Self::Manifest(_) | Self::Directory(_) => false,
        }
    }
}

/// Returns whether a name starts with `_` or `.`: it is never a group or extension.
pub(super) fn is_private(name: &OsStr) -> bool {
    matches!(name.as_bytes().first(), Some(b'_' | b'.'))
}

/// Returns the entries of a root that may be groups.
pub(super) fn candidates(root: &Path, entries: Vec<OsString>) -> impl Iterator<Item = Candidate> {
    let entries = entries.into_iter().filter(|entry| !is_private(entry));
    entries.map(|entry| Candidate::Directory(root.join(entry)))
}

/// Returns what a path of the command line names.
pub(super) fn named(path: &Path, view: &dyn HostView) -> io::Result<Vec<Candidate>> {
    if !view.stat(path)?.is_directory() {
        return Ok(vec![Candidate::Manifest(path.to_owned())]);
    }
    let manifest = view.lstat(&path.join(FILE_NAME));
    if manifest.is_err_and(|error| is_absent(&error)) {
        return Ok(candidates(path, view.list(path)?).collect());
    }
    Ok(vec![Candidate::Directory(path.to_owned())])
}
