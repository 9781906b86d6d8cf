//! What the two traits of the world speak of: files, this process, what is started
//! and called, and why that fails.

use std::ffi::OsStr;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::time::Duration;

use zeroize::Zeroizing;

use super::Signal;
use crate::names::Sha256;

/// Device and inode: which file it is, whatever its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileId {
    /// Device.
    pub device: u64,
    /// Inode.
    pub inode: u64,
}

/// What a file held when it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// Which file it was.
    pub id: FileId,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Something open for reading, however long it is.
pub trait Readable: Read + Seek + Send {}

impl<T: Read + Seek + Send> Readable for T {}

/// A file that was opened for reading.
pub struct Opened {
    /// What it is.
    pub stat: Stat,
    /// Its bytes, from the first one on.
    pub bytes: Box<dyn Readable>,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened")
            .field("stat", &self.stat)
            .finish_non_exhaustive()
    }
}

/// The hash of a file, with what its beginning tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileDigest {
    /// Which file it was.
    pub id: FileId,
    /// SHA-256 of all bytes.
    pub sha256: Sha256,
    /// The first 256 bytes at most: all that the kernel looks at for `#!`.
    pub head: Vec<u8>,
}

/// A file to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewFile<'a> {
    /// Its name in its directory.
    pub name: &'a str,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Its permission bits.
    pub mode: u32,
}

/// Number of bytes in [`FileDigest::head`].
pub const HEAD: usize = 256;

/// What kind of thing a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A pipe, socket or device.
    Special,
}

impl FileKind {
    /// Returns its name for messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "a regular file",
            Self::Directory => "a directory",
            Self::Link => "a symbolic link",
            Self::Special => "a pipe, socket or device",
        }
    }
}

/// What `stat(2)` says of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// What it is.
    pub kind: FileKind,
    /// Permission bits, the lower twelve of `st_mode`.
    pub mode: u32,
    /// The owner's uid.
    pub owner: u32,
    /// Number of hard links.
    pub links: u64,
    /// Which file it is.
    pub id: FileId,
}

/// A use of a path that the kernel is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Running a file, or passing through a directory.
    Execute,
    /// Reading it.
    Read,
    /// Writing to it.
    Write,
}

/// Who runs qli: numbers and names from the kernel and the user database,
/// never from the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Real uid.
    pub uid: u32,
    /// Effective uid.
    pub euid: u32,
    /// Name of the real uid, if the user database has one.
    pub user: Option<String>,
    /// Name of the machine.
    pub host: String,
}

/// What the kernel knows of this process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessFacts {
    /// Process id.
    pub pid: u32,
    /// The parent's process id.
    pub ppid: u32,
    /// The terminal behind one of the standard streams.
    pub tty: Option<PathBuf>,
    /// When it started, in clock ticks since the machine did: with the process
    /// id and the boot id it means this process and no other.
    pub start: Option<u64>,
    /// The id of the time since the machine started.
    pub boot_id: Option<String>,
    /// The parent's program.
    pub parent_exe: Option<PathBuf>,
    /// Who logged in to the session, whoever they have become since.
    pub login_uid: LoginUid,
}

/// The uid that a session's login left with the kernel (Linux).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginUid {
    /// This system keeps none.
    Unknown,
    /// Nobody logged in: a service, a container.
    None,
    /// This uid.
    Uid(u32),
}

/// How long a script may run. Time during which it is stopped does not count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TimeLimits {
    /// After this it is sent TERM.
    pub timeout: Option<Duration>,
    /// So long after that it is killed.
    pub kill_after: Option<Duration>,
}

/// A script to start.
#[derive(Clone, Copy)]
pub struct Start<'a> {
    /// Absolute path.
    pub program: &'a Path,
    /// Arguments after the program's name.
    pub args: &'a [&'a OsStr],
    /// Variables set beside those of qli's own environment; values may be
    /// secrets, hence no `Debug` that shows them.
    pub env: &'a [(&'a str, &'a OsStr)],
}

impl std::fmt::Debug for Start<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Start")
            .field("program", &self.program)
            .finish_non_exhaustive()
    }
}

/// A program to call for its output, in a process group of its own and with
/// nothing on its standard input.
#[derive(Debug, Clone, Copy)]
pub struct ToolCall<'a> {
    /// Absolute path.
    pub program: &'a Path,
    /// Arguments after the program's name.
    pub args: &'a [&'a str],
    /// After this the program and its children are ended.
    pub timeout: Duration,
    /// More output than this many bytes is an error.
    pub limit: usize,
}

/// What a called program left behind. Either stream may hold a secret.
pub struct ToolOutput {
    /// Its exit code; none when it died of a signal.
    pub code: Option<i32>,
    /// Its standard output.
    pub stdout: Zeroizing<Vec<u8>>,
    /// The beginning of its standard error.
    pub stderr: Zeroizing<Vec<u8>>,
    /// Whether it wrote more than is kept there.
    pub stderr_cut: bool,
}

impl std::fmt::Debug for ToolOutput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ToolOutput")
            .field("code", &self.code)
            .finish_non_exhaustive()
    }
}

/// Why a called program gave no output.
#[derive(Debug)]
pub enum ToolError {
    /// A signal ended the run meanwhile; the program is gone.
    Interrupted(Signal),
    /// It took longer than its timeout.
    TimedOut,
    /// It wrote more than its limit.
    TooMuch,
    /// It stopped: a program that is not in the foreground may not read the
    /// terminal.
    Stopped,
    /// It could not be started or watched.
    Io(io::Error),
}

/// Why a person gave no answer.
#[derive(Debug)]
pub enum AskError {
    /// A signal ended the run at the question.
    Interrupted(Signal),
    /// The terminal is gone, or cannot be read.
    Io(io::Error),
}
