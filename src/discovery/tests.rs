//! Discovery on systems held in memory.

mod roots;

use std::path::{Path, PathBuf};

use super::*;
use crate::diagnostics::{Code, Diagnostics};
use crate::host::FileKind;
use crate::host::fake::World;
use crate::names::ExtensionName;

const USER: &str = "/home/ops/.local/share/qli/extensions";
const SYSTEM: &str = "/usr/share/qli/extensions";
const GOOD: &str = "schema_version = 1\ndescription = \"d\"\n";

pub(super) fn look(world: &World, group: &str, extension: &str) -> Result<Target, Diagnostics> {
    let roots = Roots::of(&[], world);
    find(
        &group.parse().unwrap(),
        &extension.parse().unwrap(),
        &roots,
        world,
    )
}

/// Returns code and help of the first problem.
pub(super) fn problem(world: &World, group: &str, extension: &str) -> (Code, String) {
    let found = look(world, group, extension).unwrap_err();
    let one = found.first().unwrap();
    (one.code, one.help.clone().unwrap_or_default())
}

#[test]
fn built_in_groups_need_nothing_installed() {
    for group in ["dev", "org", "prod"] {
        let target = look(&World::new(), group, "hello").unwrap();
        assert_eq!(
            target.program.path,
            PathBuf::from(format!("embedded:{group}/hello"))
        );
        assert!(
            target
                .program
                .file()
                .starts_with("/home/ops/.cache/qli/embedded")
        );
        let interpreters = target.program.interpreters.unwrap();
        assert_eq!(interpreters[0].path, Path::new("/bin/sh"));
    }
}

#[test]
fn a_built_in_script_needs_a_cache_directory() {
    let (code, _) = problem(&World::new().unset("HOME"), "dev", "hello");
    assert_eq!(code, Code::NoCacheDirectory);
}

#[test]
fn the_first_root_with_the_manifest_owns_the_whole_group() {
    let world = World::new()
        .manifest("prod", "")
        .file(&format!("{SYSTEM}/prod/_manifest.toml"), GOOD)
        .executable(&format!("{SYSTEM}/prod/extra"), "#!/bin/sh\n");
    let target = look(&world, "prod", "hello").unwrap();
    assert_eq!(target.group.location.root.kind, RootKind::User);
    let manifest = PathBuf::from(format!("{SYSTEM}/prod/_manifest.toml"));
    let guards = Vec::new();
    let shadowed = Shadowed { manifest, guards };
    assert_eq!(target.group.location.shadows, Some(shadowed));
    assert_eq!(problem(&world, "prod", "extra").0, Code::NoSuchExtension);
}

#[test]
fn a_system_group_shadows_nothing() {
    let world = World::new()
        .file(&format!("{SYSTEM}/web/_manifest.toml"), GOOD)
        .executable(&format!("{SYSTEM}/web/go"), "#!/bin/sh\n");
    assert_eq!(
        look(&world, "web", "go").unwrap().group.location.shadows,
        None
    );
}

#[test]
fn a_broken_manifest_is_not_an_unknown_group() {
    let world = World::new().manifest("prod", "confrim = true");
    assert_eq!(problem(&world, "prod", "hello").0, Code::UnknownField);
    let path = format!("{USER}/web/_manifest.toml");
    for (kind, mode) in [
        (FileKind::Directory, 0o755),
        (FileKind::Link, 0o777),
        (FileKind::File, 0),
    ] {
        let world = World::new().node(&path, kind, mode, "");
        assert_eq!(
            problem(&world, "web", "x").0,
            Code::UnreadableFile,
            "{kind:?}"
        );
    }
}

#[test]
fn a_root_that_cannot_be_searched_is_not_skipped() {
    let path = format!("{USER}/prod/_manifest.toml");
    let world = World::new()
        .directory(USER, 0o600)
        .node(&path, FileKind::File, 0, GOOD);
    assert_eq!(problem(&world, "prod", "hello").0, Code::RootUnreadable);
}

#[test]
fn an_unknown_name_is_reported_with_the_manifests_problems() {
    let world = World::new().manifest("prod", "confrim = true");
    let found = look(&world, "prod", "nope").unwrap_err();
    let codes: Vec<_> = found.iter().map(|one| one.code).collect();
    assert!(codes.contains(&Code::UnknownField) && codes.contains(&Code::NoSuchExtension));
}

#[test]
fn unknown_names_get_a_suggestion() {
    assert_eq!(
        problem(&World::new(), "prdo", "hello"),
        (Code::NoSuchGroup, "did you mean `prod`?".into())
    );
    assert_eq!(
        problem(&World::new(), "prod", "helo"),
        (Code::NoSuchExtension, "did you mean `hello`?".into())
    );
    assert_eq!(
        problem(&World::new(), "zzzzzz", "x").1,
        "the groups are `dev`, `org`, `prod`"
    );
    let bare = World::new().directory(&format!("{USER}/web"), 0o755);
    assert!(
        problem(&bare, "web", "x")
            .1
            .contains("has no `_manifest.toml`")
    );
}

#[test]
fn a_missing_home_is_said_where_a_group_is_not_found() {
    let found = |world: &World, group: &str| {
        let found = look(world, group, "x").unwrap_err();
        (found[0].message.clone(), found[0].help.clone().unwrap())
    };
    let homeless = World::new().unset("HOME");
    let (message, help) = found(&homeless, "web");
    let expected = "there is no group `web`; `HOME` is not set, so yours were not searched";
    assert_eq!((message.as_str(), help.as_str()), (expected, SET_HOME));
    assert_eq!(found(&homeless, "prdo").1, "did you mean `prod`?");
    let elsewhere = homeless.var("XDG_DATA_HOME", "/data");
    assert_eq!(found(&elsewhere, "web").0, "there is no group `web`");
    let relative = World::new().var("HOME", "rel");
    assert!(
        found(&relative, "web")
            .0
            .contains("`HOME` is relative: rel")
    );
}

#[test]
fn a_file_that_cannot_be_executed_is_found_before_the_plan() {
    let with = |kind, mode, text: &str| {
        let path = format!("{USER}/prod/tool");
        World::new()
            .manifest("prod", "")
            .node(&path, kind, mode, text)
    };
    let code = |world| problem(&world, "prod", "tool").0;
    assert_eq!(
        code(with(FileKind::File, 0o644, "#!/bin/sh\n")),
        Code::NotExecutable
    );
    assert_eq!(
        code(with(FileKind::Directory, 0o755, "")),
        Code::NotARegularFile
    );
    assert_eq!(code(with(FileKind::Link, 0o777, "")), Code::NotARegularFile);
    assert_eq!(
        code(with(FileKind::File, 0o755, "echo\n")),
        Code::NoInterpreterLine
    );
}

#[test]
fn an_extension_can_be_on_path_and_the_groups_own_file_wins() {
    let world = World::new()
        .manifest("prod", "")
        .executable("/usr/bin/qli-prod-restore", "#!/bin/sh\n")
        .executable("/usr/bin/qli-prod-hello", "#!/bin/sh\n")
        .executable("/usr/bin/qli-nogroup-x", "#!/bin/sh\n");
    let restore = look(&world, "prod", "restore").unwrap().program;
    assert_eq!(
        (restore.path, restore.kind),
        ("/usr/bin/qli-prod-restore".into(), ProgramKind::OnPath)
    );
    assert_eq!(
        look(&world, "prod", "hello").unwrap().program.kind,
        ProgramKind::OfGroup
    );
    assert_eq!(problem(&world, "nogroup", "x").0, Code::NoSuchGroup);
    let group = look(&world, "prod", "hello").unwrap().group;
    let names: Vec<_> = listing::extensions(
        &group.location,
        &PathCommands::of_all(&world),
        &Roots::of(&[], &world),
        &world,
    )
    .into_keys()
    .map(|name| name.to_string())
    .collect();
    assert_eq!(names, ["hello", "restore"]);
    assert_eq!(
        all_of(&group.location, &"hello".parse().unwrap(), &world).len(),
        2
    );
}

#[test]
fn what_is_listed_as_runnable_is_what_a_run_accepts() {
    let command = |name: &str| format!("/usr/bin/qli-db-{name}");
    let names = ["gone", "notes", "open", "prod-restore", "vacuum"];
    let world = World::new().manifest("db", "").manifest("db-prod", "");
    let world = names.iter().fold(world, |world, name| {
        world.executable(&command(name), "#!/bin/sh\n")
    });
    let world = world
        .file(&format!("{USER}/db/notes"), "not a script")
        .link(&format!("{USER}/db/gone"), "/none")
        .alter(&command("open"), |stat| stat.owner = 77);
    let roots = Roots::of(&[], &world);
    let entry = group_entry(&"db".parse().unwrap(), &roots, &world).unwrap();
    let runnable: Vec<_> = runnable(&entry.extensions)
        .map(ExtensionName::as_str)
        .collect();
    assert_eq!(runnable, ["hello", "vacuum"]);
    for name in names.iter().chain(&["hello"]) {
        let accepted = look(&world, "db", name).is_ok();
        assert_eq!(accepted, runnable.contains(name), "{name}");
    }
    let refused = entry.extensions.iter().filter_map(|(name, listed)| {
        let why = listed.refused.as_ref()?;
        assert_eq!(why.code, problem(&world, "db", name.as_str()).0);
        Some(format!("{name} {}", why.code.name()))
    });
    let refused: Vec<_> = refused.collect();
    let expected = ["open no-such-extension", "prod-restore ambiguous-command"];
    assert_eq!(refused, expected);
    // What cannot be run is not suggested either.
    let (_, help) = problem(&world, "db", "prod-restor");
    assert!(!help.contains("prod-restore"), "{help}");
}

#[test]
fn what_an_editor_or_a_package_left_is_no_extension() {
    let world = World::new()
        .manifest("ops", "")
        .executable(&format!("{USER}/ops/deploy"), "#!/bin/sh\n")
        .executable(&format!("{USER}/ops/deploy.orig"), "#!/bin/sh\n")
        .executable("/usr/bin/qli-ops-roll.dpkg-old", "#!/bin/sh\n");
    for typed in ["deploy.orig", "deploy~", "roll.dpkg-old"] {
        let error = extension_name(typed.as_ref()).unwrap_err();
        assert_eq!((error.code, error.code.run_exit()), (Code::Leftover, 127));
    }
    let entry = group_entry(&"ops".parse().unwrap(), &Roots::of(&[], &world), &world);
    let names = entry.unwrap().extensions.into_keys();
    let names: Vec<_> = names.map(|name| name.to_string()).collect();
    assert_eq!(names, ["deploy", "hello"]);
}

#[test]
fn the_copy_of_a_group_is_no_group() {
    let copy = format!("{USER}/ops.bak");
    let world = World::new()
        .manifest("ops", "")
        .file(&format!("{copy}/_manifest.toml"), GOOD)
        .executable(&format!("{copy}/hello"), "#!/bin/sh\n");
    let error = group_name("ops.bak".as_ref()).unwrap_err();
    assert_eq!((error.code, error.code.run_exit()), (Code::Leftover, 127));
    let groups = group_names(&Roots::of(&[], &world), &world).into_keys();
    let names: Vec<_> = groups.map(|name| name.to_string()).collect();
    assert_eq!(names, ["dev", "ops", "org", "prod"]);
}

#[test]
fn an_extension_in_a_world_writable_directory_of_path_does_not_run() {
    let world = World::new()
        .var("PATH", "/opt/open")
        .directory("/opt/open", 0o777)
        .executable("/opt/open/qli-prod-restore", "#!/bin/sh\n");
    assert_eq!(
        problem(&world, "prod", "restore"),
        (Code::NoSuchExtension, "chmod o-w /opt/open".into())
    );
}

#[test]
fn a_file_that_others_can_change_does_not_run() {
    let group = format!("{USER}/prod");
    let script = format!("{group}/hello");
    let manifest = format!("{group}/_manifest.toml");
    let world = || World::new().manifest("prod", "").directory(&group, 0o755);
    let changed = |path: &str, change: fn(&mut crate::host::Stat)| world().alter(path, change);
    for path in [&group, &script, &manifest] {
        let open = changed(path, |stat| stat.mode |= 0o002);
        let help = format!("chmod o-w {path}");
        assert_eq!(
            problem(&open, "prod", "hello"),
            (Code::WritableByOthers, help)
        );
        let foreign = changed(path, |stat| stat.owner = 4242);
        assert_eq!(problem(&foreign, "prod", "hello").0, Code::ForeignOwner);
        let shared = changed(path, |stat| stat.mode |= 0o020);
        let target = look(&shared, "prod", "hello").unwrap();
        let codes: Vec<_> = target.warnings.iter().map(|one| one.code).collect();
        assert_eq!(codes, [Code::WritableByGroup]);
    }
    assert!(look(&world(), "prod", "hello").unwrap().warnings.is_empty());
}

#[test]
fn an_interpreter_that_others_can_change_starts_no_script() {
    let by = "/opt/by";
    let world = || {
        let script = format!("{USER}/prod/hello");
        let world = World::new().manifest("prod", "");
        world
            .executable(&script, &format!("#!{by}\n"))
            .executable(by, "#!/bin/sh\n")
    };
    assert!(look(&world(), "prod", "hello").is_ok());
    for path in [by, "/bin/sh"] {
        let foreign = world().alter(path, |stat| stat.owner = 77);
        assert_eq!(problem(&foreign, "prod", "hello").0, Code::ForeignOwner);
        let open = world().alter(path, |stat| stat.mode |= 0o002);
        assert_eq!(problem(&open, "prod", "hello").0, Code::WritableByOthers);
    }
}

#[test]
fn the_copy_of_a_built_in_script_is_trusted_no_more_than_another() {
    let copy = look(&World::new(), "dev", "hello").unwrap().program;
    let copy = copy.file().display().to_string();
    let world = || World::new().executable(&copy, "#!/bin/sh\n");
    assert!(look(&world(), "dev", "hello").is_ok());
    let foreign = world().alter(&copy, |stat| stat.owner = 77);
    assert_eq!(problem(&foreign, "dev", "hello").0, Code::ForeignOwner);
    let open = world().directory("/home/ops/.cache", 0o777);
    assert_eq!(problem(&open, "dev", "hello").0, Code::WritableByOthers);
}

#[test]
fn the_catalogue_has_good_and_broken_groups() {
    let world = World::new().manifest("web", "").manifest("bad", "x = 1");
    let commands = PathCommands::of_all(&world);
    let catalogue = catalogue(&Roots::of(&[], &world), &commands, &world);
    let names: Vec<_> = catalogue
        .iter()
        .map(|entry| (entry.name.to_string(), entry.group.is_ok()))
        .collect();
    assert_eq!(
        names,
        [
            ("bad".into(), false),
            ("dev".into(), true),
            ("org".into(), true),
            ("prod".into(), true),
            ("web".into(), true)
        ]
    );
}
