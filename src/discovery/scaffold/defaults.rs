//! Copies of the embedded groups, for somebody who wants to change them.

use std::io::ErrorKind::AlreadyExists;
use std::path::{Path, PathBuf};

use super::{Destination, file, is_free, not_made};
use crate::diagnostics::{Code, Diagnostic};
use crate::discovery::embedded;
use crate::host::{Host, HostView, NewFile, is_absent};
use crate::manifest::FILE_NAME;
use crate::names::GroupName;

/// Whether files that differ from the embedded ones are overwritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overwrite {
    /// They are.
    Yes,
    /// They stay.
    No,
}

/// What has become of one embedded group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Installed {
    /// It was copied to this directory.
    Made(PathBuf),
    /// Each of its files is there as it is in qli.
    Same(PathBuf),
    /// These files differed and were overwritten.
    Overwritten(PathBuf, Vec<PathBuf>),
    /// These files were missing and were put there; the others are as in qli.
    Completed(PathBuf, Vec<PathBuf>),
    /// The directory is there, and these files of it differ: nothing was done.
    Kept(PathBuf, Vec<PathBuf>),
}

/// Copies the embedded groups to a root. Files of somebody's own beside them stay.
///
/// # Errors
///
/// Something cannot be written (QLI0613), or what has a group's name is no
/// directory (QLI0612); the groups before it are in place.
pub fn install_defaults(
    destination: &Destination,
    overwrite: Overwrite,
    host: &mut dyn Host,
) -> Result<Vec<Installed>, Diagnostic> {
    let names = embedded::groups().filter_map(|name| name.parse().ok());
    names
        .map(|name| install(&name, destination, overwrite, host))
        .collect()
}

fn install(
    name: &GroupName,
    destination: &Destination,
    overwrite: Overwrite,
    host: &mut dyn Host,
) -> Result<Installed, Diagnostic> {
    let directory = destination.root.join(name.as_str());
    let files = files(name);
    if is_free(&directory, host) {
        match host.make(&directory, &files, destination.above) {
            Ok(()) => return Ok(Installed::Made(directory)),
            // Another qli was faster.
            Err(error) if error.kind() == AlreadyExists && !is_free(&directory, host) => {}
            Err(error) => return Err(not_made(&directory, &error, host)),
        }
    }
    let stat = host.lstat(&directory);
    let stat = stat.map_err(|error| not_made(&directory, &error, host))?;
    if !stat.is_directory() {
        let message = format!("a group is a directory, this is {}", stat.kind.as_str());
        return Err(Diagnostic::of_path(Code::GroupExists, directory, message)
            .help("move it away, or install into another root: `--in DIR`"));
    }
    let differing: Vec<_> = files
        .iter()
        .filter(|file| !is_same(&directory.join(file.name), file, host))
        .collect();
    let paths = differing.iter().map(|file| directory.join(file.name));
    let paths: Vec<_> = paths.collect();
    if paths.is_empty() {
        return Ok(Installed::Same(directory));
    }
    // One file of somebody's own makes it somebody's own group: it lacks on
    // purpose what it lacks.
    let there = |path: &PathBuf| !host.lstat(path).is_err_and(|error| is_absent(&error));
    let replaces = paths.iter().any(there);
    if replaces && overwrite == Overwrite::No {
        return Ok(Installed::Kept(directory, paths));
    }
    for (file, path) in differing.into_iter().zip(&paths) {
        let put = host.put(path, file.bytes, file.mode);
        put.map_err(|error| not_made(path, &error, host))?;
    }
    let done = if replaces {
        Installed::Overwritten
    } else {
        Installed::Completed
    };
    Ok(done(directory, paths))
}

/// The manifest comes first: whatever is overwritten is so under its guards.
fn files(name: &GroupName) -> Vec<NewFile<'static>> {
    let manifest = embedded::manifest(name).unwrap_or_default();
    let scripts = embedded::scripts(name).iter();
    let scripts = scripts.map(|&(script, bytes)| file(script, bytes, 0o755));
    std::iter::once(file(FILE_NAME, manifest.as_bytes(), 0o644))
        .chain(scripts)
        .collect()
}

fn is_same(path: &Path, file: &NewFile<'_>, view: &dyn HostView) -> bool {
    let regular = view
        .lstat(path)
        .is_ok_and(|stat| stat.is_file() && stat.mode & 0o100 == file.mode & 0o100);
    let read = view.read(path, file.bytes.len() as u64);
    regular && read.is_ok_and(|contents| contents.bytes == file.bytes)
}
