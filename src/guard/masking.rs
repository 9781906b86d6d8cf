//! Where the values of secrets are replaced in what the script prints.

use std::time::Duration;

use serde::Serialize;

use super::plan::Declared;
use super::{Detail, Launch};
use crate::host;
use crate::manifest::{DemandedBy, Mask};
use crate::masking::SHORTEST;
use crate::names::{TimeLimit, plural};

/// As long as a program takes to write the rest of a line.
const HOLD: Duration = Duration::from_millis(50);

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Masking {
    pub mask: Mask,
    #[serde(skip)]
    demanded_by: DemandedBy,
    /// None for the default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mask_hold: Option<TimeLimit>,
}

impl Masking {
    /// What masks more applies.
    pub(super) fn plan(declared: &Declared<'_>) -> Self {
        let all = || declared.requirements();
        let masks = all().map(|(by, one)| (one.mask, by));
        // Of two equal ones the group's.
        let mask = masks.reduce(|most, one| if one.0 > most.0 { one } else { most });
        let (mask, demanded_by) = mask.unwrap_or_default();
        let holds = all().filter_map(|(_, one)| one.mask_hold.as_ref());
        Self {
            mask,
            demanded_by,
            mask_hold: holds.max_by_key(|one| one.length()).cloned(),
        }
    }

    pub fn is_off(&self) -> bool {
        self.mask == Mask::Off
    }

    /// What `explain` shows, if so many secrets are masked.
    pub(super) fn detail(&self, secrets: usize) -> Option<Detail> {
        let place = match self.mask {
            Mask::Off => return None,
            Mask::Pipes => "in output that is no terminal",
            Mask::Terminal => "in all output, on a terminal of its own",
        };
        let hold = self.mask_hold.as_ref();
        let hold = hold.map(|hold| format!(", held {hold} at most"));
        let text = match secrets {
            0 => "nothing to mask: it gets no secrets".to_owned(),
            some => format!(
                "masks {} {place}{}",
                plural(some, "secret"),
                hold.unwrap_or_default()
            ),
        };
        Some(Detail::new("act", text, self.demanded_by))
    }

    /// What is masked in a run; none if nothing is.
    pub(super) fn of_run<'v>(
        &self,
        values: &'v [(&'v str, &'v [u8])],
    ) -> Option<host::Masking<'v>> {
        let has_some = values.iter().any(|(_, value)| value.len() >= SHORTEST);
        (!self.is_off() && has_some).then(|| host::Masking {
            terminal: self.mask == Mask::Terminal,
            hold: self.mask_hold.as_ref().map_or(HOLD, TimeLimit::length),
            values,
        })
    }

    /// Says which values are too short to be masked.
    pub(super) fn warning(&self, launch: &Launch<'_>) -> Option<String> {
        if self.is_off() {
            return None;
        }
        let secrets = launch.secrets();
        let short = secrets.filter(|(_, secret)| (1..SHORTEST).contains(&secret.expose().len()));
        let names: Vec<_> = short.map(|(name, _)| format!("`{name}`")).collect();
        let names = names.join(", ");
        let why = format!("not masked, because shorter than {SHORTEST} bytes");
        (!names.is_empty()).then(|| format!("warning: {why}: {names}\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan::tests::plan;
    use super::*;
    use crate::host::fake::World;

    #[test]
    fn what_masks_more_applies() {
        let section = "[extensions.hello]\nmask = \"terminal\"\nmask_hold = \"90ms\"\n";
        let world = World::new().manifest("g", &format!("mask = \"pipes\"\n{section}"));
        let masking = plan(&world).unwrap().masking;
        assert_eq!(masking.mask, Mask::Terminal);
        let run = masking.of_run(&[("A", b"hunter2")]).unwrap();
        assert_eq!((run.terminal, run.hold.as_millis()), (true, 90));
        assert!(
            masking.of_run(&[("A", b"abc")]).is_none(),
            "nothing to mask"
        );
    }

    #[test]
    fn the_digest_covers_a_mask_and_only_that() {
        let digest = |fields: &str| {
            let world = World::new().manifest("g", fields);
            let mut plan = plan(&world).unwrap();
            plan.manifest.sha256 = crate::names::Sha256::of(b"");
            plan.digest()
        };
        assert_eq!(digest(""), digest("mask = \"off\"\n"));
        assert_ne!(digest(""), digest("mask = \"pipes\"\n"));
        assert_ne!(
            digest("mask = \"pipes\"\n"),
            digest("mask = \"terminal\"\n")
        );
    }
}
