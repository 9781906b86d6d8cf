//! Writing the audit log: the records of a run, and how they get on disk.
//! Reading logs is the layer `history`; both share [`codec`].
//!
//! An [`OpenRecord`] is opened before the script starts and closed by value when
//! the run has ended, so that every start record gets its end.

mod append;
mod backwards;
mod checkpoint;
pub mod codec;
mod compression;
mod id;
mod log;
mod log_obstacle;
mod log_permissions;
mod open_log;
mod open_record;
mod record;
mod redact;
mod rotated;
mod spool;
mod start;
pub mod tail;
mod written;

pub use checkpoint::Checkpoint;
pub use codec::EventName;
pub use compression::Compression;
pub use id::RunId;
pub use log::{AnchorSink, Log, LogSetting};
pub use log_obstacle::LogObstacle;
pub use log_permissions::{exposed, obstacle, wrong_kind};
pub use open_log::AppendError;
pub use open_record::{EndBody, Fallback, OpenRecord, RunContext, Unopened, Unrecorded, refuse};
pub use record::{EndRecord, LogLine, SignalRecord, SpawnFailedRecord, to_seconds};
pub use redact::{
    RecordedArg, RecordedArgs, recorded_args, recorded_message, recorded_names, recorded_variables,
};
pub use rotated::rotated_logs;
pub use spool::{Spool, inspect as spool};
pub use start::{
    Claimed, EnvironmentFacts, FileFacts, Passed, ProgramFacts, RefusedRecord, RunFacts,
    StartRecord,
};
