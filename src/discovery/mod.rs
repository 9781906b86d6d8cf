//! Finds groups and extensions: [`find()`] finds one extension for a run,
//! [`catalogue()`] finds all of them.
//!
//! A run looks at one group only. It lists directories only to suggest a name in
//! place of an unknown one.

mod absence;
mod commands;
pub mod embedded;
mod find;
mod first_line;
mod group;
mod listing;
mod location;
mod program;
mod reading;
mod roots;
pub mod scaffold;
mod sections;
mod shadowed;
mod trust;
mod unknown;

pub use absence::bypassed;
pub use commands::PathCommands;
pub use find::{Target, find};
pub use first_line::{first_line_problem, with_lf_line_ends, with_split_words};
pub use group::{Group, find_group};
pub use listing::{
    CatalogueGroup, GroupEntry, GroupLog, all_of, catalogue, catalogue_group, group_entry,
    group_names, logs, runnable,
};
pub use location::{GroupLocation, Shadowed, extension_name, group_name, some_of};
pub use program::{Program, ProgramKind, dangling_link};
pub use reading::{Reading, ambiguous, readings};
pub use roots::{Root, RootKind, Roots, SET_HOME, command_with};
pub use sections::{same_files, without_scripts};
pub use shadowed::guards_between;
pub use trust::distrusted;

#[cfg(test)]
mod tests;
