//! Step 2: variables that must have exactly the values the manifest names.

use serde::Serialize;

use super::{Enforce, Launch, Miss, Refusal, Step, Verdict};
use crate::host::{Host, HostView};
use crate::manifest::{DemandedBy, Requirements};
use crate::names::{EnvName, Text};

/// Compares variables of qli's environment with the values they must have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RequiresEnv {
    /// The variables, in the manifest's order, the group's first.
    pub wanted: Vec<Variable>,
}

/// One variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Variable {
    /// Its name.
    pub name: EnvName,
    /// The value it must have.
    pub value: String,
    /// Who demands it.
    pub demanded_by: DemandedBy,
}

impl RequiresEnv {
    /// Plans the guard, if anything is required.
    pub(super) fn plan<'m>(
        demands: impl Iterator<Item = (DemandedBy, &'m Requirements)>,
    ) -> Option<Self> {
        let mut wanted: Vec<Variable> = Vec::new();
        for (demanded_by, demands) in demands {
            for (name, value) in &demands.requires_env {
                // A section may repeat what its group demands.
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
    fn misses(&self, view: &dyn HostView) -> Vec<Miss> {
        let differing = self.wanted.iter().filter_map(|one| {
            let found = view.var(one.name.as_str());
            let differs = found.as_deref() != Some(one.value.as_ref());
            differs.then(|| Miss {
                name: one.name.clone(),
                want: one.value.clone(),
                found: found.map(Text::from),
            })
        });
        differing.collect()
    }

    fn refusal(&self, view: &dyn HostView) -> Option<Refusal> {
        let misses = self.misses(view);
        (!misses.is_empty()).then_some(Refusal::EnvDiffers(misses))
    }
}

impl Enforce for RequiresEnv {
    fn preview(&self, view: &dyn HostView) -> Verdict {
        self.refusal(view).map_or(Verdict::Pass, Verdict::Refuse)
    }

    fn enforce(&self, launch: &mut Launch<'_>, host: &mut dyn Host) -> Result<(), Refusal> {
        if let Some(refusal) = self.refusal(host) {
            return Err(refusal);
        }
        launch.pass(Step::RequiresEnv, None);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
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
        let names: Vec<_> = misses.iter().map(|miss| miss.name.as_str()).collect();
        assert_eq!(names, ["ZONE", "API_TOKEN", "EMPTY"]);
        let reason = refusal.reason();
        assert!(
            reason.contains("`ZONE` must be \"eu\", but is \"us\""),
            "{reason}"
        );
        assert!(!reason.contains("\"t\""), "{reason}");
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
