//! The world: what can be read of it ([`HostView`]) and done to it ([`Host`]).
//!
//! Nothing else in the crate names the environment, the clock, a process, the
//! terminal or a signal. [`System`] is the real world; [`fake::World`] is one
//! held in memory, on which every guard is tested.

mod child;
pub mod fake;
mod log;
mod path;
mod patience;
mod place;
mod process;
mod signals;
mod streams;
mod syslog;
mod system;
mod terminal;
mod tool;
mod trust;
mod write;
mod xdg;

use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use zeroize::Zeroizing;

use crate::names::Sha256;

pub use child::ChildEnd;
pub use log::LogFile;
pub use path::{OnPath, all_on_path, path_entries, path_list, plain, search_path};
pub use signals::{Received, Sender, Signal};
pub use streams::{
    Output, Stream, StreamFacts, quiet_panics, stdin, stream, write_stderr, write_stdout,
};
pub use system::System;
pub use trust::{ChangedBy, Suspicion, suspicions};
pub use xdg::{XdgDir, lookup, xdg_dir};

/// Words an error of the system without its number.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error ") {
        Some((words, _)) => words.to_owned(),
        None => text,
    }
}

/// What can be read of the world. Nothing here changes anything: a preview,
/// which holds a view, cannot act.
///
/// ```compile_fail,E0599
/// fn preview(view: &dyn qli::host::HostView) {
///     view.show("a preview has no mouth");
/// }
/// ```
pub trait HostView {
    /// Returns a variable of qli's own environment.
    fn var(&self, name: &str) -> Option<OsString>;

    /// Reads a regular file of at most `limit` bytes; links are followed.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when it is no regular file, `FileTooLarge` when it is
    /// longer, else the system's error.
    fn read(&self, path: &Path, limit: u64) -> io::Result<Contents>;

    /// Reads the first [`HEAD`] bytes of a regular file; links are followed.
    fn head(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// Opens anything that can be read but a directory; links are followed.
    fn open(&self, path: &Path) -> io::Result<Opened>;

    /// Hashes a regular file of any length; links are followed.
    fn digest(&self, path: &Path) -> io::Result<FileDigest>;

    /// Describes what a path leads to; links are followed.
    fn stat(&self, path: &Path) -> io::Result<Stat>;

    /// Describes a path itself; a link is not followed.
    fn lstat(&self, path: &Path) -> io::Result<Stat>;

    /// Returns what a link says.
    fn read_link(&self, path: &Path) -> io::Result<PathBuf>;

    /// Lists the names in a directory, sorted.
    fn list(&self, directory: &Path) -> io::Result<Vec<OsString>>;

    /// Asks the kernel whether this process may use a path so.
    fn may(&self, path: &Path, access: Access) -> io::Result<()>;

    /// Says whether there is a terminal on which a person can be asked.
    fn has_terminal(&self) -> bool;

    /// Returns the effective uid.
    fn euid(&self) -> u32;

    /// Says who runs qli, and where, by the kernel's word.
    fn identity(&self) -> Identity;

    /// Describes this process.
    fn process(&self) -> ProcessFacts;

    /// Returns the id of the time since the machine started.
    fn boot_id(&self) -> Option<String>;

    /// Returns when a process started, in clock ticks since the machine did;
    /// none if there is no such process.
    ///
    /// # Errors
    ///
    /// Whether it is there cannot be told.
    fn process_start(&self, pid: u32) -> io::Result<Option<u64>>;
}

/// What can be done to the world.
pub trait Host: HostView {
    /// Returns the wall clock's time.
    fn now(&self) -> DateTime<Utc>;

    /// Returns the time since qli started, by a clock that never steps back.
    fn elapsed(&self) -> Duration;

    /// Returns random bytes from the kernel.
    fn random(&mut self) -> io::Result<[u8; 16]>;

    /// Installs the signal handlers. Until then a signal does what it does to
    /// any program.
    fn arm(&mut self) -> io::Result<()>;

    /// Returns a signal that ends the run before the script starts, if one
    /// has arrived; stops qli if it was told to stop.
    fn pending(&mut self) -> Option<Signal>;

    /// Waits at most so long for a signal that ends the run.
    fn pause(&mut self, at_most: Duration) -> Option<Signal>;

    /// Writes a text to standard error as it is.
    fn show(&mut self, text: &str);

    /// Asks on the terminal and returns the line that was typed; an end of
    /// file is an empty line.
    fn ask(&mut self, question: &str) -> Result<String, AskError>;

    /// Keeps this process's memory to itself before a secret comes into it: no
    /// core dump, and on Linux no reading by other processes of the user. The
    /// script gets its limit back.
    fn protect_memory(&mut self);

    /// Calls another program for its output.
    fn call(&mut self, call: &ToolCall<'_>) -> Result<ToolOutput, ToolError>;

    /// Opens a log for appending, creating it with a mode, and its directories
    /// so that the same people may enter them, where they are missing. No link
    /// is followed, no pipe waited for.
    fn open_log(&mut self, path: &Path, mode: u32) -> io::Result<Box<dyn LogFile>>;

    /// Opens a log that was moved aside, to read it and to wait for its lock.
    /// No link is followed, no pipe waited for.
    fn open_rotated(&mut self, path: &Path) -> io::Result<Box<dyn LogFile>>;

    /// Tells the system's log one line, with the facility and severity
    /// authpriv.notice (syslog(3)).
    fn syslog(&mut self, line: &str) -> io::Result<()>;

    /// Writes a new private file (0600) durably, creating its directory.
    fn keep(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// Removes a file that was kept, and its directory if nothing else is in it.
    fn forget(&mut self, path: &Path) -> io::Result<()>;

    /// Replaces the bytes of a regular file at once and whole, if they are still
    /// the old ones; its mode and its owner stay. A link is not followed.
    fn replace(&mut self, path: &Path, old: &[u8], new: &[u8]) -> io::Result<()>;

    /// Puts an executable in place (0700) at once and whole.
    fn install(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// Puts a file in place at once and whole, whatever file stood there; its
    /// directory must be there. The umask may take bits from the mode.
    fn put(&mut self, path: &Path, bytes: &[u8], mode: u32) -> io::Result<()>;

    /// Makes a directory (0755) with files in it, at once and whole, and those
    /// above it with the mode `above` where they are missing. The umask may take
    /// bits from every mode.
    ///
    /// # Errors
    ///
    /// `AlreadyExists` where something is there: nothing of it is touched.
    fn make(&mut self, directory: &Path, files: &[NewFile<'_>], above: u32) -> io::Result<()>;

    /// Starts the script in qli's own process group.
    fn spawn(&mut self, start: &Start<'_>) -> io::Result<()>;

    /// Waits for the script, passing signals on, following its stops, and ending
    /// it when its limits are used up.
    fn wait(&mut self, limits: TimeLimits) -> io::Result<ChildEnd>;
}

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
    /// Working directory, if it still exists.
    pub cwd: Option<PathBuf>,
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
