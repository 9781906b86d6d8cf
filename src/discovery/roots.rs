//! The directories that have groups, in their order.

use std::io;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::host::{Access, HostView, diagnosis, is_absent, lookup, path_list, reason, system_data};
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

/// The command that sets `HOME` to the user's home directory.
pub const SET_HOME: &str = "export HOME=\"$(eval echo \"~$(id -un)\")\"";

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
        self.unusable_except(&Root::embedded(), view)
    }

    fn unusable_except(&self, owner: &Root, view: &dyn HostView) -> Diagnostics {
        let option = if self.typed.is_empty() {
            "QLI_EXTENSIONS"
        } else {
            "--extensions"
        };
        let named = self.named().filter(|root| *root != owner);
        named
            .filter_map(|root| unusable(root, option, view))
            .collect()
    }

    /// Checks that the named roots can have groups. A group of another root, which was
    /// not meant, must not run in place of one of theirs.
    ///
    /// # Errors
    ///
    /// The roots that cannot.
    pub fn check(&self, view: &dyn HostView) -> Result<(), Diagnostics> {
        self.check_except(&Root::embedded(), view)
    }

    /// Like [`Self::check`], for a group whose manifest was read from a root.
    pub(super) fn check_except(
        &self,
        owner: &Root,
        view: &dyn HostView,
    ) -> Result<(), Diagnostics> {
        let unusable = self.unusable_except(owner, view);
        if unusable.is_empty() {
            return Ok(());
        }
        Err(unusable)
    }

    /// The roots of `--extensions` or `$QLI_EXTENSIONS`.
    fn named(&self) -> impl Iterator<Item = &Root> {
        self.iter().filter(|root| root.kind == RootKind::Given)
    }

    /// Returns the named roots that were searched before a group's own.
    pub(super) fn passed_over(&self, owner: &Root) -> impl Iterator<Item = &Root> {
        self.named().take_while(move |root| *root != owner)
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

    /// Returns the roots that a root's groups hide; none for the built-in ones.
    pub(super) fn after(&self, owner: &Root) -> impl Iterator<Item = &Root> {
        self.iter().skip_while(move |root| *root != owner).skip(1)
    }
}

/// Returns how to type qli with these directories as roots.
pub fn command_with(directories: &[PathBuf]) -> String {
    let options = directories.iter().map(shell_path);
    let options = options.map(|directory| format!(" --extensions {directory}"));
    "qli".to_owned() + &options.collect::<String>()
}

fn unusable(root: &Root, option: &str, view: &dyn HostView) -> Option<Diagnostic> {
    let report = |message: &str| Diagnostic::of_path(Code::RootMissing, &root.path, message.into());
    let problem = match view.stat(&root.path) {
        Ok(stat) if stat.is_directory() => None,
        Ok(_) => Some("this root is not a directory"),
        Err(error) if is_absent(&error) => Some("this root does not exist"),
        Err(error) => return Some(unsearchable(&root.path, &error)),
    };
    if let Some(problem) = problem {
        let help = format!("fix `{option}`, or create the directory");
        return Some(report(problem).help(help));
    }
    if let Err(error) = view.check_access(&root.path, Access::Execute) {
        return Some(unsearchable(&root.path, &error));
    }
    view.lstat(&root.path.join(FILE_NAME)).ok()?;
    let above = root.path.parent().unwrap_or(&root.path);
    let qli = command_with(&[above.to_owned()]);
    Some(report("this root is itself a group").help(format!("name its directory: {qli}")))
}

/// Reports a root that may not be searched. It may own the group: going on to the next
/// root could run another script than the one that was meant.
pub(super) fn unsearchable(root: &Path, error: &io::Error) -> Diagnostic {
    let message = format!("the root cannot be searched: {}", reason(error));
    Diagnostic::of_path(Code::RootUnreadable, root, message).help(diagnosis(error, root))
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
