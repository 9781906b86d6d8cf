//! The last check, directly before the script starts: manifest and script must
//! still be the planned files.
//!
//! The user may have thought for minutes at the question. What they saw explained
//! is what runs, or nothing runs.

use std::path::{Path, PathBuf};

use super::{Plan, Refusal};
use crate::host::{ChangedBy, FileDigest, FileId, HostView, InsecurePath, insecure_paths, reason};
use crate::names::{Sha256, shell_word};

/// How a file differs from the planned one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// `manifest` or `script`; not used for a path that leads to them.
    what: &'static str,
    path: PathBuf,
    how: HowChanged,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum HowChanged {
    /// It is another file.
    Replaced,
    /// It is the same file with other bytes.
    Edited,
    /// It cannot be read any more.
    Gone(String),
    /// Another user may change it now, or a directory above it.
    Exposed(InsecurePath),
}

impl FileChange {
    pub fn reason(&self) -> String {
        let Self { what, path, how } = self;
        let path = shell_word(path);
        match how {
            HowChanged::Replaced => format!("the {what} {path} was replaced since it was planned"),
            HowChanged::Edited => format!("the {what} {path} was edited since it was planned"),
            HowChanged::Exposed(insecure) => format!("meanwhile {}", insecure.reason()),
            HowChanged::Gone(error) => {
                format!("the {what} {path} cannot be read any more: {error}")
            }
        }
    }
}

/// Embedded files cannot change; the copy that an embedded script is run from is
/// verified when it is put in place.
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
    let manifest = plan.home.manifest_id.map(|_| manifest);
    let paths: Vec<_> = manifest.into_iter().chain([program.file()]).collect();
    let exposed = insecure_paths(&paths, view).into_iter();
    let exposed = exposed.filter(|one| one.by != ChangedBy::Group);
    let exposed = exposed.map(|insecure| FileChange {
        what: "",
        path: insecure.path.clone(),
        how: HowChanged::Exposed(insecure),
    });
    let changes: Vec<_> = seen
        .into_iter()
        .filter_map(|(what, path, id, sha256)| {
            let how = change(path, id?, sha256, view)?;
            Some(FileChange {
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

fn change(path: &Path, id: FileId, sha256: Sha256, view: &dyn HostView) -> Option<HowChanged> {
    match view.digest(path) {
        Ok(FileDigest { id: now, .. }) if now != id => Some(HowChanged::Replaced),
        Ok(FileDigest { sha256: now, .. }) if now != sha256 => Some(HowChanged::Edited),
        Ok(_) => None,
        Err(error) => Some(HowChanged::Gone(reason(&error))),
    }
}
