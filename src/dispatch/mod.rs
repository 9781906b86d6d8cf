//! Runs a plan: each step gates the next, and there is one exit.

use std::time::Duration;

use crate::audit::{EndBody, EndRecord, SignalRecord, SpawnFailedRecord, Unrecorded};
use crate::guard::{Launch, NotRemoved, Plan, Refusal, Step};
use crate::host::{ChildEnd, Host, Signal, reason};
use crate::names::exit_code;

#[derive(Debug)]
pub struct Outcome {
    pub ended: Ended,
    pub unrecorded: Option<Unrecorded>,
    /// Secrets that are left.
    pub not_removed: Option<NotRemoved>,
    /// Why some of what the script printed could not be written.
    pub unwritten: Option<String>,
}

#[derive(Debug)]
pub enum Ended {
    /// A guard refused, a signal arrived, or the system could not start the script.
    NotStarted(Refusal),
    Ran(ChildEnd),
    /// The script was started, but could not be waited for.
    Lost(String),
}

/// Runs a plan and closes the run at the end of this function, whatever happened, so
/// that every start record gets its end.
pub fn run(plan: &Plan, host: &mut dyn Host) -> Outcome {
    let mut launch = match Launch::begin(plan, host) {
        Ok(launch) => launch,
        Err(refusal) => {
            return Outcome {
                ended: Ended::NotStarted(refusal),
                unrecorded: None,
                unwritten: None,
                not_removed: None,
            };
        }
    };
    let ended = match start(&mut launch, host) {
        Err(refusal) => Ended::NotStarted(refusal),
        Ok(()) => match host.wait(plan.limits.lengths()) {
            Ok(end) => Ended::Ran(end),
            Err(error) => Ended::Lost(reason(&error)),
        },
    };
    let not_removed = launch.withdraw(host);
    let end = end_record(&ended);
    let unrecorded = match &ended {
        Ended::NotStarted(refusal) => launch.refuse(refusal, end, host),
        Ended::Ran(_) | Ended::Lost(_) => launch.close(end, host),
    };
    // Whoever reads the output may read slowly: the end is on disk by then.
    let unwritten = host.flush_output().err().as_ref().map(reason);
    Outcome {
        ended,
        unrecorded,
        not_removed,
        unwritten,
    }
}

fn start(launch: &mut Launch<'_>, host: &mut dyn Host) -> Result<(), Refusal> {
    let plan = launch.plan;
    plan.guards.enforce(launch, host)?;
    let interpreters = launch.prepare(host).map_err(Refusal::CannotStart)?;
    plan.last_look(&interpreters, host)?;
    launch.deliver(host)?;
    // The last check: a signal that arrives from here on is forwarded to the script.
    // A pause looks for those without a handler, too.
    let arrived = host.pending().or_else(|| host.pause(Duration::ZERO));
    if let Some(signal) = arrived {
        return Err(Refusal::Interrupted(Step::Spawn, signal));
    }
    let started = plan.spawn.start(launch, host);
    started.map_err(Refusal::CannotStart)
}

fn end_record(ended: &Ended) -> EndBody {
    let code = ended.exit().code();
    match ended {
        Ended::NotStarted(Refusal::Interrupted(_, signal)) => {
            EndBody::Interrupted(EndRecord::not_started("signal", Some(*signal), code))
        }
        Ended::NotStarted(Refusal::CannotStart(failure)) => {
            EndBody::SpawnFailed(SpawnFailedRecord {
                exit_code: code,
                errno: failure.errno(),
                message: failure.to_string(),
                duration_ms: 0,
                start_gone: false,
                spooled: false,
            })
        }
        Ended::NotStarted(refusal) => {
            EndBody::Interrupted(EndRecord::not_started(refusal.name(), None, code))
        }
        Ended::Ran(end) => ran(end, code),
        Ended::Lost(reason) => EndBody::Interrupted(EndRecord {
            spawned: None,
            ..EndRecord::not_started(reason, None, code)
        }),
    }
}

/// How many signals a record lists: a sender in a loop must not make it too long.
const SIGNALS_LISTED: usize = 64;

/// A run is `interrupted` if qli received HUP, INT, QUIT or TERM while the script
/// ran, or if the script died of one of them. A crash is a `finish` with its signal.
fn ran(end: &ChildEnd, exit_code: i32) -> EndBody {
    let stopped_by = end
        .received
        .iter()
        .map(|one| one.signal)
        .rfind(|one| one.interrupts());
    let died_of = end.status.err();
    let interrupted = stopped_by.is_some() || died_of.is_some_and(Signal::interrupts);
    let listed = end.received.iter().take(SIGNALS_LISTED);
    let record = EndRecord {
        exit_code,
        signal: died_of.or(stopped_by),
        core: end.core,
        signals: listed.map(SignalRecord::from).collect(),
        signals_left_out: end.received.len().saturating_sub(SIGNALS_LISTED) as u64,
        suspended_ms: u64::try_from(end.suspended.as_millis()).unwrap_or(u64::MAX),
        timed_out: end.timed_out,
        left_running: end.left_running,
        ..EndRecord::default()
    };
    if interrupted {
        EndBody::Interrupted(record)
    } else {
        EndBody::Finish(record)
    }
}

impl Outcome {
    /// How qli ends: as the script, unless that ended well and did not know that what it
    /// printed was lost.
    pub fn exit(&self) -> Exit {
        let exit = self.ended.exit();
        if exit == Exit::DONE && self.unwritten.is_some() {
            return Exit::REFUSED;
        }
        exit
    }
}

/// How qli itself ends.
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

    /// The code that a shell shows for it, as in records.
    pub fn code(self) -> i32 {
        match self {
            Self::Code(code) => code.into(),
            Self::Signal(signal) => exit_code::of_signal(signal.number()),
        }
    }
}

/// qli does not kill itself with KILL: it exits with the code that a shell shows.
const KILLED: u8 = 137;

impl Ended {
    pub fn exit(&self) -> Exit {
        match self {
            Self::NotStarted(Refusal::Interrupted(_, signal)) => Exit::Signal(*signal),
            Self::NotStarted(refusal) => Exit::Code(refusal.exit_code()),
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

#[cfg(test)]
mod tests;
