//! Step 4: every secret is fetched, or nothing runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::delivery::{self, FetchedSecret};
use super::plan::Declared;
use super::{Detail, Guard, Guards, Launch, Passage, Refusal, SecretFault, StartFailure, Verdict};
use crate::host::{Host, HostView};
use crate::manifest::{Deliver, DemandedBy, SecretSpec};
use crate::names::{EnvName, SecretRef, Text, plural, shell_word};
use crate::providers::{
    FoundTool, Parts, Provider, ProviderFault, Redactor, Row, Secret, ToolContents, Unusable, count,
};

/// Fetches all secrets before the script starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Secrets {
    /// In the manifest's order, the group's first.
    pub wanted: Vec<WantedSecret>,
    /// Where those that are delivered as files are, below a directory for each run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory: Option<Text>,
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
    #[serde(skip_serializing_if = "is_default")]
    pub deliver: Deliver,
    pub demanded_by: DemandedBy,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
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
        let planned = Self::of(wanted.collect(), declared.view);
        (!planned.wanted.is_empty()).then_some(planned)
    }

    pub fn of(wanted: Vec<WantedSecret>, view: &dyn HostView) -> Self {
        let mut tools = BTreeMap::new();
        for tool in wanted.iter().filter_map(WantedSecret::tool) {
            let planned = tools.entry(tool.name.clone());
            planned.or_insert_with(|| tool.find(view));
        }
        let has_files = wanted.iter().any(|one| one.deliver == Deliver::File);
        let directory = has_files.then(|| Text::from(delivery::base(view)));
        Self {
            wanted,
            directory,
            tools,
        }
    }

    /// The one predicate: every secret that is known to be missing without a call, or why
    /// they could not be passed on.
    fn refusal(&self, view: &dyn HostView) -> Option<Refusal> {
        let fault = || self.delivery_fault(view).map(Refusal::NotDelivered);
        self.missing(view).or_else(fault)
    }

    fn missing(&self, view: &dyn HostView) -> Option<Refusal> {
        let mut now = BTreeMap::new();
        let missing = self.wanted.iter().filter_map(|one| {
            let fault = match one.tool() {
                None => {
                    let value = one.local(view)?;
                    value.and_then(|value| one.fits(value, view)).err()?
                }
                Some(row) => {
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
        let failure = launch.plan.size_obstacle(launch.lengths(), view)?;
        let StartFailure::TooLarge { size, limit, .. } = failure else {
            return None;
        };
        let (env, _) = launch.lengths().max_by_key(|(_, length)| *length)?;
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
            "{} from {} {}{}{}",
            wanted.env,
            wanted.provider.name(),
            wanted.reference,
            by.unwrap_or_default(),
            self.delivery(wanted)
        );
        Detail::new(now, text, wanted.demanded_by)
    }
}

impl Guards {
    /// The secrets that are available without calling a program.
    pub(super) fn local_secrets(&self, view: &dyn HostView) -> Vec<(&WantedSecret, Secret)> {
        let wanted = self.secrets.iter().flat_map(|one| &one.wanted);
        let local = wanted.filter_map(|one| {
            let value = one.local(view)?;
            Some((one, value.ok()?))
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
        let redactor = Redactor::of(local.iter().map(|(one, secret)| (&one.env, secret)));
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
            deliver: spec.deliver,
            demanded_by,
        }
    }

    /// The program that is called for it, if one is.
    pub(super) fn tool(&self) -> Option<&Arc<Row>> {
        self.provider.tool()
    }

    /// The value, if no program is called for it.
    pub(super) fn local(&self, view: &dyn HostView) -> Option<Result<Secret, ProviderFault>> {
        self.provider
            .local(&self.reference, !self.deliver.is_env(), view)
    }

    /// Passes on a value that can be delivered.
    pub(super) fn fits(&self, value: Secret, view: &dyn HostView) -> Result<Secret, ProviderFault> {
        if self.deliver.is_env() {
            value.check_variable(self.env.as_str(), view)?;
        }
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
            launch.secrets.push(FetchedSecret {
                env: wanted.env.clone(),
                deliver: wanted.deliver,
                value: secret,
            });
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
mod tests;
