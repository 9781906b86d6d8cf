//! What every step would do now, for `explain`.

use super::{Plan, Refusal, Step};
use crate::host::HostView;
use crate::manifest::DemandedBy;
use crate::names::shell_path;

/// What a step would do now.
#[derive(Debug, Clone)]
pub enum Verdict {
    Pass,
    /// Asks the user.
    Ask,
    /// Calls another program for a secret.
    Fetch,
    /// Starts, waits or records.
    Act,
    Refuse(Refusal),
}

impl Verdict {
    /// As in documents.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Ask => "ask",
            Self::Fetch => "fetch",
            Self::Act => "act",
            Self::Refuse(_) => "refuse",
        }
    }

    /// As on screen.
    pub(super) fn shown(&self) -> &'static str {
        self.refusal().map_or(self.as_str(), |_| REFUSE)
    }

    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refuse(refusal) => Some(refusal),
            Self::Pass | Self::Ask | Self::Fetch | Self::Act => None,
        }
    }
}

const REFUSE: &str = "REFUSE";

/// One line about a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// What happens now: `show`, `pass`, `ask`, `fetch`, `act` or `REFUSE`.
    pub now: &'static str,
    pub text: String,
    pub demanded_by: DemandedBy,
}

impl Detail {
    pub(super) fn new(now: &'static str, text: String, demanded_by: DemandedBy) -> Self {
        Self {
            now,
            text,
            demanded_by,
        }
    }

    pub(super) fn of_group(now: &'static str, text: impl Into<String>) -> Self {
        Self::new(now, text.into(), DemandedBy::Group)
    }

    pub(super) fn refused(text: String, demanded_by: DemandedBy) -> Self {
        Self::new(REFUSE, text, demanded_by)
    }

    pub fn refuses(&self) -> bool {
        self.now == REFUSE
    }
}

/// What one step would do now.
#[derive(Debug, Clone)]
pub struct Preview {
    pub step: Step,
    pub verdict: Verdict,
    pub details: Vec<Detail>,
}

impl Preview {
    fn new(step: Step, verdict: Verdict, details: Vec<Detail>) -> Self {
        Self {
            step,
            verdict,
            details,
        }
    }
}

/// The first step that refuses, which is where a run would end.
pub fn first_refusal(steps: &[Preview]) -> Option<&Refusal> {
    steps.iter().find_map(|preview| preview.verdict.refusal())
}

impl Plan {
    /// What every declared step would do now, in order.
    pub fn preview(&self, view: &dyn HostView) -> Vec<Preview> {
        let guards = self.guards.in_order().map(|(step, guard)| {
            let verdict = guard.preview(view);
            let details = guard.details(&verdict);
            Preview::new(step, verdict, details)
        });
        let mut steps: Vec<_> = guards.collect();
        steps.push(self.preview_spawn(view));
        steps.push(Preview::new(
            Step::Wait,
            Verdict::Act,
            self.limits.details(),
        ));
        if self.guards.audit_start.is_some() {
            let log = Detail::of_group("act", "the same log");
            steps.push(Preview::new(Step::AuditFinish, Verdict::Act, vec![log]));
        }
        steps
    }

    /// Refuses what a later step would refuse, before a user is asked or a program is
    /// called for nothing.
    pub(super) fn look_ahead(&self, from: Step, view: &dyn HostView) -> Result<(), Refusal> {
        let steps = self.preview(view).into_iter();
        let later = steps.skip_while(|one| one.step < from);
        let refusal = later.into_iter().find_map(|one| match one.verdict {
            Verdict::Refuse(refusal) => Some(refusal),
            Verdict::Pass | Verdict::Ask | Verdict::Fetch | Verdict::Act => None,
        });
        refusal.map_or(Ok(()), Err)
    }

    fn preview_spawn(&self, view: &dyn HostView) -> Preview {
        let local = self.guards.local_secrets(view);
        let planned = self.guards.secrets.iter();
        let local = planned.flat_map(|planned| {
            local.iter().map(|(one, value)| {
                (
                    &one.env,
                    planned.variable_length(one.deliver, &one.env, value),
                )
            })
        });
        let verdict = match self.size_obstacle(local, view) {
            Some(failure) => Verdict::Refuse(Refusal::CannotStart(failure)),
            None => self.spawn.preview(view),
        };
        let program = || shell_path(&self.spawn.program.path);
        let text = verdict.refusal().map_or_else(program, Refusal::reason);
        let program = Detail::of_group(verdict.shown(), text);
        let environment = self.environment_details(view);
        let secrets = self
            .guards
            .secrets
            .as_ref()
            .map_or(0, |one| one.wanted.len());
        let masking = self.masking.detail(secrets);
        let details = std::iter::once(program).chain(environment).chain(masking);
        let details = details.collect();
        Preview::new(Step::Spawn, verdict, details)
    }
}
