//! Atomic writes: a temporary file or directory, the draft, is renamed into place.

use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io::ErrorKind::{DirectoryNotEmpty, NotADirectory};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::errno::Errno;
use nix::libc::{O_NOFOLLOW, SIGXFSZ};

use super::directory::{create_all, create_draft, keeps_names, with_owner_bits};
use super::draft::draft;
use super::{NewFile, Stat};

/// Makes a file-size limit fail a write: by default its signal ends the process
/// (setrlimit(2)). A run has its own handlers.
pub(super) fn catch_size_limit() -> io::Result<()> {
    static CAUGHT: AtomicBool = AtomicBool::new(false);
    if !CAUGHT.swap(true, Ordering::Relaxed) {
        // Only the handler is needed, not its flag: the write fails by itself.
        signal_hook::flag::register(SIGXFSZ, Arc::<AtomicBool>::default())?;
    }
    Ok(())
}

/// A partial record must not be read later.
pub(super) fn spool_write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let directory = make_parent(path, 0o700)?;
    renamed(&draft(path), path, 0o600, |file| file.write_all(bytes))?;
    let synced = File::open(directory).and_then(|directory| directory.sync_all());
    if synced.is_err() {
        drop(std::fs::remove_file(path)); // the record is printed instead
    }
    synced
}

pub(super) fn spool_remove(path: &Path) -> io::Result<()> {
    let directory = parent(path)?;
    std::fs::remove_file(path)?;
    // If this sync fails, the record may reappear after a crash and is then found in
    // its log; reporting a failure would lose it.
    drop(File::open(directory).and_then(|directory| directory.sync_all()));
    // This fails unless the directory is empty.
    drop(std::fs::remove_dir(directory));
    Ok(())
}

pub(super) fn replace(path: &Path, draft: &Path, old: &[u8], new: &[u8]) -> io::Result<()> {
    let current = std::fs::symlink_metadata(path)?;
    if !current.is_file() {
        let message = format!("it is {}", Stat::from(&current).kind.as_str());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    if std::fs::read(path)? != old {
        return Err(io::Error::other("it was changed meanwhile"));
    }
    renamed(draft, path, 0o600, |file| {
        file.write_all(new)
            .and_then(|()| copy_owner_and_mode(file, &current))
    })
}

pub(super) fn install(path: &Path, draft: &Path, bytes: &[u8]) -> io::Result<()> {
    make_parent(path, 0o700)?;
    renamed(draft, path, 0o700, |file| {
        file.write_all(bytes)
            .and_then(|()| file.set_permissions(Permissions::from_mode(0o700)))
    })
}

pub(super) fn put(path: &Path, draft: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    make_parent(path, 0o755)?;
    renamed(draft, path, mode, |file| file.write_all(bytes))
}

/// Creates a directory with files in it: `rename` replaces nothing but an empty
/// directory (rename(2)), so if two processes do this at once, one fails.
pub(super) fn make(
    directory: &Path,
    draft: &Path,
    files: &[NewFile<'_>],
    above: u32,
) -> io::Result<()> {
    make_parent(directory, above)?;
    may_remove_in(draft.parent())?;
    let made = fill(draft, files).and_then(|()| {
        std::fs::rename(draft, directory).map_err(|error| {
            // One error for a path that exists, whatever is there.
            let exists = matches!(error.kind(), DirectoryNotEmpty | NotADirectory);
            if exists { Errno::EEXIST.into() } else { error }
        })
    });
    if made.is_err() {
        drop(std::fs::remove_dir_all(draft));
    }
    made
}

fn fill(directory: &Path, files: &[NewFile<'_>]) -> io::Result<()> {
    create_draft(directory, 0o755)?;
    for file in files {
        let mut new = new_file(&directory.join(file.name), file.mode)?;
        new.write_all(file.bytes)?;
        new.sync_all()?;
    }
    Ok(())
}

/// Writes a draft and renames it; removes it on failure.
fn renamed(
    draft: &Path,
    path: &Path,
    mode: u32,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    may_remove_in(draft.parent())?;
    let mut file = new_file(draft, mode)?;
    let written = write(&mut file).and_then(|()| file.sync_all());
    drop(file); // a file open for writing cannot be executed
    let placed = written.and_then(|()| std::fs::rename(draft, path));
    if placed.is_err() {
        drop(std::fs::remove_file(draft));
    }
    placed
}

/// Fails as a rename would, before there is a draft that could not be removed.
fn may_remove_in(directory: Option<&Path>) -> io::Result<()> {
    if keeps_names(directory) {
        return Err(Errno::EPERM.into());
    }
    Ok(())
}

fn copy_owner_and_mode(file: &File, other: &Metadata) -> io::Result<()> {
    let own = file.metadata()?;
    if (own.uid(), own.gid()) != (other.uid(), other.gid()) {
        std::os::unix::fs::fchown(file, Some(other.uid()), Some(other.gid()))?;
    }
    file.set_permissions(Permissions::from_mode(other.mode() & 0o7777))
}

fn parent(path: &Path) -> io::Result<&Path> {
    path.parent()
        .ok_or_else(|| io::ErrorKind::InvalidInput.into())
}

/// Creates the directory of a path, with its parents.
fn make_parent(path: &Path, mode: u32) -> io::Result<&Path> {
    let directory = parent(path)?;
    create_all(directory, mode)?;
    Ok(directory)
}

/// The umask takes no permission from the owner.
fn new_file(path: &Path, mode: u32) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(mode);
    let file = options.custom_flags(O_NOFOLLOW).open(path)?;
    let given = file.metadata()?.mode();
    let wanted = with_owner_bits(given, mode);
    if wanted != given {
        file.set_permissions(Permissions::from_mode(wanted & 0o7777))?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &'static str) -> NewFile<'static> {
        NewFile {
            name,
            bytes: b"text",
            mode: 0o755,
        }
    }

    fn names(directory: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(directory).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    }

    #[test]
    fn a_directory_is_created_with_its_files_and_parents() {
        let temp = tempfile::tempdir().unwrap();
        let above = temp.path().join("a/b");
        let (directory, draft) = (above.join("g"), above.join(".d"));
        make(&directory, &draft, &[file("x"), file("y")], 0o700).unwrap();
        assert_eq!(names(&above), ["g"]);
        let mode = |path: &Path| std::fs::metadata(path).unwrap().mode() & 0o7777;
        assert_eq!(mode(&above) & 0o777, 0o700);
        // The umask of the test run may clear more.
        assert_eq!(mode(&directory) & 0o722, 0o700);
        assert_eq!(mode(&directory.join("x")) & 0o722, 0o700);
    }

    #[test]
    fn an_existing_path_is_not_changed() {
        let temp = tempfile::tempdir().unwrap();
        let at = |name: &str| temp.path().join(name);
        std::fs::create_dir(at("empty")).unwrap();
        std::fs::create_dir_all(at("full/of")).unwrap();
        std::fs::write(at("file"), "").unwrap();
        std::os::unix::fs::symlink("empty", at("link")).unwrap();
        for name in ["full", "file", "link"] {
            let made = make(&at(name), &at(".d"), &[file("x")], 0o700);
            assert_eq!(made.unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        }
        assert_eq!(names(&at("full")), ["of"]);
        assert_eq!(names(&at("empty")), Vec::<String>::new());
        assert_eq!(names(temp.path()).len(), 4);
    }

    #[test]
    fn an_empty_directory_is_replaced() {
        let temp = tempfile::tempdir().unwrap();
        let at = |name: &str| temp.path().join(name);
        std::fs::create_dir(at("g")).unwrap();
        make(&at("g"), &at(".d"), &[file("x")], 0o700).unwrap();
        assert_eq!(names(&at("g")), ["x"]);
        assert_eq!(names(temp.path()), ["g"]);
    }

    #[test]
    fn a_failed_write_leaves_nothing_behind() {
        let temp = tempfile::tempdir().unwrap();
        let at = |name: &str| temp.path().join(name);
        let files = [file("x"), file("no/such")];
        assert!(make(&at("g"), &at(".d"), &files, 0o700).is_err());
        std::fs::create_dir(at("directory")).unwrap();
        assert!(put(&at("directory"), &at(".d"), b"text", 0o644).is_err());
        assert_eq!(names(temp.path()), ["directory"]);
    }
}
