//! The short parser: reads `[OPTIONS] [run] [OPTIONS] GROUP [OPTIONS]
//! EXTENSION [ARGS]...` without building clap's tree, since every run would pay for
//! it. clap reads everything else.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use clap::ValueEnum as _;

use super::global::{Global, TargetArgs};
use crate::names::{RESERVED, is_command};
use crate::report::Color;

/// Reads a command line that runs an extension.
pub(super) fn parse(args: &[OsString]) -> Option<TargetArgs> {
    let mut global = Global::default();
    let mut rest = options(args, &mut global)?;
    let (mut first, mut after) = rest.split_first()?;
    if first == "run" {
        rest = options(after, &mut global)?;
        (first, after) = rest.split_first()?;
    } else if names_command(first) {
        return None;
    }
    let words = options(after, &mut global)?;
    Some(TargetArgs {
        global,
        group: first.clone(),
        words: words.to_vec(),
    })
}

/// Reads options up to the first other word. An unknown one and `--` go to clap.
fn options<'a>(mut args: &'a [OsString], global: &mut Global) -> Option<&'a [OsString]> {
    while let Some((first, rest)) = args.split_first() {
        if !first.as_bytes().starts_with(b"-") {
            break;
        }
        args = option(first.to_str()?, rest, global)?;
    }
    Some(args)
}

/// Reads one option with its value. clap rejects an option that is given twice.
fn option<'a>(name: &str, rest: &'a [OsString], global: &mut Global) -> Option<&'a [OsString]> {
    let set = |flag: &mut bool| (!std::mem::replace(flag, true)).then_some(());
    match name {
        "-y" | "--yes" => set(&mut global.yes)?,
        "-q" | "--quiet" => set(&mut global.quiet)?,
        "-v" | "--verbose" => set(&mut global.verbose)?,
        "--extensions" => {
            let (directory, rest) = value(rest)?;
            global.extensions.push(PathBuf::from(directory));
            return Some(rest);
        }
        "--confirm" if global.confirm.is_none() => {
            let (name, rest) = value(rest)?;
            global.confirm = Some(name.clone());
            return Some(rest);
        }
        _ => return None,
    }
    Some(rest)
}

/// Reads the value of an option, unless it is empty or looks like an option.
fn value(args: &[OsString]) -> Option<(&OsString, &[OsString])> {
    let (value, rest) = args.split_first()?;
    let is_plain = !value.as_bytes().starts_with(b"-") && !value.is_empty();
    is_plain.then_some((value, rest))
}

fn names_command(word: &OsStr) -> bool {
    word.to_str().is_some_and(is_command)
}

/// The index of the first word that is not an option; none if it is `--`, which clap
/// rejects.
fn first_word(args: &[OsString]) -> Option<usize> {
    let takes_value =
        |arg: &OsString| matches!(arg.to_str(), Some("--color" | "--extensions" | "--confirm"));
    let mut skip = false;
    let first = args.iter().position(|arg| {
        let is_value = std::mem::replace(&mut skip, takes_value(arg));
        !is_value && (arg == "--" || !arg.as_bytes().starts_with(b"-"))
    });
    first.filter(|&at| args.get(at).is_some_and(|arg| arg != "--"))
}

/// The reserved name that a command line starts with.
pub(super) fn reserved_name(args: &[OsString]) -> Option<&'static str> {
    let word = args.get(first_word(args)?)?;
    let mut names = RESERVED.iter().map(|one| one.0);
    names.find(|name| word == name)
}

/// Inserts an omitted `run`, for clap.
pub(super) fn with_run(args: &[OsString]) -> Vec<OsString> {
    let mut args = args.to_vec();
    if let Some(at) = first_word(&args)
        && !args.get(at).is_some_and(|word| names_command(word))
    {
        args.insert(at, "run".into());
    }
    args
}

/// The value of `--color`, for text that is written before the arguments are parsed.
pub(super) fn color(args: &[OsString]) -> Color {
    let end = first_word(args).unwrap_or(args.len());
    let before = args.get(..end).unwrap_or_default();
    let value = before.iter().enumerate().rev().find_map(|(index, arg)| {
        let arg = arg.to_str()?;
        match arg.strip_prefix("--color=") {
            Some(value) => Some(value),
            None if arg == "--color" => before.get(index + 1)?.to_str(),
            None => None,
        }
    });
    let color = value.and_then(|value| Color::from_str(value, false).ok());
    color.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use crate::names::COMMANDS;
    use clap::Parser as _;
    use proptest::prelude::*;

    use super::super::args::{Cli, Command};
    use super::*;

    fn by_clap(args: &[OsString]) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(std::iter::once("qli".into()).chain(with_run(args)))
    }

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn words_after_the_extension_belong_to_the_script() {
        let target = parse(&words("-y g e --yes --help -- -q")).unwrap();
        assert!(target.global.yes && !target.global.quiet);
        assert_eq!(
            (target.group, target.words),
            ("g".into(), words("e --yes --help -- -q"))
        );
    }

    #[test]
    fn command_names_win_and_run_reaches_any_group() {
        let names = COMMANDS.into_iter().chain(RESERVED.map(|one| one.0));
        for name in names.filter(|name| *name != "run") {
            assert!(parse(&words(&format!("{name} x"))).is_none(), "{name}");
            let target = parse(&words(&format!("run {name} x"))).unwrap();
            assert_eq!(target.group, *name);
        }
        assert_eq!(reserved_name(&words("-y policy x")), Some("policy"));
        assert_eq!(reserved_name(&words("prod policy")), None);
    }

    #[test]
    fn colour_is_read_before_the_first_word_only() {
        assert_eq!(
            color(&words("--color never g e --color=always")),
            Color::Never
        );
        assert_eq!(color(&words("--color=always g")), Color::Always);
        assert_eq!(color(&words("g e --color=always")), Color::Auto);
    }

    #[test]
    fn every_command_is_in_the_list_of_names() {
        use clap::CommandFactory as _;
        for command in Cli::command().get_subcommands() {
            assert!(
                COMMANDS.contains(&command.get_name()),
                "{}",
                command.get_name()
            );
        }
    }

    fn word() -> impl Strategy<Value = String> {
        prop_oneof![
            4 => "[a-z]{1,3}",
            1 => Just("run".to_owned()),
            1 => Just("explain".to_owned()),
            6 => prop::sample::select(vec![
                "-y", "--yes", "-q", "--quiet", "-v", "--verbose", "--extensions", "/d", "--color",
                "never", "--confirm", "--confirm=g", "--", "-", "--help", "-yq", "--nope", "--color=never", "--extensions=/d", "",
            ]).prop_map(str::to_owned),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn the_short_parser_and_clap_agree(line in prop::collection::vec(word(), 0..8)) {
            let args: Vec<_> = line.iter().map(OsString::from).collect();
            if let Some(target) = parse(&args) {
                let cli = by_clap(&args).map_err(|error| TestCaseError::fail(error.to_string()))?;
                let Some(Command::Run(mut by_clap)) = cli.command else {
                    return Err(TestCaseError::fail("clap read another command"));
                };
                by_clap.global = cli.global.merge(&by_clap.global);
                prop_assert_eq!(by_clap, target);
            }
        }
    }
}
