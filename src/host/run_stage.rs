//! What the other processes of a run do.

use std::ffi::OsString;

use super::stage::Stage;
use super::{become_script, monitor, relay, witness};

/// Runs a stage if the arguments name one. None if they do not.
pub fn run_stage(args: &[OsString]) -> Option<()> {
    let (first, rest) = args.split_first()?;
    let mut stages = Stage::ALL.into_iter();
    // A stage has nowhere to report an error: it ends, which qli notices.
    let _: Option<()> = match stages.find(|stage| first == stage.argument())? {
        Stage::Witness => witness::run(),
        Stage::Relay => relay::run(),
        Stage::Monitor => monitor::run(rest),
        Stage::Script => become_script::run(rest),
    };
    Some(())
}
