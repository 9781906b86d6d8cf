//! The time limits of step 7, after which the script is ended.

use serde::Serialize;

use super::Detail;
use super::plan::Declared;
use crate::host::TimeLimits;
use crate::manifest::{DemandedBy, Requirements};
use crate::names::TimeLimit;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// After this the script is sent TERM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Limit>,
    /// This long after TERM it is killed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kill_after: Option<Limit>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Limit {
    pub after: TimeLimit,
    pub demanded_by: DemandedBy,
}

impl Limits {
    /// The shorter of two limits applies, and of two equal ones the group's.
    pub(super) fn plan(declared: &Declared<'_>) -> Self {
        let of = |limit: fn(&Requirements) -> Option<&TimeLimit>| {
            let limits = declared
                .requirements()
                .filter_map(|(demanded_by, requirements)| {
                    let after = limit(requirements)?.clone();
                    Some(Limit { after, demanded_by })
                });
            limits.min_by_key(|one| one.after.length())
        };
        Self {
            timeout: of(|requirements| requirements.timeout.as_ref()),
            kill_after: of(|requirements| requirements.kill_after.as_ref()),
        }
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub fn lengths(&self) -> TimeLimits {
        let length = |limit: &Option<Limit>| limit.as_ref().map(|one| one.after.length());
        TimeLimits {
            timeout: length(&self.timeout),
            kill_after: length(&self.kill_after),
        }
    }

    pub(super) fn details(&self) -> Vec<Detail> {
        let of = |limit: &Option<Limit>, text: fn(&TimeLimit) -> String| {
            let limit = limit.as_ref()?;
            Some(Detail::new("act", text(&limit.after), limit.demanded_by))
        };
        let limits = [
            of(&self.timeout, |after| format!("TERM after {after}")),
            of(&self.kill_after, |after| format!("KILL {after} after TERM")),
        ];
        if self.is_empty() {
            return vec![Detail::of_group("act", "no timeout; signals are forwarded")];
        }
        limits.into_iter().flatten().collect()
    }
}
