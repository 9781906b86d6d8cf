//! qli together with other people's programs: language servers, CI systems and
//! package managers.
#![expect(
    clippy::disallowed_methods,
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test touches the system and may panic"
)]

mod ci;
mod editors;
mod package;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "shared with other test programs")]
mod support;
