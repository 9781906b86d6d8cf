//! The program that a provider calls: found while planning, and checked to be the
//! same one when it is called.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

use super::row::{Program, Row};
use super::{Parts, ProviderFault};
use crate::host::{
    ChangedBy, FileDigest, FileId, FileVersion, HostView, InsecurePath, Interpreter, OnPath,
    ToolError, insecure_paths, is_absent, is_executable, lookup, planned_interpreters, search_path,
    unset_reason,
};
use crate::names::{PathTemplate, SecretRef, Sha256, path_as_text, shell_word};

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

impl Row {
    /// Finds the program, and what starts it.
    pub fn find(&self, view: &dyn HostView) -> Result<FoundTool, ProviderFault> {
        let path = self.path(view)?;
        let (contents, id, head) =
            examine(&path, view).map_err(|error| ProviderFault::of_call(&error, &path))?;
        let search = view.var("PATH");
        let interpreters = planned_interpreters(&path, head.as_deref(), search.as_deref(), view)
            .map_err(|fault| ProviderFault::of_start(&fault, &path))?;
        let paths: Vec<_> = interpreters.iter().map(|one| &*one.path).collect();
        trusted(&paths, view)?;
        Ok(FoundTool {
            path,
            contents,
            id,
            interpreters,
        })
    }

    fn path(&self, view: &dyn HostView) -> Result<PathBuf, ProviderFault> {
        match &self.program {
            Program::Named(name) => match search_path(name, view) {
                OnPath::Found(path) => Ok(path),
                OnPath::Untrusted(insecure) => Err(ProviderFault::ToolUntrusted(insecure)),
                OnPath::Missing => Err(ProviderFault::ToolMissing(name.clone())),
            },
            Program::At(path) => {
                if view.stat(path).is_err_and(|error| is_absent(&error)) {
                    return Err(ProviderFault::ToolAbsent(path.clone()));
                }
                trusted(&[path], view)?;
                if !is_executable(path, view) {
                    return Err(ProviderFault::not_executable(path));
                }
                Ok(path.clone())
            }
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

    /// The parts of a reference that has been checked, with its paths expanded.
    pub fn parts(
        &self,
        reference: &SecretRef,
        view: &dyn HostView,
    ) -> Result<Parts, ProviderFault> {
        let no_path = |reason: String| ProviderFault::NoPath(reason);
        let parts = self.split(reference.as_str());
        let parts = parts.map_err(|error| no_path(error.to_string()))?;
        parts.map(|name, value| {
            let is_path = self.paths.iter().any(|path| path == name);
            let template = PathTemplate::parse(value).ok().filter(|_| is_path);
            let path = template.map(|path| path.expand(|name| lookup(name, view)));
            let path = path
                .transpose()
                .map_err(|unset| no_path(unset_reason(&unset, view)))?;
            path.map(|path| text_of_path(name, &path)).transpose()
        })
    }

    /// Why the program cannot be called for a reference, although it is there.
    pub fn obstacle(&self, reference: &SecretRef, view: &dyn HostView) -> Option<ProviderFault> {
        if self.terminal && matches!(view.has_terminal(), Ok(false)) {
            return Some(ProviderFault::NoTerminal);
        }
        self.parts(reference, view).err()
    }

    pub(super) fn fault_of(&self, error: ToolError, program: &Path) -> ProviderFault {
        match error {
            ToolError::TimedOut => ProviderFault::ToolTimedOut(self.timeout),
            ToolError::Stopped => ProviderFault::ToolStopped,
            ToolError::TooMuch(limit) => ProviderFault::ToolFlooded(limit),
            ToolError::Io(error) => ProviderFault::of_call(&error, program),
        }
    }
}

/// A relative path would be another file in each directory, and could be an option.
fn text_of_path(part: &str, path: &Path) -> Result<String, ProviderFault> {
    let shown = shell_word(path);
    if !path.is_absolute() {
        let reason = format!("its part `{part}` is relative: {shown}");
        return Err(ProviderFault::NoPath(reason));
    }
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| ProviderFault::NoPath(format!("its part `{part}` is not UTF-8: {shown}")))
}

/// Refuses programs that another user may change.
fn trusted(programs: &[&Path], view: &dyn HostView) -> Result<(), ProviderFault> {
    let found = insecure_paths(programs, view);
    let insecure: Option<InsecurePath> = found.into_iter().find(|one| one.by != ChangedBy::Group);
    insecure.map_or(Ok(()), |one| Err(ProviderFault::ToolUntrusted(one)))
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
    use crate::providers::Provider;
    use std::sync::Arc;

    fn one_password() -> Arc<Row> {
        Arc::clone(Provider::named("one_password").unwrap().tool().unwrap())
    }

    #[test]
    fn the_interpreter_of_a_program_is_a_part_of_it() {
        let world = || {
            let world = World::new().tool("op", 0, b"", b"");
            let world = world.executable("/usr/bin/op", "#!/opt/by\n");
            world.program("/opt/by", &native_program())
        };
        let op = one_password();
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
        let op = one_password();
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
        let op = one_password();
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
