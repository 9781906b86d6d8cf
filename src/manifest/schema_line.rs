//! The line that names a manifest's schema for editors: `#:schema PATH`.

use std::path::Path;

use serde_json::Value;

use super::SCHEMA_ID;
use crate::diagnostics::{SOURCE_MAX, Source};
use crate::host::{FileKind, HostView, normalize};

/// Where a directory may have a schema: `qli ext new` writes it next to the groups,
/// a repository may have it at the top.
const SCHEMA_PATHS: [&str; 2] = [
    ".schema/manifest.v1.schema.json",
    "schema/manifest.v1.schema.json",
];

/// The files that assign schemas in language servers.
const SERVER_CONFIGS: [&str; 4] = [".taplo.toml", ".tombi.toml", "taplo.toml", "tombi.toml"];

/// The path for the line of a manifest without one: the nearest schema next to the
/// groups or, in a repository, in any directory up to its top. None if a directory
/// is a symbolic link, or if a language server knows the schema anyway.
pub fn schema_line(source: &Source, view: &dyn HostView) -> Option<String> {
    let mut lines = source.text().lines();
    if lines.any(|line| line.trim_start().starts_with("#:schema")) {
        return None;
    }
    let manifest = normalize(&view.cwd()?.join(source.path()));
    let is_at = |path: &Path, kind| view.lstat(path).is_ok_and(|stat| stat.kind == kind);
    let above: Vec<_> = manifest.parent()?.ancestors().collect();
    let top = above
        .iter()
        .position(|directory| view.lstat(&directory.join(".git")).is_ok());
    // Outside of a repository only the group's root certainly belongs to it.
    let above = above.get(..=top.unwrap_or(1))?;
    let is_known = above.iter().any(|directory| is_known_in(directory, view));
    if is_known || !is_at(&manifest, FileKind::File) {
        return None;
    }
    let mut up = String::new();
    for directory in above {
        let mut locations = SCHEMA_PATHS.iter();
        if let Some(location) =
            locations.find(|location| is_schema(&directory.join(location), view))
        {
            return Some(up + location);
        }
        if !is_at(directory, FileKind::Directory) {
            return None;
        }
        up.push_str("../");
    }
    None
}

/// Whether a language server's configuration here names the schema.
fn is_known_in(directory: &Path, view: &dyn HostView) -> bool {
    let files = SERVER_CONFIGS
        .iter()
        .map(|name| view.read(&directory.join(name), SOURCE_MAX));
    let mut texts = files.flatten().map(|file| file.bytes);
    texts.any(|text| String::from_utf8_lossy(&text).contains("manifest.v1.schema.json"))
}

/// Whether a file is the manifest's schema, of any release.
fn is_schema(file: &Path, view: &dyn HostView) -> bool {
    let read = view.read(file, SOURCE_MAX).ok();
    let json = read.and_then(|read| serde_json::from_slice::<Value>(&read.bytes).ok());
    json.is_some_and(|json| json.get("$id") == Some(&SCHEMA_ID.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::World;
    use crate::manifest::SCHEMA;

    const MANIFEST: &str = "/home/ops/work/groups/ops/_manifest.toml";
    const NEXT_TO: &str = "/home/ops/work/groups/.schema/manifest.v1.schema.json";
    const TEXT: &str = "schema_version = 1\ndescription = \"d\"\n";

    fn world(text: &str) -> World {
        World::bare().file(MANIFEST, text)
    }

    fn line(world: &World) -> Option<String> {
        // The world's working directory is `/home/ops`.
        let path = Path::new("work/./groups/ops/_manifest.toml");
        let text = world.text(MANIFEST).unwrap_or_default();
        schema_line(&Source::new(path, text.as_bytes()).unwrap(), world)
    }

    #[test]
    fn a_schema_next_to_the_groups_is_named_once() {
        let adjacent = |text: &str| line(&world(text).file(NEXT_TO, SCHEMA));
        let expected = "../.schema/manifest.v1.schema.json";
        assert_eq!(adjacent(TEXT).as_deref(), Some(expected));
        assert_eq!(line(&world(TEXT)), None);
        for there in ["#:schema x.json\n", "# c\n  #:schema x.json\n"] {
            assert_eq!(adjacent(&format!("{there}{TEXT}")), None);
        }
    }

    #[test]
    fn a_schema_further_up_is_named_within_a_repository() {
        let top = "/home/ops/work/schema/manifest.v1.schema.json";
        let alone = || world(TEXT).file(top, SCHEMA);
        assert_eq!(line(&alone()), None);
        let in_repository = || alone().directory("/home/ops/work/.git", 0o755);
        let expected = "../../schema/manifest.v1.schema.json";
        assert_eq!(line(&in_repository()).as_deref(), Some(expected));
        let inner = in_repository().directory("/home/ops/work/groups/.git", 0o755);
        assert_eq!(line(&inner), None);
        let nearer = line(&in_repository().file(NEXT_TO, SCHEMA));
        assert_eq!(
            nearer.as_deref(),
            Some("../.schema/manifest.v1.schema.json")
        );
    }

    #[test]
    fn an_uncertain_schema_is_not_named() {
        let another = world(TEXT).file(NEXT_TO, "{ \"$id\": \"another\" }");
        assert_eq!(line(&another), None);
        assert_eq!(line(&world(TEXT).file(NEXT_TO, "no JSON")), None);
        let valid = || world(TEXT).file(NEXT_TO, SCHEMA);
        let linked = valid().link("/home/ops/work/groups/ops", "/srv/ops");
        assert_eq!(line(&linked), None);
        let linked = valid().alter(MANIFEST, |stat| stat.kind = FileKind::Link);
        assert_eq!(line(&linked), None);
    }

    #[test]
    fn a_server_that_knows_the_schema_needs_no_line() {
        let with = |text: &str| {
            let settings = "/home/ops/work/groups/tombi.toml";
            line(&world(TEXT).file(NEXT_TO, SCHEMA).file(settings, text))
        };
        assert_eq!(with("path = \".schema/manifest.v1.schema.json\"\n"), None);
        assert!(with("[format]\n").is_some());
    }
}
