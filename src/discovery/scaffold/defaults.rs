//! Copies of the built-in groups, for the user to change.

use std::io::ErrorKind::AlreadyExists;
use std::path::{Path, PathBuf};

use super::destination::{Destination, file, is_free, not_created};
use crate::diagnostics::{Code, Diagnostic};
use crate::discovery::embedded;
use crate::host::{Host, HostView, NewFile, is_absent};
use crate::manifest::FILE_NAME;
use crate::names::GroupName;

/// What became of one built-in group: its directory, and the files concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CopyOutcome {
    Created(PathBuf),
    /// All files already are as the built-in ones.
    Unchanged(PathBuf),
    /// These files differed and were overwritten.
    Overwritten(PathBuf, Vec<PathBuf>),
    /// These files were missing and were added.
    Completed(PathBuf, Vec<PathBuf>),
    /// These files differ, so nothing was changed.
    Kept(PathBuf, Vec<PathBuf>),
}

/// Copies the built-in groups to a root, and overwrites changed copies if asked to. The
/// user's own files in them stay.
///
/// # Errors
///
/// Something cannot be written (QLI0613), or a group's name is taken by
/// something that is not a directory (QLI0612). The groups before it are copied.
pub fn install_defaults(
    destination: &Destination,
    overwrite: bool,
    host: &mut dyn Host,
) -> Result<Vec<CopyOutcome>, Diagnostic> {
    embedded::groups()
        .map(|name| install(&name, destination, overwrite, host))
        .collect()
}

fn install(
    name: &GroupName,
    destination: &Destination,
    overwrite: bool,
    host: &mut dyn Host,
) -> Result<CopyOutcome, Diagnostic> {
    let directory = destination.root.join(name.as_str());
    let files = files(name);
    if is_free(&directory, host) {
        match host.make(&directory, &files, destination.above) {
            Ok(()) => return Ok(CopyOutcome::Created(directory)),
            // Another process was faster.
            Err(error) if error.kind() == AlreadyExists && !is_free(&directory, host) => {}
            Err(error) => return Err(not_created(&directory, &error, host)),
        }
    }
    let stat = host.lstat(&directory);
    let stat = stat.map_err(|error| not_created(&directory, &error, host))?;
    if !stat.is_directory() {
        let kind = stat.kind.as_str();
        let message = format!("a group must be a directory, but this is {kind}");
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
        return Ok(CopyOutcome::Unchanged(directory));
    }
    // If one file was changed, others may have been removed on purpose.
    let exists = |path: &PathBuf| !host.lstat(path).is_err_and(|error| is_absent(&error));
    let replaces = paths.iter().any(exists);
    if replaces && !overwrite {
        return Ok(CopyOutcome::Kept(directory, paths));
    }
    for (file, path) in differing.into_iter().zip(&paths) {
        let put = host.put(path, file.bytes, file.mode);
        put.map_err(|error| not_created(path, &error, host))?;
    }
    let done = if replaces {
        CopyOutcome::Overwritten
    } else {
        CopyOutcome::Completed
    };
    Ok(done(directory, paths))
}

/// The manifest comes first, so that no script is overwritten without its guards.
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
