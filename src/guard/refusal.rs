//! Why a run was refused: data first, words last.

use std::path::PathBuf;

use super::{Change, SecretFault, Step};
use crate::audit::{AppendError, LogObstacle};
use crate::diagnostics::Code;
use crate::discovery::with_lf_line_ends;
use crate::host::Signal;
use crate::names::{
    EnvName, GroupName, Text, contains_secret, exit_code, promises_secret, shell_word, visible,
};

/// Why a guard did not let the run go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Variables differ from what is required.
    EnvDiffers(Vec<Miss>),
    /// There is nobody to ask.
    ///
    /// With the group's name where that is to be typed.
    NoTerminal(Option<GroupName>),
    /// A person said no, or typed another name than this.
    Declined(Option<GroupName>),
    /// `--confirm` has another name than that of the group.
    WrongName(String, GroupName),
    /// The terminal could not be asked.
    TerminalLost(String),
    /// Secrets are missing.
    SecretsMissing(Vec<SecretFault>),
    /// The log may not stand where it stands.
    LogObstacle(LogObstacle),
    /// The start could not be recorded: the log, and why.
    LogFailed(PathBuf, String),
    /// Another process held the log's lock too long.
    LogLocked(String),
    /// Manifest or script are not what was planned.
    Changed(Vec<Change>),
    /// A signal ended the run at this step.
    Interrupted(Step, Signal),
    /// The script cannot be started.
    CannotStart(StartFailure),
    /// The system denies qli what every run needs: handlers, random bytes.
    SystemFailed(String),
}

/// A variable that is not what is required.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Miss {
    /// Its name.
    pub name: EnvName,
    /// The value that is required.
    pub want: String,
    /// The value it has.
    pub found: Option<Text>,
}

/// Why a script cannot be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartFailure {
    /// The script has gone since it was planned.
    Vanished(PathBuf),
    /// Its `#!` line names a program that is not there.
    NoInterpreter {
        /// The script.
        script: PathBuf,
        /// What its first line names.
        interpreter: PathBuf,
    },
    /// The system does not start it.
    NotExecutable {
        /// The script.
        script: PathBuf,
        /// The system's word.
        message: String,
        /// Its number, if it has one.
        errno: Option<i32>,
    },
    /// The cached copy of an embedded script is not what it must be.
    CopyDiffers(PathBuf),
    /// An embedded script cannot be put into the cache.
    NoCopy(PathBuf, String),
}

impl Miss {
    /// Whether neither value may be shown.
    fn is_secret(&self) -> bool {
        let found = self.found.as_ref().map(Text::as_os_str);
        promises_secret(self.name.as_str())
            || contains_secret(&self.want)
            || found.is_some_and(contains_secret)
    }

    pub fn reason(&self) -> String {
        let Self { name, want, found } = self;
        let is_secret = self.is_secret();
        let is = match found {
            None => "is not set".to_owned(),
            Some(_) if is_secret => "has another value".to_owned(),
            Some(found) => format!("is \"{}\"", found.visible()),
        };
        if is_secret {
            return format!("`{name}` must have the value in the manifest, but {is}");
        }
        format!("`{name}` must be \"{}\", but {is}", visible(want))
    }

    /// Returns the command that would set it.
    pub fn help(&self) -> String {
        if self.is_secret() {
            return typed_secret(self.name.as_str());
        }
        format!("export {}={}", self.name, shell_word(&self.want))
    }
}

/// Returns the command that sets a variable without showing its value: there is
/// nothing in it that could be pasted for a value.
pub(super) fn typed_secret(name: &str) -> String {
    format!("read -rs {name} && export {name}")
}

impl StartFailure {
    /// Says why the script cannot be started.
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
                "the interpreter `{}` of {} is not there",
                visible(interpreter),
                shell_word(script)
            ),
            Self::NotExecutable {
                script, message, ..
            } => {
                format!("{} cannot be executed: {message}", shell_word(script))
            }
            Self::CopyDiffers(copy) => {
                format!(
                    "{} is not the script that is embedded in qli",
                    shell_word(copy)
                )
            }
            Self::NoCopy(copy, error) => {
                format!(
                    "the embedded script cannot be put at {}: {error}",
                    shell_word(copy)
                )
            }
        }
    }

    /// Returns the next step.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::NoInterpreter {
                script,
                interpreter,
            } => {
                let carriage_return = interpreter.as_os_str().as_encoded_bytes().ends_with(b"\r");
                Some(if carriage_return {
                    with_lf_line_ends(script)
                } else {
                    format!("install it, or mend line 1 of {}", shell_word(script))
                })
            }
            Self::CopyDiffers(copy) => Some(format!("rm {}", shell_word(copy))),
            Self::NoCopy(..) => {
                Some("set XDG_CACHE_HOME to a directory you can write to".to_owned())
            }
            Self::Vanished(_) | Self::NotExecutable { .. } => None,
        }
    }

    /// Returns the exit code of a run that failed so: 127 if there is nothing
    /// to start, else 126.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Vanished(_) => exit_code::NOT_FOUND,
            Self::NoInterpreter { .. }
            | Self::NotExecutable { .. }
            | Self::CopyDiffers(_)
            | Self::NoCopy(..) => exit_code::NOT_EXECUTABLE,
        }
    }

    /// Returns the system's error number, if there is one.
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
    /// Returns the signal that ended the run.
    pub fn signal(&self) -> Option<Signal> {
        if let Self::Interrupted(_, signal) = self {
            return Some(*signal);
        }
        None
    }

    /// Words a failed append of the start record.
    pub(super) fn of_append(error: AppendError, log: &std::path::Path) -> Self {
        let reason = error.reason(log);
        match error {
            AppendError::Obstacle(obstacle) => Self::LogObstacle(obstacle),
            AppendError::Locked => Self::LogLocked(reason),
            AppendError::Interrupted(signal) => Self::Interrupted(Step::AuditStart, signal),
            AppendError::Write(_) | AppendError::Sync(_) | AppendError::Unanchored(_) => {
                Self::LogFailed(log.to_owned(), reason)
            }
        }
    }

    /// Returns its row in the table of codes.
    pub fn code(&self) -> Code {
        match self {
            Self::EnvDiffers(_) => Code::RequiresEnv,
            Self::NoTerminal(_) | Self::TerminalLost(_) => Code::NoTerminal,
            Self::Declined(_) => Code::Declined,
            Self::WrongName(..) => Code::WrongName,
            Self::SecretsMissing(faults) => faults
                .first()
                .map_or(Code::SecretMissing, SecretFault::code),
            Self::LogObstacle(_) | Self::LogFailed(..) => Code::AuditUnwritable,
            Self::LogLocked(_) => Code::AuditLocked,
            Self::Changed(_) => Code::ChangedSincePlan,
            Self::Interrupted(..) => Code::SignalBeforeStart,
            Self::CannotStart(_) => Code::CannotStart,
            Self::SystemFailed(_) => Code::SystemFailed,
        }
    }

    /// Returns its stable name.
    pub fn name(&self) -> &'static str {
        self.code().name()
    }

    /// Returns the step that refused; none if qli failed before the first.
    pub fn step(&self) -> Option<Step> {
        match self {
            Self::EnvDiffers(_) => Some(Step::RequiresEnv),
            Self::NoTerminal(_)
            | Self::Declined(_)
            | Self::WrongName(..)
            | Self::TerminalLost(_) => Some(Step::Confirm),
            Self::SecretsMissing(_) => Some(Step::Secrets),
            Self::LogObstacle(_) | Self::LogFailed(..) | Self::LogLocked(_) => {
                Some(Step::AuditStart)
            }
            Self::Interrupted(step, _) => Some(*step),
            Self::Changed(_) | Self::CannotStart(_) => Some(Step::Spawn),
            Self::SystemFailed(_) => None,
        }
    }

    /// Says why, a sentence a line.
    pub fn reasons(&self) -> Vec<String> {
        match self {
            Self::EnvDiffers(misses) => misses.iter().map(Miss::reason).collect(),
            Self::NoTerminal(None) => vec!["there is no terminal to ask on".to_owned()],
            Self::NoTerminal(Some(_)) => {
                vec![
                    "there is no terminal to type the name of the group on, \
                      and `--yes` does not stand for it"
                        .to_owned(),
                ]
            }
            Self::Declined(None) => vec!["the answer was not `y`".to_owned()],
            Self::Declined(Some(name)) => {
                vec![format!(
                    "the answer was not the name of the group, `{name}`"
                )]
            }
            Self::WrongName(typed, name) => vec![format!(
                "`--confirm` must name the group, `{name}`, it names `{}`",
                visible(typed)
            )],
            Self::TerminalLost(error) => vec![format!("the terminal cannot be asked: {error}")],
            Self::SecretsMissing(faults) => faults.iter().map(SecretFault::reason).collect(),
            Self::LogObstacle(obstacle) => vec![obstacle.reason()],
            Self::LogFailed(_, reason) | Self::LogLocked(reason) | Self::SystemFailed(reason) => {
                vec![reason.clone()]
            }
            Self::Changed(changes) => changes.iter().map(Change::reason).collect(),
            Self::Interrupted(_, signal) => vec![format!("{} arrived", signal.name())],
            Self::CannotStart(failure) => vec![failure.reason()],
        }
    }

    /// Says why, in one line.
    pub fn reason(&self) -> String {
        self.reasons().join("; ")
    }

    /// Returns what to type next, a command a line.
    pub fn helps(&self) -> Vec<String> {
        match self {
            Self::EnvDiffers(misses) => misses.iter().map(Miss::help).collect(),
            Self::NoTerminal(Some(name)) => vec![format!(
                "run it from a terminal, or pass --confirm {name} before the group"
            )],
            Self::NoTerminal(None) | Self::TerminalLost(_) => {
                vec!["run it from a terminal, or pass --yes before the group".to_owned()]
            }
            Self::Declined(None) => vec!["answer `y` to run it".to_owned()],
            Self::Declined(Some(name)) => vec![format!("type `{name}` to run it")],
            Self::WrongName(_, name) => {
                vec![format!("pass --confirm {name} if that group is meant")]
            }
            Self::SecretsMissing(faults) => {
                let mut helps: Vec<_> = faults.iter().filter_map(SecretFault::help).collect();
                helps.dedup();
                helps
            }
            Self::LogObstacle(obstacle) => vec![obstacle.help()],
            Self::LogFailed(log, _) => {
                vec![format!("df -h {}", shell_word(log.parent().unwrap_or(log)))]
            }
            Self::LogLocked(_) => vec!["try again when the other process is done".to_owned()],
            Self::Changed(_) => vec!["look at the plan again, then run it again".to_owned()],
            Self::Interrupted(..) | Self::SystemFailed(_) => Vec::new(),
            Self::CannotStart(failure) => failure.help().into_iter().collect(),
        }
    }

    /// Returns the exit code of a run that is refused so. A signal has none:
    /// qli dies of it.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::CannotStart(failure) => failure.exit_code(),
            Self::EnvDiffers(_)
            | Self::NoTerminal(_)
            | Self::Declined(_)
            | Self::WrongName(..)
            | Self::TerminalLost(_)
            | Self::SecretsMissing(_)
            | Self::LogObstacle(_)
            | Self::LogFailed(..)
            | Self::LogLocked(_)
            | Self::Changed(_)
            | Self::Interrupted(..)
            | Self::SystemFailed(_) => exit_code::REFUSED,
        }
    }
}
