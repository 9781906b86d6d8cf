//! Real processes, signals and terminals: what an in-memory host cannot show.
//!
//! No test sleeps. It waits for a line that a script writes, or for a state in
//! `/proc`, and fails after a deadline. `QLI_STRESS=1` repeats each race more often.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test touches the system and may panic"
)]

mod canary;
mod case;
mod completions;
mod confirm;
mod delivery;
mod digest;
mod ends;
mod environment;
mod faults;
mod group;
mod loader_variables;
mod log;
mod masked;
mod masks;
mod providers;
mod pty;
mod real;
mod settings;
mod shells;
mod side_effects;
mod signals;
mod start;
mod streams;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "shared with other test programs")]
mod support;
mod tab;
mod terminal;
mod termination;
mod trust;
mod world;
