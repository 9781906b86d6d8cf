//! The built-in providers that call a program, a row each.
//!
//! To add one: its function and its row in the file of its kind; the schema, the manual and
//! completion follow.

mod builder;
mod files;
mod managers;
mod servers;
#[cfg(test)]
mod tests;

use super::row::Row;

/// A row, made when it is used.
pub(super) struct BuiltIn {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) tried: Tried,
    /// A reference.
    pub(super) example: &'static str,
    pub(super) row: fn() -> Row,
}

/// What the tests of a provider call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tried {
    /// The real program, and the real server if it needs one.
    RealTool,
    /// The real program, with a server that answers as the real one is documented to.
    RealClient,
    /// A program that answers as the real one is documented to.
    StandIn,
}

impl Tried {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RealTool => "real",
            Self::RealClient => "real, stand-in server",
            Self::StandIn => "stand-in",
        }
    }
}

/// In the order in which they should be considered.
pub(super) fn rows() -> impl Iterator<Item = &'static BuiltIn> {
    managers::ROWS
        .iter()
        .chain(servers::ROWS)
        .chain(files::ROWS)
}
