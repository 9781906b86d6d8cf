//! The real program, run as a command: its output, its exit codes and what it
//! leaves on disk.
#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test touches the system and may panic"
)]

mod audit;
mod everyday;
mod policies;
mod readme;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "shared with other test programs")]
mod support;
mod transcripts;
mod validate;
