//! What holds for every manifest, policy and plan, on samples and generated input,
//! inside this process.
#![expect(
    clippy::disallowed_methods,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test touches the system and may panic"
)]

mod conformance;
#[path = "../support/fake/mod.rs"]
#[expect(dead_code, reason = "shared with the unit tests")]
mod fake;
mod manifests;
mod policies;
mod sections;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "shared with other test programs")]
mod support;
