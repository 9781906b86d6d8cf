//! The names of drafts: temporary files and directories that are renamed into place.

use std::ffi::OsStr;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};

/// Returns a unique name in the directory of a path; no group or extension can have it.
pub(super) fn draft(path: &Path) -> PathBuf {
    // The standard library's hashers have random keys.
    let [high, low] = [(), ()].map(|()| RandomState::new().hash_one(path));
    path.with_file_name(format!(".{high:016x}{low:016x}.new"))
}

/// Whether a name is that of a draft, which qli leaves behind if it is killed.
pub fn is_draft(name: &OsStr) -> bool {
    let name = name.to_str().unwrap_or_default();
    let unique = name
        .strip_prefix('.')
        .and_then(|it| it.strip_suffix(".new"));
    unique.is_some_and(|it| it.len() == 32 && it.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_is_recognized_by_its_name() {
        let path = draft(Path::new("/r/ops"));
        assert_ne!(path, draft(Path::new("/r/ops")));
        assert!(path.starts_with("/r") && is_draft(path.file_name().unwrap()));
        for other in ["", ".new", ".schema", "ops", ".07.new"] {
            assert!(!is_draft(other.as_ref()));
        }
    }
}
