//! Whether the arguments and variables of a script fit into what the kernel takes.

use std::collections::BTreeMap;
use std::ffi::OsStr;

use super::environment::{EXTENSION, GROUP, RUN_ID};
use super::{Plan, StartFailure};
use crate::host::HostView;
use crate::names::{EnvName, Text};

/// A UUID.
const RUN_ID_LENGTH: usize = 36;

/// Every system takes this many bytes, so that its limit need not be asked for.
const SURELY_SMALL: usize = 96 * 1024;

impl Plan {
    /// Why the script cannot be started, with variables of these lengths for its secrets.
    pub(super) fn size_obstacle<'s>(
        &self,
        secrets: impl Iterator<Item = (&'s EnvName, usize)>,
        view: &dyn HostView,
    ) -> Option<StartFailure> {
        let size = self.exec_size(secrets, view);
        let limit = (size > SURELY_SMALL).then(|| view.exec_limits().all)?;
        (size > limit).then(|| StartFailure::TooLarge {
            script: self.spawn.program.path.clone(),
            size,
            limit,
        })
    }

    /// The bytes of all strings with their ends, and of the pointers to them. The path is
    /// counted twice: once as the first argument.
    fn exec_size<'s>(
        &self,
        secrets: impl Iterator<Item = (&'s EnvName, usize)>,
        view: &dyn HostView,
    ) -> usize {
        let environment = self.spawn.environment.of(view.environment()).into_iter();
        let mut variables: BTreeMap<&OsStr, usize> = environment
            .map(|(name, value)| (name, value.len()))
            .collect();
        let own = [
            (RUN_ID, RUN_ID_LENGTH),
            (GROUP, self.group.as_str().len()),
            (EXTENSION, self.extension.as_str().len()),
        ];
        variables.extend(own.map(|(name, length)| (OsStr::new(name), length)));
        let directory = self.guards.secrets.iter();
        let directory =
            directory.filter_map(|one| one.directory_variable(&self.spawn.environment, view));
        variables.extend(directory.map(|(name, length)| (OsStr::new(name), length)));
        variables.extend(secrets.map(|(name, length)| (OsStr::new(name.as_str()), length)));
        let variables = variables
            .iter()
            .map(|(name, length)| name.len() + 1 + length);
        let args = self.args.iter().map(Text::as_os_str).map(OsStr::len);
        let path = self.spawn.program.file().as_os_str().len();
        let pointed_to = variables.chain(args).chain([path]);
        let pointed_to = pointed_to.map(|length| length + 1 + size_of::<usize>());
        pointed_to.sum::<usize>() + path + 1
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan::tests::plan;
    use super::super::{Step, first_refusal};
    use crate::host::fake::{EXEC_LIMITS, World};

    /// The step and the code of the refusal, with variables of this many bytes in all.
    fn refused(bytes: usize) -> Option<(Option<Step>, u8)> {
        let world = World::new().manifest("g", "");
        let names = (0..bytes.div_ceil(100_000)).map(|nth| format!("V{nth:02}"));
        let world = names.fold(world, |world, name| world.var(&name, "x".repeat(100_000)));
        let steps = plan(&world).unwrap().preview(&world);
        first_refusal(&steps).map(|one| (one.step(), one.exit_code()))
    }

    #[test]
    fn more_than_the_kernel_takes_is_known_before() {
        assert_eq!(refused(EXEC_LIMITS.all / 2), None);
        assert_eq!(refused(EXEC_LIMITS.all), Some((Some(Step::Spawn), 126)));
    }
}
