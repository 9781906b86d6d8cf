use std::path::{Path, PathBuf};

use nix::errno::Errno;

use super::new_group::{GUARDED, PLAIN};
use super::*;
use crate::diagnostics::{Code, Diagnostic};
use crate::discovery::roots::Roots;
use crate::host::fake::{Op, World};
use crate::manifest::{FILE_NAME, SCHEMA};

const OWN: &str = "/home/ops/.local/share/qli/extensions";

/// Values of the flags `guarded` and `overwrite`.
const UNGUARDED: bool = false;
const KEEP: bool = false;
const OVERWRITE: bool = true;

fn new(
    name: &str,
    guarded: bool,
    named: Option<&str>,
    world: &mut World,
) -> Result<NewGroup, Diagnostic> {
    let destination = Destination::of(named.map(Path::new), world)?;
    let roots = Roots::of(&[], world);
    create_group(&name.parse().unwrap(), guarded, &destination, &roots, world)
}

fn refused(name: &str, named: Option<&str>, world: &mut World) -> (Code, String, String) {
    let script = format!("{OWN}/{name}/hello");
    let before = world.text(&script);
    let one = new(name, UNGUARDED, named, world).unwrap_err();
    assert!(one.is_error(), "{one:?}");
    assert_eq!(world.text(&script), before);
    (one.code, one.message.clone(), one.help.unwrap())
}

#[test]
fn a_new_group_is_found_and_has_no_problem() {
    for guarded in [true, false] {
        let mut world = World::new();
        let made = new("ops", guarded, None, &mut world).unwrap();
        assert!(made.warnings.is_empty() && made.other_schema.is_none());
        let (group, hello) = ("ops".parse().unwrap(), "hello".parse().unwrap());
        let roots = Roots::of(&[], &world);
        let target = crate::discovery::find(&group, &hello, &roots, &world).unwrap();
        let manifest = &target.group.manifest;
        assert!(target.warnings.is_empty() && manifest.warnings.is_empty());
        assert_eq!(manifest.requirements.confirm.is_some(), guarded);
        assert_eq!(manifest.audit_log.is_some(), guarded);
    }
}

#[test]
fn the_schema_is_where_the_manifests_first_line_says() {
    let mut world = World::new();
    new("ops", UNGUARDED, None, &mut world).unwrap();
    let manifest = world.text(&format!("{OWN}/ops/_manifest.toml")).unwrap();
    let line = manifest.lines().next().unwrap();
    let schema = line.strip_prefix("#:schema ../").unwrap();
    assert_eq!(world.text(&format!("{OWN}/{schema}")).unwrap(), SCHEMA);
    for template in [PLAIN, GUARDED] {
        assert_eq!(template.lines().next(), Some(line));
    }
}

#[test]
fn the_schema_of_another_version_is_kept_and_reported() {
    let path = format!("{OWN}/.schema/manifest.v1.schema.json");
    let mut world = World::new().file(&path, "{}");
    let made = new("ops", UNGUARDED, None, &mut world).unwrap();
    assert_eq!(made.other_schema, Some(PathBuf::from(&path)));
    assert_eq!(world.text(&path).as_deref(), Some("{}"));
}

#[test]
fn an_existing_group_is_not_replaced() {
    let (code, message, help) = refused("hello", None, &mut World::new().manifest("hello", ""));
    assert_eq!(code, Code::GroupExists);
    assert_eq!(message, "the group `hello` already exists");
    assert_eq!(help, "qli explain hello");
}

#[test]
fn an_empty_directory_becomes_the_group() {
    let mut world = World::new().directory(&format!("{OWN}/ops"), 0o755);
    new("ops", UNGUARDED, None, &mut world).unwrap();
    assert!(world.text(&format!("{OWN}/ops/hello")).is_some());
}

#[test]
fn an_existing_file_or_directory_is_not_replaced() {
    let path = format!("{OWN}/ops");
    for world in [
        World::new().file(&format!("{path}/notes"), ""),
        World::new().file(&path, ""),
        World::new().link(&path, "nowhere"),
    ] {
        let mut world = world;
        assert_eq!(refused("ops", None, &mut world).0, Code::GroupExists);
    }
}

#[test]
fn a_group_of_another_root_refuses_and_says_which_would_shadow_which() {
    let shadowed = "the group `ops` already exists, and the new one would shadow it";
    let shadows = "the group `ops` already exists, and would shadow the new one";
    let text = "schema_version = 1\ndescription = \"d\"\n";
    let system = "/usr/share/qli/extensions/ops/_manifest.toml";
    let mut world = World::new().file(system, text);
    assert_eq!(refused("ops", None, &mut world).1, shadowed);
    let given = World::new().var("QLI_EXTENSIONS", "/team");
    let mut given = given.file("/team/ops/_manifest.toml", text);
    assert_eq!(refused("ops", None, &mut given).1, shadows);
}

#[test]
fn in_a_root_that_is_not_in_force_a_namesake_is_a_warning() {
    let text = "schema_version = 1\ndescription = \"d\"\n";
    let mut world = World::new().manifest("ops", text);
    for name in ["ops", "dev"] {
        let made = new(name, UNGUARDED, Some("/home/ops/team"), &mut world).unwrap();
        let reported: Vec<_> = made.warnings.iter().map(|one| one.code).collect();
        assert_eq!(reported, [Code::GroupShadowed]);
    }
}

#[test]
fn a_built_in_group_is_copied_instead() {
    let (code, _, help) = refused("dev", None, &mut World::new());
    assert_eq!(code, Code::GroupExists);
    assert!(help.ends_with("qli ext install-defaults"), "{help}");
    let mut world = World::new().var("QLI_EXTENSIONS", "/home/ops/team");
    let (_, _, help) = refused("dev", Some("/home/ops/team"), &mut world);
    assert!(help.ends_with("--in /home/ops/team"), "{help}");
}

#[test]
fn command_names_and_directories_inside_a_group_are_refused() {
    for name in ["explain", "doctor", "policy"] {
        let refusal = refused(name, None, &mut World::new());
        assert_eq!(refusal.0, Code::ReservedGroupName);
    }
    let inside = format!("{OWN}/web");
    let mut world = World::new().manifest("web", "");
    assert_eq!(refused("ops", Some(&inside), &mut world).0, Code::NotMade);
}

#[test]
fn without_a_home_or_disk_space_nothing_is_created() {
    let mut homeless = World::bare();
    assert_eq!(refused("ops", None, &mut homeless).0, Code::RootMissing);
    // The schema is created first, then the group.
    for nth in [1, 2] {
        let mut full = World::new().fails(Op::Make, nth, Errno::ENOSPC);
        let (code, message, _) = refused("ops", None, &mut full);
        assert_eq!(code, Code::NotMade);
        assert!(message.contains("No space left"), "{message}");
    }
}

#[test]
fn defaults_are_copied_once_and_changes_are_kept() {
    let destination = |world: &World| Destination::of(None, world).unwrap();
    let mut world = World::new();
    let first = install_defaults(&destination(&world), KEEP, &mut world).unwrap();
    assert!(
        first
            .iter()
            .all(|one| matches!(one, CopyOutcome::Created(_)))
    );
    let again = install_defaults(&destination(&world), KEEP, &mut world).unwrap();
    assert!(
        again
            .iter()
            .all(|one| matches!(one, CopyOutcome::Unchanged(_)))
    );
    let script = format!("{OWN}/prod/hello");
    let mut world = world
        .executable(&script, "#!/bin/sh\necho mine\n")
        .executable(&format!("{OWN}/prod/own"), "#!/bin/sh\n");
    let kept = install_defaults(&destination(&world), KEEP, &mut world).unwrap();
    let differing = vec![PathBuf::from(&script)];
    let directory = PathBuf::from(OWN).join("prod");
    assert_eq!(
        kept[2],
        CopyOutcome::Kept(directory.clone(), differing.clone())
    );
    assert!(world.text(&script).unwrap().contains("mine"));
    let forced = install_defaults(&destination(&world), OVERWRITE, &mut world).unwrap();
    assert_eq!(forced[2], CopyOutcome::Overwritten(directory, differing));
    assert!(world.text(&script).unwrap().contains("hello from prod"));
    assert!(world.text(&format!("{OWN}/prod/own")).is_some());
}

#[test]
fn missing_files_are_added_where_nothing_differs() {
    let copy = |world: &mut World| {
        let destination = Destination::of(None, world).unwrap();
        install_defaults(&destination, KEEP, world).unwrap()
    };
    let empty = PathBuf::from(OWN).join("dev");
    let mut world = World::new()
        .directory(&format!("{OWN}/dev"), 0o755)
        .file(&format!("{OWN}/org/notes"), "")
        .file(&format!("{OWN}/prod/_manifest.toml"), "# mine\n");
    let done = copy(&mut world);
    assert_eq!(done[0], CopyOutcome::Created(empty));
    let org = PathBuf::from(OWN).join("org");
    let put = [FILE_NAME, "hello"].map(|file| org.join(file)).to_vec();
    assert_eq!(done[1], CopyOutcome::Completed(org, put));
    assert!(matches!(&done[2], CopyOutcome::Kept(_, files) if files.len() == 2));
    assert_eq!(world.text(&format!("{OWN}/prod/hello")), None);
    let again = copy(&mut world);
    assert!(
        again[..2]
            .iter()
            .all(|one| matches!(one, CopyOutcome::Unchanged(_)))
    );
}

#[test]
fn a_link_in_place_of_a_group_is_not_overwritten() {
    let path = format!("{OWN}/dev");
    let mut world = World::new().link(&path, "/elsewhere");
    let destination = Destination::of(None, &world).unwrap();
    let one = install_defaults(&destination, OVERWRITE, &mut world).unwrap_err();
    assert_eq!(one.code, Code::GroupExists);
}
