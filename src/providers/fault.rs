//! Why there is no value for a secret.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::local_file::FileFault;
use super::output::AnswerFault;
use super::row::Meaning;
use super::secret::Unusable;
use crate::host::{InsecurePath, NotStartable, diagnosis, reason};
use crate::names::shell_word;

/// Why there is no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderFault {
    #[error("the variable is not set")]
    Unset,
    #[error(transparent)]
    Unusable(#[from] Unusable),
    #[error(transparent)]
    File(#[from] FileFault),
    #[error("the program `{0}` is not on PATH")]
    ToolMissing(String),
    #[error("the program {} does not exist", shell_word(.0))]
    ToolAbsent(PathBuf),
    /// Another user may change the program.
    #[error("{}", .0.reason())]
    ToolUntrusted(InsecurePath),
    #[error("the program {} is not the planned one", shell_word(.0))]
    ToolChanged(PathBuf),
    /// A part of the reference cannot be expanded.
    #[error("{0}")]
    NoPath(String),
    #[error("{}", failed(*means, *code, message))]
    ToolFailed {
        means: Option<Meaning>,
        /// None if it died of a signal.
        code: Option<i32>,
        message: ToolMessage,
    },
    /// The program says so in its answer.
    #[error("{}{}", meaning(*.0), .1.appended())]
    Reported(Meaning, ToolMessage),
    #[error("{0}")]
    Answer(AnswerFault),
    #[error("no answer within {0:?} (timeout)")]
    ToolTimedOut(Duration),
    #[error("the program wants to ask on the terminal")]
    ToolStopped,
    #[error("the program asks on the terminal, and there is none")]
    NoTerminal,
    #[error("the answer is longer than {0} bytes")]
    ToolFlooded(usize),
    #[error("the program cannot be called: {reason}")]
    ToolBroken {
        reason: String,
        /// The command that shows the cause.
        help: String,
    },
}

impl ProviderFault {
    pub(super) fn of_call(error: &io::Error, program: &Path) -> Self {
        Self::ToolBroken {
            reason: reason(error),
            help: diagnosis(error, program),
        }
    }

    pub(super) fn not_executable(program: &Path) -> Self {
        Self::ToolBroken {
            reason: "it is not executable".to_owned(),
            help: format!("ls -l {}", shell_word(program)),
        }
    }

    pub(super) fn of_start(fault: &NotStartable, program: &Path) -> Self {
        Self::ToolBroken {
            reason: fault.to_string(),
            help: format!("head -n 1 {}", shell_word(program)),
        }
    }
}

fn meaning(means: Meaning) -> &'static str {
    match means {
        Meaning::Missing => "there is no such secret",
        Meaning::SignedOut => "you are not signed in",
        Meaning::Denied => "you may not read it",
        Meaning::Network => "the server cannot be reached",
    }
}

fn failed(means: Option<Meaning>, code: Option<i32>, message: &ToolMessage) -> String {
    let what = match (means, code) {
        (Some(means), _) => meaning(means).to_owned(),
        (None, Some(code)) => format!("the program failed with code {code}"),
        (None, None) => "the program died of a signal".to_owned(),
    };
    format!("{what}{}", message.appended())
}

/// What a program wrote about its failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolMessage {
    Silent,
    Said(String),
    /// It wrote nothing; the row says this.
    Noted(String),
    /// Not shown, because it may contain a secret.
    Withheld,
}

impl ToolMessage {
    fn appended(&self) -> String {
        match self {
            Self::Silent => String::new(),
            Self::Said(text) => format!(": {}", text.replace('\n', " / ")),
            Self::Noted(note) => format!(", {note}"),
            Self::Withheld => "; its message is withheld, as it may contain a secret".to_owned(),
        }
    }
}

/// Why a call has no value for one of its references.
pub(super) enum FetchFault {
    Answer(AnswerFault),
    Reported(Meaning, String),
}

impl From<AnswerFault> for FetchFault {
    fn from(fault: AnswerFault) -> Self {
        Self::Answer(fault)
    }
}
