//! The operating system: [`HostView`] reads it, [`Host`] acts on it.
//!
//! No other layer uses the environment, the clock, processes, the terminal or
//! signals directly. [`System`] is the real implementation; guards are tested on
//! the in-memory `World` of `tests/support/fake`.

mod acl;
mod ask;
mod atomic_write;
mod become_script;
#[cfg(target_os = "linux")]
mod blocked;
#[cfg(not(target_os = "linux"))]
#[path = "blocked_elsewhere.rs"]
mod blocked;
mod child;
mod clock;
mod delivered_files;
mod descendants;
mod descriptor;
mod directory;
mod disposition;
mod draft;
mod env_line;
mod exec_limits;
mod executable_format;
mod facts;
#[cfg(test)]
#[path = "../../tests/support/fake/mod.rs"]
pub mod fake;
mod file;
mod first_line;
mod handlers;
mod handover;
mod interpreter;
mod left_running;
mod leftovers;
mod line_fault;
mod log;
mod monitor;
mod path;
mod path_search;
mod permissions;
mod poll;
mod process;
mod relay;
mod remedy;
mod run;
mod run_stage;
mod running_tool;
mod script;
mod script_mark;
mod signals;
mod stage;
mod start_script;
mod streams;
mod syslog;
mod system;
mod terminal;
mod termination;
mod tool;
mod trust;
mod user;
mod waiting;
mod witness;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

pub use acl::Acl;
pub use child::ChildEnd;
pub use draft::is_draft;
pub use env_line::is_several_words;
pub use exec_limits::ExecLimits;
pub use facts::{
    Access, AskError, CallQueue, Contents, FileDigest, FileId, FileKind, FileVersion, HEAD,
    Identity, LoginUid, Masking, NewFile, Opened, ProcessFacts, Readable, Start, Stat, TimeLimits,
    ToolCall, ToolError, ToolInput, ToolOutput,
};
pub use first_line::FirstLine;
pub use interpreter::{Interpreter, NotStartable, Unfit, interpreters, planned_interpreters};
pub use line_fault::{LineFault, is_crlf};
pub use log::{LogFile, OpenLog};
pub use path::{lookup, normalize, path_list, system_data, unset_reason};
pub use path_search::{OnPath, all_on_path, first_trusted, path_entries, search_path};
pub use permissions::{
    NotCreatable, STICKY, check_creatable, is_absent, is_directory, is_executable, is_file,
    is_link, is_world_writable,
};
pub use remedy::{beyond_the_path, diagnosis};
pub use run_stage::run_stage;
pub use signals::{Received, Sender, Signal};

pub use streams::{
    Output, Stream, buffered_stdout, is_stdout_closed_within, quiet_panics, stdin, stream,
    write_stderr, write_stdout,
};
pub use system::System;
pub use terminal::is_exhausted;
pub use trust::{ChangedBy, InsecurePath, MAP_OWNER, insecure_paths, is_unmapped};

/// The text of a system error without its number.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let (message, _) = text.split_once(" (os error ").unwrap_or((&text, ""));
    message.to_owned()
}

/// Reads the system. Nothing here changes anything, so a preview, which has only a
/// view, cannot act.
///
/// ```compile_fail,E0599
/// fn preview(view: &dyn qli::testing::host::HostView) {
///     view.show("does not compile");
/// }
/// ```
pub trait HostView {
    /// qli's own environment, before anything is removed or added for a script or a tool.
    /// Of a variable that qli was given twice, only the last one is in it.
    fn environment(&self) -> &Arc<BTreeMap<OsString, OsString>>;

    /// Reads a variable of it.
    fn var(&self, name: &str) -> Option<OsString> {
        self.environment().get(OsStr::new(name)).cloned()
    }

    /// Reads a regular file of at most `limit` bytes; links are followed.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if it is not a regular file, `FileTooLarge` if it is longer,
    /// otherwise the system's error.
    fn read(&self, path: &Path, limit: u64) -> io::Result<Contents>;

    /// Reads the first [`HEAD`] bytes of a regular file; links are followed.
    fn head(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// Opens anything readable except a directory; links are followed.
    fn open(&self, path: &Path) -> io::Result<Opened>;

    /// Hashes a regular file of any length; links are followed.
    fn digest(&self, path: &Path) -> io::Result<FileDigest>;

    /// Follows links.
    fn stat(&self, path: &Path) -> io::Result<Stat>;

    /// Does not follow a link.
    fn lstat(&self, path: &Path) -> io::Result<Stat>;

    /// Returns the target of a link as it is written.
    fn read_link(&self, path: &Path) -> io::Result<PathBuf>;

    /// Lists the names in a directory, sorted.
    fn list(&self, directory: &Path) -> io::Result<Vec<OsString>>;

    /// Asks the kernel about the effective user's access to a path.
    fn check_access(&self, path: &Path, access: Access) -> io::Result<()>;

    /// Reads a file's access control list, if it has one. Does not follow a link.
    fn acl(&self, path: &Path) -> Option<Acl>;

    /// Whether nothing on the filesystem of a path can be executed (mount(8)).
    fn is_noexec(&self, path: &Path) -> bool;

    /// Whether the filesystem of a path, which may not exist yet, is in memory.
    fn is_in_memory(&self, path: &Path) -> bool;

    /// How much a script can be given.
    fn exec_limits(&self) -> ExecLimits;

    /// Whether this process has a controlling terminal; fails if that cannot be known.
    fn has_terminal(&self) -> io::Result<bool>;

    fn euid(&self) -> u32;
    fn identity(&self) -> Identity;
    fn process(&self) -> ProcessFacts;

    /// The working directory, if it still exists.
    fn cwd(&self) -> Option<PathBuf>;

    /// Whether a process of this machine is still running, given its start time in
    /// clock ticks since boot and the boot's id; `None` if that cannot be determined.
    fn is_running(&self, pid: u32, start: u64, boot_id: &str) -> Option<bool>;
}

pub trait Host: HostView {
    fn now(&self) -> DateTime<Utc>;
    fn random(&mut self) -> io::Result<[u8; 16]>;

    /// Time since qli started, by a monotonic clock.
    fn elapsed(&self) -> Duration;

    /// Until this is called, every signal has its default effect.
    fn install_signal_handlers(&mut self) -> io::Result<()>;

    /// Returns a signal that ends the run before the script starts, if one has
    /// arrived; on SIGTSTP, stops qli first.
    fn pending(&mut self) -> Option<Signal>;

    /// Waits for a signal that ends the run.
    fn pause(&mut self, at_most: Duration) -> Option<Signal>;

    /// Writes a text to standard error unchanged; a failure has no effect.
    fn show(&mut self, text: &str);

    /// Asks on the terminal and returns the line typed; end of file is an empty
    /// line.
    fn ask(&mut self, question: &str) -> Result<String, AskError>;

    /// Prepares this process for holding secrets: no core dump, and on Linux no
    /// access by the user's other processes. The script gets its limit back.
    fn protect_memory(&mut self);

    /// Runs providers' programs for their output: the calls of each queue one after the
    /// other, all queues side by side. Returns a signal that ended the run meanwhile.
    fn call_all(&mut self, queues: &mut [&mut dyn CallQueue]) -> io::Result<Option<Signal>>;

    /// Opens a log. Never follows a link, and never blocks on a pipe.
    fn open_log(&mut self, path: &Path, purpose: OpenLog) -> io::Result<Box<dyn LogFile>>;

    /// Writes a line to the system log, as authpriv.notice (syslog(3)).
    fn syslog(&mut self, line: &str) -> io::Result<()>;

    /// Writes a new private file (0600) durably, creating its directory.
    fn spool_write(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// Removes a spooled file, and its directory once that is empty.
    fn spool_remove(&mut self, path: &Path) -> io::Result<()>;

    /// Replaces a regular file atomically if it still contains `old`; mode and
    /// owner stay. Does not follow a link.
    fn replace(&mut self, path: &Path, old: &[u8], new: &[u8]) -> io::Result<()>;

    /// Writes an executable (0700) atomically, in a private directory.
    fn install(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// Writes or replaces a file atomically, creating its directories (0755). The
    /// umask applies, but takes no permission from the owner.
    fn put(&mut self, path: &Path, bytes: &[u8], mode: u32) -> io::Result<()>;

    /// Creates a directory (0755) with files in it atomically, and missing parents
    /// with the mode `above`. The umask applies, but takes no permission from the owner.
    ///
    /// # Errors
    ///
    /// `AlreadyExists` unless the path is free or an empty directory.
    fn make(&mut self, directory: &Path, files: &[NewFile<'_>], above: u32) -> io::Result<()>;

    /// Redirects what the script will print through a process that masks it.
    fn mask(&mut self, masking: &Masking<'_>) -> io::Result<()>;

    /// Removes the files that killed runs have left in this directory.
    fn clear_leftovers(&mut self, directory: &Path);

    /// Creates a new private directory (0700), and read-only files in it (0400), or
    /// nothing. No other run clears them as long as qli lives.
    fn deliver_files(&mut self, directory: &Path, files: &[(&str, &[u8])]) -> io::Result<()>;

    /// Returns the number of a new descriptor, from which the script reads this.
    fn deliver_descriptor(&mut self, bytes: &[u8]) -> io::Result<i32>;

    /// Removes what was delivered.
    fn withdraw(&mut self) -> io::Result<()>;

    /// Starts the script with the descriptors that were delivered: in qli's own process
    /// group, or on a terminal of its own if what it prints there is masked.
    fn spawn(&mut self, start: &Start<'_>) -> io::Result<()>;

    /// Waits for the script: forwards signals, follows its stops and enforces its
    /// time limits.
    fn wait(&mut self, limits: TimeLimits) -> io::Result<ChildEnd>;

    /// Waits until all that the script printed is masked and written, unless a signal
    /// arrives that ends a run.
    ///
    /// # Errors
    ///
    /// Something could not be written, and was lost.
    fn flush_output(&mut self) -> io::Result<()>;
}
