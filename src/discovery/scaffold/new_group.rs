//! A new group with a manifest and a first script.

use std::io;
use std::path::{Path, PathBuf};

use super::destination::{Destination, as_error, file, is_free, not_created};
use crate::diagnostics::{Code, Diagnostic, Diagnostics, Severity};
use crate::discovery::roots::{Roots, command_with};
use crate::discovery::trust::distrusted;
use crate::discovery::{embedded, unknown};
use crate::host::{Host, HostView, diagnosis, is_absent, reason};
use crate::manifest::{FILE_NAME, SCHEMA};
use crate::names::{GroupName, is_command, shell_path};

/// The directory next to the groups that has the manifest's schema for editors;
/// a group cannot have its name.
const SCHEMA_DIRECTORY: &str = ".schema";

/// As the `#:schema` lines of the templates name it.
const SCHEMA_FILE: &str = "manifest.v1.schema.json";

pub(super) const PLAIN: &str = include_str!("plain.toml");
pub(super) const GUARDED: &str = include_str!("guarded.toml");
const HELLO: &str = include_str!("hello");

pub const FIRST_SCRIPT: &str = "hello";

#[derive(Debug)]
pub struct NewGroup {
    pub directory: PathBuf,
    /// The schema's file, if it existed and is of another version of qli.
    pub other_schema: Option<PathBuf>,
    /// Who else can change the group, and another group of its name.
    pub warnings: Diagnostics,
}

/// Creates a group; a guarded one has a banner, a required variable, a confirmation
/// and a log.
///
/// # Errors
///
/// The name is reserved (QLI0304), something of this name exists (QLI0612), or
/// the group cannot be written (QLI0613). Nothing is left behind.
pub fn create_group(
    name: &GroupName,
    guarded: bool,
    destination: &Destination,
    roots: &Roots,
    host: &mut dyn Host,
) -> Result<NewGroup, Diagnostic> {
    check_name(name, destination)?;
    let in_force = roots.contains(&destination.root);
    let qli = if in_force {
        roots.command()
    } else {
        command_with(std::slice::from_ref(&destination.root))
    };
    check_free(name, destination, &qli, host)?;
    let namesake = match namesake(name, destination, roots, host)? {
        Some(namesake) if in_force => return Err(namesake),
        // In a root that is not in force, such as a checkout, it is a warning.
        other => other.map(|namesake| Diagnostic {
            code: Code::GroupShadowed,
            severity: Severity::Warning,
            ..namesake
        }),
    };
    let other_schema = put_schema(destination, host)?;
    let directory = destination.root.join(name.as_str());
    write_files(&directory, name, guarded, destination, host).map_err(|error| {
        // Another process may have been faster: then say what exists now.
        let free = check_free(name, destination, &qli, host);
        free.err()
            .unwrap_or_else(|| not_created(&directory, &error, host))
    })?;
    let files = [FILE_NAME, FIRST_SCRIPT].map(|file| directory.join(file));
    let mut warnings = distrusted(&files.each_ref().map(PathBuf::as_path), host);
    warnings.extend(namesake);
    Ok(NewGroup {
        directory,
        other_schema,
        warnings,
    })
}

fn write_files(
    directory: &Path,
    name: &GroupName,
    guarded: bool,
    destination: &Destination,
    host: &mut dyn Host,
) -> io::Result<()> {
    let fill_in = |template: &str| template.replace("GROUP", name.as_str());
    let manifest = fill_in(if guarded { GUARDED } else { PLAIN });
    let script = fill_in(HELLO);
    let files = [
        file(FILE_NAME, manifest.as_bytes(), 0o644),
        file(FIRST_SCRIPT, script.as_bytes(), 0o755),
    ];
    host.make(directory, &files, destination.above)
}

/// Puts the schema next to the groups. Returns the file if it existed and is
/// different.
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
        // The directory exists, perhaps since a moment ago.
        Some(Err(_)) | None => host.put(&path, SCHEMA.as_bytes(), 0o644),
    };
    put.map_err(|error| not_created(&path, &error, host))?;
    Ok(None)
}

/// Only `qli run` would reach a group with the name of a command.
fn check_name(name: &GroupName, destination: &Destination) -> Result<(), Diagnostic> {
    if !is_command(name.as_str()) {
        return Ok(());
    }
    let message = format!("`{name}` is the name of a command, or reserved for one");
    let path = destination.root.join(name.as_str());
    let diagnostic = Diagnostic::of_path(Code::ReservedGroupName, path, message);
    let help = format!("choose another name: `qli {name}` would not run the group");
    Err(as_error(diagnostic.help(help)))
}

/// Checks that nothing is where the group will be, except an empty directory.
fn check_free(
    name: &GroupName,
    destination: &Destination,
    qli: &str,
    view: &dyn HostView,
) -> Result<(), Diagnostic> {
    let root = &destination.root;
    if view.lstat(&root.join(FILE_NAME)).is_ok() {
        let message = "this directory is a group; a group cannot contain another".to_owned();
        return Err(Diagnostic::of_path(Code::NotMade, root, message)
            .help("name the directory that contains it: `--in DIR`"));
    }
    let directory = root.join(name.as_str());
    let exists = |path, message| Diagnostic::of_path(Code::GroupExists, path, message);
    let manifest = directory.join(FILE_NAME);
    if view.lstat(&manifest).is_ok() {
        let one = exists(manifest, format!("the group `{name}` already exists"));
        return Err(one.help(format!("{qli} explain {name}")));
    }
    let kind = match view.lstat(&directory) {
        Ok(stat) => stat.kind.as_str(),
        Err(error) if is_absent(&error) => return Ok(()),
        Err(error) => return Err(unsearchable(name, root, &error)),
    };
    if is_free(&directory, view) {
        return Ok(());
    }
    if let Some(unsearchable) = unknown::unsearchable(&directory, view) {
        return Err(as_error(unsearchable));
    }
    let message = format!("{kind} of this name already exists, without a `{FILE_NAME}`");
    let help = format!("add a `{FILE_NAME}`, or move it away; see `qli help manifest`");
    Err(exists(directory, message).help(help))
}

/// Reports another group of the same name: only one of them can be found, which
/// one depends on the roots.
fn namesake(
    name: &GroupName,
    destination: &Destination,
    roots: &Roots,
    view: &dyn HostView,
) -> Result<Option<Diagnostic>, Diagnostic> {
    let exists = |path: PathBuf, message: String, help: String| {
        Ok(Some(
            Diagnostic::of_path(Code::GroupExists, path, message).help(help),
        ))
    };
    let own = roots.iter().position(|root| root.path == destination.root);
    for (at, root) in roots.iter().enumerate() {
        let manifest = root.manifest(name);
        match view.lstat(&manifest) {
            Ok(_) => {}
            Err(error) if is_absent(&error) => continue,
            Err(error) => return Err(unsearchable(name, &root.path, &error)),
        }
        // A root that is not in force will be named by `--extensions`, and be
        // the first.
        let message = if own.is_none_or(|own| own < at) {
            format!("the group `{name}` already exists, and the new one would shadow it")
        } else {
            format!("the group `{name}` already exists, and would shadow the new one")
        };
        let help = "choose another name, or change that group".to_owned();
        return exists(manifest, message, help);
    }
    if embedded::manifest(name).is_none() {
        return Ok(None);
    }
    let message = format!("`{name}` is a built-in group, and the new one would shadow it");
    let path = embedded::reported_path(name, FILE_NAME);
    let to = match Roots::of_user(view) {
        Ok(root) if root == destination.root => String::new(),
        _ => format!(" --in {}", shell_path(&destination.root)),
    };
    let help = format!("to change a copy of it: qli ext install-defaults{to}");
    exists(path, message, help)
}

fn unsearchable(name: &GroupName, root: &Path, error: &io::Error) -> Diagnostic {
    let why = reason(error);
    let message = format!("cannot tell whether this root has a group `{name}`: {why}");
    Diagnostic::of_path(Code::RootUnreadable, root, message).help(diagnosis(error, root))
}
