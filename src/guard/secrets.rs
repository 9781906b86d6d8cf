//! Step 4: every secret is fetched, or nothing runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::plan::Declared;
use super::{Detail, Guard, Guards, Launch, Passage, Refusal, SecretFault, StartFailure, Verdict};
use crate::host::{Host, HostView};
use crate::manifest::{DemandedBy, SecretSpec};
use crate::names::{EnvName, SecretRef, Text, plural, shell_word};
use crate::providers::{
    FoundTool, Parts, Provider, ProviderFault, Redactor, Row, Secret, ToolContents, Unusable, count,
};

/// Fetches all secrets before the script starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Secrets {
    /// In the manifest's order, the group's first.
    pub wanted: Vec<WantedSecret>,
    /// The program of each provider that calls one.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", serialize_with = "tools")]
    pub tools: BTreeMap<String, Result<FoundTool, ProviderFault>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WantedSecret {
    /// The variable that passes it to the script.
    pub env: EnvName,
    #[serde(rename = "ref")]
    pub reference: SecretRef,
    pub provider: Provider,
    /// Whether the value may be empty.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub allow_empty: bool,
    pub demanded_by: DemandedBy,
}

/// A program that cannot be called is null.
fn tools<S: Serializer>(
    tools: &BTreeMap<String, Result<FoundTool, ProviderFault>>,
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
                let planned = tools.entry(tool.name.clone());
                planned.or_insert_with(|| tool.find(declared.view));
            }
        }
        (!wanted.is_empty()).then_some(Self { wanted, tools })
    }

    /// The one predicate: every secret that is known to be missing without a call.
    fn refusal(&self, view: &dyn HostView) -> Option<Refusal> {
        let mut now = BTreeMap::new();
        let missing = self.wanted.iter().filter_map(|one| {
            let fault = match (&one.provider, one.tool()) {
                (provider, None) => {
                    let value = provider.local(&one.reference, view)?;
                    value.and_then(|value| one.fits(value, view)).err()?
                }
                (_, Some(row)) => {
                    let planned = self.tools.get(&row.name)?;
                    let found = now.entry(row.name.as_str());
                    let found = found.or_insert_with(|| row.find_again(planned, view).err());
                    found
                        .clone()
                        .or_else(|| row.obstacle(&one.reference, view))?
                }
            };
            Some(one.fault(fault))
        });
        let faults: Vec<_> = missing.collect();
        (!faults.is_empty()).then_some(Refusal::SecretsMissing(faults))
    }

    /// More than the script can be given, of which the longest value is named. Values that
    /// no program is called for have been counted in the preview.
    fn too_much(&self, launch: &Launch<'_>, view: &dyn HostView) -> Option<Refusal> {
        let failure = launch.plan.size_obstacle(launch.secrets(), view)?;
        let StartFailure::TooLarge { size, limit, .. } = failure else {
            return None;
        };
        let longest = launch
            .secrets()
            .max_by_key(|(_, value)| value.expose().len());
        let (env, _) = longest?;
        let wanted = self.wanted.iter().find(|one| one.env == *env)?;
        let fault = wanted.fault(Unusable::TooMuch { size, limit }.into());
        Some(Refusal::SecretsMissing(vec![fault]))
    }

    /// How often each program is called.
    fn calls(&self, now: &'static str) -> Vec<Detail> {
        let mut seen = BTreeSet::new();
        let mut rows: Vec<(&Arc<Row>, Vec<Parts>)> = Vec::new();
        for one in self.wanted.iter().filter(|one| seen.insert(one.key())) {
            let row = one.tool();
            let parts = row.and_then(|row| row.split(one.reference.as_str()).ok());
            let (Some(row), Some(parts)) = (row, parts) else {
                continue;
            };
            match rows.iter_mut().find(|(other, _)| other.name == row.name) {
                Some((_, all)) => all.push(parts),
                None => rows.push((row, vec![parts])),
            }
        }
        let called = rows.iter().filter_map(|(row, parts)| {
            let tool = self.tools.get(&row.name)?.as_ref().ok()?;
            let calls = plural(count(row, parts), "call");
            let text = format!("{}: {calls} of {}", row.name, shell_word(&tool.path));
            Some(Detail::of_group(now, text))
        });
        called.collect()
    }

    fn detail(&self, wanted: &WantedSecret, now: &'static str) -> Detail {
        let tool = self.tools.get(wanted.provider.name());
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
            wanted.provider.name(),
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
            let value = one.provider.local(&one.reference, view)?;
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
            provider: spec.provider.clone(),
            allow_empty: spec.allow_empty,
            demanded_by,
        }
    }

    /// The program that is called for it, if one is.
    pub(super) fn tool(&self) -> Option<&Arc<Row>> {
        self.provider.tool()
    }

    /// Passes on a value that its variable can have.
    pub(super) fn fits(&self, value: Secret, view: &dyn HostView) -> Result<Secret, ProviderFault> {
        value.check_length(self.env.as_str(), view)?;
        if value.is_empty() && !self.allow_empty {
            return Err(Unusable::Empty.into());
        }
        Ok(value)
    }

    /// Secrets with an equal key have the same value, which is then fetched once.
    pub(super) fn key(&self) -> (&str, &str) {
        (self.provider.name(), self.reference.as_str())
    }

    pub(super) fn fault(&self, fault: ProviderFault) -> SecretFault {
        let secret = self.clone();
        SecretFault { secret, fault }
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
        let called = self.called(host)?;
        for wanted in &self.wanted {
            let secret = wanted.value(&called, host);
            let secret =
                secret.map_err(|fault| Refusal::SecretsMissing(vec![wanted.fault(fault)]))?;
            launch.secrets.push((wanted.env.clone(), secret));
        }
        let called = !self.tools.is_empty();
        let too_much = called.then(|| self.too_much(launch, host)).flatten();
        too_much.map_or(Ok(None), Err)
    }

    fn details(&self, verdict: &Verdict) -> Vec<Detail> {
        if let Some(refusal) = verdict.refusal() {
            return refusal.details();
        }
        let now = verdict.shown();
        let wanted = self.wanted.iter().map(|one| self.detail(one, now));
        wanted.chain(self.calls(now)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Step;
    use super::super::plan::tests::enforce_only;
    use super::*;
    use crate::diagnostics::Code;
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
            (
                &ProviderFault::Unset,
                &ProviderFault::ToolMissing("op".into())
            )
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
    fn what_a_file_lacks_is_known_without_a_call() {
        let fields = "[[secrets]]\nenv = \"A\"\nref = \"~/.env#A\"\nprovider = \"dotenv\"\n\
            [[secrets]]\nenv = \"B\"\nref = \"~/b\"\nprovider = \"file\"\n";
        let world = || World::new().manifest("g", fields);
        let codes = |world: World| match enforce_only(world, Step::Secrets).1 {
            Ok(_) => Vec::new(),
            Err(Refusal::SecretsMissing(faults)) => faults.iter().map(SecretFault::code).collect(),
            Err(other) => panic!("{other:?}"),
        };
        assert_eq!(codes(world()), [Code::SecretMissing; 2]);
        let files = || {
            world()
                .file("/home/ops/.env", "A=1\n")
                .file("/home/ops/b", "2\n")
        };
        assert_eq!(codes(files()), []);
        let twice = files().file("/home/ops/.env", "A=1\nA=2\n");
        assert_eq!(codes(twice), [Code::SecretMalformed]);
        let open = files().alter("/home/ops/b", |stat| stat.mode = 0o646);
        assert_eq!(codes(open), [Code::SecretFailed]);
    }

    #[test]
    fn a_token_in_place_of_a_reference_is_in_no_message() {
        const TOKEN: &str = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";
        for (provider, reference) in [
            ("credential", TOKEN.to_owned()),
            ("pass", TOKEN.to_owned()),
            ("pass", format!("{TOKEN}#field")),
        ] {
            let fields = format!(
                "[[secrets]]\nenv = \"A\"\nref = \"{reference}\"\nprovider = \"{provider}\""
            );
            let world = World::new()
                .manifest("g", &fields)
                .var("CREDENTIALS_DIRECTORY", "/run/c")
                .tool("pass", 2, b"", format!("{TOKEN}: No secret key").as_bytes());
            let Err(Refusal::SecretsMissing(faults)) = enforce_only(world, Step::Secrets).1 else {
                panic!("{provider} has a value")
            };
            let step = faults[0].next_step().map(|step| step.command);
            let shown = faults[0].reason() + &step.unwrap_or_default();
            assert!(shown.contains("ghp_"), "{shown}");
            assert!(!shown.contains("292c6912"), "{shown}");
        }
    }

    #[test]
    fn a_value_is_empty_only_if_the_manifest_allows_it() {
        for (provider, reference) in [("env", "CI_A"), ("one_password", "op://v/i/f")] {
            let with = |allowed: &str| {
                let fields = format!(
                    "[[secrets]]\nenv = \"A\"\nref = \"{reference}\"\nprovider = \"{provider}\"\n{allowed}"
                );
                let world = World::new().manifest("g", &fields).var("CI_A", "");
                enforce_only(world.tool("op", 0, b"", b""), Step::Secrets).1
            };
            let Err(Refusal::SecretsMissing(faults)) = with("") else {
                panic!("{provider}: an empty value")
            };
            assert_eq!(faults[0].fault, ProviderFault::Unusable(Unusable::Empty));
            assert!(with("allow_empty = true").is_ok(), "{provider}");
        }
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

    const BROKER: &str = "[[secrets]]\nenv = \"A\"\nref = \"a\"\nprovider = \"broker\"\n\
        [[secrets]]\nenv = \"B\"\nref = \"b\"\nprovider = \"broker\"\n\
        [providers.broker]\nprogram = \"/usr/bin/broker\"\nprotocol = 1\n";

    fn reason_of(answer: &str) -> String {
        let world = World::new().manifest("g", BROKER);
        let world = world.tool("broker", 0, answer.as_bytes(), b"");
        let (_, result) = enforce_only(world, Step::Secrets);
        result.map_or_else(|refusal| refusal.reason(), |_| String::new())
    }

    #[test]
    fn a_program_that_returned_a_value_may_show_it_in_its_message() {
        let denied = r#""errors":{"a":{"means":"denied","message":"not hunter2"}}"#;
        let alone = reason_of(&format!("{{{denied}}}"));
        assert!(
            alone.ends_with("you may not read it: not hunter2"),
            "{alone}"
        );
        let with_value = r#""values":{"b":{"text":"hunter2"}}"#;
        let beside = reason_of(&format!("{{{with_value},{denied}}}"));
        assert!(beside.contains("withheld"), "{beside}");
    }

    #[test]
    fn a_batch_that_printed_may_have_shown_a_value() {
        let many = BROKER.replace(
            "protocol = 1",
            "one = [\"{ref}\"]\n\
            many = { args = [\"many\"], output = \"map\" }",
        );
        let world = World::new().manifest("g", &many);
        let world = world.tool("broker", 1, b"{\"a\":\"hunter2\"}", b"no hunter2");
        let (_, result) = enforce_only(world, Step::Secrets);
        let reason = result.map_or_else(|refusal| refusal.reason(), |_| String::new());
        assert!(reason.contains("withheld"), "{reason}");
    }

    #[test]
    fn what_looks_like_a_secret_in_a_message_is_not_shown() {
        let one = BROKER.replace("protocol = 1", "one = [\"{ref}\"]");
        let world = World::new().manifest("g", &one);
        let world = world.tool("broker", 1, b"", b"no access with password=hunter22");
        let (_, result) = enforce_only(world, Step::Secrets);
        let reason = result.map_or_else(|refusal| refusal.reason(), |_| String::new());
        assert!(reason.contains("no access with password="), "{reason}");
        assert!(!reason.contains("hunter22"), "{reason}");
    }

    #[test]
    fn a_path_in_a_reference_cannot_become_an_option() {
        let row = "[[secrets]]\nenv = \"A\"\nref = \"${FILE}\"\nprovider = \"broker\"\n\
            [providers.broker]\nprogram = \"/usr/bin/broker\"\nref = \"file\"\n\
            paths = [\"file\"]\none = [\"{file}\"]\n";
        let world = World::new()
            .manifest("g", row)
            .var("FILE", "--output=/etc/passwd");
        let world = world.tool("broker", 0, b"v", b"");
        let (world, result) = enforce_only(world, Step::Secrets);
        let reason = result.map_or_else(|refusal| refusal.reason(), |_| String::new());
        assert!(reason.contains("relative"), "{reason}");
        assert!(!called(&world));
    }
}
