//! `qli explain <GROUP>`: a group, its guards and its extensions.

use super::Style;
use super::message::rows;
use super::style::{column_width, put, wrapped};
use crate::discovery::GroupEntry;
use crate::guard::{Guards, Step};
use crate::manifest::{Manifest, Requirements, Section};
use crate::names::visible;

/// The steps a manifest declares for every script, in their order.
pub(super) fn declared(manifest: &Manifest) -> Vec<&'static str> {
    let steps = Guards::declared(Some(manifest), &manifest.requirements).into_iter();
    steps.map(Step::as_str).collect()
}

/// The steps that a section adds, in their order.
pub(super) fn demanded(demands: &Requirements) -> Vec<&'static str> {
    let steps = Guards::declared(None, demands).into_iter();
    steps.map(Step::as_str).collect()
}

/// `timeout 2h, kill_after 5m`, as far as they are set.
fn limits(demands: &Requirements) -> Option<String> {
    let fields = [
        ("timeout", &demands.timeout),
        ("kill_after", &demands.kill_after),
    ];
    let set = fields
        .into_iter()
        .filter_map(|(field, limit)| Some(format!("{field} {}", limit.as_ref()?)));
    let set: Vec<_> = set.collect();
    (!set.is_empty()).then(|| set.join(", "))
}

/// Renders a group; `qli` is how qli is typed to find it again.
pub fn group(entry: &GroupEntry, qli: &str, style: &Style) -> String {
    let home = &entry.group.location;
    let manifest = &entry.group.manifest;
    let guards = declared(manifest).join(", ");
    let guards = if guards.is_empty() {
        "none".to_owned()
    } else {
        guards
    };
    let mut facts = vec![("guards".to_owned(), guards)];
    facts.extend(limits(&manifest.requirements).map(|limits| ("limits".to_owned(), limits)));
    facts.push(("manifest".to_owned(), style.path(&home.manifest_path)));
    let mut out = format!(
        "{}\n{}\n\n{}\n",
        style.strong(home.name.as_str()),
        visible(&manifest.description),
        rows(&facts, style),
    );
    if entry.extensions.is_empty() {
        out.push_str("no extensions yet: add an executable script next to the manifest\n");
        return out;
    }
    let names = entry.extensions.iter().map(|one| one.name.as_str());
    let width = column_width(names.chain(["EXTENSION"]));
    put(
        &mut out,
        format_args!("  {:width$}   PROGRAM\n", "EXTENSION"),
    );
    for one in &entry.extensions {
        let (name, path) = (one.name.as_str(), style.path(&one.path));
        put(&mut out, format_args!("  {name:width$}   {path}\n"));
        if let Some(section) = manifest.section(&one.name) {
            out.push_str(&of_section(section, width + 5, style));
        }
    }
    let name = &home.name;
    let next = [
        (
            "show its steps".to_owned(),
            format!("{qli} explain {name} <EXTENSION>"),
        ),
        ("run it".to_owned(), format!("{qli} {name} <EXTENSION>")),
    ];
    out + "\n" + &rows(&next, style)
}

/// What an extension is for, and what its section adds.
fn of_section(section: &Section, indent: usize, style: &Style) -> String {
    let steps = demanded(&section.requirements)
        .into_iter()
        .map(str::to_owned);
    let adds: Vec<_> = steps.chain(limits(&section.requirements)).collect();
    let adds = (!adds.is_empty()).then(|| format!("adds {}", adds.join(", ")));
    let description = section.description.as_deref().map(visible);
    let lines = description.into_iter().chain(adds);
    let width = style.width.saturating_sub(indent);
    let mut out = String::new();
    for line in lines.flat_map(|line| wrapped(&line, width)) {
        put(&mut out, format_args!("{:indent$}{line}\n", ""));
    }
    out
}
