//! The program that a provider calls: found while planning, and checked to be the
//! same one when it is called.

use std::path::PathBuf;

use serde::{Serialize, Serializer};

use super::{ProviderFault, ProviderId};
use crate::host::{FileDigest, FileId, HostView, OnPath, reason, search_path};
use crate::names::{Sha256, path_as_text};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tool {
    /// The provider calls no program.
    None,
    At(ToolFile),
    /// No program can be called.
    Unusable(ProviderFault),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ToolFile {
    /// Absolute.
    #[serde(serialize_with = "path_as_text")]
    pub path: PathBuf,
    pub sha256: Sha256,
    /// The file that was hashed.
    #[serde(skip)]
    pub id: FileId,
}

impl Tool {
    /// Looks for a provider's program on `PATH`.
    pub fn find(provider: ProviderId, view: &dyn HostView) -> Self {
        let Some(name) = provider.row().tool() else {
            return Self::None;
        };
        match search_path(name, view) {
            OnPath::Found(path) => Self::read(path, view),
            OnPath::Untrusted(insecure) => Self::Unusable(ProviderFault::ToolUntrusted(insecure)),
            OnPath::Missing => Self::Unusable(ProviderFault::ToolMissing(name)),
        }
    }

    fn read(path: PathBuf, view: &dyn HostView) -> Self {
        match view.digest(&path) {
            Ok(FileDigest { sha256, id, .. }) => Self::At(ToolFile { path, sha256, id }),
            Err(error) => Self::Unusable(ProviderFault::ToolBroken(reason(&error))),
        }
    }

    /// Checks once more, directly before the program is called: minutes may have passed
    /// at the question.
    #[must_use]
    pub fn again(&self, provider: ProviderId, view: &dyn HostView) -> Self {
        let Self::At(planned) = self else {
            return self.clone();
        };
        match Self::find(provider, view) {
            Self::At(now) if now != *planned => {
                Self::Unusable(ProviderFault::ToolChanged(now.path))
            }
            same @ (Self::At(_) | Self::None | Self::Unusable(_)) => same,
        }
    }

    pub fn file(&self) -> Option<&ToolFile> {
        match self {
            Self::At(file) => Some(file),
            Self::None | Self::Unusable(_) => None,
        }
    }

    pub fn obstacle(&self) -> Option<&ProviderFault> {
        match self {
            Self::None | Self::At(_) => None,
            Self::Unusable(fault) => Some(fault),
        }
    }
}

impl Serialize for Tool {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.file().serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::World;

    const OP: ProviderId = ProviderId::OnePassword;

    #[test]
    fn another_program_than_the_planned_one_is_not_called() {
        let world = World::new().tool("op", 0, b"", b"");
        let planned = Tool::find(OP, &world);
        assert_eq!(planned.again(OP, &world), planned);
        let changed = Tool::Unusable(ProviderFault::ToolChanged("/usr/bin/op".into()));
        let edited = world.executable("/usr/bin/op", "\x7fELF, and more");
        assert_eq!(planned.again(OP, &edited), changed);
        let earlier = edited
            .var("PATH", "/opt:/usr/bin")
            .executable("/opt/op", "\x7fELF");
        let moved = Tool::Unusable(ProviderFault::ToolChanged("/opt/op".into()));
        assert_eq!(planned.again(OP, &earlier), moved);
    }
}
