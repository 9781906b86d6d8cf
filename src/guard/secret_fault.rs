//! Why a run has no value for a secret, as messages say it.

use super::{Detail, NextStep, WantedSecret};
use crate::diagnostics::Code;
use crate::names::{shell_path, shell_word};
use crate::providers::{AnswerFault, FileFault, Meaning, ProviderFault};

/// Why there is no value for a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretFault {
    pub secret: WantedSecret,
    pub fault: ProviderFault,
}

impl SecretFault {
    pub fn code(&self) -> Code {
        match &self.fault {
            ProviderFault::Unset
            | ProviderFault::Answer(
                AnswerFault::Absent | AnswerFault::Folder | AnswerFault::Placeholder(_),
            ) => Code::SecretMissing,
            ProviderFault::ToolFailed {
                means: Some(means), ..
            }
            | ProviderFault::Reported(means, _) => code_of(*means),
            ProviderFault::Unusable(_)
            | ProviderFault::Answer(AnswerFault::Not(_) | AnswerFault::NoText(_))
            | ProviderFault::ToolFlooded(_) => Code::SecretMalformed,
            ProviderFault::ToolMissing(_)
            | ProviderFault::ToolAbsent(_)
            | ProviderFault::ToolUntrusted(_) => Code::ProviderMissing,
            ProviderFault::File(fault) => code_of_file(fault),
            ProviderFault::ToolChanged(_) => Code::ChangedSincePlan,
            ProviderFault::ToolTimedOut(_) => Code::SecretTimeout,
            ProviderFault::ToolStopped | ProviderFault::NoTerminal => Code::SecretSignedOut,
            ProviderFault::NoPath(_)
            | ProviderFault::ToolFailed { means: None, .. }
            | ProviderFault::ToolBroken { .. } => Code::SecretFailed,
        }
    }

    /// What is missing, and why, without any value.
    pub fn reason(&self) -> String {
        let secret = &self.secret;
        let reference = &secret.reference;
        let why = if self.fault == ProviderFault::Unset {
            format!("the variable `{reference}` is not set")
        } else {
            self.fault.to_string()
        };
        let provider = secret.provider.name();
        reference.hidden_in(format!(
            "`{}` from {provider} {reference}: {why}",
            secret.env
        ))
    }

    pub(super) fn detail(&self) -> Detail {
        Detail::refused(self.reason(), self.secret.demanded_by)
    }

    /// What to type next; none for a variable that is not set, which
    /// [`Refusal::next_steps`](super::Refusal::next_steps) sets in the command.
    pub fn next_step(&self) -> Option<NextStep> {
        let NextStep { label, command } = self.step()?;
        let command = self.secret.reference.hidden_in(command);
        Some(NextStep { label, command })
    }

    fn step(&self) -> Option<NextStep> {
        match &self.fault {
            ProviderFault::ToolMissing(tool) => {
                let label = format!("install `{tool}`, then");
                let sign_in = self.sign_in();
                Some(NextStep::new(
                    label,
                    sign_in.unwrap_or("qli doctor".to_owned()),
                ))
            }
            ProviderFault::ToolAbsent(path) => {
                let command = format!("ls -ld {}", shell_word(path));
                Some(NextStep::to_see_why(command))
            }
            ProviderFault::ToolUntrusted(insecure) => Some(NextStep::to_fix_it(insecure.help())),
            ProviderFault::ToolChanged(path) => {
                let command = format!("ls -l {}", shell_word(path));
                Some(NextStep::new("look at it", command))
            }
            ProviderFault::File(fault) => after_file(fault),
            ProviderFault::ToolBroken { help, .. } => Some(NextStep::to_see_why(help.clone())),
            ProviderFault::ToolFailed {
                means: Some(means), ..
            }
            | ProviderFault::Reported(means, _) => self.after(*means),
            ProviderFault::ToolFailed { .. }
            | ProviderFault::ToolTimedOut(_)
            | ProviderFault::ToolStopped
            | ProviderFault::NoTerminal => {
                let is_signed_out = self.code() == Code::SecretSignedOut;
                let label = if is_signed_out {
                    "to sign in"
                } else {
                    "if you are signed out"
                };
                Some(NextStep::new(label, self.sign_in()?))
            }
            ProviderFault::Unset
            | ProviderFault::Unusable(_)
            | ProviderFault::NoPath(_)
            | ProviderFault::Answer(_)
            | ProviderFault::ToolFlooded(_) => None,
        }
    }

    /// What to type after a failure that the program explains.
    fn after(&self, means: Meaning) -> Option<NextStep> {
        match means {
            Meaning::Missing => None,
            Meaning::SignedOut => Some(NextStep::new("to sign in", self.sign_in()?)),
            Meaning::Denied => Some(NextStep::new("with another account", self.sign_in()?)),
            Meaning::Network => {
                let probe = &self.secret.tool()?.probe;
                let asks = || NextStep::to_see_why("qli doctor --online".to_owned());
                (!probe.is_empty()).then(asks)
            }
        }
    }

    fn sign_in(&self) -> Option<String> {
        self.secret
            .tool()?
            .sign_in_command(self.secret.reference.as_str())
    }
}

fn code_of_file(fault: &FileFault) -> Code {
    match fault {
        FileFault::Absent(_)
        | FileFault::NoCredentials
        | FileFault::RelativeCredentials
        | FileFault::NoKey { .. } => Code::SecretMissing,
        FileFault::TooLarge(_) | FileFault::Malformed { .. } => Code::SecretMalformed,
        FileFault::NoPath(_) | FileFault::Untrusted(_) | FileFault::Unreadable { .. } => {
            Code::SecretFailed
        }
    }
}

fn after_file(fault: &FileFault) -> Option<NextStep> {
    Some(match fault {
        FileFault::Absent(path) => {
            let directory = shell_path(path.parent().unwrap_or(path));
            NextStep::new("to see what is there", format!("ls -la {directory}"))
        }
        FileFault::NoCredentials | FileFault::RelativeCredentials => {
            let command = "ls /run/credentials  # a directory for each service";
            NextStep::new("to see which services have some", command)
        }
        FileFault::Untrusted(insecure) => NextStep::to_fix_it(insecure.help()),
        FileFault::Unreadable { help, .. } => NextStep::to_see_why(help.clone()),
        FileFault::TooLarge(path) => {
            NextStep::new("to see its size", format!("ls -l {}", shell_path(path)))
        }
        FileFault::NoPath(_) | FileFault::NoKey { .. } | FileFault::Malformed { .. } => {
            return None;
        }
    })
}

fn code_of(means: Meaning) -> Code {
    match means {
        Meaning::Missing => Code::SecretMissing,
        Meaning::SignedOut => Code::SecretSignedOut,
        Meaning::Denied => Code::SecretDenied,
        Meaning::Network => Code::SecretUnreachable,
    }
}
