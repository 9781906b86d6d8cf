//! What a script gets of qli's own environment, and what is set for it: the one place
//! that decides it. `explain` shows it, a run passes it, and its size is counted.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use serde::Serialize;

use super::requires_env::holds_secret;
use super::{DemandedBy, EnvironmentPolicy, Manifest, Requirements};
use crate::host::HostView;
use crate::names::{
    EnvName, EnvPattern, ExtensionName, LOADER_VARIABLES, is_loader_variable, name_covers,
    name_matches,
};

/// What `clean` passes, beside what is kept.
const CLEAN: [&str; 10] = [
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "LANG", "LC_*", "TZ", "XDG_*",
];

/// As a plan's digest covers it: without what happens to be set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ScriptEnvironment {
    /// The group's, then the section's. A variable must pass each of them, so that a
    /// section can only remove more.
    pub filters: Vec<EnvironmentFilter>,
    /// In the manifest's order, the group's first.
    pub set: Vec<PinnedVariable>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EnvironmentFilter {
    pub policy: EnvironmentPolicy,
    pub keep: Vec<EnvPattern>,
    pub demanded_by: DemandedBy,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PinnedVariable {
    pub name: EnvName,
    pub value: String,
    pub demanded_by: DemandedBy,
}

impl PinnedVariable {
    /// Whether its value may not be shown.
    pub fn is_secret(&self) -> bool {
        holds_secret(&self.name, &self.value)
    }
}

impl EnvironmentFilter {
    pub(super) fn of(requirements: &Requirements, demanded_by: DemandedBy) -> Option<Self> {
        let policy = requirements.environment?;
        let keep = requirements.keep.clone();
        (policy != EnvironmentPolicy::Inherit).then_some(Self {
            policy,
            keep,
            demanded_by,
        })
    }

    fn passes(&self, name: &OsStr, value: &OsStr) -> bool {
        if self.keep.iter().any(|kept| kept.matches(name)) {
            return true;
        }
        let is_clean = || CLEAN.iter().any(|one| name_matches(one, name));
        let is_harmless = !is_loader_variable(name, value);
        match self.policy {
            EnvironmentPolicy::Inherit => true,
            EnvironmentPolicy::Scrub => is_harmless,
            EnvironmentPolicy::Clean => is_harmless && is_clean(),
        }
    }

    /// Whether it removes every variable that a pattern matches.
    pub(super) fn removes_all(&self, pattern: &EnvPattern) -> bool {
        let pattern = pattern.as_str();
        let overlaps = |by: &str| name_covers(by, pattern) || name_covers(pattern, by);
        let is_kept = self.keep.iter().any(|kept| overlaps(kept.as_str()));
        let mut loaders = LOADER_VARIABLES.iter().flat_map(|row| row.names);
        let is_removed = match self.policy {
            EnvironmentPolicy::Inherit => false,
            EnvironmentPolicy::Scrub => loaders.any(|by| name_covers(by, pattern)),
            EnvironmentPolicy::Clean => !CLEAN.iter().any(|by| overlaps(by)),
        };
        is_removed && !is_kept
    }
}

impl ScriptEnvironment {
    /// The strictest policy.
    pub fn policy(&self) -> EnvironmentPolicy {
        let policies = self.filters.iter().map(|one| one.policy);
        policies.max().unwrap_or_default()
    }

    /// Whether the script gets everything as it is.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    pub fn passes(&self, name: &OsStr, value: &OsStr) -> bool {
        self.filters.iter().all(|one| one.passes(name, value))
    }

    /// The whole environment of the script, but for what a run adds.
    pub fn of<'e>(
        &'e self,
        own: &'e BTreeMap<OsString, OsString>,
    ) -> BTreeMap<&'e OsStr, &'e OsStr> {
        let own = own.iter().map(|(name, value)| (&**name, &**value));
        let mut all: BTreeMap<_, _> = own
            .filter(|(name, value)| self.passes(name, value))
            .collect();
        let set = self.set.iter();
        all.extend(set.map(|one| (OsStr::new(one.name.as_str()), OsStr::new(&one.value))));
        all
    }

    /// Reads a variable as the script will see it, but for what a run adds.
    pub fn var(&self, name: &str, view: &dyn HostView) -> Option<OsString> {
        let mut set = self.set.iter();
        if let Some(set) = set.find(|one| one.name.as_str() == name) {
            return Some(OsString::from(&set.value));
        }
        view.var(name)
            .filter(|value| self.passes(name.as_ref(), value))
    }

    /// The search path of the script, by which `env` finds its interpreter.
    pub fn path(&self, view: &dyn HostView) -> Option<OsString> {
        self.var("PATH", view)
    }
}

impl Manifest {
    pub fn environment_of(&self, extension: &ExtensionName) -> ScriptEnvironment {
        let mut all = ScriptEnvironment::default();
        for (demanded_by, requirements) in self.requirements_of(extension) {
            all.filters
                .extend(EnvironmentFilter::of(requirements, demanded_by));
            for (name, value) in &requirements.set_env {
                // A section may repeat what its group sets.
                if !all.set.iter().any(|one| one.name == *name) {
                    all.set.push(PinnedVariable {
                        name: name.clone(),
                        value: value.clone(),
                        demanded_by,
                    });
                }
            }
        }
        all
    }
}

#[cfg(test)]
mod tests;
