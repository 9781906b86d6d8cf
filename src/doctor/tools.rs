//! The programs that providers call.

use std::collections::BTreeMap;

use super::{Check, Finding, Level};
use crate::discovery::{Catalogue, GroupEntry};
use crate::guard::{SecretFault, WantedSecret};
use crate::host::HostView;
use crate::manifest::{DemandedBy, SecretSpec};
use crate::names::shell_word;
use crate::providers::{ProviderId, Tool};

/// The first secret that wants each provider, with its group.
type Wanted<'a> = BTreeMap<ProviderId, (&'a GroupEntry, &'a SecretSpec)>;

pub(super) fn check(catalogue: &Catalogue, view: &dyn HostView) -> Check {
    let wanted = wanted(catalogue);
    let mut found = Vec::new();
    let mut findings = Vec::new();
    for (&provider, &(group, secret)) in &wanted {
        let tool = Tool::find(provider, view);
        found.extend(tool.file().map(|file| shell_word(&file.path)));
        findings.extend(missing(&tool, group, secret));
    }
    let summary = match (wanted.is_empty(), found.is_empty()) {
        (true, _) => "no group needs a program".to_owned(),
        (false, true) => "none that is needed can be called".to_owned(),
        (false, false) => found.join(", "),
    };
    Check::new("providers", summary, findings)
}

fn wanted(catalogue: &Catalogue) -> Wanted<'_> {
    let mut wanted = Wanted::new();
    for group in catalogue
        .groups
        .iter()
        .filter_map(|entry| entry.group.as_ref().ok())
    {
        let manifest = &group.group.manifest;
        let sections = manifest
            .sections
            .iter()
            .map(|section| &section.requirements);
        let demands = std::iter::once(&manifest.requirements).chain(sections);
        for secret in demands.flat_map(|demands| &demands.secrets) {
            if secret.provider.row().tool().is_some() {
                wanted.entry(secret.provider).or_insert((group, secret));
            }
        }
    }
    wanted
}

fn missing(tool: &Tool, group: &GroupEntry, secret: &SecretSpec) -> Option<Finding> {
    let fault = SecretFault {
        secret: WantedSecret::new(secret, DemandedBy::Group),
        fault: tool.obstacle()?.clone(),
    };
    let path = group.group.home.manifest_path.clone();
    let explain = || format!("qli help {}", fault.code().name());
    let help = fault
        .next_step()
        .map_or_else(explain, |step| step.to_string());
    Some(Finding {
        code: Some(fault.code()),
        ..Finding::new(Level::Problem, Some(path), fault.reason(), help)
    })
}
