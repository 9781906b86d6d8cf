//! The command line: arguments in, exit code out. One thin file a subcommand.
//!
//! `run`, the command that stands before every script, is read by the short
//! parser of `short.rs`; everything else, every error and every help text goes
//! through clap. A property test keeps the two in agreement.

mod args;
mod audit;
mod complete;
mod doctor;
mod examples;
mod explain;
mod ext;
mod help;
mod man;
mod overview;
mod run;
mod scaffold;
mod schema;
mod short;
mod validate;

use std::ffi::OsString;
use std::mem::ManuallyDrop;
use std::process::ExitCode;

use clap::FromArgMatches;
use clap::error::ErrorKind;

use crate::diagnostics::Diagnostics;
use crate::dispatch::Exit;
use crate::host::{Stream, System, quiet_panics, reason, write_stderr, write_stdout};
use crate::names::{visible, visible_lines};
use crate::report::{DiagnosticsDocument, Format, Style, diagnostics};

use args::{Cli, Command, Global};

/// Carries out a command line, without the program's name.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    quiet_panics();
    // The process ends with it: what it holds need not be given back one by one.
    let mut host = ManuallyDrop::new(System::new());
    let args: Vec<_> = args.into_iter().collect();
    let exit = match short::parse(&args) {
        Some(target) => run::exec(&target.global, &target, &mut host),
        None => by_clap(&args, &mut host),
    };
    match exit {
        Exit::Code(code) => ExitCode::from(code),
        Exit::Signal(signal) => {
            System::die_of(signal);
            // The signal has no deadly default action here: say it by code.
            ExitCode::from(u8::try_from(exit.code()).unwrap_or(u8::MAX))
        }
    }
}

fn by_clap(args: &[OsString], host: &mut System) -> Exit {
    if let [only] = args
        && (only == "--version" || only == "-V")
    {
        return put(VERSION);
    }
    if let Some(exit) = complete::asked(args, host) {
        return exit;
    }
    if let Some(hint) = help::kept(args) {
        write_stderr(&hint);
        return Exit::USAGE;
    }
    match parse(args, host) {
        Ok(cli) => exec(cli, host),
        Err(error) => usage(&error, args, host),
    }
}

/// What `--version` prints. clap would build the tree of all commands for it,
/// which is most of the work of so short a command.
const VERSION: &str = concat!("qli ", env!("CARGO_PKG_VERSION"), "\n");

fn parse(args: &[OsString], host: &System) -> Result<Cli, clap::Error> {
    let style = Style::of(Stream::Stdout, short::color(args), host);
    let program = std::iter::once(OsString::from("qli"));
    let command = help::tree().term_width(style.width);
    let matches = command.try_get_matches_from(program.chain(short::with_run(args)))?;
    Cli::from_arg_matches(&matches)
}

/// Shows help on standard output, and a mistake with its hint on standard
/// error.
fn usage(error: &clap::Error, args: &[OsString], host: &System) -> Exit {
    let to = if error.use_stderr() {
        Stream::Stderr
    } else {
        Stream::Stdout
    };
    let style = Style::of(to, short::color(args), host);
    // clap quotes what was typed as it is: it is told what can be shown.
    let shown: Vec<_> = args
        .iter()
        .map(|arg| OsString::from(visible(arg)))
        .collect();
    let again = (shown != args).then(|| parse(&shown, host).err()).flatten();
    // What may be quoted as it was typed is not coloured: it is made visible.
    let harmless = shown == args || again.is_some();
    let rendered = again.as_ref().unwrap_or(error).render();
    let text = if style.color && harmless {
        rendered.ansi().to_string()
    } else {
        visible_lines(&rendered.to_string())
    };
    if error.use_stderr() {
        write_stderr(&text);
        return Exit::USAGE;
    }
    debug_assert!(matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    ));
    put(&text)
}

fn exec(cli: Cli, host: &mut System) -> Exit {
    let Cli { global, command } = cli;
    match command {
        None => put(&overview::text(&global, host)),
        Some(Command::Run(target)) => run::exec(&global.and(&target.global), &target, host),
        Some(Command::Explain(args)) => {
            explain::exec(&global.and(&args.target.global), &args, host)
        }
        Some(Command::Validate(args)) => validate::exec(&global.and(&args.global), &args, host),
        Some(Command::Audit(args)) => audit::exec(&global.and(&args.global), &args.command, host),
        Some(Command::Ext(args)) => ext::exec(&global.and(&args.global), &args.command, host),
        Some(Command::Doctor(args)) => doctor::exec(&global.and(&args.global), args.format, host),
        Some(Command::Completions(args)) => complete::stub(args.shell),
        Some(Command::Man(args)) => man::exec(&args, host),
        Some(Command::Help(args)) => help::exec(&global.and(&args.global), &args.about, host),
        Some(Command::Schema(args)) => schema::exec(&args),
    }
}

/// Writes data to standard output. A reader that has gone is no error of ours
/// (EPIPE); anything else means that the job could not be done.
fn put(text: &str) -> Exit {
    put_or(text, Exit::DONE)
}

fn put_or(text: &str, exit: Exit) -> Exit {
    match write_stdout(text.as_bytes()) {
        Ok(()) => exit,
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => exit,
        Err(error) => {
            write_stderr(&format!(
                "qli: standard output cannot be written: {}\n",
                reason(&error)
            ));
            Exit::USAGE
        }
    }
}

/// The exit code of `run` and `explain` when no plan could be made: names
/// decide first (127), then the script (126), then the rest (125).
fn no_plan_exit(found: &Diagnostics) -> Exit {
    let code = found.iter().map(|one| one.code.run_exit()).max();
    code.map_or(Exit::REFUSED, Exit::Code)
}

/// Says why no plan could be made.
fn no_plan(found: &Diagnostics, global: &Global, format: Format, host: &System) -> Exit {
    let exit = no_plan_exit(found);
    match format {
        Format::Json => {
            let document = DiagnosticsDocument::new(manifests_in(found), found);
            put_or(&crate::names::to_json_pretty(&document), exit)
        }
        Format::Human => {
            let style = Style::of(Stream::Stderr, global.color(), host);
            write_stderr(&diagnostics(found, &style));
            exit
        }
    }
}

/// How many manifests the problems are in: one group was looked at, so one,
/// or none if the problem is a name.
fn manifests_in(found: &Diagnostics) -> usize {
    let in_text = |one: &crate::diagnostics::Diagnostic| {
        matches!(one.location, crate::diagnostics::Location::Text { .. })
            && !one.path().starts_with("embedded:")
    };
    usize::from(found.iter().any(in_text))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_version_is_the_one_that_clap_would_tell() {
        assert_eq!(VERSION, Cli::command().render_version());
        for option in ["--version", "-V"] {
            let told = Cli::command().try_get_matches_from(["qli", option]);
            assert_eq!(told.unwrap_err().kind(), ErrorKind::DisplayVersion);
        }
    }
}
