//! The data types of the two traits.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt::Debug;
use std::fs::Metadata;
use std::io::{self, Read, Seek};
use std::ops::ControlFlow;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use zeroize::Zeroizing;

use super::{HostView, Signal};
use crate::names::Sha256;

/// Identifies a file by more than its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileId {
    pub device: u64,
    pub inode: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    pub id: FileId,
    pub bytes: Vec<u8>,
}

pub trait Readable: Read + Seek + Send + Debug {}

impl<T: Read + Seek + Send + Debug> Readable for T {}

/// A file opened for reading, positioned at its start.
#[derive(Debug)]
pub struct Opened {
    pub stat: Stat,
    pub bytes: Box<dyn Readable>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileDigest {
    pub id: FileId,
    pub sha256: Sha256,
    /// The first [`HEAD`] bytes at most.
    pub head: Vec<u8>,
}

/// The kernel looks for a `#!` line in this many bytes (execve(2)).
pub const HEAD: usize = 256;

#[derive(Debug, Clone, Copy)]
pub struct NewFile<'a> {
    pub name: &'a str,
    pub bytes: &'a [u8],
    pub mode: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    File,
    Directory,
    Link,
    /// A pipe, socket or device.
    Special,
}

impl FileKind {
    /// For messages: "it is …".
    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "a regular file",
            Self::Directory => "a directory",
            Self::Link => "a symbolic link",
            Self::Special => "a pipe, socket or device",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    pub kind: FileKind,
    /// Permission bits: the lower twelve of `st_mode`.
    pub mode: u32,
    /// The owner's uid.
    pub owner: u32,
    pub links: u64,
    pub id: FileId,
    pub version: FileVersion,
}

/// What changes with the contents of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FileVersion {
    pub size: u64,
    /// Seconds and nanoseconds since 1970.
    pub modified: (i64, i64),
    /// Unlike the time of modification, no program can set this one (inode(7)).
    pub changed: (i64, i64),
}

impl From<&Metadata> for Stat {
    fn from(metadata: &Metadata) -> Self {
        Self {
            kind: match metadata.file_type() {
                kind if kind.is_file() => FileKind::File,
                kind if kind.is_dir() => FileKind::Directory,
                kind if kind.is_symlink() => FileKind::Link,
                _ => FileKind::Special,
            },
            mode: metadata.mode() & 0o7777,
            owner: metadata.uid(),
            links: metadata.nlink(),
            id: FileId {
                device: metadata.dev(),
                inode: metadata.ino(),
            },
            version: FileVersion {
                size: metadata.size(),
                modified: (metadata.mtime(), metadata.mtime_nsec()),
                changed: (metadata.ctime(), metadata.ctime_nsec()),
            },
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Run a file, or search a directory.
    Execute,
    Read,
    Write,
}

/// Who runs qli, from the kernel and the user database, never from the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Real uid.
    pub uid: u32,
    pub euid: u32,
    /// Name of the real uid, if the user database has one.
    pub user: Option<String>,
    /// The machine's name.
    pub host: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessFacts {
    pub pid: u32,
    pub ppid: u32,
    /// The terminal behind one of the standard streams.
    pub tty: Option<PathBuf>,
    /// Start time in clock ticks since boot. Together with pid and boot id it is
    /// unique.
    pub start: Option<u64>,
    pub boot_id: Option<String>,
    pub parent_exe: Option<PathBuf>,
    pub login_uid: LoginUid,
}

/// The uid of the session's login, which `su` and `sudo` do not change (Linux).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum LoginUid {
    /// This system does not record it.
    #[default]
    Unknown,
    /// No one logged in: a service, a container.
    None,
    Uid(u32),
}

/// How long a script may run. Time while it is stopped does not count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TimeLimits {
    /// Time until SIGTERM.
    pub timeout: Option<Duration>,
    /// Time from SIGTERM until SIGKILL.
    pub kill_after: Option<Duration>,
}

#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "`env` may hold secrets")]
pub struct Start<'a> {
    /// Absolute path.
    pub program: &'a Path,
    pub args: &'a [&'a OsStr],
    /// The whole environment.
    pub env: &'a BTreeMap<&'a OsStr, &'a OsStr>,
}

/// What is masked in what a script prints.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "`values` are secrets")]
pub struct Masking<'a> {
    /// Whether a stream that is a terminal is masked, too: the script gets a terminal of
    /// its own.
    pub terminal: bool,
    /// How long the beginning of a value is held back for its rest.
    pub hold: Duration,
    /// Each with the name of its secret.
    pub values: &'a [(&'a str, &'a [u8])],
}

/// A provider's program to run for its output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolCall {
    /// Absolute path.
    pub program: PathBuf,
    pub args: Vec<String>,
    pub environment: BTreeMap<OsString, OsString>,
    pub input: ToolInput,
    /// After this the program and its children are killed.
    pub timeout: Duration,
    /// More output than this many bytes is an error.
    pub limit: usize,
}

/// What a provider's program can read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolInput {
    Nothing,
    Text(Vec<u8>),
    /// It may ask on the terminal, so it stays in the foreground process group, and its
    /// standard input and error are the terminal.
    Terminal,
}

/// Calls that are made one after the other, while those of other queues are made too.
pub trait CallQueue {
    /// The next call, if there is one. `Break` ends the calls of all queues.
    fn next(&mut self, view: &dyn HostView) -> ControlFlow<(), Option<ToolCall>>;

    /// Takes what that call returned. `Break` ends the calls of all queues.
    fn finished(&mut self, end: Result<ToolOutput, ToolError>) -> ControlFlow<()>;
}

#[expect(
    missing_debug_implementations,
    reason = "both streams may hold secrets"
)]
pub struct ToolOutput {
    /// `None` if the program died of a signal.
    pub code: Option<i32>,
    pub stdout: Zeroizing<Vec<u8>>,
    /// The beginning of standard error.
    pub stderr: Zeroizing<Vec<u8>>,
    /// Whether standard error was longer than that.
    pub stderr_cut: bool,
}

/// Why a provider's program returned no output.
#[derive(Debug)]
pub enum ToolError {
    TimedOut,
    /// It wrote more than this many bytes, its limit.
    TooMuch(usize),
    /// It stopped: a background program may not read the terminal.
    Stopped,
    /// It could not be started or waited for.
    Io(io::Error),
}

impl From<io::Error> for ToolError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

#[derive(Debug)]
pub enum AskError {
    /// A signal ended the run at the question.
    Interrupted(Signal),
    /// The terminal is gone, or cannot be read.
    Io(io::Error),
}

impl From<io::Error> for AskError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
