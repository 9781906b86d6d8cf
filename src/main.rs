//! The `qli` program: arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    qli::cli::main(std::env::args_os().skip(1))
}
