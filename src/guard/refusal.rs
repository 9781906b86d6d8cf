//! Why a run was refused: data first, text last.

use std::path::{Path, PathBuf};

use super::{Detail, FileChange, Miss, SecretFault, Step};
use crate::audit::{AppendError, LogObstacle};
use crate::diagnostics::Code;
use crate::host::Signal;
use crate::manifest::DemandedBy;
use crate::names::{GroupName, exit_code, shell_word, visible};

/// Why a guard did not let the run continue. A group's name is the one that must be
/// typed, where `y` is not enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    EnvDiffers(Vec<Miss>),
    NoTerminal(Option<GroupName>),
    /// The user said no, or typed another name.
    Declined(Option<GroupName>),
    /// `--confirm` has another name than that of the group.
    WrongName(String, GroupName),
    /// The terminal could not be read.
    TerminalLost(String, Option<GroupName>),
    SecretsMissing(Vec<SecretFault>),
    /// The log's location is not safe or not writable.
    LogObstacle(LogObstacle),
    /// The start could not be recorded: the log, and why.
    LogFailed(PathBuf, String),
    /// Another process held the lock of this log too long.
    LogLocked(PathBuf, String),
    /// Manifest or script are not the planned ones.
    Changed(Vec<FileChange>),
    /// A signal ended the run at this step.
    Interrupted(Step, Signal),
    CannotStart(StartFailure),
    /// The system denies qli what every run needs: signal handlers, random bytes.
    SystemFailed(String),
}

/// Why a script cannot be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartFailure {
    /// The script is gone since it was planned.
    Vanished(PathBuf),
    /// Its `#!` line names a program that does not exist.
    NoInterpreter {
        script: PathBuf,
        interpreter: PathBuf,
    },
    /// The system does not start it.
    NotExecutable {
        script: PathBuf,
        /// The system's message.
        message: String,
        errno: Option<i32>,
    },
    /// The cached copy of an embedded script differs from it.
    CopyDiffers(PathBuf),
    /// An embedded script cannot be put into the cache.
    NoCopy(PathBuf, String),
}

impl StartFailure {
    pub(super) fn not_executable(script: &Path, message: String, error: &std::io::Error) -> Self {
        Self::NotExecutable {
            script: script.to_owned(),
            message,
            errno: error.raw_os_error(),
        }
    }

    pub fn reason(&self) -> String {
        match self {
            Self::Vanished(script) => format!("{} is gone", shell_word(script)),
            Self::NoInterpreter {
                script,
                interpreter,
            } if interpreter.as_os_str().is_empty() => {
                format!("line 1 of {} names no interpreter", shell_word(script))
            }
            Self::NoInterpreter {
                script,
                interpreter,
            } => format!(
                "the interpreter `{}` of {} does not exist",
                visible(interpreter),
                shell_word(script)
            ),
            Self::NotExecutable {
                script, message, ..
            } => format!("{} cannot be executed: {message}", shell_word(script)),
            Self::CopyDiffers(copy) => {
                format!("{} differs from the embedded script", shell_word(copy))
            }
            Self::NoCopy(copy, error) => format!(
                "the embedded script cannot be copied to {}: {error}",
                shell_word(copy)
            ),
        }
    }

    /// 127 if there is nothing to start, else 126.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Vanished(_) => exit_code::NOT_FOUND,
            Self::NoInterpreter { .. }
            | Self::NotExecutable { .. }
            | Self::CopyDiffers(_)
            | Self::NoCopy(..) => exit_code::NOT_EXECUTABLE,
        }
    }

    pub fn errno(&self) -> Option<i32> {
        match self {
            Self::NotExecutable { errno, .. } => *errno,
            Self::Vanished(_)
            | Self::NoInterpreter { .. }
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
            AppendError::Write(_) | AppendError::Sync(_) | AppendError::Unanchored(_) => {
                Self::LogFailed(log.to_owned(), reason)
            }
        }
    }

    /// The step that refused, none if qli failed before the first, and the code.
    fn row(&self) -> (Option<Step>, Code) {
        match self {
            Self::EnvDiffers(_) => (Some(Step::RequiresEnv), Code::RequiresEnv),
            Self::NoTerminal(_) | Self::TerminalLost(..) => (Some(Step::Confirm), Code::NoTerminal),
            Self::Declined(_) => (Some(Step::Confirm), Code::Declined),
            Self::WrongName(..) => (Some(Step::Confirm), Code::WrongName),
            Self::SecretsMissing(faults) => {
                let code = faults.first().map(SecretFault::code);
                (Some(Step::Secrets), code.unwrap_or(Code::SecretMissing))
            }
            Self::LogObstacle(_) | Self::LogFailed(..) => {
                (Some(Step::AuditStart), Code::AuditUnwritable)
            }
            Self::LogLocked(..) => (Some(Step::AuditStart), Code::AuditLocked),
            Self::Changed(_) => (Some(Step::Spawn), Code::ChangedSincePlan),
            Self::Interrupted(step, _) => (Some(*step), Code::SignalBeforeStart),
            Self::CannotStart(_) => (Some(Step::Spawn), Code::CannotStart),
            Self::SystemFailed(_) => (None, Code::SystemFailed),
        }
    }

    pub fn step(&self) -> Option<Step> {
        self.row().0
    }

    pub fn code(&self) -> Code {
        self.row().1
    }

    /// The stable name.
    pub fn name(&self) -> &'static str {
        self.code().name()
    }

    /// What was found, a line each.
    pub fn details(&self) -> Vec<Detail> {
        let one = |text: String| vec![Detail::refused(text, DemandedBy::Group)];
        match self {
            Self::EnvDiffers(misses) => misses.iter().map(Miss::detail).collect(),
            Self::SecretsMissing(faults) => faults.iter().map(SecretFault::detail).collect(),
            Self::Changed(changes) => {
                let reasons = changes.iter().map(FileChange::reason);
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
            Self::LogObstacle(obstacle) => one(obstacle.reason.clone()),
            Self::LogFailed(_, reason)
            | Self::LogLocked(_, reason)
            | Self::SystemFailed(reason) => one(reason.clone()),
            Self::Interrupted(_, signal) => one(format!("{} arrived", signal.name())),
            Self::CannotStart(failure) => one(failure.reason()),
        }
    }

    /// Why, in one line.
    pub fn reason(&self) -> String {
        let details = self.details().into_iter().map(|detail| detail.text);
        details.collect::<Vec<_>>().join("; ")
    }

    /// A signal has no exit code: qli dies of it.
    pub fn exit_code(&self) -> u8 {
        if let Self::CannotStart(failure) = self {
            return failure.exit_code();
        }
        exit_code::REFUSED
    }
}
