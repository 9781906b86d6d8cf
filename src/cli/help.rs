//! `qli help`: a command, a topic of the manual, or what a message means.

use std::ffi::OsString;

use clap::CommandFactory;

use super::args::{Cli, Global};
use super::{put, short};
use crate::diagnostics::{Code, nearest};
use crate::dispatch::Exit;
use crate::host::{Stream, System, write_stderr};
use crate::names::{COMMANDS, instead_of, shell_word, visible};
use crate::report::{Style, TOPICS, manual, topic};

/// Shows what is asked for.
pub(super) fn exec(global: &Global, words: &[OsString], host: &System) -> Exit {
    let style = Style::of(Stream::Stdout, global.color(), host);
    if let Some(page) = command(words, &style) {
        return put(&page);
    }
    let page = match words {
        [name] => name.to_str().and_then(|name| of_name(name, &style)),
        _ => None,
    };
    page.map_or_else(|| unknown(words), |page| put(&page))
}

fn of_name(name: &str, style: &Style) -> Option<String> {
    let of_topic = topic(name).map(|topic| manual(topic.text, style));
    of_topic.or_else(|| Code::find(name).map(Code::page))
}

/// Returns the long help of a command, named by its words.
fn command(words: &[OsString], style: &Style) -> Option<String> {
    let mut root = tree().term_width(style.width);
    root.build();
    let mut found = &mut root;
    for word in words {
        found = found.find_subcommand_mut(word)?;
    }
    let help = found.render_long_help();
    Some(if style.color {
        help.ansi().to_string()
    } else {
        help.to_string()
    })
}

/// The tree of commands, with the topics behind it.
pub(super) fn tree() -> clap::Command {
    Cli::command().after_help(topics())
}

fn topics() -> String {
    let lines = TOPICS
        .iter()
        .map(|topic| format!("  {:12}  {}\n", topic.name, topic.summary));
    let lines: String = lines.collect();
    format!(
        "Topics, by qli help <TOPIC>:\n{lines}\n\
         Without a command `run` is meant: qli <GROUP> <EXTENSION> [ARGS]..."
    )
}

fn unknown(words: &[OsString]) -> Exit {
    let words: Vec<_> = words.iter().map(visible).collect();
    let wanted = words.join(" ");
    let topics = TOPICS.iter().map(|topic| topic.name);
    let codes = Code::ALL.iter().map(|code| code.name());
    let known = COMMANDS.iter().copied().chain(topics).chain(codes);
    let next = match nearest(&wanted, known) {
        Some(near) => format!("did you mean `qli help {near}`?"),
        None => "`qli help` lists commands and topics".to_owned(),
    };
    write_stderr(&format!(
        "qli: there is no command, topic or message `{wanted}`\n     {next}\n"
    ));
    Exit::USAGE
}

/// Says that a line begins with a name that is kept for a later version.
pub(super) fn kept(args: &[OsString]) -> Option<String> {
    let kept = short::kept_name(args)?;
    let instead = instead_of(kept).map(|typed| format!("did you mean `{typed}`?\n     "));
    let instead = instead.unwrap_or_default();
    Some(format!(
        "qli: `{kept}` is a name of qli itself, and this version has no such command\n     {instead}\
         to run a group of that name: qli run {} <EXTENSION>\n",
        shell_word(kept)
    ))
}
