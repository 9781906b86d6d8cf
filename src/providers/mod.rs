//! Where secret values come from. To add a provider: write its file, add its row to
//! `providers!`, follow the compiler.

mod env;
mod one_password;
mod redactor;
mod secret;
mod tool;

use std::io;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use crate::host::{HostView, InsecurePath, NotStartable, Signal, diagnosis, reason};
use crate::names::{SecretRef, shell_word};

pub use redactor::Redactor;
pub use secret::{Secret, Unusable};
pub use tool::{FoundTool, Tool, ToolContents};

/// Declares the table: the variant, its name in a manifest, its row.
macro_rules! providers {
    ($($(#[doc = $doc:literal])* $variant:ident = $name:literal $row:expr,)*) => {
        /// The provider that a secret's value is fetched from.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum ProviderId { $($(#[doc = $doc])* $variant,)* }

        impl ProviderId {
            /// In the order in which they should be considered.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in a manifest.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            pub fn row(self) -> &'static Provider {
                match self { $(Self::$variant => &$row,)* }
            }
        }
    };
}

providers! {
    /// A variable in the environment of qli; `ref` is its name.
    Env = "env" env::ENV,
    /// 1Password, by its command-line tool `op`; `ref` is `op://vault/item/field`.
    OnePassword = "one_password" one_password::ONE_PASSWORD,
}

/// One source of secret values.
#[derive(Debug)]
pub struct Provider {
    /// Returns what a reference must look like if this one is not valid.
    pub check: fn(&str) -> Result<(), &'static str>,
    pub source: Source,
}

#[derive(Debug)]
pub enum Source {
    /// No program is called for a value.
    Local(fn(&SecretRef, &dyn HostView) -> Result<Secret, ProviderFault>),
    Tool(Tool),
}

impl Provider {
    pub fn tool(&self) -> Option<&Tool> {
        match &self.source {
            Source::Local(_) => None,
            Source::Tool(tool) => Some(tool),
        }
    }

    /// The value, if no program is called for it.
    pub fn local(
        &self,
        reference: &SecretRef,
        view: &dyn HostView,
    ) -> Option<Result<Secret, ProviderFault>> {
        match self.source {
            Source::Local(value) => Some(value(reference, view)),
            Source::Tool(_) => None,
        }
    }
}

/// Whether the message of a program that fails is shown.
///
/// A program may print a value in a form that no search finds: wrapped, truncated,
/// coloured. So its message is shown only if it cannot know a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StderrPolicy {
    /// No value has been fetched yet.
    Shown,
    /// The program may know one: from its environment, or from an earlier call.
    Withheld,
}

/// Why there is no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderFault {
    #[error("the variable is not set")]
    Unset,
    #[error(transparent)]
    Unusable(#[from] Unusable),
    #[error("the program `{0}` is not on PATH")]
    ToolMissing(&'static str),
    /// Another user may change the program.
    #[error("{}", .0.reason())]
    ToolUntrusted(InsecurePath),
    #[error("the program {} is not the planned one", shell_word(.0))]
    ToolChanged(PathBuf),
    #[error("{}", failed(*code, message))]
    ToolFailed {
        /// None if it died of a signal.
        code: Option<i32>,
        message: ToolMessage,
    },
    #[error("no answer within {0} seconds")]
    ToolTimedOut(u64),
    #[error("the program wants to ask on the terminal")]
    ToolStopped,
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
    fn of_call(error: &io::Error, program: &Path) -> Self {
        Self::ToolBroken {
            reason: reason(error),
            help: diagnosis(error, program),
        }
    }

    fn of_start(fault: &NotStartable, program: &Path) -> Self {
        Self::ToolBroken {
            reason: fault.to_string(),
            help: format!("head -n 1 {}", shell_word(program)),
        }
    }
}

fn failed(code: Option<i32>, message: &ToolMessage) -> String {
    let end = match code {
        Some(code) => format!("the program failed with code {code}"),
        None => "the program died of a signal".to_owned(),
    };
    match message {
        ToolMessage::Silent => end,
        ToolMessage::Said(text) => format!("{end}: {}", text.replace('\n', " / ")),
        ToolMessage::Withheld => {
            format!("{end}; its message is withheld, as it may contain a secret")
        }
    }
}

/// What a failed program wrote to its standard error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolMessage {
    Silent,
    Said(String),
    /// Not shown, because it may contain a secret.
    Withheld,
}

#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error("{} arrived during the call", .0.name())]
    Interrupted(Signal),
    #[error(transparent)]
    Fault(#[from] ProviderFault),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_provider_has_the_name_that_is_serialised() {
        for id in ProviderId::ALL {
            assert_eq!(serde_json::to_value(id).unwrap(), id.as_str());
        }
    }
}
