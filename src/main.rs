//! The `qli` program: arguments in, exit code out.

use std::process::ExitCode;

/// The allocator of musl asks the kernel for pages for what is larger than about
/// a kilobyte, and gives them back at once: a run spent a fifth of its time there.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    qli::main(std::env::args_os().skip(1))
}
