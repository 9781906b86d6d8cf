//! `qli explain <GROUP>`: a group, its guards and its extensions.

use super::Style;
use super::catalogue::refused_row;
use super::message::rows;
use super::style::{column_width, hanging, put};
use crate::discovery::GroupEntry;
use crate::guard::Guards;
use crate::manifest::{EnvironmentPolicy, Mask, Requirements, Section};
use crate::names::{ExtensionName, visible};

/// What a script gets of the environment, if that is not everything: `environment scrub,
/// set_env PGHOST`.
fn environment(requirements: &Requirements) -> Option<String> {
    let policy = requirements.environment;
    let policy = policy.filter(|one| *one > EnvironmentPolicy::Inherit);
    let policy = policy.map(|one| format!("environment {}", one.as_str()));
    let set = requirements
        .set_env
        .iter()
        .map(|(name, _)| format!("set_env {name}"));
    let all: Vec<_> = policy.into_iter().chain(set).collect();
    (!all.is_empty()).then(|| all.join(", "))
}

/// Those limits that are set: `timeout 2h, kill_after 5m`.
fn limits(requirements: &Requirements) -> Option<String> {
    let timeout = requirements.timeout.iter();
    let timeout = timeout.map(|limit| format!("timeout {limit}"));
    let kill_after = requirements.kill_after.iter();
    let set: Vec<_> = timeout
        .chain(kill_after.map(|limit| format!("kill_after {limit}")))
        .collect();
    (!set.is_empty()).then(|| set.join(", "))
}

/// What is masked in what a script prints: `mask pipes, mask_hold 200ms`.
fn masking(requirements: &Requirements) -> Option<String> {
    let hold = requirements.mask_hold.as_ref();
    let hold = hold.map_or(String::new(), |hold| format!(", mask_hold {hold}"));
    let mask = requirements.mask;
    (mask != Mask::Off).then(|| format!("mask {}{hold}", mask.as_str()))
}

/// Renders a group. `qli` is the command that finds it again.
pub fn group(entry: &GroupEntry, qli: &str, style: &Style) -> String {
    let location = &entry.group.location;
    let manifest = &entry.group.manifest;
    let mut guards = Guards::declared(Some(manifest), &manifest.requirements);
    if guards.is_empty() {
        guards.push("none");
    }
    let mut facts = vec![("guards", guards.join(", "))];
    facts.extend(limits(&manifest.requirements).map(|limits| ("limits", limits)));
    let passed = environment(&manifest.requirements);
    facts.extend(passed.map(|passed| ("script gets", passed)));
    facts.extend(masking(&manifest.requirements).map(|masking| ("output", masking)));
    facts.push(("manifest", style.path(&location.manifest_path)));
    let mut out = format!(
        "{}\n{}\n\n{}\n",
        style.strong(location.name.as_str()),
        visible(&manifest.description),
        rows(&facts, style),
    );
    if entry.extensions.is_empty() {
        out.push_str("no extensions yet: add an executable script next to the manifest\n");
        return out;
    }
    let names = entry.extensions.keys().map(ExtensionName::as_str);
    let width = column_width(names.chain(["EXTENSION"]));
    put!(out, "  {:width$}   PROGRAM\n", "EXTENSION");
    for (name, listed) in &entry.extensions {
        let program = match &listed.refused {
            None => style.path(&listed.path),
            Some(why) => refused_row(why, &location.name, name, qli),
        };
        put!(out, "  {:width$}   {program}\n", name.as_str());
        if let Some(section) = manifest.section(name) {
            out.push_str(&of_section(section, width + 5, style));
        }
    }
    let name = &location.name;
    let explain = format!("{qli} explain {name} <EXTENSION>");
    let run = format!("{qli} {name} <EXTENSION>");
    let next = [("show its steps", explain), ("run it", run)];
    out + "\n" + &rows(&next, style)
}

/// What an extension is for, and what its section adds.
fn of_section(section: &Section, indent: usize, style: &Style) -> String {
    let requirements = &section.requirements;
    let steps = Guards::declared(None, requirements).into_iter();
    let adds: Vec<_> = steps
        .map(str::to_owned)
        .chain(limits(requirements))
        .chain(environment(requirements))
        .chain(masking(requirements))
        .collect();
    let adds = (!adds.is_empty()).then(|| format!("adds {}", adds.join(", ")));
    let description = section.description.as_deref().map(visible);
    let lines = description.into_iter().chain(adds);
    let indent = " ".repeat(indent);
    let lines = lines.map(|line| hanging(&indent, &line, style.width));
    lines.collect()
}
