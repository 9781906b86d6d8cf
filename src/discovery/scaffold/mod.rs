//! Creates groups: new ones, and copies of the built-in ones. Existing files are
//! replaced only on request.

mod defaults;
mod destination;
mod new_group;

pub use defaults::{CopyOutcome, install_defaults};
pub use destination::Destination;
pub use new_group::{FIRST_SCRIPT, NewGroup, create_group};

#[cfg(test)]
mod tests;
