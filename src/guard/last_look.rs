//! The last check, directly before the script starts: manifest and script must
//! still be the planned files.
//!
//! The user may have taken minutes to confirm. What was explained to them is what
//! runs, or nothing runs.

use std::path::{Path, PathBuf};

use super::{Plan, Refusal};
use crate::host::{ChangedBy, FileId, HostView, InsecurePath, insecure_paths, reason};
use crate::names::{Sha256, shell_word};

/// How the `manifest` or the `script` differs from the planned one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileChange {
    #[error("the {0} {path} was replaced since it was planned", path = shell_word(.1))]
    Replaced(&'static str, PathBuf),
    #[error("the {0} {path} was edited since it was planned", path = shell_word(.1))]
    Edited(&'static str, PathBuf),
    #[error("the {0} {path} cannot be read any more: {2}", path = shell_word(.1))]
    Unreadable(&'static str, PathBuf, String),
    /// Another user may change it now, or a directory above it.
    #[error("meanwhile {}", .0.reason())]
    Exposed(InsecurePath),
}

impl FileChange {
    fn find(
        file: &'static str,
        path: &Path,
        id: FileId,
        sha256: Sha256,
        view: &dyn HostView,
    ) -> Option<Self> {
        let planned = path.to_owned();
        match view.digest(path) {
            Ok(found) if found.id != id => Some(Self::Replaced(file, planned)),
            Ok(found) if found.sha256 != sha256 => Some(Self::Edited(file, planned)),
            Ok(_) => None,
            Err(error) => Some(Self::Unreadable(file, planned, reason(&error))),
        }
    }
}

impl Plan {
    /// Checks manifest and script once more, directly before the script starts.
    ///
    /// Embedded files cannot change; the copy that an embedded script is run from is
    /// verified when it is installed.
    pub fn last_look(&self, view: &dyn HostView) -> Result<(), Refusal> {
        let (manifest, program) = (&self.manifest, &self.spawn.program);
        let manifest_id = self.location.manifest_id;
        let manifest_path = manifest_id.map(|_| manifest.path.as_ref());
        let found = |file, path, id: Option<FileId>, sha256| {
            FileChange::find(file, path, id?, sha256, view)
        };
        let changes = [
            found(
                "manifest",
                manifest.path.as_ref(),
                manifest_id,
                manifest.sha256,
            ),
            found("script", &program.path, program.id, program.sha256),
        ];
        let mut changes: Vec<_> = changes.into_iter().flatten().collect();
        let paths: Vec<_> = manifest_path.into_iter().chain([program.file()]).collect();
        let exposed = insecure_paths(&paths, view).into_iter();
        let exposed = exposed.filter(|one| one.by != ChangedBy::Group);
        changes.extend(exposed.map(FileChange::Exposed));
        if changes.is_empty() {
            return Ok(());
        }
        Err(Refusal::Changed(changes))
    }
}
