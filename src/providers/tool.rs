//! The program that a provider calls: found while planning, and checked to be the
//! same one when it is called.

use std::path::PathBuf;

use serde::Serialize;

use super::{FetchError, ProviderFault, Secret, StderrPolicy};
use crate::host::{FileDigest, FileId, Host, HostView, OnPath, reason, search_path};
use crate::names::{SecretRef, Sha256, path_as_text};

#[derive(Debug)]
pub struct Tool {
    pub(super) name: &'static str,
    /// The command that usually helps if it returns no value.
    pub hint: &'static str,
    pub fetch:
        fn(&SecretRef, &FoundTool, StderrPolicy, &mut dyn Host) -> Result<Secret, FetchError>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FoundTool {
    /// Absolute.
    #[serde(serialize_with = "path_as_text")]
    pub path: PathBuf,
    pub sha256: Sha256,
    /// The file that was hashed.
    #[serde(skip)]
    pub id: FileId,
}

impl Tool {
    /// Looks for the program on `PATH`.
    pub fn find(&self, view: &dyn HostView) -> Result<FoundTool, ProviderFault> {
        let path = match search_path(self.name, view) {
            OnPath::Found(path) => path,
            OnPath::Untrusted(insecure) => return Err(ProviderFault::ToolUntrusted(insecure)),
            OnPath::Missing => return Err(ProviderFault::ToolMissing(self.name)),
        };
        match view.digest(&path) {
            Ok(FileDigest { sha256, id, .. }) => Ok(FoundTool { path, sha256, id }),
            Err(error) => Err(ProviderFault::ToolBroken(reason(&error))),
        }
    }

    /// Checks once more, directly before the program is called: minutes may have passed
    /// at the question.
    pub fn find_again(
        &self,
        planned: &Result<FoundTool, ProviderFault>,
        view: &dyn HostView,
    ) -> Result<FoundTool, ProviderFault> {
        let planned = planned.as_ref().map_err(Clone::clone)?;
        let now = self.find(view)?;
        if now != *planned {
            return Err(ProviderFault::ToolChanged(now.path));
        }
        Ok(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::World;
    use crate::providers::ProviderId;

    #[test]
    fn another_program_than_the_planned_one_is_not_called() {
        let world = World::new().tool("op", 0, b"", b"");
        let op = ProviderId::OnePassword.row().tool().unwrap();
        let planned = op.find(&world);
        assert_eq!(op.find_again(&planned, &world), planned);
        let changed = Err(ProviderFault::ToolChanged("/usr/bin/op".into()));
        let edited = world.executable("/usr/bin/op", "\x7fELF, and more");
        assert_eq!(op.find_again(&planned, &edited), changed);
        let earlier = edited
            .var("PATH", "/opt:/usr/bin")
            .executable("/opt/op", "\x7fELF");
        let moved = Err(ProviderFault::ToolChanged("/opt/op".into()));
        assert_eq!(op.find_again(&planned, &earlier), moved);
    }
}
