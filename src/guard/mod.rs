//! The guards of a run and the plan that orders them.
//!
//! To add a guard: its file with the struct, its `plan`, its one predicate,
//! `preview`, `enforce` and tests; then here its `mod`, its variant, its arm in
//! `Guard::as_dyn`, and its line in [`Plan::of`]; a field of the manifest if
//! it has a setting.

mod audit_start;
mod banner;
mod confirm;
mod digest;
mod last_look;
mod launch;
mod limits;
mod plan;
mod record;
mod refusal;
mod requires_env;
mod secret_fault;
mod secrets;
mod spawn;

use schemars::JsonSchema;
use serde::Serialize;

use crate::host::{Host, HostView};
use crate::manifest::DemandedBy;

pub use audit_start::AuditStart;
pub use banner::Banner;
pub use confirm::{Answer, Confirm};
pub use last_look::Change;
pub use launch::Launch;
pub use limits::{Limit, Limits};
pub use plan::{Plan, Preview, Request, first_refusal};
pub use refusal::{Miss, Refusal, StartFailure};
pub use requires_env::{RequiresEnv, Variable};
pub use secret_fault::SecretFault;
pub use secrets::Secrets;
pub use spawn::Spawn;

/// The steps of a run, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Shows the group's banner.
    Banner,
    /// Compares variables with the values they must have.
    RequiresEnv,
    /// Asks a person.
    Confirm,
    /// Fetches every secret.
    Secrets,
    /// Records the start, durably.
    AuditStart,
    /// Starts the script.
    Spawn,
    /// Waits for it, passing signals on.
    Wait,
    /// Records the end.
    AuditFinish,
}

impl Step {
    /// Returns its name in documents and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Banner => "banner",
            Self::RequiresEnv => "requires_env",
            Self::Confirm => "confirm",
            Self::Secrets => "secrets",
            Self::AuditStart => "audit_start",
            Self::Spawn => "spawn",
            Self::Wait => "wait",
            Self::AuditFinish => "audit_finish",
        }
    }
}

/// What a step would do now.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// It lets the run go on.
    Pass,
    /// It asks a person.
    Ask,
    /// It calls another program for a secret.
    Fetch,
    /// It acts: starts, waits, records.
    Act,
    /// It ends the run.
    Refuse(Refusal),
}

impl Verdict {
    /// Returns its word in documents.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Ask => "ask",
            Self::Fetch => "fetch",
            Self::Act => "act",
            Self::Refuse(_) => "refuse",
        }
    }
}

/// What every guard can do: say what it would do, and do it.
pub trait Enforce {
    /// Says what the guard would do now. It reads the world and changes
    /// nothing.
    fn preview(&self, view: &dyn HostView) -> Verdict;

    /// Lets the run go on, or says why not.
    fn enforce(&self, launch: &mut Launch<'_>, host: &mut dyn Host) -> Result<(), Refusal>;
}

/// One guard of a plan, with its settings.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Guard {
    /// Shows the group's banner.
    Banner(Banner),
    /// Compares variables with the values they must have.
    RequiresEnv(RequiresEnv),
    /// Asks a person.
    Confirm(Confirm),
    /// Fetches every secret.
    Secrets(Secrets),
    /// Records the start, durably.
    AuditStart(AuditStart),
}

impl Guard {
    /// Returns the step it is.
    pub fn step(&self) -> Step {
        match self {
            Self::Banner(_) => Step::Banner,
            Self::RequiresEnv(_) => Step::RequiresEnv,
            Self::Confirm(_) => Step::Confirm,
            Self::Secrets(_) => Step::Secrets,
            Self::AuditStart(_) => Step::AuditStart,
        }
    }

    /// Says whether the section of the extension demands it or a part of it.
    pub fn is_added(&self) -> bool {
        let added = |by: DemandedBy| by == DemandedBy::Extension;
        match self {
            Self::Banner(_) | Self::AuditStart(_) => false,
            Self::RequiresEnv(guard) => guard.wanted.iter().any(|one| added(one.demanded_by)),
            Self::Confirm(guard) => added(guard.demanded_by),
            Self::Secrets(guard) => guard.wanted.iter().any(|one| added(one.demanded_by)),
        }
    }

    fn as_dyn(&self) -> &dyn Enforce {
        match self {
            Self::Banner(guard) => guard,
            Self::RequiresEnv(guard) => guard,
            Self::Confirm(guard) => guard,
            Self::Secrets(guard) => guard,
            Self::AuditStart(guard) => guard,
        }
    }

    /// Says what the guard would do now.
    pub fn preview(&self, view: &dyn HostView) -> Verdict {
        self.as_dyn().preview(view)
    }

    /// Lets the run go on, or says why not; a signal that has arrived
    /// meanwhile ends the run too.
    pub fn enforce(&self, launch: &mut Launch<'_>, host: &mut dyn Host) -> Result<(), Refusal> {
        self.as_dyn().enforce(launch, host)?;
        match host.pending() {
            Some(signal) => Err(Refusal::Interrupted(self.step(), signal)),
            None => Ok(()),
        }
    }
}
