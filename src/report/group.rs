//! `qli explain <GROUP>`: a group, its guards and its extensions.

use super::Style;
use super::style::{column_width, put, wrapped};
use crate::discovery::GroupEntry;
use crate::manifest::{Manifest, Requirements, Section};
use crate::names::visible;

/// Names the steps a manifest declares for every script, in their order.
pub(super) fn declared(manifest: &Manifest) -> Vec<&'static str> {
    let banner = manifest.banner.iter().map(|_| "banner");
    let log = manifest.audit_log.iter();
    let log = log.flat_map(|_| ["audit_start", "audit_finish"]);
    let demanded = demanded(&manifest.requirements);
    banner.chain(demanded).chain(log).collect()
}

/// Names the steps that are demanded, in their order.
pub(super) fn demanded(demands: &Requirements) -> impl Iterator<Item = &'static str> {
    let in_order = [
        (!demands.requires_env.is_empty(), "requires_env"),
        (demands.confirm.is_some(), "confirm"),
        (!demands.secrets.is_empty(), "secrets"),
    ];
    let demanded = in_order.into_iter().filter(|(demanded, _)| *demanded);
    demanded.map(|(_, step)| step)
}

/// Draws a group; `qli` is how qli is typed to find it again.
pub fn group(entry: &GroupEntry, qli: &str, style: &Style) -> String {
    let home = &entry.group.home;
    let guards = declared(&entry.group.manifest).join(", ");
    let guards = if guards.is_empty() { "none" } else { &guards };
    let mut out = format!(
        "{}\n{}\n\nguards    {guards}\nmanifest  {}\n\n",
        style.strong(home.name.as_str()),
        visible(&entry.group.manifest.description),
        style.path(&home.manifest_path),
    );
    let names = || entry.extensions.iter().map(|one| one.name.as_str());
    let width = column_width(names().chain(["EXTENSION"]));
    if entry.extensions.is_empty() {
        out.push_str("It has no extensions yet: put an executable script beside the manifest.\n");
        return out;
    }
    put(&mut out, format_args!("{:width$}  PROGRAM\n", "EXTENSION"));
    for one in &entry.extensions {
        put(
            &mut out,
            format_args!("{:width$}  {}\n", one.name.as_str(), style.path(&one.path)),
        );
        if let Some(section) = entry.group.manifest.section(&one.name) {
            out.push_str(&of_section(section, width + 2, style));
        }
    }
    put(
        &mut out,
        format_args!(
            "\nsee its plan  {qli} explain {name} <EXTENSION>\nrun it        {qli} {name} <EXTENSION>\n",
            name = home.name
        ),
    );
    out
}

/// Says what an extension is for, and what it demands beside its group.
fn of_section(section: &Section, indent: usize, style: &Style) -> String {
    let adds = demanded(&section.requirements)
        .collect::<Vec<_>>()
        .join(", ");
    let adds = (!adds.is_empty()).then(|| format!("adds {adds}"));
    let description = section.description.as_deref().map(visible);
    let lines = description.into_iter().chain(adds);
    let room = style.width.saturating_sub(indent);
    let mut out = String::new();
    for line in lines.flat_map(|line| wrapped(&line, room)) {
        put(&mut out, format_args!("{:indent$}{line}\n", ""));
    }
    out
}
