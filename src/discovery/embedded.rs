//! The groups that are in the program itself, so that a fresh machine has
//! something to run.

use std::path::PathBuf;

use crate::names::GroupName;

/// An embedded group: its name, its manifest, its scripts by name.
struct Embedded {
    group: &'static str,
    manifest: &'static str,
    scripts: &'static [(&'static str, &'static [u8])],
}

const GROUPS: [Embedded; 3] = [
    Embedded {
        group: "dev",
        manifest: include_str!("embedded/dev/_manifest.toml"),
        scripts: &[("hello", include_bytes!("embedded/dev/hello"))],
    },
    Embedded {
        group: "org",
        manifest: include_str!("embedded/org/_manifest.toml"),
        scripts: &[("hello", include_bytes!("embedded/org/hello"))],
    },
    Embedded {
        group: "prod",
        manifest: include_str!("embedded/prod/_manifest.toml"),
        scripts: &[("hello", include_bytes!("embedded/prod/hello"))],
    },
];

fn group(name: &GroupName) -> Option<&'static Embedded> {
    GROUPS.iter().find(|group| group.group == name.as_str())
}

/// Returns the names of the embedded groups.
pub fn groups() -> impl Iterator<Item = &'static str> {
    GROUPS.iter().map(|group| group.group)
}

/// Returns the manifest of an embedded group.
pub(super) fn manifest(name: &GroupName) -> Option<&'static str> {
    group(name).map(|group| group.manifest)
}

/// Returns the scripts of an embedded group by name.
pub(super) fn scripts(name: &GroupName) -> &'static [(&'static str, &'static [u8])] {
    group(name).map_or(&[], |group| group.scripts)
}

/// Returns the path under which an embedded file is reported.
pub(super) fn reported_path(group: &GroupName, file: &str) -> PathBuf {
    format!("embedded:{group}/{file}").into()
}
