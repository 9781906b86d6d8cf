//! Why there is no value for a secret.

use super::secrets::WantedSecret;
use super::{Detail, NextStep};
use crate::diagnostics::Code;
use crate::names::{shell_word, visible};
use crate::providers::{ProviderFault as Fault, ToolMessage};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretFault {
    pub secret: WantedSecret,
    pub fault: Fault,
}

impl SecretFault {
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

    /// What is missing, and why. Never a value.
    pub fn reason(&self) -> String {
        let secret = &self.secret;
        let reference = visible(secret.reference.as_str());
        let why = match &self.fault {
            Fault::Unset => format!("the variable `{reference}` is not set"),
            Fault::Unusable(unusable) => unusable.to_string(),
            Fault::ToolMissing(tool) => format!("the program `{tool}` is not on PATH"),
            Fault::ToolUntrusted(insecure) => insecure.reason(),
            Fault::ToolChanged(path) => {
                format!("the program {} is not the planned one", shell_word(path))
            }
            Fault::ToolFailed { code, message } => failed(*code, message),
            Fault::ToolTimedOut(seconds) => format!("no answer within {seconds} seconds"),
            Fault::ToolStopped => "the program wants to ask on the terminal".to_owned(),
            Fault::ToolFlooded(limit) => format!("the answer is longer than {limit} bytes"),
            Fault::ToolBroken(error) => format!("the program cannot be called: {error}"),
        };
        let provider = secret.provider.as_str();
        format!("`{}` from {provider} {reference}: {why}", secret.env)
    }

    pub(super) fn detail(&self) -> Detail {
        Detail::refused(self.reason(), self.secret.demanded_by)
    }

    /// What to type next; none for a variable that is not set, which a command
    /// line sets for one run.
    pub fn next_step(&self) -> Option<NextStep> {
        let hint = self.secret.provider.row().hint();
        match &self.fault {
            Fault::ToolMissing(tool) => {
                let label = format!("install `{tool}`, then");
                Some(NextStep::new(label, hint.unwrap_or("qli doctor")))
            }
            Fault::ToolUntrusted(insecure) => Some(NextStep::to_fix_it(insecure.help())),
            Fault::ToolChanged(path) => {
                let command = format!("ls -l {}", shell_word(path));
                Some(NextStep::new("look at it", command))
            }
            Fault::ToolFailed { .. }
            | Fault::ToolTimedOut(_)
            | Fault::ToolStopped
            | Fault::ToolBroken(_) => Some(NextStep::new("if you are signed out", hint?)),
            Fault::Unset | Fault::Unusable(_) | Fault::ToolFlooded(_) => None,
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
