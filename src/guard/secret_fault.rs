//! Why there is no value for a secret.

use super::refusal::typed_secret;
use crate::diagnostics::Code;
use crate::names::{EnvName, SecretRef, shell_word, visible};
use crate::providers::{Fault, ProviderId, ToolMessage};

/// A secret that is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretFault {
    /// The variable it was to fill.
    pub env: EnvName,
    /// What was looked up.
    pub reference: SecretRef,
    /// By whom.
    pub provider: ProviderId,
    /// Why there is no value.
    pub fault: Fault,
}

impl SecretFault {
    /// Returns its row in the table of codes.
    pub fn code(&self) -> Code {
        match self.fault {
            Fault::Unset => Code::SecretMissing,
            Fault::Unusable(_) => Code::SecretInvalid,
            Fault::ToolMissing(_) | Fault::ToolUntrusted(_) => Code::ProviderMissing,
            Fault::ToolChanged(_) => Code::ChangedSincePlan,
            Fault::ToolFailed { .. }
            | Fault::ToolTimedOut(_)
            | Fault::ToolStopped
            | Fault::ToolFlooded(_)
            | Fault::ToolBroken(_) => Code::ProviderFailed,
        }
    }

    /// Says what is missing, and why. Never a value.
    pub fn reason(&self) -> String {
        let reference = visible(self.reference.as_str());
        let why = match &self.fault {
            Fault::Unset => format!("the variable `{reference}` is not set"),
            Fault::Unusable(unusable) => unusable.to_string(),
            Fault::ToolMissing(tool) => format!("the program `{tool}` is not on PATH"),
            Fault::ToolUntrusted(suspicion) => suspicion.reason(),
            Fault::ToolChanged(path) => format!(
                "the program {} is not the one that was planned",
                shell_word(path)
            ),
            Fault::ToolFailed { code, message } => failed(*code, message),
            Fault::ToolTimedOut(seconds) => format!("no answer within {seconds} seconds"),
            Fault::ToolStopped => "the program wants to ask on the terminal".to_owned(),
            Fault::ToolFlooded(limit) => format!("the answer is longer than {limit} bytes"),
            Fault::ToolBroken(error) => format!("the program cannot be called: {error}"),
        };
        format!(
            "`{}` from {} {reference}: {why}",
            self.env,
            self.provider.as_str()
        )
    }

    /// Returns the next step.
    pub fn help(&self) -> Option<String> {
        let hint = self.provider.row().hint();
        match &self.fault {
            Fault::Unset => Some(typed_secret(&visible(self.reference.as_str()))),
            Fault::ToolMissing(tool) => {
                let then = hint.map(|hint| format!(", then: {hint}"));
                Some(format!("install `{tool}`{}", then.unwrap_or_default()))
            }
            Fault::ToolUntrusted(suspicion) => Some(suspicion.help()),
            Fault::ToolChanged(path) => Some(format!("ls -l {}", shell_word(path))),
            Fault::ToolFailed { .. }
            | Fault::ToolTimedOut(_)
            | Fault::ToolStopped
            | Fault::ToolBroken(_) => hint.map(str::to_owned),
            Fault::Unusable(_) | Fault::ToolFlooded(_) => None,
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
        ToolMessage::Said(words) => format!("{end}: {}", words.replace('\n', " / ")),
        ToolMessage::Withheld => {
            format!("{end}; its message is withheld, it may hold a secret value")
        }
    }
}
