//! `qli schema`.

use super::args::SchemaName;
use super::context::Context;
use crate::dispatch::Exit;
use crate::manifest::SCHEMA;

/// A file of `schema/`; a test compares it with the types.
macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("../../schema/", $name, ".v1.schema.json"))
    };
}

/// Prints a schema: the same bytes as in `schema/`.
pub(super) fn exec(cx: &Context<'_>, of: SchemaName) -> Exit {
    cx.put(match of {
        SchemaName::Manifest => SCHEMA,
        SchemaName::Plan => file!("plan"),
        SchemaName::Audit => file!("audit"),
        SchemaName::Diagnostics => file!("diagnostics"),
        SchemaName::Catalogue => file!("catalogue"),
        SchemaName::Report => file!("report"),
        SchemaName::AuditReport => file!("audit-report"),
        SchemaName::Doctor => file!("doctor"),
    })
}
