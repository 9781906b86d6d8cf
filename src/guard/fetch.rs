//! Fetches what providers' programs have: providers side by side, the calls of one after
//! the other.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use super::{Refusal, Secrets, Step, WantedSecret};
use crate::host::{CallQueue, Host, HostView, reason};
use crate::providers::{Fetching, Parts, ProviderFault, Row, Secret, Shared, Wanted};

/// What was fetched, by provider and reference.
pub(super) type Values<'s> = BTreeMap<(&'s str, &'s str), Secret>;

/// The secrets of one provider, each reference once.
struct ToFetch<'s> {
    row: &'s Arc<Row>,
    secrets: Vec<(&'s WantedSecret, Parts)>,
}

impl Secrets {
    /// The secrets of each provider that calls a program, each reference once.
    fn to_fetch(&self, view: &dyn HostView) -> Result<Vec<ToFetch<'_>>, Refusal> {
        let mut all: Vec<ToFetch<'_>> = Vec::new();
        let mut seen = BTreeSet::new();
        for one in &self.wanted {
            let Some(row) = one.tool().filter(|_| seen.insert(one.key())) else {
                continue;
            };
            let parts = row.parts(&one.reference, view);
            let parts = parts.map_err(|fault| Refusal::SecretsMissing(vec![one.fault(fault)]))?;
            match all.iter_mut().find(|group| group.row.name == row.name) {
                Some(group) => group.secrets.push((one, parts)),
                None => all.push(ToFetch {
                    row,
                    secrets: vec![(one, parts)],
                }),
            }
        }
        Ok(all)
    }

    /// The variables that secrets come from.
    fn sources(&self) -> Vec<&str> {
        let wanted = self.wanted.iter();
        let sources = wanted.filter_map(|one| one.provider.variable(&one.reference));
        sources.collect()
    }

    /// Fetches what programs have, by secret. Those that ask on the terminal are called
    /// first, one after the other.
    pub(super) fn called(&self, host: &mut dyn Host) -> Result<Values<'_>, Refusal> {
        let mut to_fetch = self.to_fetch(host)?;
        let mut values = BTreeMap::new();
        if to_fetch.is_empty() {
            return Ok(values);
        }
        let frame = frame(host)?;
        let (sources, has_values) = (self.sources(), Cell::new(self.has_local_values()));
        let shared = Shared {
            sources: &sources,
            frame: &frame,
            has_values: &has_values,
        };
        to_fetch.sort_by_key(|one| !one.row.terminal);
        while !to_fetch.is_empty() {
            let on_terminal = to_fetch.first().is_some_and(|one| one.row.terminal);
            let rest = if on_terminal {
                to_fetch.split_off(1)
            } else {
                Vec::new()
            };
            self.call(&to_fetch, shared, &mut values, host)?;
            to_fetch = rest;
        }
        Ok(values)
    }

    /// Calls some providers side by side.
    fn call<'s>(
        &'s self,
        groups: &[ToFetch<'s>],
        shared: Shared<'_>,
        values: &mut Values<'s>,
        host: &mut dyn Host,
    ) -> Result<(), Refusal> {
        let missing = Err(ProviderFault::Unset);
        let may_be_empty = self.wanted.iter().filter(|one| one.allow_empty);
        let may_be_empty: BTreeSet<_> = may_be_empty.map(WantedSecret::key).collect();
        let mut fetching: Vec<_> = groups
            .iter()
            .map(|group| {
                let planned = self.tools.get(&group.row.name).unwrap_or(&missing);
                let references = group.secrets.iter().map(|(secret, parts)| Wanted {
                    parts: parts.clone(),
                    may_be_empty: may_be_empty.contains(&secret.key()),
                });
                Fetching::new(group.row, planned, references, shared)
            })
            .collect();
        let mut queues: Vec<_> = fetching
            .iter_mut()
            .map(|one| one as &mut dyn CallQueue)
            .collect();
        let interrupted = host.call_all(&mut queues).map_err(|error| failed(&error))?;
        if let Some(signal) = interrupted {
            return Err(Refusal::Interrupted(Step::Secrets, signal));
        }
        for (group, fetched) in groups.iter().zip(fetching) {
            let secret = |at: usize| group.secrets.get(at).map(|(one, _)| *one);
            if let Some((at, fault)) = fetched.fault {
                let faults = secret(at).map(|one| one.fault(fault)).into_iter().collect();
                return Err(Refusal::SecretsMissing(faults));
            }
            for (at, value) in fetched.values.into_iter().enumerate() {
                if let (Some(one), Some(value)) = (secret(at), value) {
                    values.insert(one.key(), value);
                }
            }
        }
        Ok(())
    }

    /// Whether a value is known before any program is called, which may know it too.
    fn has_local_values(&self) -> bool {
        self.wanted.iter().any(|one| one.tool().is_none())
    }
}

impl WantedSecret {
    /// A secret's value, which has been fetched if a program has it.
    pub(super) fn value(
        &self,
        called: &Values<'_>,
        view: &dyn HostView,
    ) -> Result<Secret, ProviderFault> {
        let value = self.local(view).unwrap_or_else(|| {
            let value = called.get(&self.key()).ok_or(ProviderFault::Unset)?;
            Ok(value.duplicate())
        });
        self.fits(value?, view)
    }
}

/// Marks values in templates. It is random, so that no value contains it.
fn frame(host: &mut dyn Host) -> Result<String, Refusal> {
    let random = host.random().map_err(|error| failed(&error))?;
    Ok(format!("qli-{:032x}", u128::from_be_bytes(random)))
}

fn failed(error: &io::Error) -> Refusal {
    let reason = format!(
        "the providers' programs cannot be called: {}",
        reason(error)
    );
    Refusal::SystemFailed(reason, None)
}
