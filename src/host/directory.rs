//! Directories that are complete from the moment they exist, whatever the umask: each
//! is created under the name of a draft and renamed into place.

use std::fs::{DirBuilder, File, Permissions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use super::draft::draft;

/// Creates a directory with its missing parents, all with this mode. The umask applies
/// to group and others, but takes no permission from the owner, who could not use the
/// directory then.
pub(super) fn create_all(path: &Path, mode: u32) -> io::Result<()> {
    create_all_by(path, &|draft| create_draft(draft, mode))
}

/// The same, with exactly this mode: the umask does not apply.
pub(super) fn create_all_exactly(path: &Path, mode: u32) -> io::Result<()> {
    create_all_by(path, &|draft| {
        create_draft(draft, mode)?;
        let given = std::fs::symlink_metadata(draft)?.mode();
        // The setgid bit of the directory above is inherited (mkdir(2)).
        let wanted = Permissions::from_mode((given & 0o7000) | mode);
        std::fs::set_permissions(draft, wanted)
    })
}

fn create_all_by(path: &Path, make: &dyn Fn(&Path) -> io::Result<()>) -> io::Result<()> {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => return Ok(()),
        Ok(_) => return Err(Errno::NOTDIR.into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    // The parent of a relative name is empty.
    if let Some(parent) = path.parent().filter(|it| *it != Path::new("")) {
        create_all_by(parent, make)?;
    }
    match create(path, make) {
        // Another process has just created it.
        Err(_) if path.is_dir() => Ok(()),
        created => created,
    }
}

fn create(path: &Path, make: &dyn Fn(&Path) -> io::Result<()>) -> io::Result<()> {
    if keeps_names(path.parent()) {
        return make(path);
    }
    let draft = draft(path);
    let created = make(&draft).and_then(|()| place(&draft, path));
    if created.is_err() {
        drop(std::fs::remove_dir(&draft));
    }
    created
}

/// Whether nothing in a directory can be renamed or removed, so that a draft would stay:
/// it is append-only (`chattr +a`).
pub(super) fn keeps_names(directory: Option<&Path>) -> bool {
    let named = directory.filter(|path| *path != Path::new(""));
    is_append_only(CWD, named.unwrap_or(Path::new(".")))
}

/// The same of an open directory.
pub(super) fn keeps_names_in(directory: &File) -> bool {
    is_append_only(directory, Path::new(""))
}

#[cfg(target_os = "linux")]
fn is_append_only(directory: impl AsFd, path: &Path) -> bool {
    use rustix::fs::{AtFlags, StatxAttributes, StatxFlags, statx};
    let found = statx(directory, path, AtFlags::EMPTY_PATH, StatxFlags::TYPE);
    found.is_ok_and(|found| found.stx_attributes.contains(StatxAttributes::APPEND))
}

#[cfg(not(target_os = "linux"))]
fn is_append_only(_: impl AsFd, _: &Path) -> bool {
    false
}

/// Creates a directory that is renamed into place later.
pub(super) fn create_draft(draft: &Path, mode: u32) -> io::Result<()> {
    DirBuilder::new().mode(mode).create(draft)?;
    let given = std::fs::symlink_metadata(draft)?.mode();
    match with_owner_bits(given, mode) {
        wanted if wanted == given => Ok(()),
        wanted => std::fs::set_permissions(draft, Permissions::from_mode(wanted & 0o7777)),
    }
}

/// Returns a mode with what the owner may do by another one.
pub(super) fn with_owner_bits(given: u32, mode: u32) -> u32 {
    given | (mode & 0o700)
}

/// Replaces nothing. On a file system that cannot promise that, it may replace an empty
/// directory (rename(2)).
fn place(draft: &Path, path: &Path) -> io::Result<()> {
    match renameat_with(CWD, draft, CWD, path, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => std::fs::rename(draft, path),
        placed => Ok(placed?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_parents_are_created_and_nothing_else_is_left() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("a/b/c");
        create_all(&path, 0o700).unwrap();
        create_all(&path, 0o700).unwrap();
        for directory in [&path, path.parent().unwrap()] {
            assert_eq!(directory.metadata().unwrap().mode() & 0o777, 0o700);
        }
        assert_eq!(temp.path().read_dir().unwrap().count(), 1);
        assert_eq!(path.read_dir().unwrap().count(), 0);
    }

    #[test]
    fn several_processes_may_create_one_directory() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("a/b");
        std::thread::scope(|scope| {
            for nth in 0..8 {
                let path = &path;
                scope.spawn(move || {
                    create_all(path, 0o755).unwrap();
                    std::fs::write(path.join(nth.to_string()), "").unwrap();
                });
            }
        });
        assert_eq!(path.read_dir().unwrap().count(), 8);
        assert_eq!(temp.path().join("a").read_dir().unwrap().count(), 1);
    }

    #[test]
    fn what_is_in_the_way_is_not_replaced() {
        let temp = tempfile::tempdir().unwrap();
        let at = |name: &str| temp.path().join(name);
        std::fs::write(at("file"), "").unwrap();
        std::os::unix::fs::symlink("none", at("link")).unwrap();
        let kind = |name: &str| create_all(&at(name), 0o755).unwrap_err().kind();
        assert_eq!(kind("file"), io::ErrorKind::NotADirectory);
        assert_eq!(kind("file/below"), io::ErrorKind::NotADirectory);
        assert_eq!(kind("link"), io::ErrorKind::AlreadyExists);
        assert_eq!(temp.path().read_dir().unwrap().count(), 2);
    }
}
