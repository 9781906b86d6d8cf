//! What happens to qli's environment on its way to the script: shown by `explain`, and
//! recorded by name.

use std::ffi::OsStr;

use super::{Detail, Plan};
use crate::host::HostView;
use crate::manifest::{DemandedBy, EnvironmentPolicy, PinnedVariable};
use crate::names::{Text, is_loader_variable, plural, visible};

/// What a run sets for every script, whatever the policy.
pub(super) const RUN_ID: &str = "QLI_RUN_ID";
pub(super) const GROUP: &str = "QLI_GROUP";
pub(super) const EXTENSION: &str = "QLI_EXTENSION";

/// What is set now, and what becomes of it. Names only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EnvironmentNow {
    /// What the script does not get.
    pub removed: Vec<Text>,
    /// What it gets although it decides which code runs.
    pub loaders: Vec<Text>,
}

impl Plan {
    /// Looks at the variables that are set now. What the script gets another value of is
    /// neither removed nor passed.
    pub fn environment_now(&self, view: &dyn HostView) -> EnvironmentNow {
        let environment = &self.spawn.environment;
        let mut now = EnvironmentNow::default();
        for (name, value) in view.environment().iter() {
            if self.replaces(name, view) {
                continue;
            }
            if !environment.passes(name, value) {
                now.removed.push(Text::from(name));
            } else if is_loader_variable(name, value) {
                now.loaders.push(Text::from(name));
            }
        }
        now
    }

    /// Whether the script gets a variable from the plan.
    fn replaces(&self, name: &OsStr, view: &dyn HostView) -> bool {
        let environment = &self.spawn.environment;
        let mut set = environment.set.iter();
        let mut directory = self.guards.secrets.iter();
        let mut secrets = self.guards.secrets.iter().flat_map(|one| &one.wanted);
        [RUN_ID, GROUP, EXTENSION].iter().any(|own| name == *own)
            || set.any(|one| name == one.name.as_str())
            || secrets.any(|one| name == one.env.as_str())
            || directory.any(|one| {
                let variable = one.directory_variable(environment, view);
                variable.is_some_and(|(variable, _)| name == variable)
            })
    }

    /// What `explain` shows about the script's environment.
    pub(super) fn environment_details(&self, view: &dyn HostView) -> Vec<Detail> {
        let environment = &self.spawn.environment;
        let now = self.environment_now(view);
        let by = environment.filters.last().map(|one| one.demanded_by);
        let act = |text, by| Detail::new("act", text, by);
        let removed = (environment.policy() > EnvironmentPolicy::Inherit).then(|| {
            let what = match now.removed.len() {
                0 => "removes no variable that is set".to_owned(),
                count => format!(
                    "removes {}: {}",
                    plural(count, "variable"),
                    list(&now.removed)
                ),
            };
            let text = format!("environment {}: {what}", environment.policy().as_str());
            act(text, by.unwrap_or(DemandedBy::Group))
        });
        let loaders = (!now.loaders.is_empty()).then(|| {
            let text = format!(
                "passes variables that decide which code runs: {}",
                list(&now.loaders)
            );
            act(text, DemandedBy::Group)
        });
        let set = environment
            .set
            .iter()
            .map(|one| act(shown(one), one.demanded_by));
        removed.into_iter().chain(loaders).chain(set).collect()
    }
}

fn shown(pinned: &PinnedVariable) -> String {
    if pinned.is_secret() {
        return format!("sets `{}` to the value in the manifest", pinned.name);
    }
    format!("sets `{}` to \"{}\"", pinned.name, visible(&pinned.value))
}

fn list(names: &[Text]) -> String {
    let names: Vec<_> = names.iter().map(Text::visible).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests;
