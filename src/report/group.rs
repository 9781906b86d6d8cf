//! `qli explain <GROUP>`: a group, its guards and its extensions.

use super::Style;
use super::style::{column_width, put};
use crate::discovery::GroupEntry;
use crate::manifest::Manifest;
use crate::names::visible;

/// Names the steps a manifest declares, in their order.
pub(super) fn declared(manifest: &Manifest) -> Vec<&'static str> {
    let in_order = [
        (manifest.banner.is_some(), "banner"),
        (!manifest.requires_env.is_empty(), "requires_env"),
        (manifest.confirm, "confirm"),
        (!manifest.secrets.is_empty(), "secrets"),
        (manifest.audit_log.is_some(), "audit_start"),
        (manifest.audit_log.is_some(), "audit_finish"),
    ];
    let declared = in_order.into_iter().filter(|(declared, _)| *declared);
    declared.map(|(_, step)| step).collect()
}

/// Draws a group.
pub fn group(entry: &GroupEntry, style: &Style) -> String {
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
    }
    put(
        &mut out,
        format_args!(
            "\nsee its plan  qli explain {name} <EXTENSION>\nrun it        qli {name} <EXTENSION>\n",
            name = home.name
        ),
    );
    out
}
