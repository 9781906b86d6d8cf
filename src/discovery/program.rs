//! From an extension's name to the program that is started.

use std::io;
use std::path::{Path, PathBuf};

use super::{GroupLocation, RootKind, Roots, embedded, unknown};
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::host::{
    Access, FileId, FileKind, HEAD, HostView, OnPath, Stat, XdgDir, is_absent, reason, search_path,
    unset_reason, xdg_dir,
};
use crate::names::{ExtensionName, Sha256, shell_word};

/// The program of an extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Its path as it is reported: absolute, or `embedded:<group>/<name>`.
    pub path: PathBuf,
    /// SHA-256 of its bytes.
    pub sha256: Sha256,
    /// Which file it was when it was hashed; none for an embedded one.
    pub id: Option<FileId>,
    /// What the kernel would start for it, by its `#!` line.
    pub interpreter: Option<PathBuf>,
    /// Where its bytes are.
    pub kind: ProgramKind,
}

/// Where a program's bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProgramKind {
    /// A file of the group's directory.
    OfGroup,
    /// `qli-<group>-<name>` on `PATH`.
    OnPath,
    /// In qli itself; it is put into the user's cache when it is first run.
    Embedded {
        /// The file it is run from.
        file: PathBuf,
        /// Its bytes.
        bytes: &'static [u8],
    },
}

impl Program {
    /// Returns the file that is started.
    pub fn file(&self) -> &Path {
        match &self.kind {
            ProgramKind::OfGroup | ProgramKind::OnPath => &self.path,
            ProgramKind::Embedded { file, .. } => file,
        }
    }
}

/// Finds the program of an extension: the group's own file, else one on `PATH`.
pub(super) fn find(
    home: &GroupLocation,
    extension: &ExtensionName,
    roots: &Roots,
    view: &dyn HostView,
) -> Result<Program, Diagnostics> {
    let own = match home.root.kind {
        RootKind::Embedded => find_embedded(home, extension, view),
        RootKind::Given | RootKind::User | RootKind::System => find_file(home, extension, view),
    };
    if let Some(found) = own {
        return found.map_err(Into::into);
    }
    match search_path(&command_name(home.name.as_str(), extension), view) {
        OnPath::Found(path) => read(path, ProgramKind::OnPath, view).map_err(Into::into),
        OnPath::Untrusted(suspicion) => Err(unknown::untrusted(home, extension, &suspicion).into()),
        OnPath::Missing => Err(unknown::extension(home, extension, roots, view).into()),
    }
}

/// Returns the file name of an extension on `PATH`.
pub(super) fn command_name(group: &str, extension: &ExtensionName) -> String {
    format!("qli-{group}-{extension}")
}

fn find_file(
    home: &GroupLocation,
    extension: &ExtensionName,
    view: &dyn HostView,
) -> Option<Result<Program, Diagnostic>> {
    let path = home.directory()?.join(extension.as_str());
    let named = match view.lstat(&path) {
        Ok(named) => named,
        Err(error) if is_absent(&error) => return None,
        // Another program of this name, on PATH, is not what was meant.
        Err(_) => return unknown::unsearchable(&home.directory()?, view).map(Err),
    };
    let stat = match named.kind {
        FileKind::Link => view.stat(&path),
        FileKind::File | FileKind::Directory | FileKind::Special => Ok(named),
    };
    Some(check(&path, stat, view).and_then(|()| read(path, ProgramKind::OfGroup, view)))
}

/// Checks that a path leads to something that can be executed.
fn check(path: &Path, stat: io::Result<Stat>, view: &dyn HostView) -> Result<(), Diagnostic> {
    let stat = stat.map_err(|error| {
        let message = format!("the link leads nowhere: {}", reason(&error));
        Diagnostic::of_path(Code::NotARegularFile, path, message)
            .help("mend the link, or remove it")
    })?;
    if !stat.is_file() {
        let message = format!(
            "an extension is a regular file, this is {}",
            stat.kind.as_str()
        );
        return Err(Diagnostic::of_path(Code::NotARegularFile, path, message)
            .help("put the script itself there"));
    }
    view.check_access(path, Access::Execute).map_err(|error| {
        let diagnostic = Diagnostic::of_path(Code::NotExecutable, path, not_executable(&error));
        let script = shell_word(path);
        diagnostic.help(if stat.has_execute_bit() {
            // The file allows it, and its filesystem does not: `noexec` (mount(8)).
            format!("ls -l {script}; findmnt -T {script}")
        } else {
            format!("chmod +x {script}")
        })
    })
}

fn not_executable(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::PermissionDenied {
        return "the script is not executable".to_owned();
    }
    format!("the script is not executable: {}", reason(error))
}

fn read(path: PathBuf, kind: ProgramKind, view: &dyn HostView) -> Result<Program, Diagnostic> {
    let digest = view.digest(&path).map_err(|error| {
        let error = reason(&error);
        let message = format!("the script cannot be read, and so cannot be planned: {error}");
        Diagnostic::of_path(Code::NotExecutable, &path, message)
            .help(format!("chmod +r {}", shell_word(&path)))
    })?;
    if lacks_interpreter_line(&digest.head) {
        let message = "the script has no `#!` line, so the system cannot start it".to_owned();
        return Err(Diagnostic::of_path(Code::NoInterpreterLine, &path, message)
            .help("write `#!/bin/sh` as its line 1"));
    }
    Ok(Program {
        id: Some(digest.id),
        sha256: digest.sha256,
        interpreter: interpreter_of(&digest.head),
        path,
        kind,
    })
}

/// A text without `#!` is refused by execve(2). A binary is left to the
/// kernel: which formats it knows is its own affair (`binfmt_misc`).
pub fn lacks_interpreter_line(head: &[u8]) -> bool {
    !head.starts_with(b"#!") && !head.contains(&0) && !head.starts_with(b"\x7fELF")
}

/// Returns what mends a script whose lines end in CR LF: the system takes the CR
/// for a part of the interpreter's name.
pub fn with_lf_line_ends(script: &Path) -> String {
    let script = shell_word(script);
    format!("sed -i 's/\\r$//' {script}")
}

/// Reads the interpreter's path out of the `#!` line, as execve(2) does.
pub fn interpreter_of(head: &[u8]) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    let line = head.get(..HEAD.min(head.len()))?.strip_prefix(b"#!")?;
    let line = line.split(|&byte| byte == b'\n').next()?;
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let mut words = line.split(is_blank).filter(|word| !word.is_empty());
    let path = words.next().unwrap_or_default();
    Some(std::ffi::OsStr::from_bytes(path).into())
}

fn find_embedded(
    home: &GroupLocation,
    extension: &ExtensionName,
    view: &dyn HostView,
) -> Option<Result<Program, Diagnostic>> {
    let scripts = embedded::scripts(&home.name);
    let (_, bytes) = scripts
        .iter()
        .find(|(name, _)| *name == extension.as_str())?;
    let path = embedded::reported_path(&home.name, extension.as_str());
    Some(cached(path, bytes, extension, view))
}

/// Says where an embedded script is run from. Its directory is named by its
/// hash, so that two versions of qli never share a file.
fn cached(
    path: PathBuf,
    bytes: &'static [u8],
    extension: &ExtensionName,
    view: &dyn HostView,
) -> Result<Program, Diagnostic> {
    let cache = xdg_dir(XdgDir::Cache, view).map_err(|unset| {
        let message = format!(
            "an embedded script is run from the cache directory, and {}",
            unset_reason(&unset, view)
        );
        Diagnostic::of_path(Code::NoCacheDirectory, &path, message)
            .help("set `HOME` or `XDG_CACHE_HOME`")
    })?;
    let sha256 = Sha256::of(bytes);
    let directory = cache.join("qli/embedded").join(sha256.to_string());
    Ok(Program {
        path,
        sha256,
        id: None,
        interpreter: interpreter_of(bytes),
        kind: ProgramKind::Embedded {
            file: directory.join(extension.as_str()),
            bytes,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interpreter_is_the_first_word_of_the_line() {
        let of = |head: &[u8]| interpreter_of(head).map(|path| path.display().to_string());
        assert_eq!(of(b"#!/bin/sh\n"), Some("/bin/sh".into()));
        assert_eq!(
            of(b"#! \t/usr/bin/env bash -e\n"),
            Some("/usr/bin/env".into())
        );
        assert_eq!(of(b"#!/bin/sh\r\n"), Some("/bin/sh\r".into()));
        assert_eq!(of(b"#!\n"), Some(String::new()));
        assert_eq!(of(b"\x7fELF"), None);
    }

    #[test]
    fn only_texts_need_an_interpreter_line() {
        assert!(lacks_interpreter_line(b"echo hi\n") && lacks_interpreter_line(b""));
        assert!(!lacks_interpreter_line(b"#!/bin/sh") && !lacks_interpreter_line(b"\x7fELF"));
        assert!(!lacks_interpreter_line(b"\xca\xfe\0\0"));
    }
}
