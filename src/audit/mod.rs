//! The audit log: what is recorded of a run, and how it gets on disk.
//!
//! A [`Trail`] is opened before the script starts and closed by value when
//! the run has ended, so that no start record stays without its end.

mod append;
mod compression;
mod head;
mod id;
mod log;
mod options;
mod place;
pub mod read;
mod record;
mod redact;
mod rotated;
mod spool;
mod start;
mod tail;
mod trail;
mod write;

pub use append::{AppendError, LOCK_PATIENCE};
pub use compression::Compression;
pub use head::{Anchor, Head};
pub use id::RunId;
pub use log::Log;
pub use place::{LogObstacle, exposed, obstacle};
pub use record::{
    Chained, EndRecord, EventName, FileFacts, Line, Record, RecoveredRecord, SignalRecord,
    SpawnFailedRecord,
};
pub use redact::{recorded_args, recorded_message, recorded_names};
pub use rotated::{MovedAside, moved_aside};
pub use spool::{Kept, Spool, look as spool};
pub use start::{
    Claimed, Login, Passed, ProgramFacts, RecordedArg, RecordedArgs, RefusedRecord, RunFacts,
    StartRecord,
};
pub use trail::{EndBody, Left, Opening, Trail, Unopened, Unrecorded, refuse};
