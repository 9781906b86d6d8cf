//! Why a run was refused.

use std::path::{Path, PathBuf};

use super::{DeliveryFault, Detail, FileChange, Miss, NextStep, SecretFault, Step};
use crate::audit::{AppendError, LogObstacle};
use crate::diagnostics::Code;
use crate::host::{NotStartable, Signal};
use crate::manifest::DemandedBy;
use crate::names::{GroupName, exit_code, shell_path, visible};

/// Why a guard did not let the run continue. A group's name is the one that must be
/// typed, if `y` is not enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    EnvDiffers(Vec<Miss>),
    NoTerminal(Option<GroupName>),
    /// The user said no, or typed another name.
    Declined(Option<GroupName>),
    /// What `--confirm` has instead of the group's name.
    WrongName(String, GroupName),
    /// The terminal could not be read.
    TerminalLost(String, Option<GroupName>),
    /// It cannot be known whether there is a terminal: why, and the command that shows
    /// the cause.
    TerminalUnknown(String, String),
    SecretsMissing(Vec<SecretFault>),
    NotDelivered(DeliveryFault),
    /// The log's location is not safe or not writable.
    LogObstacle(LogObstacle),
    /// The start could not be recorded in the log: what to do, and the reason.
    LogFailed(NextStep, String),
    /// Another process held the lock of this log too long.
    LogLocked(PathBuf, String),
    Changed(Vec<FileChange>),
    /// A signal ended the run at this step.
    Interrupted(Step, Signal),
    CannotStart(StartFailure),
    /// Signal handlers or random bytes, which every run needs, are not available.
    SystemFailed(String, Option<NextStep>),
}

/// Why a script cannot be started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StartFailure {
    #[error("{} is gone", shell_path(.0))]
    Vanished(PathBuf),
    /// The system could not start it: its format, or one of its interpreters.
    #[error(transparent)]
    NotStartable(#[from] NotStartable),
    #[error("{} cannot be executed: {message}", shell_path(script))]
    NotExecutable {
        script: PathBuf,
        /// The system's message.
        message: String,
        errno: Option<i32>,
    },
    /// Its arguments and variables.
    #[error("{path} cannot be given {size} bytes of arguments and variables: the system takes {limit}", path = shell_path(script))]
    TooLarge {
        script: PathBuf,
        size: usize,
        limit: usize,
    },
    /// The cached copy of an embedded script was changed.
    #[error("{} differs from the embedded script", shell_path(.0))]
    CopyDiffers(PathBuf),
    #[error("the embedded script cannot be copied to {path}: {1}", path = shell_path(.0))]
    NoCopy(PathBuf, String),
    /// The system's message.
    #[error("what it prints cannot be masked: {0}")]
    NotMasked(String, Option<i32>),
}

impl StartFailure {
    pub(super) fn not_executable(script: &Path, message: String, error: &std::io::Error) -> Self {
        Self::NotExecutable {
            script: script.to_owned(),
            message,
            errno: error.raw_os_error(),
        }
    }

    /// 127 if there is nothing to start, else 126.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Vanished(_) => exit_code::NOT_FOUND,
            Self::NotMasked(..) => exit_code::REFUSED,
            Self::NotStartable(_)
            | Self::NotExecutable { .. }
            | Self::TooLarge { .. }
            | Self::CopyDiffers(_)
            | Self::NoCopy(..) => exit_code::NOT_EXECUTABLE,
        }
    }

    pub fn errno(&self) -> Option<i32> {
        match self {
            Self::NotExecutable { errno, .. } | Self::NotMasked(_, errno) => *errno,
            Self::Vanished(_)
            | Self::NotStartable(_)
            | Self::TooLarge { .. }
            | Self::CopyDiffers(_)
            | Self::NoCopy(..) => None,
        }
    }
}

impl Refusal {
    pub fn signal(&self) -> Option<Signal> {
        if let Self::Interrupted(_, signal) = self {
            return Some(*signal);
        }
        None
    }

    /// Converts a failed append of the start record.
    pub(super) fn of_append(error: AppendError, log: &Path) -> Self {
        let reason = error.reason(log);
        match error {
            AppendError::Obstacle(obstacle) => Self::LogObstacle(obstacle),
            AppendError::Locked => Self::LogLocked(log.to_owned(), reason),
            AppendError::Interrupted(signal) => Self::Interrupted(Step::AuditStart, signal),
            AppendError::Write(error) | AppendError::NoLock(error) | AppendError::Sync(error) => {
                Self::LogFailed(NextStep::after_write(&error, log), reason)
            }
            AppendError::Unanchored(unanchored) => {
                let command = unanchored.diagnosis;
                let step = command.map_or_else(NextStep::to_check_the_log, NextStep::to_see_why);
                Self::LogFailed(step, reason)
            }
        }
    }

    /// The step that refused (none if qli failed before the first) and the code.
    fn row(&self) -> (Option<Step>, Code) {
        match self {
            Self::EnvDiffers(_) => (Some(Step::RequiresEnv), Code::RequiresEnv),
            Self::NoTerminal(_) | Self::TerminalLost(..) | Self::TerminalUnknown(..) => {
                (Some(Step::Confirm), Code::NoTerminal)
            }
            Self::Declined(_) => (Some(Step::Confirm), Code::Declined),
            Self::WrongName(..) => (Some(Step::Confirm), Code::WrongName),
            Self::SecretsMissing(faults) => {
                let code = faults
                    .first()
                    .map_or(Code::SecretMissing, SecretFault::code);
                (Some(Step::Secrets), code)
            }
            Self::NotDelivered(_) => (Some(Step::Secrets), Code::SecretNotDelivered),
            Self::LogObstacle(_) | Self::LogFailed(..) => {
                (Some(Step::AuditStart), Code::AuditUnwritable)
            }
            Self::LogLocked(..) => (Some(Step::AuditStart), Code::AuditLocked),
            Self::Changed(_) => (Some(Step::Spawn), Code::ChangedSincePlan),
            Self::Interrupted(step, _) => (Some(*step), Code::SignalBeforeStart),
            Self::CannotStart(_) => (Some(Step::Spawn), Code::CannotStart),
            Self::SystemFailed(..) => (None, Code::SystemFailed),
        }
    }

    pub fn step(&self) -> Option<Step> {
        self.row().0
    }

    pub fn code(&self) -> Code {
        self.row().1
    }

    pub fn name(&self) -> &'static str {
        self.code().name()
    }

    /// What was found, a line each.
    pub fn details(&self) -> Vec<Detail> {
        let one = |text: String| vec![Detail::refused(text, DemandedBy::Group)];
        match self {
            Self::EnvDiffers(misses) => misses.iter().map(Miss::detail).collect(),
            Self::SecretsMissing(faults) => faults.iter().map(SecretFault::detail).collect(),
            Self::NotDelivered(fault) => one(fault.to_string()),
            Self::Changed(changes) => {
                let reasons = changes.iter().map(FileChange::to_string);
                reasons.flat_map(one).collect()
            }
            Self::NoTerminal(None) => one("no terminal to confirm on".to_owned()),
            Self::NoTerminal(Some(name)) => one(format!(
                "no terminal to type `{name}` on, and --yes is not accepted"
            )),
            Self::Declined(None) => one("the answer was not `y`".to_owned()),
            Self::Declined(Some(name)) => one(format!("the answer was not `{name}`")),
            Self::WrongName(typed, name) => one(format!(
                "`--confirm` must be \"{name}\", but is \"{}\"",
                visible(typed)
            )),
            Self::TerminalLost(error, _) => one(format!("the terminal cannot be read: {error}")),
            Self::TerminalUnknown(error, _) => {
                one(format!("the terminal cannot be opened: {error}"))
            }
            Self::LogObstacle(obstacle) => one(obstacle.reason.clone()),
            Self::LogFailed(_, reason)
            | Self::LogLocked(_, reason)
            | Self::SystemFailed(reason, _) => one(reason.clone()),
            Self::Interrupted(_, signal) => one(format!("{} arrived", signal.name())),
            Self::CannotStart(failure) => one(failure.to_string()),
        }
    }

    /// Why, in one line.
    pub fn reason(&self) -> String {
        let details = self.details().into_iter().map(|detail| detail.text);
        details.collect::<Vec<_>>().join("; ")
    }

    /// Not used for a signal: qli dies of it.
    pub fn exit_code(&self) -> u8 {
        if let Self::CannotStart(failure) = self {
            return failure.exit_code();
        }
        exit_code::REFUSED
    }
}
