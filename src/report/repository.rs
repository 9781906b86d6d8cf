//! Paths relative to the repository, as code hosts expect them.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::style::put;
use crate::host::{HostView, normalize};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    root: PathBuf,
    cwd: PathBuf,
}

impl Repository {
    /// The nearest ancestor of the working directory with a `.git`, or else the
    /// working directory.
    pub fn find(view: &dyn HostView) -> Self {
        let cwd = view.cwd().unwrap_or_default();
        let mut above = cwd.ancestors();
        let root = above.find(|directory| view.lstat(&directory.join(".git")).is_ok());
        Self {
            root: root.unwrap_or(&cwd).to_owned(),
            cwd,
        }
    }

    /// A path relative to the repository, or absolute if it is outside.
    pub(super) fn relative(&self, path: &Path) -> PathBuf {
        // Report the path that was typed, not the target of links.
        let whole = normalize(&self.cwd.join(path));
        match whole.strip_prefix(&self.root) {
            Ok(below) => below.to_owned(),
            Err(_) => whole,
        }
    }

    /// A URI reference (RFC 3986): relative, or `file:///…`.
    pub(super) fn uri(&self, path: &Path) -> String {
        let path = self.relative(path);
        let mut out = String::from(if path.is_absolute() { "file://" } else { "" });
        for &byte in path.as_os_str().as_bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
                out.push(char::from(byte));
            } else {
                put!(out, "%{byte:02X}");
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::World;

    #[test]
    fn paths_are_relative_to_the_nearest_repository() {
        let world = World::new()
            .directory("/home/ops/work/.git", 0o755)
            .directory("/home/.git", 0o755);
        // The world's working directory is `/home/ops`.
        let found = Repository::find(&world);
        assert_eq!(found.relative(Path::new("a/./b")), PathBuf::from("ops/a/b"));
        assert_eq!(found.relative(Path::new("../x")), PathBuf::from("x"));
        assert_eq!(found.relative(Path::new("/etc/x")), PathBuf::from("/etc/x"));
        let alone = Repository::find(&World::new());
        assert_eq!(alone.relative(Path::new("a")), PathBuf::from("a"));
    }

    #[test]
    fn reserved_characters_of_uris_are_escaped() {
        let alone = Repository::find(&World::new());
        assert_eq!(
            alone.uri(Path::new("my group/\u{e4}%:1")),
            "my%20group/%C3%A4%25%3A1"
        );
        assert_eq!(alone.uri(Path::new("/etc/a b")), "file:///etc/a%20b");
    }
}
