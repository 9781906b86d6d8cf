//! The digests that identify a plan.

use serde::Serialize;

use super::{Guards, Limits};
use crate::audit::FileFacts;
use crate::discovery::{Program, ProgramKind};
use crate::manifest::FILE_NAME;
use crate::names::{Digest, ExtensionName, GroupName, Sha256, Text, to_json_line};

/// What the digest covers: no secret value, no time, no answer.
#[derive(Serialize)]
pub(super) struct Canonical<'a> {
    pub(super) schema_version: u32,
    pub(super) group: &'a GroupName,
    pub(super) extension: &'a ExtensionName,
    pub(super) args: &'a [Text],
    pub(super) manifest: &'a FileFacts,
    pub(super) program: FileFacts,
    pub(super) file: Text,
    pub(super) guards: &'a Guards,
    #[serde(skip_serializing_if = "Limits::is_empty")]
    pub(super) limits: &'a Limits,
}

/// Hashes a document's canonical JSON. The keys of every object are sorted: the
/// digest must not depend on the order of a structure's fields.
pub(super) fn digest<T: Serialize>(document: &T) -> Digest {
    let mut value = serde_json::to_value(document).unwrap_or_default();
    value.sort_all_objects();
    Digest(Sha256::of(to_json_line(&value).as_bytes()))
}

/// Hashes the bytes of manifest and script alone, under their relative names.
pub(super) fn content_digest(
    manifest: &FileFacts,
    program: &Program,
    extension: &ExtensionName,
) -> Digest {
    let script = match &program.kind {
        ProgramKind::OfGroup | ProgramKind::Embedded { .. } => extension.to_string(),
        ProgramKind::OnPath => program
            .path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default(),
    };
    let files = [
        (FILE_NAME.to_owned(), manifest.sha256),
        (script, program.sha256),
    ];
    digest(&std::collections::BTreeMap::from(files))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_at_every_depth() {
        let value = serde_json::json!({"b": [{"d": 1, "c": 2}], "a": null});
        let sorted = r#"{"a":null,"b":[{"c":2,"d":1}]}"#;
        assert_eq!(digest(&value), Digest(Sha256::of(sorted.as_bytes())));
    }
}
