//! What `tests/tools` installs.

use std::path::{Path, PathBuf};

/// Returns the path of something that is installed, below the tools' directory.
pub(crate) fn tool(name: &str) -> PathBuf {
    let location = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("tools");
    let installed = std::fs::read(location.join("installed")).unwrap_or_default();
    assert!(
        installed == include_bytes!("../tools"),
        "{} does not hold the tools this test is for, type: tests/tools",
        location.display()
    );
    location.join(name)
}
