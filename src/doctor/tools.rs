//! The programs that providers call, and where the files of secrets are.

use std::collections::BTreeMap;

use super::{Check, Finding};
use crate::diagnostics::Code;
use crate::discovery::{CatalogueGroup, GroupEntry};
use crate::guard::{SecretFault, Secrets, WantedSecret};
use crate::host::HostView;
use crate::manifest::{DemandedBy, SecretSpec};
use crate::names::shell_word;
use crate::providers::{Program, ProviderFault};

pub(super) fn check(catalogue: &[CatalogueGroup], view: &dyn HostView) -> Check {
    let required = required(catalogue);
    let mut found = Vec::new();
    let mut findings = Vec::new();
    for &(group, secret) in required.values() {
        match secret.provider.tool().map(|row| row.find(view)) {
            Some(Ok(tool)) => found.push(shell_word(&tool.path)),
            Some(Err(fault)) => findings.push(missing(fault, group, secret)),
            None => {}
        }
    }
    let summary = match (required.is_empty(), found.is_empty()) {
        (true, _) => "no program required".to_owned(),
        (false, true) => "no usable program".to_owned(),
        (false, false) => found.join(", "),
    };
    findings.extend(delivery(catalogue, view));
    Check::new("providers", summary, findings)
}

/// What is wrong with passing secrets on as files or descriptors.
fn delivery(catalogue: &[CatalogueGroup], view: &dyn HostView) -> Option<Finding> {
    let groups = catalogue
        .iter()
        .filter_map(|entry| entry.group.as_ref().ok());
    let passed = groups.flat_map(secrets).filter(|one| !one.deliver.is_env());
    let wanted = passed.map(|one| WantedSecret::new(one, DemandedBy::Group));
    let wanted = Secrets::of(wanted.collect(), view);
    match wanted.delivery_fault(view) {
        Some(fault) => {
            let finding = Finding::problem(fault.to_string(), fault.help());
            Some(finding.code(Code::SecretNotDelivered))
        }
        None => wanted.warning(view).as_ref().map(Finding::of),
    }
}

/// By the name of the provider and its program: two groups may describe different
/// programs under one name.
pub(super) type Required<'c> = BTreeMap<(&'c str, &'c Program), (&'c GroupEntry, &'c SecretSpec)>;

/// The providers that call a program, each with the first secret that uses it.
pub(super) fn required(catalogue: &[CatalogueGroup]) -> Required<'_> {
    let mut required = BTreeMap::new();
    for entry in catalogue {
        let Ok(group) = &entry.group else { continue };
        for secret in secrets(group) {
            if let Some(row) = secret.provider.tool() {
                let program = (row.name.as_str(), &row.program);
                required.entry(program).or_insert((group, secret));
            }
        }
    }
    required
}

/// The secrets of a group and of its sections.
pub(super) fn secrets(group: &GroupEntry) -> impl Iterator<Item = &SecretSpec> {
    let manifest = &group.group.manifest;
    let sections = manifest.sections.iter().map(|one| &one.requirements);
    let all = std::iter::once(&manifest.requirements).chain(sections);
    all.flat_map(|one| &one.secrets)
}

fn missing(fault: ProviderFault, group: &GroupEntry, secret: &SecretSpec) -> Finding {
    let secret = WantedSecret::new(secret, DemandedBy::Group);
    let fault = SecretFault { secret, fault };
    let path = group.group.location.manifest_path.as_path();
    let explain = || format!("qli help {}", fault.code().name());
    let help = fault
        .next_step()
        .map_or_else(explain, |step| step.to_string());
    let finding = Finding::problem(fault.reason(), help).at(path);
    finding.code(fault.code())
}
