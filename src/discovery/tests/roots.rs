//! Which root a group is found in.

use super::*;

/// Looks in these roots for an extension of a group that the user's root has.
fn look_in(world: World, typed: &[&str]) -> Result<Target, (Code, u8)> {
    let world = world
        .manifest("web", "")
        .executable(&format!("{USER}/web/go"), "#!/bin/sh\n");
    let typed: Vec<_> = typed.iter().map(PathBuf::from).collect();
    let roots = Roots::of(&typed, &world);
    let found = find(
        &"web".parse().unwrap(),
        &"go".parse().unwrap(),
        &roots,
        &world,
    );
    found.map_err(|found| {
        let exit = found.iter().map(|one| one.code.run_exit()).max();
        (found[0].code, exit.unwrap())
    })
}

#[test]
fn a_named_root_that_cannot_be_used_refuses_instead_of_running_another_group() {
    let team = || World::new().directory("/team", 0o755);
    let own = || {
        let world = team().file("/team/web/_manifest.toml", GOOD);
        world.executable("/team/web/go", "#!/bin/sh\n")
    };
    for (world, typed, code) in [
        (World::new(), &["/typo"][..], Code::RootMissing),
        (
            World::new().file("/typo", ""),
            &["/typo"],
            Code::RootMissing,
        ),
        (
            World::new().link("/typo", "/none"),
            &["/typo"],
            Code::RootMissing,
        ),
        (team(), &["/team", "/typo"], Code::RootMissing),
        (own(), &["/team", "/typo"], Code::RootMissing),
        (own(), &["/typo", "/team"], Code::RootMissing),
        (
            World::new().file("/team/_manifest.toml", GOOD),
            &["/team"],
            Code::RootMissing,
        ),
        (
            World::new().directory("/team", 0o600),
            &["/team"],
            Code::RootUnreadable,
        ),
        (
            World::new().directory("/team", 0o777),
            &["/team"],
            Code::WritableByOthers,
        ),
        (
            team().alter("/team", |stat| stat.owner = 77),
            &["/team"],
            Code::ForeignOwner,
        ),
    ] {
        let refused = look_in(world, typed).map(|target| target.program.path);
        assert_eq!(refused, Err((code, 125)), "{typed:?}");
    }
    let variable = World::new().var("QLI_EXTENSIONS", "/typo");
    assert_eq!(
        look_in(variable, &[]).unwrap_err(),
        (Code::RootMissing, 125)
    );
}

#[test]
fn a_usable_named_root_without_the_group_and_absent_defaults_are_passed_over() {
    let team = |mode| World::new().directory("/team", mode);
    let empty = World::new().var("QLI_EXTENSIONS", ":");
    for (world, typed) in [
        (team(0o755), &["/team"][..]),
        (team(0o1777), &["/team"]),
        (empty, &[]),
    ] {
        let target = look_in(world, typed).unwrap();
        assert_eq!(target.group.location.root.kind, RootKind::User);
    }
}

#[test]
fn a_hidden_group_with_more_guards_is_reported_whatever_roots_they_are_in() {
    let hides = |own: &str, hidden: (&str, &str)| {
        let world = World::new()
            .file("/team/ops/_manifest.toml", &format!("{GOOD}{own}"))
            .executable("/team/ops/go", "#!/bin/sh\n")
            .file(
                &format!("{}/ops/_manifest.toml", hidden.0),
                &format!("{GOOD}{}", hidden.1),
            )
            .directory("/other", 0o755);
        let roots = Roots::of(&["/team".into(), "/other".into()], &world);
        let target = find(
            &"ops".parse().unwrap(),
            &"go".parse().unwrap(),
            &roots,
            &world,
        );
        target.unwrap().group.location.shadows.map(|it| it.guards)
    };
    let confirm = Some(vec!["confirm".to_owned()]);
    for root in ["/other", USER, SYSTEM] {
        assert_eq!(hides("", (root, "confirm = true\n")), confirm, "{root}");
    }
    assert_eq!(hides("confirm = true\n", (USER, "confirm = true\n")), None);
    assert_eq!(hides("", (USER, "confrim = true\n")), None);
    let section = "[extensions.go]\nconfirm = true\n";
    assert_eq!(hides("", (USER, section)), confirm);
    assert_eq!(hides(section, (USER, "confirm = true\n")), None);
    assert_eq!(hides("", (SYSTEM, "")), Some(Vec::new()));
}

#[test]
fn a_built_in_group_is_there_to_be_replaced() {
    let world = World::new().manifest("prod", "");
    assert_eq!(
        look(&world, "prod", "hello")
            .unwrap()
            .group
            .location
            .shadows,
        None
    );
}

#[test]
fn what_was_meant_to_be_the_group_is_not_replaced_by_a_later_one() {
    let team = || World::new().directory("/team", 0o755);
    let data = "/home/ops/.local/share";
    let script = "#!/bin/sh\n";
    for (world, code) in [
        (team().link("/team/dev", "/none"), Code::UnreadableFile),
        (team().file("/team/dev", ""), Code::UnreadableFile),
        (team().link(USER, "/none"), Code::RootUnreadable),
        (team().file(USER, ""), Code::RootUnreadable),
        (
            team().link(&format!("{data}/qli"), "/none"),
            Code::RootUnreadable,
        ),
        (team().link(data, "/none"), Code::RootUnreadable),
        (team().link(SYSTEM, "/none"), Code::RootUnreadable),
        (
            team().file("/team/dev/manifest.toml", GOOD),
            Code::NoManifest,
        ),
        (
            team().file(&format!("{USER}/dev/_manifest.TOML"), GOOD),
            Code::NoManifest,
        ),
        (
            team().executable("/team/dev/hello", script),
            Code::NoManifest,
        ),
    ] {
        let roots = Roots::of(&["/team".into()], &world);
        let (group, hello) = ("dev".parse().unwrap(), "hello".parse().unwrap());
        let found = find(&group, &hello, &roots, &world).unwrap_err();
        let shown = found.iter().map(|one| (one.code, one.is_error()));
        assert_eq!(shown.collect::<Vec<_>>(), [(code, true)]);
        assert_eq!(code.run_exit(), 125);
        let checked = bypassed(&roots, &world);
        assert_eq!(checked.len(), 1, "{checked:?}");
        assert_eq!(checked[0].message, found[0].message);
    }
}

#[test]
fn what_was_not_meant_to_be_the_group_is_passed_over() {
    let team = || World::new().directory("/team", 0o755);
    for world in [
        team().directory("/team/dev", 0o755),
        team().file("/team/dev/notes.txt", ""),
        team().file("/usr/local/share", ""),
        team().unset("HOME"),
        team().var("XDG_DATA_HOME", "/dev/null/.local/share"),
    ] {
        let world = world.var("XDG_CACHE_HOME", "/cache");
        let roots = Roots::of(&["/team".into()], &world);
        let (group, hello) = ("dev".parse().unwrap(), "hello".parse().unwrap());
        assert!(find(&group, &hello, &roots, &world).is_ok());
        assert!(bypassed(&roots, &world).is_empty());
    }
}
