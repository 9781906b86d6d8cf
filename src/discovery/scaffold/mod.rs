//! Making groups: a first one of somebody's own, and copies of the embedded ones.
//! What is there is never replaced unless that was asked for.

mod defaults;

use std::io;
use std::path::{Path, PathBuf};

use super::{Roots, command_with, distrusted, embedded, unknown};
use crate::diagnostics::{Code, Diagnostic, Diagnostics, Severity};
use crate::host::{Host, HostView, NewFile, is_absent, reason, unset_reason};
use crate::manifest::{FILE_NAME, SCHEMA};
use crate::names::{GroupName, is_command, shell_word};

pub use defaults::{Installed, Overwrite, install_defaults};

/// The directory beside the groups that holds the manifest's schema for editors;
/// its name is no group's.
const SCHEMA_DIRECTORY: &str = ".schema";

/// The schema's file in it, as the `#:schema` lines of the templates name it.
const SCHEMA_FILE: &str = "manifest.v1.schema.json";

const PLAIN: &str = include_str!("plain.toml");
const GUARDED: &str = include_str!("guarded.toml");
const HELLO: &str = include_str!("hello");

/// The name of the first script.
pub const FIRST_SCRIPT: &str = "hello";

/// Whether a new group declares guards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guarded {
    /// Banner, required variable, confirmation and log.
    Yes,
    /// None.
    No,
}

/// Where groups are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// The root: an absolute path.
    pub root: PathBuf,
    /// The mode of directories above a group, where they are missing.
    above: u32,
}

impl Destination {
    /// Takes a directory that was named, or the user's root. Missing directories
    /// of the latter are private, as the XDG specification asks.
    ///
    /// # Errors
    ///
    /// There is no user's root, since `HOME` is not set (QLI0606).
    pub fn of(named: Option<&Path>, view: &dyn HostView) -> Result<Self, Diagnostic> {
        if let Some(named) = named {
            let root = Roots::absolute(named, view);
            let above = 0o755;
            return Ok(Self { root, above });
        }
        let root = Roots::of_user(view).map_err(|unset| {
            let message = format!("{}, so you have no root", unset_reason(&unset, view));
            let diagnostic = Diagnostic::of_path(Code::RootMissing, "~", message);
            as_error(diagnostic).help(format!(
                "set `{}` to an absolute path, or name a root: `--in DIR`",
                unset.0
            ))
        })?;
        let above = 0o700;
        Ok(Self { root, above })
    }
}

/// A group that was made.
#[derive(Debug)]
pub struct Made {
    /// Its directory.
    pub directory: PathBuf,
    /// The schema's file, if it was there already and is another version's.
    pub other_schema: Option<PathBuf>,
    /// Who else may change it, so that it will not run or is worth a look.
    pub warnings: Diagnostics,
}

/// Makes a group with a manifest and a first script.
///
/// # Errors
///
/// The name is a command's (QLI0304), there is a group or something else of this
/// name (QLI0612), or it cannot be written (QLI0613). Nothing is left behind.
pub fn make_group(
    name: &GroupName,
    guarded: Guarded,
    destination: &Destination,
    roots: &Roots,
    host: &mut dyn Host,
) -> Result<Made, Diagnostic> {
    reserved(name, destination)?;
    let in_force = roots.holds(&destination.root);
    let qli = if in_force {
        roots.command()
    } else {
        command_with(std::slice::from_ref(&destination.root))
    };
    standing(name, destination, &qli, host)?;
    let namesake = namesake(name, destination, roots, host)?;
    let namesake = match namesake {
        Some(refused) if in_force => return Err(refused),
        other => other.map(|other| Diagnostic {
            code: Code::GroupShadowed,
            severity: Severity::Warning,
            ..other
        }),
    };
    let other_schema = put_schema(destination, host)?;
    let directory = destination.root.join(name.as_str());
    let manifest = match guarded {
        Guarded::Yes => GUARDED,
        Guarded::No => PLAIN,
    };
    let fill_in = |template: &str| template.replace("GROUP", name.as_str());
    let made = make(
        &directory,
        destination,
        &fill_in(manifest),
        &fill_in(HELLO),
        host,
    );
    // Somebody else was faster: what is there now says more than the error.
    let standing = |error| {
        standing(name, destination, &qli, host)
            .err()
            .unwrap_or(error)
    };
    made.map_err(standing)?;
    let files = [FILE_NAME, FIRST_SCRIPT].map(|file| directory.join(file));
    let paths: Vec<_> = files.iter().map(PathBuf::as_path).collect();
    let mut warnings = distrusted(&paths, host);
    warnings.extend(namesake);
    Ok(Made {
        directory,
        other_schema,
        warnings,
    })
}

fn make(
    directory: &Path,
    destination: &Destination,
    manifest: &str,
    script: &str,
    host: &mut dyn Host,
) -> Result<(), Diagnostic> {
    let files = [
        file(FILE_NAME, manifest.as_bytes(), 0o644),
        file(FIRST_SCRIPT, script.as_bytes(), 0o755),
    ];
    host.make(directory, &files, destination.above)
        .map_err(|error| not_made(directory, &error, host))
}

/// Says whether nothing is there that would have to be replaced.
fn is_free(directory: &Path, view: &dyn HostView) -> bool {
    view.lstat(directory).map_or(true, |stat| {
        let entries = || view.list(directory);
        stat.is_directory() && entries().is_ok_and(|all| all.is_empty())
    })
}

fn file<'a>(name: &'a str, bytes: &'a [u8], mode: u32) -> NewFile<'a> {
    NewFile { name, bytes, mode }
}

/// Puts the schema beside the groups, once; returns the file that is there
/// already and holds something else.
fn put_schema(
    destination: &Destination,
    host: &mut dyn Host,
) -> Result<Option<PathBuf>, Diagnostic> {
    let directory = destination.root.join(SCHEMA_DIRECTORY);
    let path = directory.join(SCHEMA_FILE);
    if host.lstat(&path).is_ok() {
        let read = host.read(&path, SCHEMA.len() as u64);
        let same = read.is_ok_and(|contents| contents.bytes == SCHEMA.as_bytes());
        return Ok((!same).then_some(path));
    }
    let files = [file(SCHEMA_FILE, SCHEMA.as_bytes(), 0o644)];
    let is_free = is_free(&directory, host);
    let made = is_free.then(|| host.make(&directory, &files, destination.above));
    let put = match made {
        Some(Ok(())) => Ok(()),
        Some(Err(error)) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        // Such a directory is there without it, or is since a moment.
        Some(Err(_)) | None => host.put(&path, SCHEMA.as_bytes(), 0o644),
    };
    put.map_err(|error| not_made(&path, &error, host))?;
    Ok(None)
}

/// A command's name would make a group that only `qli run` reaches.
fn reserved(name: &GroupName, destination: &Destination) -> Result<(), Diagnostic> {
    if !is_command(name.as_str()) {
        return Ok(());
    }
    let message = format!("`{name}` is a command of qli, now or in a later version");
    let path = destination.root.join(name.as_str());
    let diagnostic = Diagnostic::of_path(Code::ReservedGroupName, path, message);
    Err(as_error(diagnostic).help("choose another name: `qli NAME` would not reach the group"))
}

/// Whatever stands where the group would, stays, but for an empty directory.
fn standing(
    name: &GroupName,
    destination: &Destination,
    qli: &str,
    view: &dyn HostView,
) -> Result<(), Diagnostic> {
    if view.lstat(&destination.root.join(FILE_NAME)).is_ok() {
        let message = "this is a group itself, and a group lies in a root".to_owned();
        return Err(
            Diagnostic::of_path(Code::NotMade, &destination.root, message)
                .help("name the directory that holds it: `--in DIR`"),
        );
    }
    let directory = destination.root.join(name.as_str());
    let manifest = directory.join(FILE_NAME);
    if view.lstat(&manifest).is_ok() {
        let message = format!("there is a group `{name}` already");
        return Err(Diagnostic::of_path(Code::GroupExists, manifest, message)
            .help(format!("{qli} explain {name}")));
    }
    let stat = match view.lstat(&directory) {
        Ok(stat) => stat,
        Err(error) if is_absent(&error) => return Ok(()),
        Err(error) => return Err(unsearchable(name, &destination.root, &error)),
    };
    if is_free(&directory, view) {
        return Ok(());
    }
    if let Some(hidden) = unknown::unsearchable(&directory, view) {
        return Err(as_error(hidden));
    }
    let kind = stat.kind.as_str();
    let message = format!("there is {kind} of this name already, without a `{FILE_NAME}`");
    Err(
        Diagnostic::of_path(Code::GroupExists, directory, message).help(format!(
            "move it away, or write its `{FILE_NAME}`: `qli help manifest` has an example"
        )),
    )
}

/// Of two groups of one name only one is found: which, depends on the roots. In a
/// root that is not in force, a checkout, that is worth a word; else it refuses.
fn namesake(
    name: &GroupName,
    destination: &Destination,
    roots: &Roots,
    view: &dyn HostView,
) -> Result<Option<Diagnostic>, Diagnostic> {
    let exists =
        |path: PathBuf, message: String| Diagnostic::of_path(Code::GroupExists, path, message);
    let own = roots.iter().position(|root| root.path == destination.root);
    for (at, root) in roots.iter().enumerate() {
        let manifest = root.path.join(name.as_str()).join(FILE_NAME);
        match view.lstat(&manifest) {
            Ok(_) => {}
            Err(error) if is_absent(&error) => continue,
            Err(error) => return Err(unsearchable(name, &root.path, &error)),
        }
        // A root that is not in force yet is named by `--extensions`, and is first.
        let hides = own.is_none_or(|own| own < at);
        let which = if hides {
            "which the new one would hide"
        } else {
            "which would hide the new one"
        };
        let message = format!("there is a group `{name}` already, {which}");
        let found = exists(manifest, message);
        return Ok(Some(
            found.help("choose another name, or change that group"),
        ));
    }
    if embedded::manifest(name).is_some() {
        let message = format!("`{name}` is a group of qli itself, which the new one would hide");
        let path = embedded::reported_path(name, FILE_NAME);
        let copy = match Roots::of_user(view) {
            Ok(root) if root == destination.root => "qli ext install-defaults".to_owned(),
            _ => format!(
                "qli ext install-defaults --in {}",
                shell_word(&destination.root)
            ),
        };
        let found = exists(path, message);
        return Ok(Some(
            found.help(format!("to have a copy and change it: {copy}")),
        ));
    }
    Ok(None)
}

/// Something cannot be written; what is there of its path is worth a look.
fn not_made(path: &Path, error: &io::Error, view: &dyn HostView) -> Diagnostic {
    let message = format!("it cannot be made: {}", reason(error));
    let mut above = path.ancestors().skip(1);
    let above = above.find(|one| view.lstat(one).is_ok()).unwrap_or(path);
    Diagnostic::of_path(Code::NotMade, path, message).help(format!("ls -ld {}", shell_word(above)))
}

fn unsearchable(name: &GroupName, root: &Path, error: &io::Error) -> Diagnostic {
    let why = reason(error);
    let message = format!("nobody knows whether it has a group `{name}`: {why}");
    Diagnostic::of_path(Code::RootUnreadable, root, message)
        .help(format!("ls -ld {}", shell_word(root)))
}

fn as_error(mut diagnostic: Diagnostic) -> Diagnostic {
    diagnostic.severity = Severity::Error;
    diagnostic
}

#[cfg(test)]
mod tests;
