//! The command line: arguments in, exit code out. One thin file per command.
//!
//! `run` is read by the short parser in `short.rs`; everything else, including
//! errors and help, goes through clap. A property test keeps the two in agreement.

mod args;
mod audit;
mod complete;
mod context;
mod doctor;
mod examples;
mod explain;
mod ext;
mod global;
mod help;
mod man;
mod overview;
mod run;
mod schema;
mod short;
mod usage;
mod validate;

use std::ffi::OsString;
use std::mem::ManuallyDrop;
use std::process::ExitCode;

use clap::FromArgMatches;

use crate::dispatch::Exit;
use crate::host::{System, quiet_panics, run_stage};

use args::{Cli, Command};
use context::Context;
use global::Global;

/// Carries out a command line, given without the program's name.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    quiet_panics();
    let args: Vec<_> = args.into_iter().collect();
    if run_stage(&args).is_some() {
        return ExitCode::SUCCESS;
    }
    // The process ends with it, so freeing its memory is a waste of time.
    let mut host = ManuallyDrop::new(System::start());
    let exit = match short::parse(&args) {
        Some(target) => {
            let global = target.global.clone();
            let host = &mut host;
            run::exec(&mut Context { global, host }, &target)
        }
        None => by_clap(&args, &mut host),
    };
    match exit {
        Exit::Code(code) => ExitCode::from(code),
        Exit::Signal(signal) => {
            System::die_of(signal);
            // The signal's default action did not end qli: exit with 128 + signal.
            ExitCode::from(u8::try_from(exit.code()).unwrap_or(u8::MAX))
        }
    }
}

fn by_clap(args: &[OsString], host: &mut System) -> Exit {
    let global = Global {
        color: Some(short::color(args)),
        ..Global::default()
    };
    let mut cx = Context { global, host };
    if let [only] = args
        && (only == "--version" || only == "-V")
    {
        return cx.put(VERSION);
    }
    if let Some(exit) = complete::answer_script(args, &cx) {
        return exit;
    }
    if let Some(message) = help::reserved(args) {
        return cx.fail(&message);
    }
    match parse(args, &cx) {
        Ok(Cli {
            global, command, ..
        }) => {
            cx.global = global;
            exec(command, &mut cx)
        }
        Err(error) => usage::report(&error, args, &cx),
    }
}

/// What `--version` prints. clap would build the tree of all commands first.
const VERSION: &str = concat!("qli ", env!("CARGO_PKG_VERSION"), "\n");

fn parse(args: &[OsString], cx: &Context<'_>) -> Result<Cli, clap::Error> {
    let program = std::iter::once(OsString::from("qli"));
    let command = help::tree().term_width(cx.stdout().width);
    let matches = command.try_get_matches_from(program.chain(short::with_run(args)))?;
    Cli::from_arg_matches(&matches)
}

fn exec(command: Option<Command>, cx: &mut Context<'_>) -> Exit {
    match command {
        None => overview::exec(cx),
        Some(Command::Run(target)) => run::exec(cx.add(&target.global), &target),
        Some(Command::Explain { format, target }) => {
            explain::exec(cx.add(&target.global), format, &target)
        }
        Some(Command::Validate(args)) => validate::exec(cx.add(&args.global), &args),
        Some(Command::Audit(args)) => audit::exec(cx.add(&args.global), &args.command),
        Some(Command::Ext { global, command }) => ext::exec(cx.add(&global), &command),
        Some(Command::Doctor {
            global,
            online,
            format,
        }) => doctor::exec(cx.add(&global), online, format),
        Some(Command::Completions { global, shell }) => complete::script(cx.add(&global), shell),
        Some(Command::Man {
            global,
            out,
            command,
        }) => man::exec(cx.add(&global), out.as_deref(), &command),
        Some(Command::Help { global, about }) => help::exec(cx.add(&global), &about),
        Some(Command::Schema { global, of }) => schema::exec(cx.add(&global), of),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;
    use clap::error::ErrorKind;

    use super::*;

    #[test]
    fn version_prints_what_clap_would() {
        assert_eq!(VERSION, Cli::command().render_version());
        for option in ["--version", "-V"] {
            let error = Cli::command().try_get_matches_from(["qli", option]);
            assert_eq!(error.unwrap_err().kind(), ErrorKind::DisplayVersion);
        }
    }
}
