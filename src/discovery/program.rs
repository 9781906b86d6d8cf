//! From an extension's name to the program that runs.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use super::first_line::check_first_line;
use super::location::{GroupLocation, command_name};
use super::reading::on_path;
use super::roots::Roots;
use super::{embedded, unknown};
use crate::diagnostics::{Code, Diagnostic};
use crate::host::{
    Access, FileId, HostView, Interpreter, NotStartable, Stat, interpreters, is_absent, lookup,
    planned_interpreters, reason, search_path, unset_reason,
};
use crate::names::{ExtensionName, Sha256, shell_path};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Absolute, or `embedded:<group>/<name>`.
    pub path: PathBuf,
    pub sha256: Sha256,
    /// Which file it was when it was hashed; built-in ones have none.
    pub id: Option<FileId>,
    /// Its beginning, which says how the system starts it.
    pub head: Vec<u8>,
    /// The programs that start it, or why none can.
    pub interpreters: Result<Vec<Interpreter>, NotStartable>,
    pub kind: ProgramKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProgramKind {
    /// A file of the group's directory.
    OfGroup,
    /// `qli-<group>-<name>` on `PATH`.
    OnPath,
    /// Built-in. The first run copies it to the user's cache.
    Embedded {
        /// The copy.
        file: PathBuf,
        bytes: &'static [u8],
    },
}

impl Program {
    /// Finds the programs that would start it now.
    /// `path` is the `PATH` that it gets.
    pub fn interpreters_now(
        &self,
        path: Option<&OsStr>,
        view: &dyn HostView,
    ) -> Result<Vec<Interpreter>, NotStartable> {
        let planned = self.interpreters.as_deref().unwrap_or_default();
        interpreters(&self.path, Some(&self.head), path, planned, view)
    }

    /// Returns everything that runs: the file, then the programs that start it.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        let interpreters = self.interpreters.iter().flatten();
        std::iter::once(self.file()).chain(interpreters.map(|one| &*one.path))
    }

    /// Returns the file that is executed.
    pub fn file(&self) -> &Path {
        match &self.kind {
            ProgramKind::OfGroup | ProgramKind::OnPath => &self.path,
            ProgramKind::Embedded { file, .. } => file,
        }
    }
}

/// Finds the program of an extension: the group's own file, else one on `PATH`. `path` is
/// the `PATH` that the script gets.
pub(super) fn find(
    location: &GroupLocation,
    extension: &ExtensionName,
    path: Option<&OsStr>,
    roots: &Roots,
    view: &dyn HostView,
) -> Result<Program, Diagnostic> {
    let own = match location.directory() {
        Some(directory) => find_file(&directory, extension, path, view),
        None => find_embedded(location, extension, path, view),
    };
    own.unwrap_or_else(|| {
        let found = search_path(&command_name(&location.name, extension), view);
        match on_path(found, location, extension, roots, view) {
            Some(file) => read(file?, ProgramKind::OnPath, path, view),
            None => Err(unknown::extension(location, extension, roots, view)),
        }
    })
}

fn find_file(
    directory: &Path,
    extension: &ExtensionName,
    search: Option<&OsStr>,
    view: &dyn HostView,
) -> Option<Result<Program, Diagnostic>> {
    let path = directory.join(extension.as_str());
    let stat = match view.lstat(&path) {
        Ok(stat) if stat.is_link() => view.stat(&path),
        Ok(stat) => Ok(stat),
        Err(error) if is_absent(&error) => return None,
        // A program of this name on `PATH` is not what the user meant.
        Err(_) => return unknown::unsearchable(directory, view).map(Err),
    };
    Some(check(&path, stat, view).and_then(|()| read(path, ProgramKind::OfGroup, search, view)))
}

fn check(path: &Path, stat: io::Result<Stat>, view: &dyn HostView) -> Result<(), Diagnostic> {
    let stat = stat.map_err(|error| dangling_link(path, &error))?;
    if !stat.is_file() {
        let kind = stat.kind.as_str();
        let message = format!("an extension must be a regular file, but this is {kind}");
        return Err(Diagnostic::of_path(Code::NotARegularFile, path, message)
            .help("replace it with the script itself"));
    }
    let checked = view.check_access(path, Access::Execute);
    checked.map_err(|error| not_executable(path, stat, &error))
}

pub fn dangling_link(path: &Path, error: &io::Error) -> Diagnostic {
    let message = format!("the symbolic link is broken: {}", reason(error));
    Diagnostic::of_path(Code::NotARegularFile, path, message).help("fix the link, or remove it")
}

fn not_executable(path: &Path, stat: Stat, error: &io::Error) -> Diagnostic {
    let mut message = "the script is not executable".to_owned();
    if error.kind() != io::ErrorKind::PermissionDenied {
        message = format!("{message}: {}", reason(error));
    }
    let script = shell_path(path);
    let help = if stat.has_execute_bit() {
        // The file allows it, and its filesystem does not: `noexec` (mount(8)).
        format!("ls -l {script}; findmnt -T {script}")
    } else {
        format!("chmod +x {script}")
    };
    Diagnostic::of_path(Code::NotExecutable, path, message).help(help)
}

fn read(
    path: PathBuf,
    kind: ProgramKind,
    search: Option<&OsStr>,
    view: &dyn HostView,
) -> Result<Program, Diagnostic> {
    let digest = view.digest(&path).map_err(|error| {
        let message = format!("the script cannot be read: {}", reason(&error));
        Diagnostic::of_path(Code::NotExecutable, &path, message)
            .help(format!("chmod +r {}", shell_path(&path)))
    })?;
    check_first_line(&path, &digest.head)?;
    Ok(Program {
        id: Some(digest.id),
        sha256: digest.sha256,
        interpreters: planned_interpreters(&path, Some(&digest.head), search, view),
        head: digest.head,
        path,
        kind,
    })
}

/// A built-in script runs from a directory named by its hash, so that two
/// versions of qli never share a file.
fn find_embedded(
    location: &GroupLocation,
    extension: &ExtensionName,
    search: Option<&OsStr>,
    view: &dyn HostView,
) -> Option<Result<Program, Diagnostic>> {
    let bytes = embedded::script(&location.name, extension.as_str())?;
    let path = embedded::reported_path(&location.name, extension.as_str());
    let cache = match lookup("XDG_CACHE_HOME", view) {
        Ok(cache) => PathBuf::from(cache),
        Err(unset) => {
            let reason = unset_reason(&unset, view);
            let message = format!("a built-in script needs a cache directory, but {reason}");
            let diagnostic = Diagnostic::of_path(Code::NoCacheDirectory, path, message);
            return Some(Err(diagnostic.help("set `HOME` or `XDG_CACHE_HOME`")));
        }
    };
    let sha256 = Sha256::of(bytes);
    let directory = cache.join("qli/embedded").join(sha256.to_string());
    Some(Ok(Program {
        sha256,
        id: None,
        interpreters: planned_interpreters(&path, Some(bytes), search, view),
        head: bytes.to_vec(),
        path,
        kind: ProgramKind::Embedded {
            file: directory.join(extension.as_str()),
            bytes,
        },
    }))
}
