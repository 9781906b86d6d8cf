//! Shell completion, from the live catalogue. It never starts an extension, and reads
//! no manifest to complete the name of a group.
//!
//! The scripts for bash, zsh and fish call
//! `QLI_COMPLETE=<shell> qli -- <INDEX> <WORDS>...`: the words with the program's name,
//! and the index of the one to complete. Each line of the answer is a word, optionally
//! with a tab and a description; `:files` or `:directories` tells the shell to complete
//! the word. Other shells use the scripts of `clap_complete`.

mod candidates;
mod line;
mod runs;

use std::ffi::{OsStr, OsString};

use clap::builder::ValueHint;
use clap::{Arg, Command, CommandFactory, ValueEnum};
use clap_complete::engine::{
    ArgValueCandidates, ArgValueCompleter, CompletionCandidate, SubcommandCandidates, complete,
};
use clap_complete::env::{Elvish, EnvCompleter, Powershell};

use super::args::{Cli, Shell};
use super::context::Context;
use crate::dispatch::Exit;
use crate::host::HostView;
use crate::names::is_hidden;
use line::{TypedLine, unquoted};

/// A completion script sets this to its shell.
const VARIABLE: &str = "QLI_COMPLETE";

impl Shell {
    /// qli's own script, which completes paths itself.
    fn own_script(self) -> Option<&'static str> {
        match self {
            Self::Bash => Some(include_str!("scripts/bash")),
            Self::Zsh => Some(include_str!("scripts/zsh")),
            Self::Fish => Some(include_str!("scripts/fish")),
            Self::Elvish | Self::Powershell => None,
        }
    }

    /// Whether the shell passes a word as it was typed: bash every word, fish only the
    /// one that is completed.
    fn passes_raw(self, is_current: bool) -> bool {
        self == Self::Bash || (self == Self::Fish && is_current)
    }

    /// Whether the shell takes a word on the command line literally.
    fn is_safe(self, word: &str) -> bool {
        if self == Self::Elvish {
            return !word.chars().any(is_hidden); // it quotes what it inserts
        }
        let is_plain = |c: char| c.is_alphanumeric() || "-_./=:+~".contains(c);
        word.chars().all(is_plain)
    }
}

/// Prints the completion script of a shell.
pub(super) fn script(cx: &Context<'_>, shell: Shell) -> Exit {
    if let Some(script) = shell.own_script() {
        return cx.put(script);
    }
    let other: &dyn EnvCompleter = match shell {
        Shell::Elvish => &Elvish,
        Shell::Bash | Shell::Zsh | Shell::Fish | Shell::Powershell => &Powershell,
    };
    let mut script = Vec::new();
    // Writing to a vector never fails.
    drop(other.write_registration(VARIABLE, "qli", "qli", "qli", &mut script));
    cx.put(&String::from_utf8_lossy(&script))
}

/// Answers a completion script, if this is its call.
pub(super) fn answer_script(args: &[OsString], cx: &Context<'_>) -> Option<Exit> {
    let (first, words) = args.split_first()?;
    if first != "--" {
        return None;
    }
    let shell = cx.host.var(VARIABLE)?;
    let shell = Shell::from_str(shell.to_str()?, false).ok()?;
    Some(cx.put(&answer(shell, words, cx.host).unwrap_or_default()))
}

fn answer(shell: Shell, words: &[OsString], view: &dyn HostView) -> Option<String> {
    let has_own_script = shell.own_script().is_some();
    let (index, words) = if has_own_script {
        let (index, words) = words.split_first()?;
        (index.to_str()?.parse().ok()?, words)
    } else {
        // The words end at the cursor.
        (words.len().checked_sub(1)?, words)
    };
    let mut words = words.to_vec();
    for (at, word) in words.iter_mut().enumerate() {
        if shell.passes_raw(at == index) {
            *word = unquoted(word);
        }
    }
    let line = TypedLine::new(&words, index, view);
    if line.is_script_argument() {
        return has_own_script.then(|| format!("{FILES}\n"));
    }
    let (words, index) = (line.words.clone(), line.index());
    let found = complete(&mut tree(&line, shell), words, index, view.cwd().as_deref());
    Some(lines(&found.ok()?, &line, shell))
}

/// The shell completes the word: any file, or only directories.
const FILES: &str = ":files";
const DIRECTORIES: &str = ":directories";

/// One line per candidate. After a hyphen only options are offered; otherwise they are
/// offered only if there is nothing else.
fn lines(found: &[CompletionCandidate], line: &TypedLine, shell: Shell) -> String {
    let has_hyphen = |word: &OsStr| word.as_encoded_bytes().starts_with(b"-");
    let is_option = |one: &CompletionCandidate| has_hyphen(one.get_value());
    let only_options = !line.names_a_page() && found.iter().all(is_option);
    let options = has_hyphen(line.current()) || only_options;
    let wanted = found.iter().filter(|one| options == is_option(one));
    let lines = wanted.filter_map(|one| {
        let value = one.get_value().to_str()?;
        // What is left to the shell comes without `--option=`.
        let value = match value.rsplit_once('=') {
            Some((_, last @ (FILES | DIRECTORIES))) => last,
            _ => value,
        };
        let help = one.get_help().filter(|_| shell != Shell::Elvish);
        let help = help.map(|help| candidates::note(&help.to_string()));
        let help = help.filter(|help| !help.is_empty());
        let help = help.map(|help| format!("\t{help}")).unwrap_or_default();
        shell.is_safe(value).then(|| format!("{value}{help}\n"))
    });
    lines.collect()
}

fn tree(line: &TypedLine, shell: Shell) -> Command {
    let groups = line.clone();
    let mut tree = Cli::command();
    tree.build(); // with the arguments of all commands
    with_completers(tree, line, shell)
        .allow_external_subcommands(true)
        .add(SubcommandCandidates::new(move || {
            groups.groups_of_short_form()
        }))
}

fn with_completers(command: Command, line: &TypedLine, shell: Shell) -> Command {
    let (of_args, of_commands) = (line.clone(), line.clone());
    command
        .mut_args(move |arg| with_completer(arg, &of_args, shell))
        .mut_subcommands(move |command| with_completers(command, &of_commands, shell))
}

/// Selects a completer by the name of an argument.
fn with_completer(arg: Arg, line: &TypedLine, shell: Shell) -> Arg {
    let line = line.clone();
    let own = shell.own_script().is_some();
    let candidates = match (arg.get_id().as_str(), arg.get_value_hint()) {
        ("group" | "confirm", _) => ArgValueCandidates::new(move || line.groups()),
        ("extension" | "words", _) => ArgValueCandidates::new(move || line.extensions()),
        ("command", _) => ArgValueCandidates::new(move || line.commands()),
        ("about", _) => {
            let pages = move |word: &OsStr| line.help_pages(word);
            return arg.add(ArgValueCompleter::new(pages));
        }
        ("run_id", _) => {
            let runs = move |word: &OsStr| line.runs(word);
            return arg.add(ArgValueCompleter::new(runs));
        }
        (_, ValueHint::DirPath) if own => return arg.add(left_to_the_shell(DIRECTORIES)),
        (_, ValueHint::AnyPath) if own => return arg.add(left_to_the_shell(FILES)),
        _ => return arg,
    };
    arg.add(candidates)
}

fn left_to_the_shell(what: &'static str) -> ArgValueCompleter {
    ArgValueCompleter::new(move |_: &OsStr| vec![CompletionCandidate::new(what)])
}
