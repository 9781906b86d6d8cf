//! The last check, directly before the script starts: manifest, script and what starts
//! it must still be the planned files.
//!
//! The user may have taken minutes to confirm. What was explained to them is what
//! runs, or nothing runs.

use std::path::{Path, PathBuf};

use super::{Plan, Refusal};
use crate::host::{ChangedBy, FileId, HostView, InsecurePath, Interpreter, insecure_paths, reason};
use crate::names::{Sha256, shell_path};

/// How the `manifest`, the `script` or an `interpreter` differs from the planned one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileChange {
    #[error("the {0} {path} was replaced since it was planned", path = shell_path(.1))]
    Replaced(&'static str, PathBuf),
    #[error("the {0} {path} was edited since it was planned", path = shell_path(.1))]
    Edited(&'static str, PathBuf),
    #[error("the {0} {path} cannot be read any more: {2}", path = shell_path(.1))]
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

/// How an interpreter differs from the planned one.
fn interpreter_change(
    planned: Option<&Interpreter>,
    now: Option<&Interpreter>,
    view: &dyn HostView,
) -> Option<FileChange> {
    const FILE: &str = "interpreter";
    let one = planned.or(now)?;
    let replaced = FileChange::Replaced(FILE, one.path.clone());
    let (Some(planned), Some(now)) = (planned, now) else {
        return Some(replaced);
    };
    if (&now.path, now.stat.id) != (&planned.path, planned.stat.id) {
        return Some(replaced);
    }
    if now.stat.version == planned.stat.version {
        return None;
    }
    match planned.sha256 {
        Some(sha256) => FileChange::find(FILE, &planned.path, planned.stat.id, sha256, view),
        None => Some(FileChange::Edited(FILE, planned.path.clone())),
    }
}

impl Plan {
    /// Compares the programs that start the script now with the planned ones: none, if it
    /// could not be started then.
    fn interpreter_changes(&self, now: &[Interpreter], view: &dyn HostView) -> Vec<FileChange> {
        let planned = self
            .spawn
            .program
            .interpreters
            .as_deref()
            .unwrap_or_default();
        let all = 0..planned.len().max(now.len());
        let changes = all.filter_map(|at| interpreter_change(planned.get(at), now.get(at), view));
        changes.collect()
    }

    /// Checks manifest, script and the programs that start it now once more, directly
    /// before the script starts.
    ///
    /// Embedded files cannot change; the copy that an embedded script is run from is
    /// verified when it is installed.
    pub fn last_look(&self, now: &[Interpreter], view: &dyn HostView) -> Result<(), Refusal> {
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
        changes.extend(self.interpreter_changes(now, view));
        let paths: Vec<_> = manifest_path.into_iter().chain(program.files()).collect();
        let exposed = insecure_paths(&paths, view).into_iter();
        let exposed = exposed.filter(|one| one.by != ChangedBy::Group);
        changes.extend(exposed.map(FileChange::Exposed));
        if changes.is_empty() {
            return Ok(());
        }
        Err(Refusal::Changed(changes))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Step;
    use super::super::plan::tests::plan;
    use crate::host::fake::{World, native_program};

    const BY: &str = "/home/ops/bin/by";

    fn world() -> World {
        let script = "/home/ops/.local/share/qli/extensions/g/hello";
        World::new()
            .manifest("g", "")
            .executable(script, &format!("#!{BY}\n"))
            .executable(BY, "#!/bin/sh\n")
    }

    /// What is found when the world has changed since the plan.
    fn changes(then: &World, now: &World) -> Option<String> {
        let plan = plan(then).unwrap();
        let interpreters = plan.spawn.interpreters_now(now).unwrap();
        let refusal = plan.last_look(&interpreters, now).err()?;
        assert_eq!(refusal.step(), Some(Step::Spawn));
        Some(refusal.reason())
    }

    #[test]
    fn an_interpreter_must_still_be_the_planned_one() {
        assert_eq!(changes(&world(), &world()), None);
        let replaced = || world().executable(BY, "#!/bin/sh\n");
        let found = changes(&world(), &replaced()).unwrap();
        assert_eq!(
            found,
            format!("the interpreter {BY} was replaced since it was planned")
        );
        let own = || world();
        let renewed = own().program("/bin/sh", &native_program());
        let found = changes(&own(), &renewed).unwrap();
        assert!(
            found.contains("interpreter /bin/sh was replaced"),
            "{found}"
        );
    }

    #[test]
    fn an_edited_interpreter_is_found_by_its_hash_or_by_its_times() {
        let touched = |path: &str| world().alter(path, |stat| stat.version.changed.0 += 1);
        assert_eq!(changes(&world(), &touched(BY)), None);
        let of_root = |world: World| world.alter("/bin/sh", |stat| stat.owner = 0);
        let found = changes(&of_root(world()), &of_root(touched("/bin/sh"))).unwrap();
        assert!(found.contains("interpreter /bin/sh was edited"), "{found}");
    }

    #[test]
    fn an_interpreter_that_another_user_may_change_by_now_is_exposed() {
        let open = world().alter(BY, |stat| stat.mode = 0o757);
        let found = changes(&world(), &open).unwrap();
        assert!(
            found.contains(&format!("meanwhile {BY} is writable by everyone")),
            "{found}"
        );
    }
}
