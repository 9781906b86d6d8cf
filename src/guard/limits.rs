//! Step 7's limits: how long a script may run, and what ends it then.

use serde::Serialize;

use crate::host::TimeLimits;
use crate::manifest::{DemandedBy, Requirements};
use crate::names::TimeLimit;

/// How long a script may run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// After this it is sent TERM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Limit>,
    /// So long after that it is killed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kill_after: Option<Limit>,
}

/// One limit, and who demands it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Limit {
    /// The length of time.
    pub after: TimeLimit,
    /// Who demands it.
    pub demanded_by: DemandedBy,
}

impl Limits {
    /// Plans the limits: of two the shorter holds, and of two that are equal the
    /// group's.
    pub(super) fn plan<'m>(
        demands: &(impl Iterator<Item = (DemandedBy, &'m Requirements)> + Clone),
    ) -> Self {
        let of = |limit: fn(&Requirements) -> Option<&TimeLimit>| {
            let limits = demands.clone().filter_map(|(demanded_by, demands)| {
                let after = limit(demands)?.clone();
                Some(Limit { after, demanded_by })
            });
            limits.min_by_key(|one| one.after.length())
        };
        Self {
            timeout: of(|demands| demands.timeout.as_ref()),
            kill_after: of(|demands| demands.kill_after.as_ref()),
        }
    }

    /// Says whether there is none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the lengths alone.
    pub fn lengths(&self) -> TimeLimits {
        let length = |limit: &Option<Limit>| limit.as_ref().map(|one| one.after.length());
        TimeLimits {
            timeout: length(&self.timeout),
            kill_after: length(&self.kill_after),
        }
    }
}
