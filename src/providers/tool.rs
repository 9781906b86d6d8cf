//! The program that a provider calls: found while planning, and checked to be the
//! same one when it is called.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

use super::{FetchError, ProviderFault, Secret, StderrPolicy};
use crate::host::{
    ChangedBy, FileDigest, FileId, FileVersion, Host, HostView, Interpreter, OnPath,
    insecure_paths, planned_interpreters, search_path,
};
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
    #[serde(rename = "sha256")]
    pub contents: ToolContents,
    /// The file that was examined.
    #[serde(skip)]
    pub id: FileId,
    /// The programs that start it, if it is a script.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub interpreters: Vec<Interpreter>,
}

/// What a program is recognised by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ToolContents {
    Hashed(Sha256),
    /// It may be executed and not read (a wrapper with rights of its own): its size and
    /// times.
    #[serde(serialize_with = "as_null")]
    Unreadable(FileVersion),
}

/// A time is not part of a plan.
fn as_null<S: Serializer>(_: &FileVersion, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_unit()
}

impl Tool {
    /// Looks for the program on `PATH`.
    pub fn find(&self, view: &dyn HostView) -> Result<FoundTool, ProviderFault> {
        let path = match search_path(self.name, view) {
            OnPath::Found(path) => path,
            OnPath::Untrusted(insecure) => return Err(ProviderFault::ToolUntrusted(insecure)),
            OnPath::Missing => return Err(ProviderFault::ToolMissing(self.name)),
        };
        let (contents, id, head) =
            examine(&path, view).map_err(|error| ProviderFault::of_call(&error, &path))?;
        let interpreters = planned_interpreters(&path, head.as_deref(), view)
            .map_err(|fault| ProviderFault::of_start(&fault, &path))?;
        let paths: Vec<_> = interpreters.iter().map(|one| &*one.path).collect();
        let insecure = insecure_paths(&paths, view).into_iter();
        if let Some(one) = insecure.into_iter().find(|one| one.by != ChangedBy::Group) {
            return Err(ProviderFault::ToolUntrusted(one));
        }
        Ok(FoundTool {
            path,
            contents,
            id,
            interpreters,
        })
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

/// What a program is recognised by, and its beginning if it can be read.
type Examined = (ToolContents, FileId, Option<Vec<u8>>);

fn examine(path: &Path, view: &dyn HostView) -> io::Result<Examined> {
    match view.digest(path) {
        Ok(FileDigest { sha256, id, head }) => Ok((ToolContents::Hashed(sha256), id, Some(head))),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let stat = view.stat(path)?;
            Ok((ToolContents::Unreadable(stat.version), stat.id, None))
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::FileKind;
    use crate::host::fake::{World, native_program};
    use crate::providers::ProviderId;

    #[test]
    fn the_interpreter_of_a_program_is_a_part_of_it() {
        let world = || {
            let world = World::new().tool("op", 0, b"", b"");
            let world = world.executable("/usr/bin/op", "#!/opt/by\n");
            world.program("/opt/by", &native_program())
        };
        let op = ProviderId::OnePassword.row().tool().unwrap();
        let planned = op.find(&world());
        assert_eq!(planned.as_ref().unwrap().interpreters.len(), 1);
        let replaced = world().program("/opt/by", &native_program());
        let changed = Err(ProviderFault::ToolChanged("/usr/bin/op".into()));
        assert_eq!(op.find_again(&planned, &replaced), changed);
        let open = world().alter("/opt/by", |stat| stat.mode = 0o757);
        assert!(matches!(
            op.find(&open),
            Err(ProviderFault::ToolUntrusted(_))
        ));
        let none = world().executable("/usr/bin/op", "#!/opt/none\n");
        assert!(matches!(
            op.find(&none),
            Err(ProviderFault::ToolBroken { .. })
        ));
    }

    #[test]
    fn another_program_than_the_planned_one_is_not_called() {
        let world = World::new().tool("op", 0, b"", b"");
        let op = ProviderId::OnePassword.row().tool().unwrap();
        let planned = op.find(&world);
        assert_eq!(op.find_again(&planned, &world), planned);
        let changed = Err(ProviderFault::ToolChanged("/usr/bin/op".into()));
        let edited = world.executable("/usr/bin/op", "#!/bin/sh\n");
        assert_eq!(op.find_again(&planned, &edited), changed);
        let earlier = edited
            .var("PATH", "/opt:/usr/bin")
            .executable("/opt/op", "#!/bin/sh\n");
        let moved = Err(ProviderFault::ToolChanged("/opt/op".into()));
        assert_eq!(op.find_again(&planned, &earlier), moved);
    }

    #[test]
    fn a_program_that_may_not_be_read_is_recognised_by_its_size_and_times() {
        let op = ProviderId::OnePassword.row().tool().unwrap();
        let world = World::new().node("/usr/bin/op", FileKind::File, 0o111, "\x7fELF");
        let planned = op.find(&world);
        let found = planned.as_ref().unwrap();
        assert!(matches!(found.contents, ToolContents::Unreadable(_)));
        let json = serde_json::to_string(found).unwrap();
        assert_eq!(json, r#"{"path":"/usr/bin/op","sha256":null}"#);
        assert_eq!(op.find_again(&planned, &world), planned);
        let changed = Err(ProviderFault::ToolChanged("/usr/bin/op".into()));
        let edited = world.alter("/usr/bin/op", |stat| stat.version.changed = (1, 0));
        assert_eq!(op.find_again(&planned, &edited), changed);
    }
}
