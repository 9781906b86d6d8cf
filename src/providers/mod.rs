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
        /// The provider that a secret's value is asked from.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum ProviderId { $($(#[doc = $doc])* $variant,)* }

        impl ProviderId {
            /// Every provider, in the order people should consider them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Returns its name in a manifest.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Returns its implementation.
            pub fn row(self) -> &'static dyn Provider {
                match self { $(Self::$variant => &$row,)* }
            }
        }
    };
}

providers! {
    /// A variable of the environment that qli itself was started in; `ref` is
    /// its name.
    Env = "env" env::Env,
    /// 1Password, by its command-line tool `op`; `ref` is `op://vault/item/field`.
    OnePassword = "one_password" one_password::OnePassword,
}

/// One source of secret values.
pub trait Provider: Sync {
    /// Says what a reference must look like, if this one does not.
    fn check(&self, reference: &str) -> Result<(), &'static str>;

    /// Names the program that it calls, if it calls one.
    fn tool(&self) -> Option<&'static str>;

    /// Names the command that usually helps when the program gives no value.
    fn hint(&self) -> Option<&'static str>;

    /// Says why a fetch would fail, as far as that is known without calling
    /// another program.
    fn obstacle(&self, wanted: &Lookup<'_>, view: &dyn HostView) -> Option<ProviderFault>;

    /// Returns the value if looking is enough to know it.
    fn local_value(&self, wanted: &Lookup<'_>, view: &dyn HostView) -> Option<Secret>;

    /// Fetches a value.
    fn fetch(
        &self,
        wanted: &Lookup<'_>,
        words: StderrPolicy,
        host: &mut dyn Host,
    ) -> Result<Secret, FetchError>;
}

/// What is looked up, and by which program.
#[derive(Debug, Clone, Copy)]
pub struct Lookup<'a> {
    /// The reference, in the provider's grammar.
    pub reference: &'a SecretRef,
    /// Where the provider's program is; [`Tool::None`] if it needs none.
    pub tool: &'a Tool,
}

/// What becomes of the words of a program that fails.
///
/// No search finds a value in every form a program may give it: broken by a
/// line end, cut short, coloured. So they are shown only while there is no
/// value that they could hold.
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
    /// There is a value that cannot be handed over.
    Unusable(Unusable),
    /// The provider's program is not installed.
    ToolMissing(&'static str),
    /// Somebody else may change the provider's program.
    ToolUntrusted(InsecurePath),
    /// The provider's program is not the one that was planned.
    ToolChanged(PathBuf),
    /// The program ended with an error.
    ToolFailed {
        /// Its exit code; none when it died of a signal.
        code: Option<i32>,
        /// What it said.
        message: ToolMessage,
    },
    /// The program took too long, in seconds.
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
    /// Nothing.
    Silent,
    /// These words.
    Said(String),
    /// Words that may hold a secret value, and are therefore not shown.
    Withheld,
}

/// Why a fetch gave nothing.
#[derive(Debug)]
pub enum FetchError {
    /// A signal ended the run meanwhile.
    Interrupted(Signal),
    /// The provider has no value.
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
