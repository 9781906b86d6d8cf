//! What a file is, who can change it, and whether qli may use it.

use std::io;
use std::path::{Path, PathBuf};

use super::{Access, FileKind, HostView, Stat};

/// In a sticky directory only a file's owner may rename or remove it (inode(7)).
pub const STICKY: u32 = 0o1000;

impl Stat {
    pub fn is_file(&self) -> bool {
        self.kind == FileKind::File
    }

    pub fn is_directory(&self) -> bool {
        self.kind == FileKind::Directory
    }

    pub fn is_link(&self) -> bool {
        self.kind == FileKind::Link
    }

    /// The owner can always change the file, so it must be root or this user.
    pub fn has_trusted_owner(&self, euid: u32) -> bool {
        self.owner == euid || self.owner == 0
    }

    pub fn is_group_writable(&self) -> bool {
        self.mode & 0o020 != 0
    }

    pub fn is_world_writable(&self) -> bool {
        self.mode & 0o002 != 0
    }

    /// Whether anyone may execute it. Unlike [`is_executable`], the answer is the
    /// same for every user and on every mount.
    pub fn has_execute_bit(&self) -> bool {
        self.mode & 0o111 != 0
    }
}

/// Whether a path leads to a regular file; links are followed.
pub fn is_file(path: &Path, view: &dyn HostView) -> bool {
    view.stat(path).is_ok_and(|stat| stat.is_file())
}

/// Whether a path leads to a directory; links are followed.
pub fn is_directory(path: &Path, view: &dyn HostView) -> bool {
    view.stat(path).is_ok_and(|stat| stat.is_directory())
}

/// Whether a path is a symbolic link itself.
pub fn is_link(path: &Path, view: &dyn HostView) -> bool {
    view.lstat(path).is_ok_and(|stat| stat.is_link())
}

/// Whether a path leads to a regular file that the kernel lets qli execute.
pub fn is_executable(path: &Path, view: &dyn HostView) -> bool {
    is_file(path, view) && view.check_access(path, Access::Execute).is_ok()
}

/// Whether everyone may put files into a directory; the sticky bit does not
/// prevent that.
pub fn is_world_writable(directory: &Path, view: &dyn HostView) -> bool {
    view.stat(directory)
        .is_ok_and(|stat| stat.is_world_writable())
}

/// Whether nothing is at a path, as opposed to something that cannot be examined.
pub fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

#[derive(Debug)]
pub enum NotCreatable {
    /// An ancestor is not a directory.
    NotADirectory(PathBuf, FileKind),
    /// An ancestor is not writable, or cannot be examined.
    Denied(PathBuf, io::Error),
}

/// Checks that a directory exists and is writable, or can be created: its nearest
/// existing ancestor must be a writable directory. Links are followed; a dangling one
/// prevents it.
pub fn check_creatable(directory: &Path, view: &dyn HostView) -> Result<(), NotCreatable> {
    let denied = |error| NotCreatable::Denied(directory.to_owned(), error);
    match (view.stat(directory), directory.parent()) {
        (Ok(stat), _) if stat.is_directory() => {
            let mut accesses = [Access::Write, Access::Execute].into_iter();
            let denying = accesses.find_map(|access| view.check_access(directory, access).err());
            denying.map_or(Ok(()), |error| Err(denied(error)))
        }
        (Ok(stat), _) => Err(NotCreatable::NotADirectory(directory.to_owned(), stat.kind)),
        (Err(error), Some(parent)) if is_absent(&error) && !is_link(directory, view) => {
            check_creatable(parent, view)
        }
        (Err(error), _) => Err(denied(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::World;
    use super::*;

    #[test]
    fn the_nearest_existing_ancestor_decides_whether_a_directory_can_be_created() {
        let world = World::new()
            .directory("/home/ops/closed", 0o555)
            .directory("/home/ops/unsearchable", 0o600)
            .file("/home/ops/file", "")
            .link("/home/ops/link", "/none");
        let check = |path: &str| check_creatable(Path::new(path), &world);
        assert!(check("/home/ops").is_ok() && check("/home/ops/a/b").is_ok());
        for above in ["/home/ops/closed", "/home/ops/unsearchable"] {
            let found = check(&format!("{above}/a/b")).unwrap_err();
            let NotCreatable::Denied(path, _) = found else {
                panic!("not denied");
            };
            assert_eq!(path, Path::new(above));
        }
        assert!(matches!(
            check("/home/ops/file").unwrap_err(),
            NotCreatable::NotADirectory(_, FileKind::File)
        ));
    }

    #[test]
    fn only_a_regular_file_with_an_execute_bit_is_executable() {
        let world = World::new()
            .executable("/a/run", "")
            .file("/a/text", "")
            .directory("/a/directory", 0o755);
        let runs = |path: &str| is_executable(Path::new(path), &world);
        assert!(runs("/a/run"));
        assert!(!runs("/a/text") && !runs("/a/directory") && !runs("/a/none"));
    }
}
