//! The last look: directly before the spawn, manifest and script must still be
//! the files that were planned.
//!
//! A person may have thought for minutes at the question. What they saw
//! explained is what runs, or nothing runs.

use std::path::{Path, PathBuf};

use super::{Plan, Refusal};
use crate::host::{ChangedBy, FileDigest, FileId, HostView, InsecurePath, insecure_paths, reason};
use crate::names::{Sha256, shell_word};

/// How a file differs from what was planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// `manifest` or `script`; `way` for what leads to them.
    pub what: &'static str,
    /// Its path.
    pub path: PathBuf,
    /// What happened to it.
    pub how: How,
}

/// What happened to a file since it was planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// Another file is there under its name.
    Replaced,
    /// It is the same file with other bytes.
    Edited,
    /// It cannot be read any more.
    Gone(String),
    /// Somebody else may change it now, or something on the way to it.
    Exposed(InsecurePath),
}

impl Change {
    /// Says what happened.
    pub fn reason(&self) -> String {
        let Self { what, path, how } = self;
        let path = shell_word(path);
        match how {
            How::Replaced => format!("the {what} {path} was replaced since it was planned"),
            How::Edited => format!("the {what} {path} was edited since it was planned"),
            How::Exposed(suspicion) => format!("meanwhile {}", suspicion.reason()),
            How::Gone(error) => {
                format!("the {what} {path} cannot be read any more: {error}")
            }
        }
    }
}

/// Compares manifest and script with the plan. What is in qli itself cannot
/// change; the copy it is run from is verified when it is put in place.
pub(super) fn look(plan: &Plan, view: &dyn HostView) -> Result<(), Refusal> {
    let program = &plan.spawn.program;
    let manifest = plan.manifest.path.as_ref();
    let seen = [
        (
            "manifest",
            manifest,
            plan.home.manifest_id,
            plan.manifest.sha256,
        ),
        ("script", program.path.as_path(), program.id, program.sha256),
    ];
    // What is in qli itself is no file; an embedded script is run from its copy.
    let manifest = plan.home.manifest_id.map(|_| manifest);
    let paths: Vec<_> = manifest.into_iter().chain([program.file()]).collect();
    let exposed = insecure_paths(&paths, view).into_iter();
    let exposed = exposed.filter(|one| one.by != ChangedBy::Group);
    let exposed = exposed.map(|suspicion| Change {
        what: "way",
        path: suspicion.path.clone(),
        how: How::Exposed(suspicion),
    });
    let changes: Vec<_> = seen
        .into_iter()
        .filter_map(|(what, path, id, sha256)| {
            let how = change(path, id?, sha256, view)?;
            Some(Change {
                what,
                path: path.to_owned(),
                how,
            })
        })
        .chain(exposed)
        .collect();
    if changes.is_empty() {
        return Ok(());
    }
    Err(Refusal::Changed(changes))
}

fn change(path: &Path, id: FileId, sha256: Sha256, view: &dyn HostView) -> Option<How> {
    match view.digest(path) {
        Ok(FileDigest { id: now, .. }) if now != id => Some(How::Replaced),
        Ok(FileDigest { sha256: now, .. }) if now != sha256 => Some(How::Edited),
        Ok(_) => None,
        Err(error) => Some(How::Gone(reason(&error))),
    }
}
