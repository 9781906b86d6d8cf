//! The least that a Rust program costs which starts another and waits for it:
//! `bare PROGRAM`. `tests/bench/run` compiles it for the linkage it compares.

use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let program = std::env::args_os().nth(1).unwrap_or_default();
    match Command::new(program).status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
