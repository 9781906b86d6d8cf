//! Creates groups: a first one of the user's own, and copies of the built-in
//! ones. Nothing that exists is replaced unless that was asked for.

mod defaults;
mod destination;
mod new_group;

pub use defaults::{CopyOutcome, Overwrite, install_defaults};
pub use destination::Destination;
pub use new_group::{FIRST_SCRIPT, Guarded, NewGroup, create_group};

#[cfg(test)]
mod tests;
