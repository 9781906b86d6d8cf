//! Reading logs: holding them against their chains, and putting runs together
//! from their records.
//!
//! Everything is one pass in constant memory, without a lock, over whatever
//! can be read. A line may be anything: what is no record is told of by
//! [`Verifier`] and passed over by the others.

mod anchors;
mod blocks;
mod brief;
mod chain;
mod facts;
mod feed;
mod heads;
mod newest;
mod order;
mod pass;
mod problem;
mod recent;
mod run;
mod runs;
mod told;
mod verified;
mod verify;

pub use blocks::LINE_MAX;
pub use facts::Foreign;
pub use feed::Feed;
pub use heads::read_heads;
pub use newest::{last_lines, newest};
pub use order::{in_order, without_copies};
pub use pass::{each_line, verify};
pub use problem::{Fault, LinePlace, Problem, RecordName};
pub use run::{End, Fate, Glance, Outcome, Run, RunProcess, SignalSender};
pub use runs::Runs;
pub use verified::{Kind, Verified, VerifiedChain};
pub use verify::Verifier;
