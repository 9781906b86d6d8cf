//! Text for the terminal and documents for programs. Commands pass data; this layer
//! has the wording of every report and the keys of every document.
//!
//! To add a format: a file with a function that writes it, and its row in
//! [`Format`].

mod audit;
mod catalogue;
mod concise;
mod diff;
mod doctor;
mod documents;
mod explain;
mod github;
mod group;
mod human;
mod json_stream;
mod manual;
mod message;
mod repository;
mod run;
mod sarif;
mod scaffold;
mod schemas;
mod style;
mod topics;
mod validate;

pub use audit::{LIMITS, RunTable, candidates, problem, record_line, show, verdict};
pub use catalogue::list;
pub use concise::concise;
pub use diff::diff;
pub use doctor::doctor;
pub use documents::SCHEMA_VERSION as DOCUMENT_VERSION;
pub use documents::{
    AuditHeadDocument, AuditShowDocument, CatalogueDocument, DiagnosticsDocument, ExplainDocument,
    GroupDocument, OutcomeCounts, WhichDocument,
};
pub use explain::explain;
pub use github::github;
pub use group::group;
pub use human::diagnostics;
pub use json_stream::JsonStream;
pub use manual::manual;
pub use message::Message;
pub use repository::Repository;
pub use run::{notes, outcome};
pub use sarif::sarif;
pub use scaffold::{RootAccess, copied, created};
pub use schemas::schemas;
pub use style::{Color, Style, wrapped};
pub use topics::{TOPICS, Topic, topic};
pub use validate::{unchecked, unusable_policies, validation};

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Text for the terminal.
    Human,
    /// A JSON document.
    Json,
}
