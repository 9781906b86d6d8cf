//! Step 4: every secret is fetched, or nothing runs.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::plan::Declared;
use super::{Detail, Guard, Guards, Launch, NextStep, Passage, Refusal, Step, Verdict};
use crate::diagnostics::Code;
use crate::host::{Host, HostView};
use crate::manifest::{DemandedBy, SecretSpec};
use crate::names::{EnvName, SecretRef, Text, shell_word};
use crate::providers::{
    FetchError, FoundTool, ProviderFault, ProviderId, Redactor, Secret, Source, StderrPolicy, Tool,
    ToolContents,
};

/// Fetches all secrets before the script starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Secrets {
    /// In the manifest's order, the group's first.
    pub wanted: Vec<WantedSecret>,
    /// The program of each provider that calls one.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", serialize_with = "tools")]
    pub tools: BTreeMap<ProviderId, Result<FoundTool, ProviderFault>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WantedSecret {
    /// The variable that passes it to the script.
    pub env: EnvName,
    #[serde(rename = "ref")]
    pub reference: SecretRef,
    pub provider: ProviderId,
    pub demanded_by: DemandedBy,
}

/// Why there is no value for a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretFault {
    pub secret: WantedSecret,
    pub fault: ProviderFault,
}

/// A program that cannot be called is null.
fn tools<S: Serializer>(
    tools: &BTreeMap<ProviderId, Result<FoundTool, ProviderFault>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(tools.iter().map(|(id, tool)| (id, tool.as_ref().ok())))
}

impl Secrets {
    pub(super) fn plan(declared: &Declared<'_>) -> Option<Self> {
        let wanted = declared
            .requirements()
            .flat_map(|(demanded_by, requirements)| {
                let secrets = requirements.secrets.iter();
                secrets.map(move |spec| WantedSecret::new(spec, demanded_by))
            });
        let wanted: Vec<_> = wanted.collect();
        let mut tools = BTreeMap::new();
        for one in &wanted {
            if let Some(tool) = one.tool() {
                let planned = tools.entry(one.provider);
                planned.or_insert_with(|| tool.find(declared.view));
            }
        }
        (!wanted.is_empty()).then_some(Self { wanted, tools })
    }

    /// The one predicate: every secret that is known to be missing without a call.
    fn refusal(&self, view: &dyn HostView) -> Option<Refusal> {
        let now = self.tools.iter().filter_map(|(id, planned)| {
            let tool = id.row().tool()?;
            Some((id, tool.find_again(planned, view)))
        });
        let now: BTreeMap<_, _> = now.collect();
        let missing = self.wanted.iter().filter_map(|one| {
            let fault = match one.provider.row().local(&one.reference, view) {
                Some(value) => value.and_then(|value| one.fits(value, view)).err()?,
                None => now.get(&one.provider)?.as_ref().err()?.clone(),
            };
            Some(one.fault(fault))
        });
        let faults: Vec<_> = missing.collect();
        (!faults.is_empty()).then_some(Refusal::SecretsMissing(faults))
    }

    fn fetch(
        &self,
        wanted: &WantedSecret,
        stderr: StderrPolicy,
        host: &mut dyn Host,
    ) -> Result<Secret, FetchError> {
        let (id, reference) = (&wanted.provider, &wanted.reference);
        match &id.row().source {
            Source::Local(value) => Ok(value(reference, host)?),
            Source::Tool(tool) => {
                // A call takes time: another program may have been replaced meanwhile.
                let found = match self.tools.get(id) {
                    Some(planned) => tool.find_again(planned, host)?,
                    None => tool.find(host)?,
                };
                (tool.fetch)(reference, &found, stderr, host)
            }
        }
    }

    fn detail(&self, wanted: &WantedSecret, now: &'static str) -> Detail {
        let tool = self.tools.get(&wanted.provider);
        let by = tool.and_then(|tool| tool.as_ref().ok());
        let by = by.map(|tool| {
            let known = match tool.contents {
                ToolContents::Hashed(_) => "",
                ToolContents::Unreadable(_) => " (not readable, so without a SHA-256)",
            };
            format!(", by {}{known}", shell_word(&tool.path))
        });
        let text = format!(
            "{} from {} {}{}",
            wanted.env,
            wanted.provider.as_str(),
            wanted.reference,
            by.unwrap_or_default()
        );
        Detail::new(now, text, wanted.demanded_by)
    }
}

impl Guards {
    /// The secrets that are available without calling a program.
    pub(super) fn local_secrets(&self, view: &dyn HostView) -> Vec<(&EnvName, Secret)> {
        let wanted = self.secrets.iter().flat_map(|one| &one.wanted);
        let local = wanted.filter_map(|one| {
            let value = one.provider.row().local(&one.reference, view)?;
            Some((&one.env, value.ok()?))
        });
        local.collect()
    }

    /// Arguments without the values of secrets that are available without calling a
    /// program.
    pub(super) fn without_local_secrets(&self, args: &[Text], view: &dyn HostView) -> Vec<Text> {
        if args.is_empty() {
            return Vec::new();
        }
        let local = self.local_secrets(view);
        if local.is_empty() {
            return args.to_vec();
        }
        let redactor = Redactor::of(local.iter().map(|(name, secret)| (*name, secret)));
        args.iter()
            .map(|arg| redactor.text(arg.as_os_str()))
            .collect()
    }
}

impl WantedSecret {
    pub fn new(spec: &SecretSpec, demanded_by: DemandedBy) -> Self {
        Self {
            env: spec.env.clone(),
            reference: spec.reference.clone(),
            provider: spec.provider,
            demanded_by,
        }
    }

    /// The program that is called for it, if one is.
    fn tool(&self) -> Option<&'static Tool> {
        self.provider.row().tool()
    }

    /// Passes on a value that its variable can have.
    fn fits(&self, value: Secret, view: &dyn HostView) -> Result<Secret, ProviderFault> {
        value.check_length(self.env.as_str(), view)?;
        Ok(value)
    }

    /// Whether both have the same value, which is then fetched once.
    fn is_same(&self, other: &Self) -> bool {
        (self.provider, &self.reference) == (other.provider, &other.reference)
    }

    fn fault(&self, fault: ProviderFault) -> SecretFault {
        let secret = self.clone();
        SecretFault { secret, fault }
    }
}

impl SecretFault {
    pub fn code(&self) -> Code {
        match self.fault {
            ProviderFault::Unset => Code::SecretMissing,
            ProviderFault::Unusable(_) => Code::SecretInvalid,
            ProviderFault::ToolMissing(_) | ProviderFault::ToolUntrusted(_) => {
                Code::ProviderMissing
            }
            ProviderFault::ToolChanged(_) => Code::ChangedSincePlan,
            ProviderFault::ToolFailed { .. }
            | ProviderFault::ToolTimedOut(_)
            | ProviderFault::ToolStopped
            | ProviderFault::ToolFlooded(_)
            | ProviderFault::ToolBroken { .. } => Code::ProviderFailed,
        }
    }

    /// What is missing, and why, without any value.
    pub fn reason(&self) -> String {
        let secret = &self.secret;
        let reference = &secret.reference;
        let why = if self.fault == ProviderFault::Unset {
            format!("the variable `{reference}` is not set")
        } else {
            self.fault.to_string()
        };
        let provider = secret.provider.as_str();
        format!("`{}` from {provider} {reference}: {why}", secret.env)
    }

    pub(super) fn detail(&self) -> Detail {
        Detail::refused(self.reason(), self.secret.demanded_by)
    }

    /// What to type next; none for a variable that is not set, which
    /// [`Refusal::next_steps`] sets in the command.
    pub fn next_step(&self) -> Option<NextStep> {
        let hint = self.secret.tool().map(|tool| tool.hint);
        match &self.fault {
            ProviderFault::ToolMissing(tool) => {
                let label = format!("install `{tool}`, then");
                Some(NextStep::new(label, hint.unwrap_or("qli doctor")))
            }
            ProviderFault::ToolUntrusted(insecure) => Some(NextStep::to_fix_it(insecure.help())),
            ProviderFault::ToolChanged(path) => {
                let command = format!("ls -l {}", shell_word(path));
                Some(NextStep::new("look at it", command))
            }
            ProviderFault::ToolFailed { .. }
            | ProviderFault::ToolTimedOut(_)
            | ProviderFault::ToolStopped => Some(NextStep::new("if you are signed out", hint?)),
            ProviderFault::ToolBroken { help, .. } => Some(NextStep::to_see_why(help.clone())),
            ProviderFault::Unset | ProviderFault::Unusable(_) | ProviderFault::ToolFlooded(_) => {
                None
            }
        }
    }
}

impl Guard for Secrets {
    fn preview(&self, view: &dyn HostView) -> Verdict {
        match self.refusal(view) {
            Some(refusal) => Verdict::Refuse(refusal),
            None if !self.tools.is_empty() => Verdict::Fetch,
            None => Verdict::Pass,
        }
    }

    fn involves_others(&self) -> bool {
        !self.tools.is_empty()
    }

    fn enforce(&self, launch: &mut Launch<'_>, host: &mut dyn Host) -> Result<Passage, Refusal> {
        if let Some(refusal) = self.refusal(host) {
            return Err(refusal);
        }
        host.protect_memory();
        // Local values come first: a program may find them in its environment, and its
        // error message is then not shown.
        let (local, called): (Vec<_>, Vec<_>) =
            self.wanted.iter().partition(|one| one.tool().is_none());
        let mut done: Vec<&WantedSecret> = Vec::new();
        for wanted in local.into_iter().chain(called) {
            let known: Vec<_> = launch.secrets().collect();
            let same = done.iter().position(|one| one.is_same(wanted));
            let stderr = if known.is_empty() {
                StderrPolicy::Shown
            } else {
                StderrPolicy::Withheld
            };
            let secret = if let Some((_, same)) = same.and_then(|at| known.get(at)) {
                same.duplicate()
            } else {
                let fetched = self.fetch(wanted, stderr, host);
                fetched.map_err(|error| match error {
                    FetchError::Interrupted(signal) => Refusal::Interrupted(Step::Secrets, signal),
                    FetchError::Fault(fault) => Refusal::SecretsMissing(vec![wanted.fault(fault)]),
                })?
            };
            let secret = wanted.fits(secret, host);
            let secret =
                secret.map_err(|fault| Refusal::SecretsMissing(vec![wanted.fault(fault)]))?;
            launch.secrets.push((wanted.env.clone(), secret));
            done.push(wanted);
        }
        Ok(None)
    }

    fn details(&self, verdict: &Verdict) -> Vec<Detail> {
        if let Some(refusal) = verdict.refusal() {
            return refusal.details();
        }
        let wanted = self.wanted.iter();
        wanted
            .map(|one| self.detail(one, verdict.shown()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan::tests::enforce_only;
    use super::*;
    use crate::host::Signal;
    use crate::host::fake::{Act, Op, World};

    const BOTH: &str = "[[secrets]]\nenv = \"A\"\nref = \"CI_A\"\nprovider = \"env\"\n\
        [[secrets]]\nenv = \"B\"\nref = \"op://v/i/f\"\nprovider = \"one_password\"\n";

    fn called(world: &World) -> bool {
        world
            .acts()
            .iter()
            .any(|act| matches!(act, Act::Called(..)))
    }

    #[test]
    fn everything_that_is_known_to_be_missing_is_reported_before_a_tool_is_called() {
        let (world, result) = enforce_only(World::new().manifest("g", BOTH), Step::Secrets);
        let Err(Refusal::SecretsMissing(faults)) = result else {
            panic!("{result:?}")
        };
        assert_eq!(
            (&faults[0].fault, &faults[1].fault),
            (&ProviderFault::Unset, &ProviderFault::ToolMissing("op"))
        );
        assert!(!called(&world));
    }

    #[test]
    fn one_failure_ends_the_step() {
        let world = World::new()
            .manifest("g", BOTH)
            .var("CI_A", "1")
            .tool("op", 1, b"", b"no");
        let (world, result) = enforce_only(world, Step::Secrets);
        let reason = result.unwrap_err().reason();
        assert!(
            reason.contains("`B`") && reason.contains("op://v/i/f"),
            "{reason}"
        );
        assert!(called(&world));
    }

    #[test]
    fn a_run_with_all_its_secrets_continues() {
        let world = World::new()
            .manifest("g", BOTH)
            .var("CI_A", "1")
            .tool("op", 0, b"v\n", b"");
        assert!(enforce_only(world, Step::Secrets).1.is_ok());
    }

    #[test]
    fn an_equal_reference_is_fetched_once() {
        let twice = "[[secrets]]\nenv = \"A\"\nref = \"op://v/i/f\"\nprovider = \"one_password\"\n\
            [[secrets]]\nenv = \"B\"\nref = \"op://v/i/f\"\nprovider = \"one_password\"\n";
        let world = World::new().manifest("g", twice).tool("op", 0, b"v\n", b"");
        let (world, result) = enforce_only(world, Step::Secrets);
        assert!(result.is_ok());
        let calls = world
            .acts()
            .iter()
            .filter(|act| matches!(act, Act::Called(..)))
            .count();
        assert_eq!(calls, 1);
    }

    #[test]
    fn a_signal_while_fetching_ends_the_run() {
        let world = World::new()
            .manifest("g", BOTH)
            .var("CI_A", "1")
            .tool("op", 0, b"v\n", b"");
        let (_, result) = enforce_only(world.signal_at(Op::Call, Signal::new(15)), Step::Secrets);
        assert!(matches!(
            result,
            Err(Refusal::Interrupted(Step::Secrets, _))
        ));
    }
}
