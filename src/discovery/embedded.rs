//! The built-in groups, so that a new machine has something to run.

use std::path::PathBuf;

use crate::names::GroupName;

struct EmbeddedGroup {
    name: &'static str,
    manifest: &'static str,
    scripts: &'static [(&'static str, &'static [u8])],
}

const GROUPS: [EmbeddedGroup; 3] = [
    EmbeddedGroup {
        name: "dev",
        manifest: include_str!("embedded/dev/_manifest.toml"),
        scripts: &[("hello", include_bytes!("embedded/dev/hello"))],
    },
    EmbeddedGroup {
        name: "org",
        manifest: include_str!("embedded/org/_manifest.toml"),
        scripts: &[("hello", include_bytes!("embedded/org/hello"))],
    },
    EmbeddedGroup {
        name: "prod",
        manifest: include_str!("embedded/prod/_manifest.toml"),
        scripts: &[("hello", include_bytes!("embedded/prod/hello"))],
    },
];

fn group(name: &GroupName) -> Option<&'static EmbeddedGroup> {
    GROUPS.iter().find(|group| group.name == name.as_str())
}

pub fn groups() -> impl Iterator<Item = GroupName> {
    GROUPS.iter().filter_map(|group| group.name.parse().ok())
}

pub(super) fn manifest(name: &GroupName) -> Option<&'static str> {
    group(name).map(|group| group.manifest)
}

/// Returns the scripts of a built-in group: their names and bytes.
pub(super) fn scripts(name: &GroupName) -> &'static [(&'static str, &'static [u8])] {
    group(name).map_or(&[], |group| group.scripts)
}

/// Returns the bytes of a built-in script.
pub(super) fn script(group: &GroupName, name: &str) -> Option<&'static [u8]> {
    let mut scripts = scripts(group).iter();
    scripts
        .find(|(own, _)| *own == name)
        .map(|(_, bytes)| *bytes)
}

pub(super) fn reported_path(group: &GroupName, file: &str) -> PathBuf {
    format!("embedded:{group}/{file}").into()
}
