//! The directories groups are looked for in, in their order.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::host::{HostView, XdgDir, is_absent, path_list, xdg_dir};
use crate::manifest::FILE_NAME;
use crate::names::{GroupName, Unset, shell_word};

/// What kind of root a group comes from; the order is the precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RootKind {
    /// Named by `--extensions` or `$QLI_EXTENSIONS`.
    Given,
    /// The user's: `$XDG_DATA_HOME/qli/extensions`.
    User,
    /// The machine's: an entry of `$XDG_DATA_DIRS` + `/qli/extensions`.
    System,
    /// The defaults in the program itself.
    Embedded,
}

/// One root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// What kind it is.
    pub kind: RootKind,
    /// The directory; `embedded:` for the defaults.
    pub path: PathBuf,
}

impl Root {
    pub(super) fn embedded() -> Self {
        Self {
            kind: RootKind::Embedded,
            path: "embedded:".into(),
        }
    }
}

/// The roots in force, in order, without the embedded one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roots {
    list: Vec<Root>,
    /// The directories of the command line, as they were typed.
    typed: Vec<PathBuf>,
}

/// Where roots lie below a data directory of XDG.
const BELOW_DATA: &str = "qli/extensions";

impl Roots {
    /// Collects the roots. Directories that were given on the command line
    /// replace `$QLI_EXTENSIONS`. Empty entries are skipped; a relative one is
    /// meant from the working directory.
    pub fn of(given: &[PathBuf], view: &dyn HostView) -> Self {
        let mut roots = Vec::new();
        let mut add = |kind, path: PathBuf| {
            if !path.as_os_str().is_empty() && !roots.iter().any(|root: &Root| root.path == path) {
                roots.push(Root { kind, path });
            }
        };
        if given.is_empty() {
            let listed = view.var("QLI_EXTENSIONS").unwrap_or_default();
            path_list(&listed).for_each(|path| add(RootKind::Given, absolute(path, view)));
        } else {
            let given = given.iter().cloned();
            given.for_each(|path| add(RootKind::Given, absolute(path, view)));
        }
        if let Ok(own) = Self::of_user(view) {
            add(RootKind::User, own);
        }
        let system = view.var("XDG_DATA_DIRS").filter(|dirs| !dirs.is_empty());
        let system = system.unwrap_or_else(|| "/usr/local/share:/usr/share".into());
        let system = path_list(&system).filter(|path| path.is_absolute());
        system.for_each(|path| add(RootKind::System, path.join(BELOW_DATA)));
        Self {
            list: roots,
            typed: given.to_owned(),
        }
    }

    /// Returns how qli is typed again so that it looks in the same roots.
    pub fn command(&self) -> String {
        command_with(&self.typed)
    }

    /// Says whether a directory is one of them.
    pub fn holds(&self, directory: &Path) -> bool {
        self.iter().any(|root| root.path == directory)
    }

    /// Reports the named roots from which no group can come.
    pub fn unusable(&self, view: &dyn HostView) -> Diagnostics {
        let named = self.iter().filter(|root| root.kind == RootKind::Given);
        let mut found = Diagnostics::default();
        found.extend(named.filter_map(|root| unusable(root, view)));
        found
    }

    /// Returns the user's root, whether or not it is there.
    ///
    /// # Errors
    ///
    /// `HOME` when it would be needed and has no value.
    pub fn of_user(view: &dyn HostView) -> Result<PathBuf, Unset> {
        Ok(xdg_dir(XdgDir::Data, view)?.join(BELOW_DATA))
    }

    /// Takes a directory for a root: it is meant from the working directory on.
    pub fn absolute(directory: &Path, view: &dyn HostView) -> PathBuf {
        absolute(directory.to_owned(), view)
    }

    /// Walks them in order.
    pub fn iter(&self) -> impl Iterator<Item = &Root> {
        self.list.iter()
    }

    /// Returns the manifest of a system root that a group of a user's root
    /// hides.
    pub(super) fn hidden_by(
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
            .map(|root| root.path.join(name.as_str()).join(FILE_NAME))
            .find(|path| view.lstat(path).is_ok())
    }
}

/// Returns how qli is typed with these directories for roots.
pub fn command_with(directories: &[PathBuf]) -> String {
    let options = directories.iter().map(shell_word);
    let options = options.map(|directory| format!(" --extensions {directory}"));
    "qli".to_owned() + &options.collect::<String>()
}

/// Says why no group can come from a root.
fn unusable(root: &Root, view: &dyn HostView) -> Option<Diagnostic> {
    let report = |message: &str| Diagnostic::of_path(Code::RootMissing, &root.path, message.into());
    let is_directory = match view.stat(&root.path) {
        Ok(stat) => stat.is_directory(),
        Err(error) if is_absent(&error) => false,
        Err(_) => return None, // it is told where it is read
    };
    if is_directory {
        view.lstat(&root.path.join(FILE_NAME)).ok()?;
        let above = root.path.parent().unwrap_or(&root.path);
        let diagnostic = report("the root that was named is a group itself");
        return Some(diagnostic.help(format!(
            "name the directory that holds it: {}",
            command_with(&[above.to_owned()])
        )));
    }
    let diagnostic = report("the root that was named is no directory");
    Some(diagnostic.help("mend `--extensions` or `QLI_EXTENSIONS`, or make the directory"))
}

/// A script is started by its absolute path, so its root must have one.
fn absolute(path: PathBuf, view: &dyn HostView) -> PathBuf {
    if path.is_absolute() {
        return path;
    }
    let plain = path.strip_prefix(".").map(Path::to_owned);
    let cwd = view.cwd().unwrap_or_default();
    cwd.join(plain.unwrap_or(path))
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
    fn roots_come_in_the_documented_order() {
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
    fn given_directories_replace_the_variable_and_may_hold_a_colon() {
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
