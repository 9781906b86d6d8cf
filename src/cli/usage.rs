//! Usage errors from clap, in the layout of every other error.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "clap's kinds of errors are not exhaustive"
)]

use std::ffi::OsString;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::context::Context;
use crate::diagnostics::one_of;
use crate::dispatch::Exit;
use crate::host::write_stderr;
use crate::names::is_command;
use crate::report::Message;

/// Shows help, or reports what is wrong with the arguments.
pub(super) fn report(error: &clap::Error, args: &[OsString], cx: &Context<'_>) -> Exit {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            cx.put(&colored(&error.render(), cx.stdout().color))
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            write_stderr(&colored(&error.render(), cx.stderr().color));
            Exit::USAGE
        }
        _ => cx.fail(&message(error, args)),
    }
}

pub(super) fn colored(text: &StyledStr, color: bool) -> String {
    if color {
        text.ansi().to_string()
    } else {
        text.to_string()
    }
}

fn message(error: &clap::Error, args: &[OsString]) -> Message {
    let mut message = Message::error(what(error));
    let values = strings(error, ContextKind::ValidValue);
    if !values.is_empty() {
        let values = one_of(values.iter().map(String::as_str));
        message = message.line(format!("it must be {values}"));
    }
    let suggested = [
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedArg,
        ContextKind::SuggestedValue,
    ];
    let suggested = suggested.map(|kind| strings(error, kind)).concat();
    if !suggested.is_empty() {
        let suggested = one_of(suggested.iter().map(String::as_str));
        message = message.line(format!("did you mean {suggested}?"));
    }
    let usage = match error.get(ContextKind::Usage) {
        Some(ContextValue::StyledStr(usage)) => usage.to_string(),
        _ => return message.step("show help", help_of(args)),
    };
    let usage = usage.trim_start_matches("Usage:").trim();
    let is_name = |word: &&str| word.starts_with(|c: char| c.is_ascii_lowercase());
    let command: Vec<_> = usage.split_whitespace().take_while(is_name).collect();
    message
        .step("usage", usage.lines().next().unwrap_or_default())
        .step("show help", format!("{} --help", command.join(" ")))
}

/// The help of the typed command: clap does not name it for a wrong value.
fn help_of(args: &[OsString]) -> String {
    let words = args.iter().filter_map(|arg| arg.to_str());
    let mut words = words.skip_while(|word| word.starts_with('-'));
    match (words.next(), words.next()) {
        (Some(group @ ("audit" | "ext")), Some(name)) => format!("qli {group} {name} --help"),
        (Some(name), _) if is_command(name) => format!("qli {name} --help"),
        _ => "qli --help".to_owned(),
    }
}

/// The first line. Errors that qli's arguments cannot cause keep clap's wording.
fn what(error: &clap::Error) -> String {
    let name = |kind| strings(error, kind).into_iter().next().unwrap_or_default();
    let arg = || name(ContextKind::InvalidArg);
    let value = || name(ContextKind::InvalidValue);
    match error.kind() {
        ErrorKind::UnknownArgument => format!("unexpected argument `{}`", arg()),
        ErrorKind::InvalidSubcommand => {
            format!("unknown command `{}`", name(ContextKind::InvalidSubcommand))
        }
        ErrorKind::MissingRequiredArgument => {
            let missing = strings(error, ContextKind::InvalidArg);
            format!("missing argument {}", missing.join(" "))
        }
        ErrorKind::InvalidValue if value().is_empty() => format!("`{}` needs a value", arg()),
        ErrorKind::InvalidValue => format!("invalid value `{}` for `{}`", value(), arg()),
        ErrorKind::ArgumentConflict => match strings(error, ContextKind::PriorArg).as_slice() {
            [prior, ..] if *prior != arg() => {
                format!("`{}` cannot be used with `{prior}`", arg())
            }
            _ => format!("`{}` cannot be used more than once", arg()),
        },
        _ => {
            let rendered = error.to_string();
            let first = rendered.lines().next().unwrap_or_default();
            first.trim_start_matches("error: ").to_owned()
        }
    }
}

fn strings(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(one)) => vec![one.clone()],
        Some(ContextValue::Strings(all)) => all.clone(),
        _ => Vec::new(),
    }
}
