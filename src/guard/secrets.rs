//! Step 4: every secret is fetched, or nothing runs.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Enforce, Launch, Refusal, SecretFault, Step, Verdict};
use crate::host::{Host, HostView};
use crate::manifest::{DemandedBy, Requirements, SecretSpec};
use crate::names::{EnvName, SecretRef, Text};
use crate::providers::{
    Fault, FetchError, Lookup, ProviderId, Redactor, Secret, StderrPolicy, Tool,
};

/// Fetches every secret of the group, all of them before the script starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Secrets {
    /// What is fetched, in the manifest's order, the group's first.
    pub wanted: Vec<Wanted>,
    /// The program of each provider that calls one.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tools: BTreeMap<ProviderId, Tool>,
}

/// One secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wanted {
    /// The variable that the script finds it in.
    pub env: EnvName,
    /// What the provider looks up.
    #[serde(rename = "ref")]
    pub reference: SecretRef,
    /// Who is asked.
    pub provider: ProviderId,
    /// Who demands it.
    pub demanded_by: DemandedBy,
}

impl Secrets {
    /// Plans the guard, if there are secrets.
    pub(super) fn plan<'m>(
        demands: impl Iterator<Item = (DemandedBy, &'m Requirements)>,
        view: &dyn HostView,
    ) -> Option<Self> {
        let wanted = demands.flat_map(|(demanded_by, demands)| {
            let secrets = demands.secrets.iter();
            secrets.map(move |spec| Wanted::plan(spec, demanded_by))
        });
        let wanted: Vec<_> = wanted.collect();
        let mut tools = BTreeMap::new();
        for one in wanted.iter().filter(|one| one.calls()) {
            let tool = tools.entry(one.provider);
            tool.or_insert_with(|| Tool::find(one.provider, view));
        }
        (!wanted.is_empty()).then_some(Self { wanted, tools })
    }

    /// Returns the program that is called for a secret.
    pub fn tool(&self, wanted: &Wanted) -> &Tool {
        self.tools.get(&wanted.provider).unwrap_or(&Tool::None)
    }

    /// Returns arguments as they may be shown: without the values that are at
    /// hand.
    pub(super) fn hidden_in(&self, args: &[Text], view: &dyn HostView) -> Vec<Text> {
        let local_value = self.wanted.iter().filter_map(|one| {
            let lookup = one.lookup(&Tool::None);
            Some((&one.env, one.provider.row().local_value(&lookup, view)?))
        });
        let local_value: Vec<_> = local_value.collect();
        let redactor = Redactor::of(local_value.iter().map(|(name, secret)| (*name, secret)));
        args.iter()
            .map(|arg| redactor.text(arg.as_os_str()))
            .collect()
    }

    /// The one predicate: every secret that is known to be missing.
    fn refusal(&self, view: &dyn HostView) -> Option<Refusal> {
        let tools = self.tools.iter();
        let now = Self {
            wanted: Vec::new(),
            tools: tools
                .map(|(provider, tool)| (*provider, tool.again(*provider, view)))
                .collect(),
        };
        let missing = self.wanted.iter().filter_map(|one| {
            let provider = one.provider.row();
            let fault = provider.obstacle(&one.lookup(now.tool(one)), view)?;
            Some(one.fault(fault))
        });
        let faults: Vec<_> = missing.collect();
        (!faults.is_empty()).then_some(Refusal::SecretsMissing(faults))
    }
}

impl Wanted {
    fn plan(spec: &SecretSpec, demanded_by: DemandedBy) -> Self {
        let SecretSpec {
            env,
            reference,
            provider,
        } = spec;
        Self {
            env: env.clone(),
            reference: reference.clone(),
            provider: *provider,
            demanded_by,
        }
    }

    /// Says whether another program is called for it.
    fn calls(&self) -> bool {
        self.provider.row().tool().is_some()
    }

    /// Says whether one value fills both: it is then fetched once.
    fn is_same(&self, other: &Self) -> bool {
        (self.provider, &self.reference) == (other.provider, &other.reference)
    }

    fn lookup<'a>(&'a self, tool: &'a Tool) -> Lookup<'a> {
        Lookup {
            reference: &self.reference,
            tool,
        }
    }

    fn fault(&self, fault: Fault) -> SecretFault {
        SecretFault {
            env: self.env.clone(),
            reference: self.reference.clone(),
            provider: self.provider,
            fault,
        }
    }

    fn fetch(
        &self,
        tool: &Tool,
        words: StderrPolicy,
        host: &mut dyn Host,
    ) -> Result<Secret, Refusal> {
        let provider = self.provider.row();
        let fetched = provider.fetch(&self.lookup(tool), words, host);
        fetched.map_err(|error| match error {
            FetchError::Interrupted(signal) => Refusal::Interrupted(Step::Secrets, signal),
            FetchError::Fault(fault) => Refusal::SecretsMissing(vec![self.fault(fault)]),
        })
    }
}

impl Enforce for Secrets {
    fn preview(&self, view: &dyn HostView) -> Verdict {
        if let Some(refusal) = self.refusal(view) {
            return Verdict::Refuse(refusal);
        }
        if self.wanted.iter().any(Wanted::calls) {
            return Verdict::Fetch;
        }
        Verdict::Pass
    }

    fn enforce(&self, launch: &mut Launch<'_>, host: &mut dyn Host) -> Result<(), Refusal> {
        if let Some(refusal) = self.refusal(host) {
            return Err(refusal);
        }
        host.protect_memory();
        // Values that are at hand come first: a program finds them in its
        // environment, so what it says of a failure is not shown then.
        let (local, called): (Vec<_>, Vec<_>) = self.wanted.iter().partition(|one| !one.calls());
        let mut done: Vec<&Wanted> = Vec::new();
        for wanted in local.into_iter().chain(called) {
            let known: Vec<_> = launch.secrets().collect();
            let same = done.iter().position(|one| one.is_same(wanted));
            let words = if known.is_empty() {
                StderrPolicy::Shown
            } else {
                StderrPolicy::Withheld
            };
            let secret = if let Some((_, same)) = same.and_then(|at| known.get(at)) {
                same.duplicate()
            } else {
                // A program takes its time: it may be another one by now.
                let tool = self.tool(wanted).again(wanted.provider, host);
                wanted.fetch(&tool, words, host)?
            };
            launch.add_secret(wanted.env.clone(), secret);
            done.push(wanted);
        }
        launch.pass(Step::Secrets, None);
        Ok(())
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
            (&Fault::Unset, &Fault::ToolMissing("op"))
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
    fn all_values_there_lets_the_run_go_on() {
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
