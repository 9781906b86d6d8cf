//! Where secret values come from. To add a provider: write its file, add its
//! row to [`ProviderId`], follow the compiler.

mod env;
mod one_password;
mod redactor;
mod secret;
mod spelling;
mod tool;

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use crate::host::{Host, HostView, InsecurePath, Signal};
use crate::names::SecretRef;

pub use redactor::Redactor;
pub use secret::{Secret, Unusable};
pub use tool::Tool;

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

            pub fn row(self) -> &'static dyn Provider {
                match self { $(Self::$variant => &$row,)* }
            }
        }
    };
}

providers! {
    /// A variable in the environment of qli; `ref` is its name.
    Env = "env" env::Env,
    /// 1Password, by its command-line tool `op`; `ref` is `op://vault/item/field`.
    OnePassword = "one_password" one_password::OnePassword,
}

/// One source of secret values.
pub trait Provider: Sync {
    /// Returns what a reference must look like, if this one does not.
    fn check(&self, reference: &str) -> Result<(), &'static str>;

    /// The program that it calls, if it calls one.
    fn tool(&self) -> Option<&'static str> {
        None
    }

    /// The command that usually helps when the program gives no value.
    fn hint(&self) -> Option<&'static str> {
        None
    }

    /// Why a fetch would fail, as far as that is known without calling another
    /// program.
    fn obstacle(&self, wanted: &Lookup<'_>, view: &dyn HostView) -> Option<ProviderFault>;

    /// The value, if it is available without calling another program.
    fn local_value(&self, _: &Lookup<'_>, _: &dyn HostView) -> Option<Secret> {
        None
    }

    fn fetch(
        &self,
        wanted: &Lookup<'_>,
        stderr: StderrPolicy,
        host: &mut dyn Host,
    ) -> Result<Secret, FetchError>;
}

/// What is looked up, and by which program.
#[derive(Debug, Clone, Copy)]
pub struct Lookup<'a> {
    /// In the provider's grammar.
    pub reference: &'a SecretRef,
    pub tool: &'a Tool,
}

/// Whether the message of a program that fails is shown.
///
/// No search finds a value in every form a program may print it: broken by a line
/// end, truncated, coloured. So the message is shown only if the program can know
/// no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StderrPolicy {
    /// No value has been fetched yet.
    Shown,
    /// The program may know one: from its environment, or from a call before.
    Withheld,
}

/// Why there is no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderFault {
    /// The variable is not set.
    Unset,
    /// The value cannot be passed on.
    Unusable(Unusable),
    /// The program is not installed.
    ToolMissing(&'static str),
    /// Another user may change the program.
    ToolUntrusted(InsecurePath),
    /// The program is not the planned one.
    ToolChanged(PathBuf),
    ToolFailed {
        /// None if it died of a signal.
        code: Option<i32>,
        message: ToolMessage,
    },
    /// After so many seconds.
    ToolTimedOut(u64),
    /// The program wants to ask on the terminal.
    ToolStopped,
    /// The program wrote more than so many bytes.
    ToolFlooded(usize),
    /// The program could not be started or watched.
    ToolBroken(String),
}

/// What a failed program wrote to its standard error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolMessage {
    Silent,
    Said(String),
    /// Not shown, because it may contain a secret.
    Withheld,
}

#[derive(Debug)]
pub enum FetchError {
    /// A signal ended the run meanwhile.
    Interrupted(Signal),
    Fault(ProviderFault),
}

impl From<ProviderFault> for FetchError {
    fn from(fault: ProviderFault) -> Self {
        Self::Fault(fault)
    }
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
