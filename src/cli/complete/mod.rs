//! What a TAB is answered with, from the live catalogue. No extension is ever
//! started for it, and no manifest is read to complete the name of a group.
//!
//! The stubs of bash, zsh and fish ask
//! `QLI_COMPLETE=<shell> qli -- <INDEX> <WORDS>...`, the words with the program's
//! name and the index of the one that is completed. Each line of the answer is a
//! word, then perhaps a tab and what it means; the line `:files` or
//! `:directories` leaves the word to the shell. For other shells there is what
//! `clap_complete` gives.

mod candidates;
mod line;
mod runs;
mod typed;

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
use candidates::Known;
use line::Line;

/// The variable by which a stub says that it asks, and for which shell.
const VARIABLE: &str = "QLI_COMPLETE";

/// Prints what turns completion on in a shell.
pub(super) fn stub(cx: &Context<'_>, shell: Shell) -> Exit {
    cx.put(&match shell {
        Shell::Bash => include_str!("stubs/bash").to_owned(),
        Shell::Zsh => include_str!("stubs/zsh").to_owned(),
        Shell::Fish => include_str!("stubs/fish").to_owned(),
        Shell::Elvish => registration(&Elvish),
        Shell::Powershell => registration(&Powershell),
    })
}

fn registration(shell: &dyn EnvCompleter) -> String {
    let mut script = Vec::new();
    // Writing to a vector never fails.
    drop(shell.write_registration(VARIABLE, "qli", "qli", "qli", &mut script));
    String::from_utf8_lossy(&script).into_owned()
}

/// Answers a stub, if it is one that asks.
pub(super) fn asked(args: &[OsString], cx: &Context<'_>) -> Option<Exit> {
    let (first, words) = args.split_first()?;
    if first != "--" {
        return None;
    }
    let shell = cx.host.var(VARIABLE)?;
    let shell = Shell::from_str(shell.to_str()?, false).ok()?;
    Some(cx.put(&answer(shell, words, cx.host)))
}

fn answer(shell: Shell, words: &[OsString], view: &dyn HostView) -> String {
    let asked = match shell {
        Shell::Bash | Shell::Zsh | Shell::Fish => indexed(words),
        // Their scripts end the words at the cursor.
        Shell::Elvish | Shell::Powershell => words.len().checked_sub(1).map(|last| (last, words)),
    };
    let Some((index, words)) = asked else {
        return String::new();
    };
    let paths = Paths::of(shell);
    let line = Line::new(&read(shell, words, index), index, view);
    if line.is_scripts() {
        return match paths {
            Paths::Shell => FILES.to_owned() + "\n",
            Paths::Engine => String::new(),
        };
    }
    let (typed, index) = (line.words.clone(), line.index);
    let cwd = view.cwd();
    let found = complete(&mut tree(&line, paths), typed, index, cwd.as_deref());
    let found = found.unwrap_or_default();
    lines(&found, &line, shell)
}

/// Reads the words as far as the stub has not: bash hands all of them over as
/// they were typed, fish the one that is completed.
fn read(shell: Shell, words: &[OsString], index: usize) -> Vec<OsString> {
    let is_raw = |at| match shell {
        Shell::Bash => true,
        Shell::Fish => at == index,
        Shell::Zsh | Shell::Elvish | Shell::Powershell => false,
    };
    let words = words.iter().enumerate();
    let read = words.map(|(at, word)| {
        if is_raw(at) {
            typed::unquoted(word)
        } else {
            word.clone()
        }
    });
    read.collect()
}

/// Takes the index of the word that is completed from before the words.
fn indexed(words: &[OsString]) -> Option<(usize, &[OsString])> {
    let (index, words) = words.split_first()?;
    Some((index.to_str()?.parse().ok()?, words))
}

/// Leaves the word to the shell: any file, or only directories.
const FILES: &str = ":files";
const DIRECTORIES: &str = ":directories";

/// Writes candidates, a line each. Options, and nothing else, are offered to
/// whoever has typed a hyphen; others see them where there is nothing else.
fn lines(found: &[CompletionCandidate], line: &Line, shell: Shell) -> String {
    let is_option =
        |one: &CompletionCandidate| one.get_value().as_encoded_bytes().starts_with(b"-");
    let wants_option = line.current().as_encoded_bytes().starts_with(b"-");
    let nothing_else = !line.names_a_page() && found.iter().all(is_option);
    let wanted = found.iter().filter(|one| {
        if is_option(one) {
            wants_option || nothing_else
        } else {
            !wants_option
        }
    });
    let lines = wanted.filter_map(|one| {
        let value = word(one.get_value().to_str()?);
        let help = one
            .get_help()
            .map(|help| candidates::note(&help.to_string()));
        let help = help.filter(|help| shell != Shell::Elvish && !help.is_empty());
        let help = help.map(|help| format!("\t{help}")).unwrap_or_default();
        is_harmless(value, shell).then(|| format!("{value}{help}\n"))
    });
    lines.collect()
}

/// Takes the option from before what leaves its value to the shell.
fn word(value: &str) -> &str {
    match value.rsplit_once('=') {
        Some((_, last @ (FILES | DIRECTORIES))) => last,
        _ => value,
    }
}

/// Says whether a word means only itself on the command line of a shell.
fn is_harmless(word: &str, shell: Shell) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./=:+~".contains(c);
    match shell {
        // It quotes what it puts there.
        Shell::Elvish => !word.chars().any(is_hidden),
        Shell::Bash | Shell::Zsh | Shell::Fish | Shell::Powershell => word.chars().all(is_plain),
    }
}

/// Who completes paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Paths {
    /// The shell itself, which knows its own quoting.
    Shell,
    /// The engine of `clap_complete`.
    Engine,
}

impl Paths {
    fn of(shell: Shell) -> Self {
        match shell {
            Shell::Bash | Shell::Zsh | Shell::Fish => Self::Shell,
            Shell::Elvish | Shell::Powershell => Self::Engine,
        }
    }
}

/// The tree of commands, with what is known of each word.
fn tree(line: &Line, paths: Paths) -> Command {
    let known = Known::of(line);
    let groups = known.clone();
    let mut tree = Cli::command();
    tree.build(); // with the arguments of all commands
    fitted(tree, &known, paths)
        .allow_external_subcommands(true)
        .add(SubcommandCandidates::new(move || {
            groups.groups_of_short_form()
        }))
}

fn fitted(command: Command, known: &Known, paths: Paths) -> Command {
    let (of_args, of_commands) = (known.clone(), known.clone());
    command
        .mut_args(move |arg| fitted_arg(arg, &of_args, paths))
        .mut_subcommands(move |command| fitted(command, &of_commands, paths))
}

/// Words are known by the names of their arguments.
fn fitted_arg(arg: Arg, known: &Known, paths: Paths) -> Arg {
    let asked_by_stub = paths == Paths::Shell;
    let known = known.clone();
    let candidates = match (arg.get_id().as_str(), arg.get_value_hint()) {
        ("group" | "confirm", _) => ArgValueCandidates::new(move || known.groups()),
        ("extension" | "words", _) => ArgValueCandidates::new(move || known.extensions()),
        ("about", _) => {
            return arg.add(ArgValueCompleter::new(move |word: &OsStr| {
                known.about(word)
            }));
        }
        ("command", _) => ArgValueCandidates::new(move || known.commands()),
        ("run_id", _) => {
            return arg.add(ArgValueCompleter::new(move |word: &OsStr| known.runs(word)));
        }
        (_, ValueHint::DirPath) if asked_by_stub => return arg.add(left_to_the_shell(DIRECTORIES)),
        (_, ValueHint::AnyPath) if asked_by_stub => return arg.add(left_to_the_shell(FILES)),
        _ => return arg,
    };
    arg.add(candidates)
}

fn left_to_the_shell(how: &'static str) -> ArgValueCompleter {
    ArgValueCompleter::new(move |_: &OsStr| vec![CompletionCandidate::new(how)])
}
