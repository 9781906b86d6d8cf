//! An organisation's own rules: JSON Schemas over manifests.
//!
//! [`Policies::load`] reads and compiles them once; [`Policies::check`] says
//! which rules a manifest violates. A policy is checked after the parser and
//! never changes what the parser says. What is wrong with a policy is reported
//! in the policy, at its line.
//!
//! Only `validate` and `doctor` load policies, so a run pays nothing for them.

#[cfg(feature = "policy")]
mod checker;
#[cfg(feature = "policy")]
mod dialect;
#[cfg(feature = "policy")]
mod document;
#[cfg(feature = "policy")]
mod empty;
#[cfg(feature = "policy")]
mod expand;
#[cfg(feature = "policy")]
mod keywords;
#[cfg(feature = "policy")]
mod pointer;
#[cfg(feature = "policy")]
mod rules;
#[cfg(feature = "policy")]
mod shape;
#[cfg(feature = "policy")]
mod spans;
#[cfg(feature = "policy")]
mod unmet;
#[cfg(feature = "policy")]
mod violation;
// Tested in every build.
#[cfg(any(test, not(feature = "policy")))]
mod disabled;

use std::collections::BTreeSet;
use std::path::PathBuf;

use toml::de::DeTable;

use crate::diagnostics::Diagnostics;
use crate::host::{HostView, path_list};
use crate::manifest::Manifest;

#[cfg(not(feature = "policy"))]
use disabled::Policy;
#[cfg(feature = "policy")]
use rules::Policy;

/// Compiled policies. Threads can share them.
#[derive(Debug, Default)]
pub struct Policies(Vec<Policy>);

impl Policies {
    /// Returns the policy files named on the command line, or else those of
    /// `$QLI_POLICY`, each once.
    pub fn named(given: &[PathBuf], view: &dyn HostView) -> Vec<PathBuf> {
        let mut all: Vec<_> = match given {
            [] => path_list(&view.var("QLI_POLICY").unwrap_or_default()).collect(),
            given => given.to_vec(),
        };
        let mut seen = BTreeSet::new();
        all.retain(|path| !path.as_os_str().is_empty() && seen.insert(path.clone()));
        all
    }

    /// Reads and compiles policies. The diagnostics (QLI0902) are about those
    /// that cannot be used; the others are in force.
    pub fn load(paths: &[PathBuf], view: &dyn HostView) -> (Self, Diagnostics) {
        let (mut usable, mut found) = (Vec::new(), Diagnostics::default());
        for path in paths {
            match Policy::load(path, view) {
                Ok(policy) => usable.push(policy),
                Err(problems) => found.extend(problems),
            }
        }
        (Self(usable), found)
    }

    /// Returns the rules that a manifest violates (QLI0901), and the rules that
    /// could not be checked (QLI0902).
    pub fn check(&self, manifest: &Manifest) -> Diagnostics {
        if self.0.is_empty() {
            return Diagnostics::default();
        }
        // A manifest's text has no syntax errors.
        let (root, _) = DeTable::parse_recoverable(manifest.source.text());
        let check = |policy: &Policy| policy.check(&manifest.source, root.get_ref());
        self.0.iter().flat_map(check).collect()
    }
}

#[cfg(test)]
#[cfg(feature = "policy")]
mod tests;
