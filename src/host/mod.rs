//! The world: what can be read of it ([`HostView`]) and done to it ([`Host`]).
//!
//! Nothing else in the crate names the environment, the clock, a process, the
//! terminal or a signal. [`System`] is the real world; [`fake::World`] is one
//! held in memory, on which every guard is tested.

mod atomic_write;
mod child;
mod core_limit;
mod facts;
pub mod fake;
mod log;
mod path;
mod permissions;
mod process;
mod signals;
mod streams;
mod syslog;
mod system;
mod terminal;
mod termination;
mod tool;
mod trust;
mod user;
mod write;
mod xdg;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};

pub use atomic_write::is_draft;
pub use child::ChildEnd;
pub use facts::{
    Access, AskError, Contents, FileDigest, FileId, FileKind, HEAD, Identity, LoginUid, NewFile,
    Opened, ProcessFacts, Readable, Start, Stat, TimeLimits, ToolCall, ToolError, ToolOutput,
};
pub use log::LogFile;
pub use path::{OnPath, all_on_path, path_entries, path_list, plain, search_path};
pub use permissions::{
    NotCreatable, STICKY, check_creatable, is_absent, is_directory, is_executable, is_file,
    is_link, is_world_writable,
};
pub use signals::{Received, Sender, Signal};
pub use streams::{Output, Stream, quiet_panics, stdin, stream, write_stderr, write_stdout};
pub use system::System;
pub use trust::{ChangedBy, InsecurePath, suspicions};
pub use xdg::{XdgDir, lacks, lookup, xdg_dir};

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
/// fn preview(view: &dyn qli::testing::host::HostView) {
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

    /// Reads the first `HEAD` bytes of a regular file; links are followed.
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
    fn check_access(&self, path: &Path, access: Access) -> io::Result<()>;

    /// Says whether there is a terminal on which a person can be asked.
    fn has_terminal(&self) -> bool;

    /// Returns the effective uid.
    fn euid(&self) -> u32;

    /// Says who runs qli, and where, by the kernel's word.
    fn identity(&self) -> Identity;

    /// Returns the working directory, if it is still there.
    fn cwd(&self) -> Option<PathBuf>;

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
    fn install_signal_handlers(&mut self) -> io::Result<()>;

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

    /// Opens a log for appending. No link is followed, no pipe waited for.
    fn open_log(&mut self, path: &Path) -> io::Result<Box<dyn LogFile>>;

    /// Opens a log as [`open_log`](Self::open_log) does, making it with a mode,
    /// and its directories so that the same people may enter them, where they
    /// are missing.
    fn make_log(&mut self, path: &Path, mode: u32) -> io::Result<Box<dyn LogFile>>;

    /// Opens a log that was moved aside, to read it and to wait for its lock.
    /// No link is followed, no pipe waited for.
    fn open_rotated(&mut self, path: &Path) -> io::Result<Box<dyn LogFile>>;

    /// Tells the system's log one line, with the facility and severity
    /// authpriv.notice (syslog(3)).
    fn syslog(&mut self, line: &str) -> io::Result<()>;

    /// Writes a new private file (0600) durably, creating its directory.
    fn spool_write(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// Removes a file that was kept, and its directory if nothing else is in it.
    fn spool_remove(&mut self, path: &Path) -> io::Result<()>;

    /// Replaces the bytes of a regular file at once and whole, if they are still
    /// the old ones; its mode and its owner stay. A link is not followed.
    fn replace(&mut self, path: &Path, old: &[u8], new: &[u8]) -> io::Result<()>;

    /// Puts an executable in place (0700) at once and whole.
    fn install(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// Puts a file in place at once and whole, whatever file stood there. Its
    /// directory and those above it are made (0755) where they are missing. The
    /// umask may take bits from every mode.
    fn put(&mut self, path: &Path, bytes: &[u8], mode: u32) -> io::Result<()>;

    /// Makes a directory (0755) with files in it, at once and whole, and those
    /// above it with the mode `above` where they are missing. The umask may take
    /// bits from every mode.
    ///
    /// # Errors
    ///
    /// `AlreadyExists` where something is there but an empty directory: nothing
    /// of it is touched.
    fn make(&mut self, directory: &Path, files: &[NewFile<'_>], above: u32) -> io::Result<()>;

    /// Starts the script in qli's own process group.
    fn spawn(&mut self, start: &Start<'_>) -> io::Result<()>;

    /// Waits for the script, passing signals on, following its stops, and ending
    /// it when its limits are used up.
    fn wait(&mut self, limits: TimeLimits) -> io::Result<ChildEnd>;
}
