//! The guards of a run, and the plan that they belong to.
//!
//! To add a guard: write its file with the struct and its [`Guard`]; add its `mod`,
//! and its row to `guards!` at the step where it runs; add a field to the manifest
//! if it has a setting. The compiler asks for the rest.

mod audit_start;
mod banner;
mod confirm;
mod delivery;
mod environment;
mod exec_size;
mod fetch;
mod last_look;
mod launch;
mod limits;
mod masking;
mod next_step;
mod plan;
mod preview;
mod record;
mod refusal;
mod requires_env;
mod secret_fault;
mod secrets;
mod spawn;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::audit::Passed;
use crate::host::{Host, HostView};
use crate::manifest::{Manifest, Requirements};

pub use audit_start::AuditStart;
pub use banner::Banner;
pub use confirm::{Answer, Confirm};
pub use delivery::{DeliveryFault, NotRemoved};
pub use environment::EnvironmentNow;
pub use last_look::FileChange;
pub use launch::Launch;
pub use limits::Limits;
pub use masking::Masking;
pub use next_step::{CommandLine, NextStep};
pub use plan::{Plan, Request};
pub use preview::{Detail, Preview, Verdict, first_refusal};
pub use refusal::{Refusal, StartFailure};
pub use requires_env::{Miss, RequiresEnv};
pub use secret_fault::SecretFault;
pub use secrets::{Secrets, WantedSecret};
pub use spawn::Spawn;

/// One guard of a plan, with its settings.
pub trait Guard {
    /// What the guard would do now, without changing anything.
    fn preview(&self, view: &dyn HostView) -> Verdict;

    /// Lets the run continue, and says how it passed if records distinguish that.
    fn enforce(&self, launch: &mut Launch<'_>, host: &mut dyn Host) -> Result<Passage, Refusal>;

    /// Whether it asks a user or calls another program.
    fn involves_others(&self) -> bool {
        false
    }

    /// What `explain` shows, a line each, for a verdict of this guard.
    fn details(&self, verdict: &Verdict) -> Vec<Detail>;

    /// The settings as documents show them: without anything that may be a secret.
    fn settings(&self) -> serde_json::Value
    where
        Self: Sized + Serialize,
    {
        serde_json::json!(self)
    }
}

/// How a guard passed, as records have it: `yes-flag`, `tty`; most have only one way.
pub type Passage = Option<&'static str>;

/// Declares the guards, in the order in which a run passes them, and the steps
/// that follow. This is the only place that defines the order.
macro_rules! guards {
    ($($(#[doc = $doc:literal])* $number:literal $step:ident $field:ident,)*
     then $($(#[doc = $after_doc:literal])* $after_number:literal $after:ident $name:ident,)*) => {
        /// A step of a run.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Step { $($(#[doc = $doc])* $step,)* $($(#[doc = $after_doc])* $after,)* }

        impl Step {
            pub const ALL: &'static [Self] = &[$(Self::$step,)* $(Self::$after,)*];

            /// The name in documents and messages.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$step => stringify!($field),)*
                    $(Self::$after => stringify!($name),)*
                }
            }

            pub fn number(self) -> u8 {
                match self { $(Self::$step => $number,)* $(Self::$after => $after_number,)* }
            }
        }

        /// The guards that a manifest declares for a script.
        #[derive(Debug, Clone)]
        pub struct Guards { $(pub $field: Option<$step>,)* }

        impl Guards {
            pub fn in_order(&self) -> impl Iterator<Item = (Step, &dyn Guard)> {
                let all = [$(self.$field.as_ref().map(|guard| (Step::$step, guard as &dyn Guard)),)*];
                all.into_iter().flatten()
            }

            pub fn settings(&self, step: Step) -> Option<serde_json::Value> {
                match step {
                    $(Step::$step => self.$field.as_ref().map(Guard::settings),)*
                    $(Step::$after)|* => None,
                }
            }
        }

        /// A list of objects, each with its `step`: what the digest of a plan covers.
        impl Serialize for Guards {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                #[derive(Serialize)]
                #[serde(tag = "step", rename_all = "snake_case")]
                enum Tagged<'g> { $($step(&'g $step),)* }
                let all = [$(self.$field.as_ref().map(Tagged::$step),)*];
                serializer.collect_seq(all.into_iter().flatten())
            }
        }
    };
}

guards! {
    /// Shows the group's banner.
    1 Banner banner,
    /// Compares environment variables with required values.
    2 RequiresEnv requires_env,
    /// Asks for confirmation.
    3 Confirm confirm,
    /// Fetches every secret.
    4 Secrets secrets,
    /// Records the start, on disk before the script starts.
    5 AuditStart audit_start,
    then
    /// Starts the script.
    6 Spawn spawn,
    /// Waits for the script and forwards signals.
    7 Wait wait,
    /// Records the end.
    8 AuditFinish audit_finish,
}

impl Guards {
    /// The names of the steps that a manifest declares for all its scripts, or a
    /// section of it for one.
    pub fn declared(manifest: Option<&Manifest>, requirements: &Requirements) -> Vec<&'static str> {
        let is_declared = |step: &&Step| match step {
            Step::Banner => manifest.is_some_and(|one| one.banner.is_some()),
            Step::RequiresEnv => !requirements.requires_env.is_empty(),
            Step::Confirm => requirements.confirm.is_some(),
            Step::Secrets => !requirements.secrets.is_empty(),
            Step::AuditStart | Step::AuditFinish => {
                manifest.is_some_and(|one| one.audit_log.is_some())
            }
            Step::Spawn | Step::Wait => false,
        };
        let steps = Step::ALL.iter().filter(is_declared);
        steps.map(|step| step.as_str()).collect()
    }

    pub fn get(&self, step: Step) -> Option<&dyn Guard> {
        let mut guards = self.in_order();
        guards.find_map(|(one, guard)| (one == step).then_some(guard))
    }

    /// Enforces every guard in order; what is known to be refused later is refused before
    /// one of them involves others. A signal that arrives meanwhile ends the run
    /// too.
    pub fn enforce(&self, launch: &mut Launch<'_>, host: &mut dyn Host) -> Result<(), Refusal> {
        for (step, guard) in self.in_order() {
            if guard.involves_others() {
                launch.plan.look_ahead(step, host)?;
            }
            let detail = guard.enforce(launch, host)?;
            launch.passed.push(Passed {
                step: step.as_str(),
                verdict: "pass",
                detail,
            });
            if let Some(signal) = host.pending() {
                return Err(Refusal::Interrupted(step, signal));
            }
        }
        Ok(())
    }
}
