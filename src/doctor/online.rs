//! Whether the programs of providers can answer: signed in, and their servers reachable.

use std::ffi::OsStr;
use std::io;
use std::path::Path;

use super::tools::{required, secrets};
use super::{Check, Finding};
use crate::discovery::CatalogueGroup;
use crate::guard::{SecretFault, WantedSecret};
use crate::host::{CallQueue, Host, Signal, reason};
use crate::manifest::{DemandedBy, SecretSpec};
use crate::names::shell_line;
use crate::providers::{Meaning, Probe, Program, ProviderFault, Row};

/// Asks every program whose provider a secret uses, side by side. A signal ends it.
pub(super) fn check(catalogue: &[CatalogueGroup], host: &mut dyn Host) -> Result<Check, Signal> {
    let required = required(catalogue);
    let sources = sources(catalogue);
    let mut asked: Vec<_> = required
        .iter()
        .filter_map(|(_, (group, secret))| {
            let row = secret.provider.tool()?;
            // That it is missing is reported already.
            row.find(&*host).ok()?;
            Some((row, *group, *secret, Probe::of(row, &sources)?))
        })
        .collect();
    let mut queues: Vec<_> = asked
        .iter_mut()
        .map(|(_, _, _, probe)| probe as &mut dyn CallQueue)
        .collect();
    match host.call_all(&mut queues) {
        Ok(None) => {}
        Ok(Some(signal)) => return Err(signal),
        Err(error) => return Ok(not_asked(&error)),
    }
    let mut answers = Vec::new();
    let mut findings = Vec::new();
    for (row, group, secret, probe) in asked {
        let outcome = probe.outcome();
        answers.push(format!("{} {}", row.name, word(&outcome)));
        if let Err(fault) = outcome {
            let finding = finding(fault, row, secret);
            findings.push(finding.at(group.group.location.manifest_path.as_path()));
        }
    }
    let summary = if answers.is_empty() {
        "no program to ask".to_owned()
    } else {
        answers.join(", ")
    };
    Ok(Check::new("online", summary, findings))
}

/// The variables that secrets come from: no program gets them.
fn sources(catalogue: &[CatalogueGroup]) -> Vec<&str> {
    let groups = catalogue
        .iter()
        .filter_map(|entry| entry.group.as_ref().ok());
    let secrets = groups.flat_map(secrets);
    let sources = secrets.filter_map(|one| one.provider.variable(&one.reference));
    sources.collect()
}

fn not_asked(error: &io::Error) -> Check {
    let message = format!("the programs cannot be started: {}", reason(error));
    let finding = Finding::problem(message, "ulimit -a  # limits of processes and files");
    Check::new("online", "not asked", vec![finding])
}

fn means(fault: &ProviderFault) -> Option<Meaning> {
    if let ProviderFault::ToolFailed { means, .. } = fault {
        return *means;
    }
    None
}

/// The answer in a few words.
fn word(outcome: &Result<(), ProviderFault>) -> &'static str {
    let Err(fault) = outcome else {
        return "signed in";
    };
    match means(fault) {
        Some(Meaning::SignedOut) => "signed out",
        Some(Meaning::Network) => "unreachable",
        Some(Meaning::Denied) => "denied",
        Some(Meaning::Missing) | None => "without an answer",
    }
}

fn finding(fault: ProviderFault, row: &Row, secret: &SecretSpec) -> Finding {
    let message = format!("`{}`: {fault}", row.name);
    let help = help(&fault, row, secret);
    let secret = WantedSecret::new(secret, DemandedBy::Group);
    let code = SecretFault { secret, fault }.code();
    Finding::problem(message, help).code(code)
}

fn help(fault: &ProviderFault, row: &Row, secret: &SecretSpec) -> String {
    if means(fault) == Some(Meaning::Network) {
        return "check the network, a VPN and the proxy variables".to_owned();
    }
    let sign_in = row.sign_in_command(secret.reference.as_str());
    let sign_in = sign_in.map(|command| secret.reference.hidden_in(command));
    sign_in.unwrap_or_else(|| {
        let program = match &row.program {
            Program::Named(name) => Path::new(name),
            Program::At(path) => path,
        };
        let words = row.probe.iter().map(OsStr::new);
        shell_line(std::iter::once(program.as_os_str()).chain(words))
    })
}
