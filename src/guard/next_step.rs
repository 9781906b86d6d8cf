//! What to type after a refusal: commands that do the least, for this one run.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::ops::Range;
use std::path::Path;

use nix::errno::Errno;

use super::{Miss, Plan, Refusal, SecretFault, StartFailure};
use crate::discovery::{with_lf_line_ends, with_split_words};
use crate::host::{NotStartable, Unfit, beyond_the_path, diagnosis, is_crlf, is_several_words};
use crate::names::{GroupName, Text, shell_line, shell_word};
use crate::providers::ProviderFault;

/// A command, and when to type it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextStep {
    pub label: Cow<'static, str>,
    pub command: String,
}

impl NextStep {
    pub fn new(label: impl Into<Cow<'static, str>>, command: impl Into<String>) -> Self {
        let (label, command) = (label.into(), command.into());
        Self { label, command }
    }

    /// After a write to a log failed.
    pub(super) fn after_write(error: &io::Error, log: &Path) -> Self {
        // A log that takes only a part of a record is on a full disk.
        let full = io::Error::from(Errno::ENOSPC);
        let is_short = error.kind() == io::ErrorKind::WriteZero;
        let error = if is_short { &full } else { error };
        let command = beyond_the_path(error, log.parent().unwrap_or(log));
        command.map_or_else(Self::to_check_the_log, Self::to_see_why)
    }

    pub(super) fn to_check_the_log() -> Self {
        Self::new("to check the log", "qli doctor")
    }

    pub(super) fn to_see_why(command: String) -> Self {
        Self::new("to see why", command)
    }

    pub(super) fn to_fix_it(command: String) -> Self {
        Self::new(TO_FIX_IT, command)
    }
}

const TO_FIX_IT: &str = "to fix it";

/// In one line, for a list of problems.
impl fmt::Display for NextStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.label.as_ref() {
            TO_FIX_IT => f.write_str(&self.command),
            label => write!(f, "{label}: {}", self.command),
        }
    }
}

/// The command line of a plan.
#[derive(Debug, Clone, Copy)]
pub struct CommandLine<'a> {
    /// qli with the options that find the group.
    pub qli: &'a str,
    pub plan: &'a Plan,
}

impl CommandLine<'_> {
    /// The command that runs the plan with more options and with these arguments. If the
    /// planned ones contain a secret, a placeholder replaces them that is a syntax error
    /// in a shell.
    fn run_with(self, options: &str, args: &[Text]) -> String {
        let (group, extension) = (&self.plan.group, &self.plan.extension);
        let args = if self.plan.args == self.plan.shown_args() {
            shell_line(args.iter().map(Text::as_os_str))
        } else {
            "<ARGS>".to_owned()
        };
        let line = format!("{}{options} {group} {extension} {args}", self.qli);
        line.trim_end().to_owned()
    }

    pub(super) fn run(self, options: &str) -> String {
        self.run_with(options, &self.plan.args)
    }

    /// Without arguments, which do not change the steps.
    pub fn explain(self) -> String {
        let (group, extension) = (&self.plan.group, &self.plan.extension);
        format!("{} explain {group} {extension}", self.qli)
    }

    /// The run with variables set for it alone. A value that is not shown is read from
    /// the terminal, without echo.
    fn with_variables<'v>(
        self,
        variables: impl Iterator<Item = (&'v str, Option<&'v str>)>,
    ) -> String {
        let parts = variables.map(|(name, value)| match value {
            Some(value) => (String::new(), format!("{name}={} ", shell_word(value))),
            None => (
                format!("read -rs {name} && "),
                format!("{name}=\"${name}\" "),
            ),
        });
        let (typed, set): (String, String) = parts.unzip();
        format!("{typed}{set}{}", self.run(""))
    }

    /// The run with the answer as an option, moved from the script's arguments if it was
    /// passed there.
    fn confirmed(self, name: Option<&GroupName>) -> String {
        let mut args = self.plan.args.clone();
        if let Some(misplaced) = self.misplaced_answer() {
            args.drain(misplaced);
        }
        match name {
            Some(name) => self.run_with(&format!(" --confirm {name}"), &args),
            None => self.run_with(" --yes", &args),
        }
    }

    fn misplaced_answer(self) -> Option<Range<usize>> {
        let args = &self.plan.args;
        let answers = ["--yes", "-y", "--confirm"].map(OsStr::new);
        let at = args
            .iter()
            .position(|arg| answers.contains(&arg.as_os_str()))?;
        let takes_value = args.get(at)?.as_os_str() == "--confirm";
        let end = if takes_value { at + 2 } else { at + 1 };
        Some(at..end.min(args.len()))
    }
}

impl Refusal {
    /// The answer to `confirm` that was passed to the script by mistake.
    pub fn misplaced_answer(&self, line: CommandLine<'_>) -> Option<String> {
        let missing = matches!(self, Self::NoTerminal(_));
        let at = line.misplaced_answer().filter(|_| missing)?.start;
        Some(line.plan.args.get(at)?.visible())
    }

    /// What to type next.
    pub fn next_steps(&self, line: CommandLine<'_>) -> Vec<NextStep> {
        let (label, command) = match self {
            Self::EnvDiffers(misses) => {
                let variables = misses.iter().map(variable);
                ("if that is what you mean", line.with_variables(variables))
            }
            Self::NoTerminal(name) | Self::TerminalLost(_, name) => {
                ("if you are sure", line.confirmed(name.as_ref()))
            }
            Self::TerminalUnknown(_, command) => ("to see why", command.clone()),
            Self::Declined(_) => ("to try again", line.run("")),
            Self::WrongName(_, name) => {
                let command = line.run(&format!(" --confirm {name}"));
                ("if you mean this group", command)
            }
            Self::LogObstacle(obstacle) => (TO_FIX_IT, obstacle.help.clone()),
            Self::LogFailed(step, _) => return vec![step.clone()],
            Self::LogLocked(log, _) => {
                ("to see which process", format!("fuser {}", shell_word(log)))
            }
            Self::NotDelivered(fault) => return vec![fault.next_step(line)],
            Self::SecretsMissing(faults) => return for_secrets(faults, line),
            Self::CannotStart(failure) => return failure.next_step(line).into_iter().collect(),
            Self::SystemFailed(_, step) => return step.iter().cloned().collect(),
            Self::Changed(_) | Self::Interrupted(..) => return Vec::new(),
        };
        vec![NextStep::new(label, command)]
    }
}

/// A variable with the value to set; none if it must not be shown.
fn variable(miss: &Miss) -> (&str, Option<&str>) {
    let value = (!miss.is_secret()).then_some(miss.wanted.value.as_str());
    (miss.wanted.name.as_str(), value)
}

fn for_secrets(faults: &[SecretFault], line: CommandLine<'_>) -> Vec<NextStep> {
    let unset = faults
        .iter()
        .filter(|one| one.fault == ProviderFault::Unset && !one.secret.reference.is_token());
    let mut unset: Vec<_> = unset.map(|one| one.secret.reference.as_str()).collect();
    unset.dedup();
    let typed = (!unset.is_empty()).then(|| {
        let variables = unset.into_iter().map(|name| (name, None));
        NextStep::new("to type the value", line.with_variables(variables))
    });
    let mut steps: Vec<_> = faults.iter().filter_map(SecretFault::next_step).collect();
    steps.dedup();
    typed.into_iter().chain(steps).collect()
}

const LARGEST: &str = "env -0 | awk -v RS='\\0' -F= '{ print length, $1 }' | sort -rn | head";

impl StartFailure {
    fn next_step(&self, line: CommandLine<'_>) -> Option<NextStep> {
        let (label, command) = match self {
            Self::TooLarge { .. } => ("to see the largest variables", LARGEST.to_owned()),
            Self::NotStartable(fault) => return Some(fault_next_step(fault)),
            Self::CopyDiffers(copy) => (TO_FIX_IT, format!("rm {}", shell_word(copy))),
            Self::NoCopy(..) => {
                let command = format!("XDG_CACHE_HOME=\"$(mktemp -d)\" {}", line.run(""));
                ("with another cache", command)
            }
            Self::NotExecutable { script, errno, .. } => {
                let error = io::Error::from_raw_os_error((*errno)?);
                return Some(NextStep::to_see_why(diagnosis(&error, script)));
            }
            Self::NotMasked(_, errno) => {
                let error = io::Error::from_raw_os_error((*errno)?);
                return Some(NextStep::to_see_why(diagnosis(
                    &error,
                    Path::new("/dev/ptmx"),
                )));
            }
            Self::Vanished(_) => return None,
        };
        Some(NextStep::new(label, command))
    }
}

/// What to type about a script that the system would not start.
fn fault_next_step(fault: &NotStartable) -> NextStep {
    let see = |label, path: &Path| NextStep::new(label, format!("file -L {}", shell_word(path)));
    let first_line = |script: &Path| {
        let command = format!("head -n 1 {}", shell_word(script));
        NextStep::new("to see its first line", command)
    };
    match fault {
        NotStartable::Program(path, _) => see("to see what it is", path),
        NotStartable::NotOnPath { script, name } if is_crlf(name) => {
            NextStep::to_fix_it(with_lf_line_ends(script))
        }
        NotStartable::NotOnPath { script, name: arg } | NotStartable::NoProgram { script, arg }
            if is_several_words(arg) =>
        {
            NextStep::new("to pass options", with_split_words(script))
        }
        NotStartable::TooNested(script)
        | NotStartable::NotOnPath { script, .. }
        | NotStartable::NoProgram { script, .. } => first_line(script),
        NotStartable::Interpreter {
            script,
            interpreter,
            fault,
        } => match fault {
            Unfit::Missing if is_crlf(interpreter.as_os_str()) => {
                NextStep::to_fix_it(with_lf_line_ends(script))
            }
            Unfit::Missing | Unfit::NotAFile(_) => first_line(script),
            Unfit::NoExecuteBit => {
                NextStep::to_fix_it(format!("chmod +x {}", shell_word(interpreter)))
            }
            Unfit::Dangling | Unfit::Denied(_) => {
                let path = shell_word(interpreter);
                NextStep::new("to see why", format!("ls -l {path}; findmnt -T {path}"))
            }
            Unfit::FirstLine => first_line(interpreter),
            Unfit::Format(_) => see("to see what it is", interpreter),
        },
    }
}
