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
    /// A reference.
    pub(super) example: &'static str,
    pub(super) row: fn() -> Row,
}

/// In the order in which they should be considered.
pub(super) fn rows() -> impl Iterator<Item = &'static BuiltIn> {
    managers::ROWS
        .iter()
        .chain(servers::ROWS)
        .chain(files::ROWS)
}
