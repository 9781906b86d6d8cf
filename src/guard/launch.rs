//! A run in progress: what the guards have collected so far.

use std::ffi::OsString;
use std::path::Path;

use super::delivery::FetchedSecret;
use super::{NextStep, Plan, Refusal, StartFailure, Step};
use crate::audit::{EndBody, Fallback, OpenRecord, Passed, RunId, Unrecorded};
use crate::host::{Host, Interpreter, beyond_the_path, reason};
use crate::names::EnvName;
use crate::providers::Secret;

/// A run in progress, and the only value that contains secrets.
///
/// It must be closed, or its start record gets no end.
///
/// ```compile_fail
/// #![deny(unused_must_use)]
/// fn run(plan: &qli::testing::guard::Plan, host: &mut dyn qli::testing::host::Host) -> Result<(), qli::testing::guard::Refusal> {
///     qli::testing::guard::Launch::begin(plan, host)?;
///     Ok(())
/// }
/// ```
#[derive(Debug)]
#[must_use = "the run must be closed, so that its start record gets its end"]
pub struct Launch<'p> {
    pub plan: &'p Plan,
    pub(super) run_id: RunId,
    pub(super) passed: Vec<Passed>,
    pub(super) secrets: Vec<FetchedSecret>,
    /// What variables have in place of a secret's value, where that is.
    pub(super) variables: Vec<(String, OsString)>,
    pub(super) record: Option<OpenRecord>,
    pub(super) unrecorded: Option<Unrecorded>,
}

impl<'p> Launch<'p> {
    /// Installs the signal handlers: from here on no signal is lost.
    ///
    /// # Errors
    ///
    /// The signal handlers cannot be installed, or there are no random bytes.
    pub fn begin(plan: &'p Plan, host: &mut dyn Host) -> Result<Self, Refusal> {
        let failed = |what: &str, error: std::io::Error| {
            let step = beyond_the_path(&error, Path::new("/")).map(NextStep::to_see_why);
            Refusal::SystemFailed(format!("{what}: {}", reason(&error)), step)
        };
        host.install_signal_handlers()
            .map_err(|error| failed("signals cannot be handled", error))?;
        let run_id = RunId::new(host).map_err(|error| failed("no random bytes", error))?;
        Ok(Self {
            plan,
            run_id,
            passed: Vec::new(),
            secrets: Vec::new(),
            variables: Vec::new(),
            record: None,
            unrecorded: None,
        })
    }

    /// Checks once more whether the script can be started, with all its secrets. Returns
    /// the programs that start it.
    pub fn prepare(&self, host: &mut dyn Host) -> Result<Vec<Interpreter>, StartFailure> {
        self.clear_leftovers(host);
        match self.plan.size_obstacle(self.lengths(), host) {
            Some(failure) => Err(failure),
            None => self.plan.spawn.prepare(host),
        }
    }

    pub(super) fn secrets(&self) -> impl Iterator<Item = (&EnvName, &Secret)> {
        self.secrets.iter().map(|one| (&one.env, &one.value))
    }

    /// How many bytes each secret's variable has.
    pub(super) fn lengths(&self) -> impl Iterator<Item = (&EnvName, usize)> {
        let secrets = self.plan.guards.secrets.iter();
        secrets.flat_map(|planned| {
            let length =
                |one: &FetchedSecret| planned.variable_length(one.deliver, &one.env, &one.value);
            self.secrets.iter().map(move |one| (&one.env, length(one)))
        })
    }

    /// Closes a run that was refused: records its end if it has a start record, else the
    /// refusal if the manifest asks for that. Returns what could not be recorded.
    pub fn refuse(
        self,
        refusal: &Refusal,
        end: EndBody,
        host: &mut dyn Host,
    ) -> Option<Unrecorded> {
        let log = self.plan.guards.audit_start.as_ref();
        match log.filter(|_| self.record.is_none()) {
            // The log that could not take the start cannot take the refusal either.
            Some(log) if refusal.step() == Some(Step::AuditStart) => {
                let unrecorded = log.refusals && refusal.signal().is_some();
                let lost = unrecorded.then(|| Unrecorded {
                    reason: "a signal ended the run while it waited for the log".to_owned(),
                    diagnosis: None,
                    left: Fallback::Dropped,
                });
                self.unrecorded.or(lost)
            }
            Some(log) => log.record_refusal(&self, refusal, host),
            None => self.close(end, host),
        }
    }

    /// Closes the run: records its end if it has a start record. Returns what could not be
    /// recorded.
    pub fn close(self, end: EndBody, host: &mut dyn Host) -> Option<Unrecorded> {
        match self.record {
            Some(record) => record.close(end, host),
            None => self.unrecorded,
        }
    }
}
