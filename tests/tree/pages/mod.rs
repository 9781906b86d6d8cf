//! The pages of the manual that are generated.

pub(crate) mod diagnostics;
pub(crate) mod manifest;
pub(crate) mod secrets;
