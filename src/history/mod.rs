//! Reading logs: checking them against their chains, and assembling runs from
//! their records. `audit` writes the records, and has the codec.
//!
//! Everything is one pass in constant memory, without a lock. A line may be
//! anything: what is not a record is reported by [`Verifier`] and skipped by the
//! others.

mod anchors;
mod blocks;
mod chain;
mod chains;
mod newest;
mod order;
mod parsed;
mod pass;
pub mod problem;
mod recent;
mod run;
mod runs;
mod short_text;
mod verified;
mod verify;

pub use anchors::read_checkpoints;
pub use blocks::LineSplitter;
pub use newest::{last_bytes, last_lines, newest};
pub use order::{in_order, without_copies};
pub use pass::{each_line, verify};
pub use problem::Problem;
pub use run::{Fate, Outcome, RecordSummary, Run};
pub use runs::Runs;
pub use verified::{AnchorCounts, InputKind, Verified, VerifiedChain, VerifiedInput};
pub use verify::Verifier;
