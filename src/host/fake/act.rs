//! What is done to a world, and what can be made to fail.

use std::ffi::OsString;
use std::path::PathBuf;

/// Something that was done to the world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// The signal handlers went in.
    Armed,
    /// A text was shown.
    Shown(String),
    /// A person was asked.
    Asked(String),
    /// qli's memory was protected.
    Protected,
    /// A tool was called, with these arguments.
    Called(PathBuf, Vec<String>),
    /// A record was appended to a log.
    Appended(PathBuf, String),
    /// A log was synced, with its lock held or not.
    Synced {
        /// Whether the lock was still held.
        locked: bool,
    },
    /// A private file was kept.
    Kept(PathBuf),
    /// The system's log was told a line.
    Logged(String),
    /// An executable was put in place.
    Installed(PathBuf),
    /// The script was started with these arguments and variables.
    Spawned(PathBuf, Vec<OsString>, Vec<(String, OsString)>),
    /// The script was waited for.
    Waited,
}

impl Act {
    /// Returns one word for it, to hold an order of acts against.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Armed => "armed",
            Self::Shown(_) => "shown",
            Self::Asked(_) => "asked",
            Self::Protected => "protected",
            Self::Called(..) => "called",
            Self::Appended(..) => "appended",
            Self::Synced { .. } => "synced",
            Self::Kept(_) => "kept",
            Self::Logged(_) => "logged",
            Self::Installed(_) => "installed",
            Self::Spawned(..) => "spawned",
            Self::Waited => "waited",
        }
    }
}

/// An operation that can be made to fail, or at which a signal arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Op {
    /// Showing a text.
    Show,
    /// Asking a person.
    Ask,
    /// Calling a tool.
    Call,
    /// Opening a log.
    OpenLog,
    /// Trying to lock a log; as a fault: somebody else holds the lock.
    Lock,
    /// Appending to a log.
    Append,
    /// Appending, but only the first half is taken.
    ShortAppend,
    /// Syncing a log.
    Sync,
    /// Keeping a private file.
    Keep,
    /// Removing a file that was kept.
    Forget,
    /// Telling the system's log.
    Syslog,
    /// Putting an executable in place.
    Install,
    /// Making a directory with files in it.
    Make,
    /// Starting the script.
    Spawn,
}
