//! The one table of exit codes.

use super::{Ended, Outcome};
use crate::guard::Refusal;
use crate::host::Signal;

/// How qli itself ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// With a code.
    Code(u8),
    /// By the signal that ended the script or the run, so that a shell's loop
    /// ends too.
    Signal(Signal),
}

impl Exit {
    /// Everything was done.
    pub const DONE: Self = Self::Code(0);
    /// `validate` found problems.
    pub const PROBLEMS: Self = Self::Code(1);
    /// Wrong usage, or the job could not be done.
    pub const USAGE: Self = Self::Code(2);
    /// Refused, or failed before the script ran.
    pub const REFUSED: Self = Self::Code(125);
}

/// KILL can be sent, and not be taken: the code a shell shows for it.
const KILLED: u8 = 137;

impl Outcome {
    /// Says how qli ends after this run.
    pub fn exit(&self) -> Exit {
        match &self.ended {
            Ended::NotStarted(Refusal::Interrupted(_, signal)) => Exit::Signal(*signal),
            Ended::NotStarted(refusal) => Exit::Code(refusal.exit_code()),
            Ended::SpawnFailed(failure) => Exit::Code(failure.exit_code()),
            Ended::Ran(end) => match end.status {
                Ok(code) => Exit::Code(code),
                Err(signal) if signal.number() == i32::from(KILLED - 128) => Exit::Code(KILLED),
                Err(signal) => Exit::Signal(signal),
            },
            Ended::Lost(_) => Exit::REFUSED,
        }
    }
}
