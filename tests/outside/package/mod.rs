//! What `.ci/package` makes: two runs give the same bytes, the packages are complete,
//! and a `.deb` is installed, used and removed without a trace.

mod build;
mod contents;
mod installed;
mod licences;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::support::{names, output};

/// The date of everything in a package: 2023-11-14 22:13:20 UTC.
const EPOCH: &str = "1700000000";

/// A command of the repository, without qli's variables in its environment.
fn script(name: &str) -> Command {
    let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join(name));
    command
        .env("SOURCE_DATE_EPOCH", EPOCH)
        // Fast compression: the program is not optimised and large.
        .env("DPKG_DEB_COMPRESSOR_TYPE", "gzip")
        .env("DPKG_DEB_COMPRESSOR_LEVEL", "1")
        .stdin(Stdio::null());
    for variable in ["DEBFULLNAME", "DEBEMAIL", "QLI_EXTENSIONS", "QLI_POLICY"] {
        command.env_remove(variable);
    }
    command
}

/// Runs a command that must succeed, and returns what it printed.
fn printed(command: &mut Command) -> String {
    let ended = output(command);
    assert!(ended.status.success(), "{command:?}: {ended:?}");
    String::from_utf8(ended.stdout).unwrap()
}

/// A command with its arguments.
fn program<Words: IntoIterator<Item: AsRef<OsStr>>>(name: &str, words: Words) -> Command {
    let mut command = Command::new(name);
    command.args(words).env("LC_ALL", "C.UTF-8");
    command
}

/// The program that the tests run, without debug information.
fn stripped() -> &'static Path {
    static STRIPPED: OnceLock<PathBuf> = OnceLock::new();
    STRIPPED.get_or_init(|| {
        let to = fresh("stripped").join("qli");
        let words = [
            OsStr::new("-o"),
            to.as_ref(),
            env!("CARGO_BIN_EXE_qli").as_ref(),
        ];
        printed(&mut program("strip", words));
        to
    })
}

/// The packages of that program.
fn packages() -> &'static Path {
    static PACKAGES: OnceLock<PathBuf> = OnceLock::new();
    PACKAGES.get_or_init(|| {
        let to = fresh("packages");
        printed(
            script(".ci/package")
                .arg("--binary")
                .arg(stripped())
                .arg(&to),
        );
        to
    })
}

/// An empty directory below the target directory.
fn fresh(name: &str) -> PathBuf {
    let location = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("package")
        .join(name);
    if location.exists() {
        std::fs::remove_dir_all(&location).unwrap();
    }
    std::fs::create_dir_all(&location).unwrap();
    location
}

/// The only file in a directory with this ending.
fn ending(directory: &Path, end: &str) -> PathBuf {
    let mut names = names(directory);
    names.retain(|name| name.ends_with(end));
    assert_eq!(names.len(), 1, "{names:?}");
    directory.join(names.remove(0))
}
