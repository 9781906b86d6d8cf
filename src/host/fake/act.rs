//! What was done to a world, and what can be made to fail.

use std::ffi::OsString;
use std::path::PathBuf;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// The signal handlers were installed.
    Armed,
    Shown(String),
    Asked(String),
    /// qli's memory was protected.
    Protected,
    /// A tool was run with these arguments.
    Called(PathBuf, Vec<String>),
    /// A record was appended to a log.
    Appended(PathBuf, String),
    /// A log was synced.
    Synced {
        locked: bool,
    },
    /// A record was spooled.
    Kept(PathBuf),
    /// A line was sent to the system log.
    Logged(String),
    Installed(PathBuf),
    /// The script was started with these arguments and variables.
    Spawned(PathBuf, Vec<OsString>, Vec<(String, OsString)>),
    Waited,
}

impl Act {
    /// One word for it, to compare an order of acts.
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
    Show,
    Ask,
    Call,
    OpenLog,
    /// Locking a log; as a fault: another process holds the lock.
    Lock,
    Append,
    /// Appending, but only the first half is written.
    ShortAppend,
    Sync,
    /// Spooling a record.
    Keep,
    /// Removing a spooled record.
    Forget,
    Syslog,
    Install,
    Make,
    Spawn,
}
