//! The directories that have groups, in their order.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::host::{HostView, is_absent, lookup, path_list, system_data};
use crate::manifest::FILE_NAME;
use crate::names::{GroupName, Unset, shell_path};

/// What kind of root a group comes from, in the order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RootKind {
    /// Named by `--extensions` or `$QLI_EXTENSIONS`.
    Given,
    /// The user's: `$XDG_DATA_HOME/qli/extensions`.
    User,
    /// The system's: `qli/extensions` below a directory of `$XDG_DATA_DIRS`.
    System,
    /// The built-in groups.
    Embedded,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    pub kind: RootKind,
    /// The directory; `embedded:` for the built-in groups.
    pub path: PathBuf,
}

impl Root {
    pub(super) fn embedded() -> Self {
        Self {
            kind: RootKind::Embedded,
            path: "embedded:".into(),
        }
    }

    /// Returns where the manifest of a group would be.
    pub(super) fn manifest(&self, group: &GroupName) -> PathBuf {
        self.path.join(group.as_str()).join(FILE_NAME)
    }
}

/// The roots in force, in order, without the built-in groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roots {
    list: Vec<Root>,
    /// The directories of the command line, as they were typed.
    typed: Vec<PathBuf>,
}

/// A root below a data directory of the XDG specification.
const BELOW_DATA: &str = "qli/extensions";

impl Roots {
    /// Collects the roots. Directories given on the command line replace
    /// `$QLI_EXTENSIONS`. Empty entries are skipped, relative ones start at the
    /// working directory.
    pub fn of(given: &[PathBuf], view: &dyn HostView) -> Self {
        let mut list: Vec<Root> = Vec::new();
        let mut add = |kind, path: PathBuf| {
            if !path.as_os_str().is_empty() && !list.iter().any(|root| root.path == path) {
                list.push(Root { kind, path });
            }
        };
        let named = match given {
            [] => path_list(&view.var("QLI_EXTENSIONS").unwrap_or_default()).collect(),
            given => given.to_vec(),
        };
        for path in &named {
            add(RootKind::Given, Self::absolute(path, view));
        }
        if let Ok(own) = Self::of_user(view) {
            add(RootKind::User, own);
        }
        for path in system_data(view) {
            add(RootKind::System, path.join(BELOW_DATA));
        }
        Self {
            list,
            typed: given.to_owned(),
        }
    }

    /// Returns how to type qli so that it uses the same roots.
    pub fn command(&self) -> String {
        command_with(&self.typed)
    }

    pub fn contains(&self, directory: &Path) -> bool {
        self.iter().any(|root| root.path == directory)
    }

    /// Reports the named roots that cannot have groups.
    pub fn unusable(&self, view: &dyn HostView) -> Diagnostics {
        let named = self.iter().filter(|root| root.kind == RootKind::Given);
        named.filter_map(|root| unusable(root, view)).collect()
    }

    /// Returns the user's root, whether or not it exists.
    ///
    /// # Errors
    ///
    /// `HOME`, if it is needed and not set.
    pub fn of_user(view: &dyn HostView) -> Result<PathBuf, Unset> {
        let data = PathBuf::from(lookup("XDG_DATA_HOME", view)?);
        Ok(data.join(BELOW_DATA))
    }

    /// Makes a root's path absolute: scripts are started by absolute paths.
    pub fn absolute(directory: &Path, view: &dyn HostView) -> PathBuf {
        if directory.is_absolute() {
            return directory.to_owned();
        }
        let below = directory.strip_prefix(".").unwrap_or(directory);
        view.cwd().unwrap_or_default().join(below)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Root> {
        self.list.iter()
    }

    /// Returns the manifest of a system root that a group of a user's root
    /// shadows.
    pub(super) fn shadowed_by(
        &self,
        owner: &Root,
        name: &GroupName,
        view: &dyn HostView,
    ) -> Option<PathBuf> {
        if owner.kind >= RootKind::System {
            return None;
        }
        let system = self.iter().filter(|root| root.kind == RootKind::System);
        system
            .map(|root| root.manifest(name))
            .find(|path| view.lstat(path).is_ok())
    }
}

/// Returns how to type qli with these directories as roots.
pub fn command_with(directories: &[PathBuf]) -> String {
    let options = directories.iter().map(shell_path);
    let options = options.map(|directory| format!(" --extensions {directory}"));
    "qli".to_owned() + &options.collect::<String>()
}

fn unusable(root: &Root, view: &dyn HostView) -> Option<Diagnostic> {
    let report = |message: &str| Diagnostic::of_path(Code::RootMissing, &root.path, message.into());
    let problem = match view.stat(&root.path) {
        Ok(stat) if stat.is_directory() => None,
        Ok(_) => Some("this root is not a directory"),
        Err(error) if is_absent(&error) => Some("this root does not exist"),
        Err(_) => return None, // reported where it is read
    };
    if let Some(problem) = problem {
        let help = "fix `--extensions` or `QLI_EXTENSIONS`, or create the directory";
        return Some(report(problem).help(help));
    }
    view.lstat(&root.path.join(FILE_NAME)).ok()?;
    let above = root.path.parent().unwrap_or(&root.path);
    let qli = command_with(&[above.to_owned()]);
    Some(report("this root is itself a group").help(format!("name its directory: {qli}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::World;

    fn listed(world: &World, given: &[&str]) -> Vec<(RootKind, String)> {
        let given: Vec<_> = given.iter().map(PathBuf::from).collect();
        let roots = Roots::of(&given, world);
        let pairs = roots
            .iter()
            .map(|root| (root.kind, root.path.display().to_string()));
        pairs.collect()
    }

    #[test]
    fn roots_are_in_the_documented_order() {
        let world = World::new().var("QLI_EXTENSIONS", "/a::rel");
        assert_eq!(
            listed(&world, &[]),
            [
                (RootKind::Given, "/a".into()),
                (RootKind::Given, "/home/ops/rel".into()),
                (
                    RootKind::User,
                    "/home/ops/.local/share/qli/extensions".into()
                ),
                (RootKind::System, "/usr/local/share/qli/extensions".into()),
                (RootKind::System, "/usr/share/qli/extensions".into()),
            ]
        );
    }

    #[test]
    fn given_directories_replace_the_variable_and_can_contain_a_colon() {
        let world = World::bare()
            .var("QLI_EXTENSIONS", "/a")
            .var("XDG_DATA_DIRS", "rel:/opt/share");
        assert_eq!(
            listed(&world, &["/x:y"]),
            [
                (RootKind::Given, "/x:y".into()),
                (RootKind::System, "/opt/share/qli/extensions".into()),
            ]
        );
    }
}
