//! What every command works with: the system, the global options, and what
//! derives from both.

use std::io;

use super::global::{Global, TargetArgs};
use crate::diagnostics::{Diagnostic, Diagnostics, Location};
use crate::discovery::{GroupEntry, Roots, extension_name, group_entry, group_name};
use crate::dispatch::Exit;
use crate::guard::{Answer, Plan, Request};
use crate::host::{Stream, System, reason, write_stderr, write_stdout};
use crate::names::to_json_pretty;
use crate::report::{DiagnosticsDocument, Format, Message, Style, diagnostics};

pub(super) struct Context<'a> {
    pub(super) global: Global,
    pub(super) host: &'a mut System,
}

impl Context<'_> {
    /// Adds the global options that follow a command's name.
    pub(super) fn add(&mut self, after: &Global) -> &mut Self {
        self.global = std::mem::take(&mut self.global).merge(after);
        self
    }

    pub(super) fn roots(&self) -> Roots {
        Roots::of(&self.global.extensions, self.host)
    }

    /// The style of standard output. Each call reads the environment and queries the
    /// terminal.
    pub(super) fn stdout(&self) -> Style {
        Style::of(Stream::Stdout, self.global.color(), self.host)
    }

    pub(super) fn stderr(&self) -> Style {
        Style::of(Stream::Stderr, self.global.color(), self.host)
    }

    /// Reports on standard error.
    pub(super) fn say(&self, message: &Message) {
        write_stderr(&message.render(&self.stderr()));
    }

    /// Reports on standard error, unless `--quiet` is given.
    pub(super) fn note(&self, message: &Message) {
        if !self.global.quiet {
            self.say(message);
        }
    }

    /// Reports why the command failed.
    pub(super) fn fail(&self, message: &Message) -> Exit {
        self.say(message);
        Exit::USAGE
    }

    pub(super) fn put(&self, text: &str) -> Exit {
        self.put_or(text, Exit::DONE)
    }

    /// Writes data to standard output. A reader that closed the pipe early is not
    /// an error (EPIPE).
    pub(super) fn put_or(&self, text: &str, exit: Exit) -> Exit {
        match write_stdout(text.as_bytes()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => self.unwritable(&error),
            _ => exit,
        }
    }

    pub(super) fn unwritable(&self, error: &io::Error) -> Exit {
        let reason = reason(error);
        self.fail(&Message::error(format!(
            "cannot write to standard output: {reason}"
        )))
    }

    /// Writes what was found, or reports why it cannot be.
    pub(super) fn put_found(&self, text: Result<String, Diagnostics>, format: Format) -> Exit {
        match text {
            Ok(text) => self.put(&text),
            Err(found) => self.no_plan(&found, format),
        }
    }

    pub(super) fn plan(&self, target: &TargetArgs) -> Result<Plan, Diagnostics> {
        let (extension, args) = target.words.split_first().unwrap_or((&target.group, &[]));
        let request = Request {
            group: group_name(&target.group)?,
            extension: extension_name(extension)?,
            args: args.to_vec(),
            roots: self.roots(),
            answer: match &self.global.confirm {
                Some(name) => Answer::NameGiven(name.to_string_lossy().into_owned()),
                None if self.global.yes => Answer::YesGiven,
                None => Answer::AskPerson,
            },
        };
        Plan::of(&request, self.host)
    }

    pub(super) fn group_entry(&self, target: &TargetArgs) -> Result<GroupEntry, Diagnostics> {
        let name = group_name(&target.group)?;
        group_entry(&name, &self.roots(), self.host)
    }

    /// Reports why no plan could be made.
    pub(super) fn no_plan(&self, found: &Diagnostics, format: Format) -> Exit {
        let exit = no_plan_exit(found);
        match format {
            Format::Json => {
                let document = DiagnosticsDocument::new(manifests_in(found), found);
                self.put_or(&to_json_pretty(&document), exit)
            }
            Format::Human => {
                write_stderr(&diagnostics(found, &self.stderr()));
                exit
            }
        }
    }
}

/// The exit code of `run` and `explain` without a plan: names decide first (127),
/// then the script (126), then the rest (125).
fn no_plan_exit(found: &Diagnostics) -> Exit {
    let code = found.iter().map(|one| one.code.run_exit()).max();
    code.map_or(Exit::REFUSED, Exit::Code)
}

/// How many manifests the problems are in: only one group was read, so one, or
/// none if the problem is a name.
fn manifests_in(found: &Diagnostics) -> usize {
    let in_text = |one: &Diagnostic| {
        matches!(one.location, Location::Text { .. }) && !one.path().starts_with("embedded:")
    };
    usize::from(found.iter().any(in_text))
}
