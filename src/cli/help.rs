//! `qli help`: a command, a topic of the manual, or a code.

use std::ffi::{OsStr, OsString};

use clap::CommandFactory;

use super::args::Cli;
use super::context::Context;
use super::global::GROUP;
use super::short;
use super::usage::colored;
use crate::diagnostics::{Code, nearest};
use crate::dispatch::Exit;
use crate::names::{COMMANDS, alternative_for, shell_line, visible};
use crate::report::{Message, Style, TOPICS, Topic, manual, topic};

pub(super) fn exec(cx: &Context<'_>, words: &[OsString]) -> Exit {
    let style = cx.stdout();
    let name = match words {
        [name] => name.to_str(),
        _ => None,
    };
    // A topic comes before the command with its name, which `--help` also explains.
    let page = name
        .and_then(topic)
        .map(|topic| of_topic(topic, &style))
        .or_else(|| command(words, &style))
        .or_else(|| name.and_then(Code::find).map(Code::page));
    page.map_or_else(|| cx.fail(&unknown(words)), |page| cx.put(&page))
}

/// A page of the manual. Its end, which stays visible on a terminal, refers to the
/// command with the same name.
fn of_topic(topic: &Topic, style: &Style) -> String {
    let page = manual(topic.text, style);
    match topic.name {
        name if COMMANDS.contains(&name) => {
            format!("{page}\nThe command with this name: qli {name} --help\n")
        }
        _ => page,
    }
}

fn command(words: &[OsString], style: &Style) -> Option<String> {
    let mut root = tree().term_width(style.width);
    root.build();
    let mut found = &mut root;
    for word in words {
        found = found.find_subcommand_mut(word)?;
    }
    Some(colored(&found.render_help(), style.color))
}

/// The tree of commands, with the topics in its help.
pub(super) fn tree() -> clap::Command {
    let topics = TOPICS.iter();
    let topics = topics.map(|topic| format!("  {:12} {}\n", topic.name, topic.summary));
    let topics: String = topics.collect();
    let topics = format!("\x1b[1mTopics (qli help <TOPIC>):\x1b[0m\n{topics}\n");
    let (before, options) = GROUP.split_at(GROUP.find("\x1b[1mGlobal").unwrap_or(0));
    Cli::command().help_template(format!("{before}{topics}{options}"))
}

fn unknown(words: &[OsString]) -> Message {
    let words: Vec<_> = words.iter().map(visible).collect();
    let wanted = words.join(" ");
    let mut message = Message::error(format!("no command, topic or code `{wanted}`"));
    let mut label = "did you mean";
    for name in suggestions(&wanted) {
        message = message.step(std::mem::take(&mut label), format!("qli help {name}"));
    }
    match label {
        "" => message,
        _ => message.step("list all", "qli help"),
    }
}

/// If more codes than this begin with a word, it is too short to suggest any.
const CODES_MAX: usize = 4;

/// Names to suggest: those that begin with the word, topics and commands before codes;
/// else the nearest one; else those that the word begins with.
fn suggestions(wanted: &str) -> Vec<&'static str> {
    let topics = TOPICS.iter().map(|topic| topic.name);
    let commands = COMMANDS.into_iter().filter(|name| topic(name).is_none());
    let mut pages: Vec<_> = topics.chain(commands).collect();
    let messages: Vec<_> = Code::ALL.iter().map(|code| code.name()).collect();
    let near = nearest(wanted, pages.iter().chain(&messages).copied());
    let word = wanted.to_lowercase().replace(' ', "-");
    let word = singular(&word);
    let completed = [&pages, &messages].map(|names| completions(names, word));
    // Too many words begin with a two-letter name.
    pages.retain(|name| name.len() > 2 && word.starts_with(singular(name)));
    match completed {
        [found, _] if !found.is_empty() => found,
        [_, found] if (1..=CODES_MAX).contains(&found.len()) => found,
        _ => near.map_or(pages, |near| vec![near]),
    }
}

fn completions(names: &[&'static str], word: &str) -> Vec<&'static str> {
    let begins = |name: &&&str| !word.is_empty() && name.starts_with(word);
    names.iter().filter(begins).copied().collect()
}

/// Removes the ending of a plural, and a `y` that a plural loses.
fn singular(word: &str) -> &str {
    ["ies", "s", "y"]
        .iter()
        .find_map(|end| word.strip_suffix(end))
        .unwrap_or(word)
}

/// What to type instead of a name that is reserved for a later version.
pub(super) fn reserved(args: &[OsString]) -> Option<Message> {
    let name = short::reserved_name(args)?;
    let options = args.iter().take_while(|arg| *arg != name);
    let qli =
        shell_line(std::iter::once(OsStr::new("qli")).chain(options.map(OsString::as_os_str)));
    let message = Message::error(format!("no command `{name}` (the name is reserved)"));
    let message = match alternative_for(name) {
        Some(typed) => message.step("did you mean", typed),
        None => message.step("list commands", "qli help"),
    };
    let run = format!("{qli} run {name} <EXTENSION>");
    Some(message.step("run a group of that name", run))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_begin_with_the_word_come_before_similar_ones() {
        assert_eq!(suggestions("policy"), ["policies"]);
        assert_eq!(suggestions("exit"), ["exit-codes"]);
        assert_eq!(suggestions("Exit Code"), ["exit-codes"]);
        assert_eq!(suggestions("env"), ["environment"]);
        assert_eq!(
            suggestions("e"),
            ["exit-codes", "environment", "editors", "explain", "ext"]
        );
        assert_eq!(
            suggestions("a"),
            ["audit"],
            "a topic and a command share a name"
        );
        assert_eq!(suggestions("secret"), ["secrets"]);
        let messages = ["provider-missing"];
        assert_eq!(suggestions("providers"), messages);
    }

    #[test]
    fn similar_names_come_before_names_the_word_begins_with() {
        assert_eq!(suggestions("manfest"), ["manifest"]);
        assert_eq!(suggestions("exlpain"), ["explain"]);
        assert_eq!(suggestions("manual"), ["man"]);
        assert_eq!(suggestions("audit-log"), ["audit"]);
        for nothing in ["", "s", "cipher", "nothing"] {
            assert!(
                suggestions(nothing).is_empty(),
                "{nothing}: {:?}",
                suggestions(nothing)
            );
        }
    }
}
