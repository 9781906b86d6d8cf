//! The JSON documents of the commands. Their keys are a contract: each has a
//! schema under `schema/`.

mod audit;
mod catalogue;
mod diagnostics;
mod explain;

pub use audit::{
    AuditHeadDocument, AuditRunsDocument, AuditShowDocument, AuditVerifyDocument, OutcomeCounts,
};
pub use catalogue::{CatalogueDocument, GroupDocument, WhichDocument};
pub use diagnostics::{DiagnosticDocument, DiagnosticsDocument};
pub use explain::{ExplainDocument, Origin};

/// The version of every document.
pub const SCHEMA_VERSION: u32 = 1;
