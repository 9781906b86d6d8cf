//! The audit log: what is recorded of a run, and how it gets on disk.
//!
//! A [`Trail`] is opened before the script starts and closed by value when
//! the run has ended, so that no start record stays without its end.

mod append;
mod id;
mod place;
mod record;
mod redact;
mod rotated;
mod start;
mod tail;
mod trail;

pub use append::{AppendError, LOCK_PATIENCE};
pub use id::RunId;
pub use place::{LogObstacle, exposed, obstacle};
pub use record::{
    Chained, EndRecord, EventName, FileFacts, Line, Record, RecoveredRecord, SignalRecord,
    SpawnFailedRecord,
};
pub use redact::recorded_args;
pub use start::{Claimed, Login, Passed, ProgramFacts, RecordedArg, RecordedArgs, StartRecord};
pub use trail::{EndBody, Opening, Trail, Unopened, Unrecorded};
