//! An organisation's own rules: JSON Schemas over the manifest, for `validate
//! --policy`. Nothing here is on the way of a run.
//!
//! A manifest without errors becomes a JSON document, made from the tree that
//! the parser read; `jsonschema` checks it (one file, `checker.rs`); what it
//! finds is placed by walking the same tree. A policy that cannot be used is a problem
//! of the policy, at its place.

#[cfg(feature = "policy")]
mod checker;
#[cfg(feature = "policy")]
mod draft;
#[cfg(feature = "policy")]
mod fact;
#[cfg(feature = "policy")]
mod json;
#[cfg(feature = "policy")]
mod keywords;
#[cfg(feature = "policy")]
mod pointer;
#[cfg(feature = "policy")]
mod rules;
#[cfg(feature = "policy")]
mod text;
#[cfg(feature = "policy")]
mod tree;
// Tested in every build.
#[cfg(any(test, not(feature = "policy")))]
mod without;

use std::path::PathBuf;
use std::sync::Arc;

use toml::de::DeTable;

use crate::diagnostics::{Diagnostics, Source};
use crate::host::{HostView, path_list};
use crate::manifest::{self, Manifest};

#[cfg(feature = "policy")]
use rules::Policy;
#[cfg(not(feature = "policy"))]
use without::Policy;

/// Policies that manifests are checked against, each compiled once. They can be
/// used by several threads at a time.
#[derive(Debug, Default)]
pub struct Policies(Vec<Policy>);

impl Policies {
    /// Returns the files that hold the policies: those that were given on the
    /// command line, or those of `$QLI_POLICY`, separated by `:`. An empty entry
    /// is skipped, and so is one that was named before.
    pub fn named(given: &[PathBuf], view: &dyn HostView) -> Vec<PathBuf> {
        let listed = || path_list(&view.var("QLI_POLICY").unwrap_or_default()).collect();
        let all: Vec<PathBuf> = match given {
            [] => listed(),
            given => given.to_vec(),
        };
        let mut once = Vec::new();
        for path in all {
            if !path.as_os_str().is_empty() && !once.contains(&path) {
                once.push(path);
            }
        }
        once
    }

    /// Reads and compiles policies. The second part is what is wrong with those
    /// that cannot be used (QLI0902); the first holds the others.
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

    /// Parses a manifest and checks it against the policies.
    ///
    /// # Errors
    ///
    /// Those of [`manifest::parse`]: a manifest with errors is checked against
    /// no policy, since one mistake would be reported twice.
    pub fn judge(&self, source: &Arc<Source>) -> Result<Judged, Diagnostics> {
        let read = manifest::parse_and(source, |root| self.check(source, root));
        read.map(|(manifest, violations)| Judged {
            manifest,
            violations,
        })
    }

    fn check(&self, source: &Arc<Source>, root: &DeTable<'_>) -> Diagnostics {
        let mut found = Diagnostics::default();
        for policy in &self.0 {
            found.extend(policy.check(source, root));
        }
        found
    }
}

/// A manifest without errors, and the policy rules that it violates.
#[derive(Debug, Clone)]
pub struct Judged {
    pub manifest: Manifest,
    /// Includes the rules that cannot be checked.
    pub violations: Diagnostics,
}

#[cfg(test)]
#[cfg(feature = "policy")]
mod refused;
#[cfg(test)]
#[cfg(feature = "policy")]
mod tests;
#[cfg(test)]
#[cfg(feature = "policy")]
mod worded;
