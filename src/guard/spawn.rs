//! Step 6: the script is started.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;

use super::environment::{EXTENSION, GROUP, RUN_ID};
use super::{Launch, StartFailure, Verdict};
use crate::discovery::{Program, ProgramKind};
use crate::host::{
    Access, Host, HostView, Interpreter, NotCreatable, NotStartable, Start, check_creatable, reason,
};
use crate::manifest::ScriptEnvironment;
use crate::names::{Sha256, Text};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spawn {
    pub program: Program,
    pub environment: ScriptEnvironment,
}

impl Spawn {
    /// The one predicate: the programs that start the script, or why the system would
    /// refuse to.
    fn starters(&self, view: &dyn HostView) -> Result<Vec<Interpreter>, StartFailure> {
        let interpreters = self.interpreters_now(view)?;
        self.copy_obstacle(view).map_or(Ok(interpreters), Err)
    }

    /// Finds the programs that would start the script now.
    pub(super) fn interpreters_now(
        &self,
        view: &dyn HostView,
    ) -> Result<Vec<Interpreter>, NotStartable> {
        let path = self.environment.path(view);
        self.program.interpreters_now(path.as_deref(), view)
    }

    fn copy_obstacle(&self, view: &dyn HostView) -> Option<StartFailure> {
        let ProgramKind::Embedded { file, .. } = &self.program.kind else {
            return None;
        };
        let mut above = file.ancestors();
        let existing = above.find(|path| view.stat(path).is_ok());
        if existing.is_some_and(|path| view.is_noexec(path)) {
            let reason = "its filesystem is mounted noexec".to_owned();
            return Some(StartFailure::NoCopy(file.clone(), reason));
        }
        if view.lstat(file).is_err() {
            return cache_obstacle(file, view);
        }
        match view.digest(file) {
            Ok(found) if found.sha256 != self.program.sha256 => {
                Some(StartFailure::CopyDiffers(file.clone()))
            }
            Ok(_) => {
                let error = view.check_access(file, Access::Execute).err()?;
                Some(StartFailure::not_executable(file, reason(&error), &error))
            }
            Err(error) => Some(StartFailure::NoCopy(file.clone(), reason(&error))),
        }
    }

    pub fn preview(&self, view: &dyn HostView) -> Verdict {
        match self.starters(view) {
            Err(failure) => Verdict::Refuse(super::Refusal::CannotStart(failure)),
            Ok(_) => Verdict::Act,
        }
    }

    /// Checks once more, and installs an embedded script in the cache. Returns the
    /// programs that start the script now.
    pub fn prepare(&self, host: &mut dyn Host) -> Result<Vec<Interpreter>, StartFailure> {
        let interpreters = self.starters(host)?;
        let ProgramKind::Embedded { file, bytes } = &self.program.kind else {
            return Ok(interpreters);
        };
        if host.lstat(file).is_err() {
            let installed = host.install(file, bytes);
            installed.map_err(|error| StartFailure::NoCopy(file.clone(), reason(&error)))?;
        }
        match host.digest(file).map(|found| found.sha256) {
            Ok(found) if found == Sha256::of(bytes) => Ok(interpreters),
            _ => Err(StartFailure::CopyDiffers(file.clone())),
        }
    }

    /// Starts the script, then erases its secrets.
    pub fn start(&self, launch: &mut Launch<'_>, host: &mut dyn Host) -> Result<(), StartFailure> {
        let plan = launch.plan;
        let args: Vec<_> = plan.args.iter().map(Text::as_os_str).collect();
        let inherited = Arc::clone(host.environment());
        let mut env = self.environment.of(&inherited);
        let secrets = launch.secrets.iter().filter(|one| one.deliver.is_env());
        env.extend(secrets.map(|one| (OsStr::new(one.env.as_str()), one.value.expose())));
        let variables = launch.variables.iter();
        env.extend(variables.map(|(name, value)| (OsStr::new(name), value.as_os_str())));
        let own = [
            (RUN_ID, launch.run_id.as_str()),
            (GROUP, plan.group.as_str()),
            (EXTENSION, plan.extension.as_str()),
        ];
        env.extend(own.map(|(name, value)| (OsStr::new(name), OsStr::new(value))));
        let start = Start {
            program: self.program.file(),
            args: &args,
            env: &env,
        };
        let masked = mask(launch, host);
        let spawned = masked.map(|()| host.spawn(&start));
        launch.secrets.clear();
        spawned?.map_err(|error| self.failure(&error, host))
    }

    /// Converts the system's error. "Not found" means the script itself, or
    /// the interpreter of its `#!` line.
    fn failure(&self, error: &io::Error, view: &dyn HostView) -> StartFailure {
        let file = self.program.file();
        if error.kind() == io::ErrorKind::NotFound {
            if view.stat(file).is_err() {
                return StartFailure::Vanished(file.to_owned());
            }
            if let Err(fault) = self.interpreters_now(view) {
                return fault.into();
            }
            let message = "the loader that it names does not exist".to_owned();
            return StartFailure::not_executable(file, message, error);
        }
        StartFailure::not_executable(file, reason(error), error)
    }
}

/// Redirects what the script will print through a filter, if the manifest asks for it.
fn mask(launch: &Launch<'_>, host: &mut dyn Host) -> Result<(), StartFailure> {
    let masking = &launch.plan.masking;
    if masking.is_off() {
        return Ok(());
    }
    if let Some(warning) = masking.warning(launch) {
        host.show(&warning);
    }
    let secrets = launch.secrets();
    let values = secrets.map(|(name, secret)| (name.as_str(), secret.expose().as_bytes()));
    let values: Vec<_> = values.collect();
    let masked = masking.of_run(&values).map(|masking| host.mask(&masking));
    let masked = masked.unwrap_or(Ok(()));
    masked.map_err(|error| StartFailure::NotMasked(reason(&error), error.raw_os_error()))
}

/// Why the copy of an embedded script cannot be written to the cache.
fn cache_obstacle(file: &Path, view: &dyn HostView) -> Option<StartFailure> {
    let error = match check_creatable(file.parent()?, view).err()? {
        NotCreatable::NotADirectory(..) => io::ErrorKind::NotADirectory.into(),
        NotCreatable::Denied(_, error) => error,
    };
    Some(StartFailure::NoCopy(file.to_owned(), reason(&error)))
}

#[cfg(test)]
mod tests {
    use super::super::plan::tests::plan_of;
    use super::*;
    use crate::host::fake::{Act, World};

    fn spawn(world: &World, group: &str) -> Spawn {
        plan_of(world, group).unwrap().spawn
    }

    #[test]
    fn a_missing_interpreter_is_found_before_and_at_the_start() {
        let world = World::new().manifest("g", "").executable(
            "/home/ops/.local/share/qli/extensions/g/hello",
            "#!/opt/none/python\n",
        );
        let spawn = spawn(&world, "g");
        assert!(matches!(spawn.preview(&world), Verdict::Refuse(_)));
        let mut world = world;
        let failure = spawn.prepare(&mut world).unwrap_err();
        assert_eq!(failure.exit_code(), 126);
        assert!(failure.to_string().contains("`/opt/none/python`"));
    }

    #[test]
    fn an_embedded_script_is_installed_once_and_verified_at_every_run() {
        let mut world = World::new();
        let spawn = spawn(&world, "dev");
        spawn.prepare(&mut world).unwrap();
        spawn.prepare(&mut world).unwrap();
        let installs = world
            .acts()
            .iter()
            .filter(|act| matches!(act, Act::Installed))
            .count();
        assert_eq!(installs, 1);
        let copy = spawn.program.file().display().to_string();
        let mut world = world.executable(&copy, "#!/bin/sh\nrm -rf /\n");
        assert_eq!(
            spawn.prepare(&mut world),
            Err(StartFailure::CopyDiffers(copy.into()))
        );
    }

    #[test]
    fn a_cache_on_a_filesystem_without_execution_is_found_before() {
        let world = World::new().noexec("/home/ops/.cache");
        assert!(matches!(spawn(&world, "dev").preview(&world), Verdict::Act));
        let world = world.directory("/home/ops/.cache", 0o700);
        let preview = spawn(&world, "dev").preview(&world);
        let reason = preview.refusal().unwrap().reason();
        assert!(reason.contains("mounted noexec"), "{reason}");
    }

    #[test]
    fn a_cache_that_is_not_writable_is_found_before() {
        let world = World::new().var("XDG_CACHE_HOME", "/var/cache");
        assert!(matches!(
            spawn(&world, "dev").preview(&world),
            Verdict::Refuse(_)
        ));
    }
}
