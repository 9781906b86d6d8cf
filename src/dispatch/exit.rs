//! How qli itself ends after a run.

use super::{Ended, Outcome};
use crate::guard::Refusal;
use crate::host::Signal;
use crate::names::exit_code;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Code(u8),
    /// By the signal that ended the script or the run, so that a shell's loop
    /// ends too.
    Signal(Signal),
}

impl Exit {
    pub const DONE: Self = Self::Code(exit_code::DONE);
    pub const PROBLEMS: Self = Self::Code(exit_code::PROBLEMS);
    pub const USAGE: Self = Self::Code(exit_code::USAGE);
    pub const REFUSED: Self = Self::Code(exit_code::REFUSED);

    /// The code a shell shows for it, and records contain.
    pub fn code(self) -> i32 {
        match self {
            Self::Code(code) => code.into(),
            Self::Signal(signal) => exit_code::of_signal(signal.number()),
        }
    }
}

/// qli does not kill itself with KILL: it exits with the code a shell shows for it.
const KILLED: u8 = 137;

impl Ended {
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::NotStarted(Refusal::Interrupted(_, signal)) => Exit::Signal(*signal),
            Self::NotStarted(refusal) => Exit::Code(refusal.exit_code()),
            Self::SpawnFailed(failure) => Exit::Code(failure.exit_code()),
            Self::Ran(end) => match end.status {
                Ok(code) => Exit::Code(code),
                Err(signal) if Exit::Signal(signal).code() == i32::from(KILLED) => {
                    Exit::Code(KILLED)
                }
                Err(signal) => Exit::Signal(signal),
            },
            Self::Lost(_) => Exit::REFUSED,
        }
    }
}

impl Outcome {
    pub fn exit(&self) -> Exit {
        self.ended.exit()
    }
}
