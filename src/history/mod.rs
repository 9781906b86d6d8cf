//! Reading logs: holding them against their chains, and putting runs together
//! from their records.
//!
//! Everything is one pass in constant memory, without a lock, over whatever
//! can be read. A line may be anything: what is not a record is reported by
//! [`Verifier`] and skipped by the others.

mod anchors;
mod blocks;
mod chain;
mod compact;
mod feed;
mod heads;
mod newest;
mod order;
mod parsed;
mod pass;
pub mod problem;
mod recent;
mod record_view;
mod run;
mod runs;
mod verified;
mod verify;

pub use blocks::LINE_MAX;
pub use feed::Feed;
pub use heads::read_heads;
pub use newest::{last_lines, newest};
pub use order::{in_order, without_copies};
pub use parsed::NotARecord;
pub use pass::{each_line, verify};
pub use problem::{Fault, Problem};
pub use run::{End, Fate, Outcome, RecordSummary, Run, SignalSender};
pub use runs::Runs;
pub use verified::{Kind, Verified, VerifiedChain};
pub use verify::Verifier;
