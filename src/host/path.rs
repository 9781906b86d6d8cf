//! Paths as text: nothing is looked up.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

/// Removes `.` and `..` from a path, whatever its links lead to.
pub fn normalize(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(normal.pop()),
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => normal.push(part),
        }
    }
    normal
}

/// Splits a list of paths at `:`, without empty entries.
pub fn path_list(list: &OsStr) -> impl Iterator<Item = PathBuf> {
    std::env::split_paths(list).filter(|path| !path.as_os_str().is_empty())
}
