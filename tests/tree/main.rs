//! The tree agrees with itself: imports follow the order of the layers, generated
//! files are current, and every help text and message keeps its form.
#![expect(
    clippy::disallowed_methods,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test touches the system and may panic"
)]

mod layers;
mod messages;
mod pages;
mod schema;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "shared with other test programs")]
mod support;
mod voice;
