//! Step 2: variables that must have exactly the values in the manifest.

use serde::Serialize;

use super::plan::Declared;
use super::{Detail, Guard, Launch, Passage, Refusal, Verdict};
use crate::host::{Host, HostView};
use crate::manifest::DemandedBy;
use crate::names::{EnvName, Text, contains_secret, promises_secret, visible};

/// Compares variables of qli's environment with required values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RequiresEnv {
    /// In the manifest's order, the group's first.
    pub wanted: Vec<Variable>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Variable {
    pub name: EnvName,
    pub value: String,
    pub demanded_by: DemandedBy,
}

/// A variable that does not have the required value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Miss {
    pub wanted: Variable,
    pub found: Option<Text>,
}

impl RequiresEnv {
    pub(super) fn plan(declared: &Declared<'_>) -> Option<Self> {
        let mut wanted: Vec<Variable> = Vec::new();
        for (demanded_by, requirements) in declared.requirements() {
            for (name, value) in &requirements.requires_env {
                // A section may repeat what its group requires.
                if !wanted.iter().any(|one| one.name == *name) {
                    wanted.push(Variable {
                        name: name.clone(),
                        value: value.clone(),
                        demanded_by,
                    });
                }
            }
        }
        (!wanted.is_empty()).then_some(Self { wanted })
    }

    /// The one predicate: every variable that differs, in order.
    fn refusal(&self, view: &dyn HostView) -> Option<Refusal> {
        let differing = self.wanted.iter().filter_map(|wanted| {
            let found = view.var(wanted.name.as_str());
            let differs = found.as_deref() != Some(wanted.value.as_ref());
            differs.then(|| Miss {
                wanted: wanted.clone(),
                found: found.map(Text::from),
            })
        });
        let misses: Vec<_> = differing.collect();
        (!misses.is_empty()).then_some(Refusal::EnvDiffers(misses))
    }
}

impl Variable {
    /// Whether the required value may not be shown.
    fn is_secret(&self) -> bool {
        promises_secret(self.name.as_str()) || contains_secret(&self.value)
    }

    fn met(&self) -> Detail {
        let text = if self.is_secret() {
            format!("`{}` has the value in the manifest", self.name)
        } else {
            format!("`{}` is \"{}\"", self.name, visible(&self.value))
        };
        Detail::new("pass", text, self.demanded_by)
    }
}

impl Miss {
    /// Whether neither value may be shown.
    pub fn is_secret(&self) -> bool {
        let found = self.found.as_ref().map(Text::as_os_str);
        self.wanted.is_secret() || found.is_some_and(contains_secret)
    }

    pub fn reason(&self) -> String {
        let Variable { name, value, .. } = &self.wanted;
        let is_secret = self.is_secret();
        let is = match &self.found {
            None => "is not set".to_owned(),
            Some(_) if is_secret => "has another value".to_owned(),
            Some(found) => format!("is \"{}\"", found.visible()),
        };
        if is_secret {
            return format!("`{name}` must have the value in the manifest, but {is}");
        }
        format!("`{name}` must be \"{}\", but {is}", visible(value))
    }

    /// For the log: without the variable's value, which may be a secret whatever its
    /// name.
    pub fn recorded(&self) -> String {
        let is = match self.found {
            Some(_) => "has another value",
            None => "is not set",
        };
        format!("`{}` {is}", self.wanted.name)
    }

    pub(super) fn detail(&self) -> Detail {
        Detail::refused(self.reason(), self.wanted.demanded_by)
    }
}

impl Guard for RequiresEnv {
    fn preview(&self, view: &dyn HostView) -> Verdict {
        self.refusal(view).map_or(Verdict::Pass, Verdict::Refuse)
    }

    fn enforce(&self, _: &mut Launch<'_>, host: &mut dyn Host) -> Result<Passage, Refusal> {
        self.refusal(host).map_or(Ok(None), Err)
    }

    /// A line per variable, whether it differs or not.
    fn details(&self, verdict: &Verdict) -> Vec<Detail> {
        let misses = match verdict.refusal() {
            Some(Refusal::EnvDiffers(misses)) => misses.as_slice(),
            _ => &[],
        };
        let lines = self.wanted.iter().map(|wanted| {
            let miss = misses.iter().find(|miss| miss.wanted == *wanted);
            miss.map_or_else(|| wanted.met(), Miss::detail)
        });
        lines.collect()
    }

    fn settings(&self) -> serde_json::Value {
        let wanted = self.wanted.iter().map(|one| {
            let value = (!one.is_secret()).then_some(&one.value);
            serde_json::json!({ "name": one.name, "value": value, "demanded_by": one.demanded_by })
        });
        serde_json::json!({ "wanted": wanted.collect::<Vec<_>>() })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Step;
    use super::super::plan::tests::enforce_only;
    use super::*;
    use crate::host::fake::World;

    fn world() -> World {
        World::new().manifest(
            "g",
            "[requires_env]\nZONE = \"eu\"\nAPI_TOKEN = \"t\"\nEMPTY = \"\"",
        )
    }

    #[test]
    fn every_variable_that_differs_is_reported_in_the_manifests_order() {
        let (_, result) = enforce_only(world().var("ZONE", "us"), Step::RequiresEnv);
        let refusal = result.unwrap_err();
        let Refusal::EnvDiffers(misses) = &refusal else {
            panic!("{refusal:?}")
        };
        let names: Vec<_> = misses
            .iter()
            .map(|miss| miss.wanted.name.as_str())
            .collect();
        assert_eq!(names, ["ZONE", "API_TOKEN", "EMPTY"]);
        let reason = refusal.reason();
        assert!(
            reason.contains("`ZONE` must be \"eu\", but is \"us\""),
            "{reason}"
        );
        assert!(!reason.contains("\"t\""), "{reason}");
    }

    #[test]
    fn a_known_token_is_not_shown_whatever_its_name() {
        const TOKEN: &str = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";
        let world = || World::new().manifest("g", &format!("[requires_env]\nX = \"{TOKEN}\""));
        for world in [world(), world().var("X", "y")] {
            let reason = enforce_only(world, Step::RequiresEnv)
                .1
                .unwrap_err()
                .reason();
            assert!(!reason.contains("16C7e42"), "{reason}");
        }
        let found = World::new().manifest("g", "[requires_env]\nX = \"y\"");
        let found = enforce_only(found.var("X", TOKEN), Step::RequiresEnv).1;
        let reason = found.unwrap_err().reason();
        assert!(
            reason.contains("has another value") && !reason.contains("ghp_"),
            "{reason}"
        );
    }

    #[test]
    fn a_required_empty_value_is_not_met_by_an_unset_variable() {
        let met = world().var("ZONE", "eu").var("API_TOKEN", "t");
        assert!(enforce_only(met, Step::RequiresEnv).1.is_err());
        let met = world()
            .var("ZONE", "eu")
            .var("API_TOKEN", "t")
            .var("EMPTY", "");
        assert!(enforce_only(met, Step::RequiresEnv).1.is_ok());
    }
}
