//! The JSON documents of the commands. Their keys are a contract: each has a
//! schema under `schema/`.

mod catalogue;
mod diagnostics;
mod explain;

pub use catalogue::{
    CatalogueDocument, CatalogueEntry, ExtensionDocument, GroupDocument, WhichDocument,
};
pub use diagnostics::{
    DiagnosticDocument, DiagnosticsDocument, EditDocument, FixDocument, LabelDocument,
    PolicyDocument, SpanDocument,
};
pub use explain::{ExplainDocument, Origin, StepDocument};

/// Version of every document.
const SCHEMA_VERSION: u32 = 1;
