//! The documents about groups and what is installed.

use schemars::JsonSchema;
use serde::Serialize;

use super::{DiagnosticDocument, Origin, SCHEMA_VERSION};
use crate::audit::FileFacts;
use crate::discovery::{CatalogueGroup, Group, GroupEntry, RootKind, Target};
use crate::guard::Guards;
use crate::names::{ExtensionName, GroupName, Sha256, Text};

/// `qli explain <GROUP> --format json`: a group, its guards, its extensions.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct GroupDocument {
    /// The version of this document: 1.
    pub schema_version: u32,
    /// The group's name.
    pub group: GroupName,
    /// What the group is for.
    pub description: String,
    /// The root it comes from.
    pub origin: Origin,
    /// The manifest's path and hash.
    pub manifest: FileFacts,
    /// The steps its manifest declares for every script, in order.
    pub guards: Vec<&'static str>,
    /// The group's extensions, sorted by name.
    pub extensions: Vec<ExtensionDocument>,
}

/// One extension.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ExtensionDocument {
    /// The extension's name.
    pub name: ExtensionName,
    /// The path of its program.
    pub path: Text,
    /// What it is for, if its section has a description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The steps that its section adds to those of the group.
    pub adds: Vec<&'static str>,
    /// Why its name cannot be run; absent if it can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<DiagnosticDocument>,
}

impl GroupDocument {
    pub fn new(entry: &GroupEntry) -> Self {
        let Group { location, manifest } = &entry.group;
        Self {
            schema_version: SCHEMA_VERSION,
            group: location.name.clone(),
            description: manifest.description.clone(),
            origin: Origin::of(location),
            manifest: FileFacts::new(
                &location.manifest_path,
                Sha256::of(manifest.source.text().as_bytes()),
            ),
            guards: Guards::declared(Some(manifest), &manifest.requirements),
            extensions: extensions(entry),
        }
    }
}

fn extensions(entry: &GroupEntry) -> Vec<ExtensionDocument> {
    let extensions = entry.extensions.iter().map(|(name, listed)| {
        let section = entry.group.manifest.section(name);
        let adds = section.map(|section| Guards::declared(None, &section.requirements));
        ExtensionDocument {
            name: name.clone(),
            path: listed.path.as_os_str().into(),
            description: section.and_then(|section| section.description.clone()),
            adds: adds.unwrap_or_default(),
            refused: listed.refused.as_ref().map(DiagnosticDocument::new),
        }
    });
    extensions.collect()
}

/// `qli ext list --format json`: every group and its extensions.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct CatalogueDocument {
    /// The version of this document: 1.
    pub schema_version: u32,
    /// The groups, sorted by name.
    pub groups: Vec<CatalogueEntry>,
}

/// One group of the catalogue.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct CatalogueEntry {
    /// The group's name.
    pub name: GroupName,
    /// What kind of root it comes from.
    pub kind: RootKind,
    /// The root's directory.
    pub root: Text,
    /// What the group is for; absent if the group is broken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The steps its manifest declares for every script, in order.
    pub guards: Vec<&'static str>,
    /// The group's extensions, sorted by name.
    pub extensions: Vec<ExtensionDocument>,
    /// Why the group cannot run; empty if it can.
    pub diagnostics: Vec<DiagnosticDocument>,
}

impl CatalogueDocument {
    pub fn new(catalogue: &[CatalogueGroup]) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            groups: catalogue.iter().map(CatalogueEntry::new).collect(),
        }
    }
}

impl CatalogueEntry {
    fn new(entry: &CatalogueGroup) -> Self {
        let good = entry.group.as_ref().ok();
        let problems = entry.group.as_ref().err();
        let manifest = good.map(|good| &good.group.manifest);
        Self {
            name: entry.name.clone(),
            kind: entry.root.kind,
            root: entry.root.path.as_os_str().into(),
            description: manifest.map(|manifest| manifest.description.clone()),
            guards: manifest
                .map(|one| Guards::declared(Some(one), &one.requirements))
                .unwrap_or_default(),
            extensions: good.map(extensions).unwrap_or_default(),
            diagnostics: problems
                .into_iter()
                .flat_map(|found| found.iter().map(DiagnosticDocument::new))
                .collect(),
        }
    }
}

/// `qli ext which <GROUP> <EXTENSION> --format json`: the program, and those it
/// shadows.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct WhichDocument {
    /// The version of this document: 1.
    pub schema_version: u32,
    /// The group's name.
    pub group: GroupName,
    /// The extension.
    pub extension: ExtensionName,
    /// The program that runs.
    pub path: Text,
    /// The SHA-256 of its bytes.
    pub sha256: Sha256,
    /// The manifest whose guards it runs under.
    pub manifest: Text,
    /// Programs of the same name that it shadows.
    pub hidden: Vec<Text>,
}

impl WhichDocument {
    pub fn new(target: &Target, hidden: &[std::path::PathBuf]) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            group: target.group.location.name.clone(),
            extension: target.extension.clone(),
            path: target.program.path.as_os_str().into(),
            sha256: target.program.sha256,
            manifest: target.group.location.manifest_path.as_os_str().into(),
            hidden: hidden.iter().map(|path| path.as_os_str().into()).collect(),
        }
    }
}
