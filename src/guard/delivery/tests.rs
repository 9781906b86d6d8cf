use super::super::plan::tests::{enforce_only, plan, plan_of};
use super::super::{Step, first_refusal};
use super::*;
use crate::host::fake::{Act, UID, World};

const RUNTIME: &str = "/home/ops/run";

fn secret(env: &str, deliver: &str) -> String {
    format!(
        "[[secrets]]\nenv = \"{env}\"\nref = \"~/{env}\"\nprovider = \"file\"\n\
         deliver = \"{deliver}\"\n"
    )
}

/// A group whose secrets are delivered in all ways.
fn world() -> World {
    let fields = secret("V", "env") + &secret("F", "file") + &secret("D", "fd");
    ["V", "F", "D"]
        .iter()
        .fold(World::new().manifest("g", &fields), |world, name| {
            world.file(&format!("/home/ops/{name}"), &format!("{name}\n"))
        })
        .directory("/dev/fd", 0o755)
        .directory(RUNTIME, 0o700)
        .var("XDG_RUNTIME_DIR", RUNTIME)
        .in_memory(RUNTIME)
}

/// The codes of the warnings of its plan.
fn warnings(world: &World) -> Vec<Code> {
    let plan = plan(world).unwrap();
    plan.warnings.iter().map(|one| one.code).collect()
}

fn refusal(world: &World) -> Option<Refusal> {
    let steps = plan(world).unwrap().preview(world);
    first_refusal(&steps).cloned()
}

#[test]
fn a_directory_of_credentials_that_is_set_stays() {
    for world in [
        world().var("CREDENTIALS_DIRECTORY", "/run/credentials/x"),
        World::new()
            .manifest("g", &secret("CREDENTIALS_DIRECTORY", "file"))
            .file("/home/ops/CREDENTIALS_DIRECTORY", "1"),
        World::new()
            .manifest("g", &secret("V", "env"))
            .file("/home/ops/V", "1"),
    ] {
        let plan = plan(&world).unwrap();
        let secrets = plan.guards.secrets.as_ref().unwrap();
        assert_eq!(
            secrets.directory_variable(&plan.spawn.environment, &world),
            None
        );
    }
}

#[test]
fn a_directory_of_credentials_that_the_script_does_not_get_is_replaced() {
    let fields = format!("environment = \"clean\"\n{}", secret("V", "file"));
    let world = World::new()
        .manifest("g", &fields)
        .file("/home/ops/V", "1")
        .var("CREDENTIALS_DIRECTORY", "/run/credentials/x");
    let plan = plan(&world).unwrap();
    let secrets = plan.guards.secrets.as_ref().unwrap();
    let variable = secrets.directory_variable(&plan.spawn.environment, &world);
    assert_eq!(
        variable.map(|(name, _)| name),
        Some("CREDENTIALS_DIRECTORY")
    );
    assert_eq!(plan.environment_now(&world).removed, []);
}

#[test]
fn the_directory_is_the_most_private_one() {
    let of = |world: World| base(&world).to_str().unwrap().to_owned();
    let user = format!("/run/user/{UID}");
    let runtime = || World::new().var("XDG_RUNTIME_DIR", RUNTIME);
    assert_eq!(of(runtime()), format!("{RUNTIME}/qli"));
    let with_user = |world: World| world.directory(&user, 0o700);
    assert_eq!(of(with_user(World::new())), format!("{user}/qli"));
    for unusable in ["", "relative"] {
        let world = with_user(World::new()).var("XDG_RUNTIME_DIR", unusable);
        assert_eq!(of(world), format!("{user}/qli"));
    }
    assert_eq!(of(World::new()), format!("/tmp/qli-{UID}"));
    let temporary = World::new().var("TMPDIR", "/home/ops/tmp");
    assert_eq!(of(temporary), format!("/home/ops/tmp/qli-{UID}"));
}

#[test]
fn a_directory_on_a_disk_or_for_anything_temporary_is_warned_about() {
    assert_eq!(warnings(&world()), []);
    let on_disk = world().var("XDG_RUNTIME_DIR", "/home/ops/other");
    assert_eq!(warnings(&on_disk), [Code::SecretFileLocation]);
    let temporary = world().unset("XDG_RUNTIME_DIR").in_memory("/tmp");
    assert_eq!(warnings(&temporary), [Code::SecretFileLocation]);
    let none = World::new()
        .manifest("g", &secret("V", "fd"))
        .directory("/dev/fd", 0o755);
    assert_eq!(warnings(&none), []);
}

#[test]
fn what_prevents_files_and_descriptors_is_known_before() {
    assert_eq!(refusal(&world()), None);
    let below = format!("{RUNTIME}/qli");
    for world in [
        world().directory(RUNTIME, 0o500),
        world().directory(RUNTIME, 0o702),
        world().alter(RUNTIME, |stat| stat.owner = UID + 1),
        world().directory(&below, 0o702),
        world().link(&below, "/home/ops"),
        world().file(&below, ""),
        world().without("/dev/fd"),
        world()
            .manifest("g", &secret(&"N".repeat(256), "file"))
            .file(&format!("/home/ops/{}", "N".repeat(256)), "1"),
    ] {
        let known = refusal(&world);
        let Some(Refusal::NotDelivered(_)) = &known else {
            panic!("{known:?}")
        };
        let (world, result) = enforce_only(world, Step::Secrets);
        assert_eq!(result.err(), known);
        assert!(!world.acts().contains(&Act::Protected));
    }
}

#[test]
fn a_file_and_a_descriptor_hold_what_no_variable_can() {
    for (deliver, fits) in [("env", false), ("file", true), ("fd", true)] {
        for text in ["a\0b".to_owned(), "x".repeat(1 << 20)] {
            let world = World::new()
                .manifest("g", &secret("V", deliver))
                .directory("/dev/fd", 0o755)
                .var("XDG_RUNTIME_DIR", RUNTIME)
                .directory(RUNTIME, 0o700)
                .file("/home/ops/V", &text);
            assert_eq!(refusal(&world).is_none(), fits, "{deliver}");
        }
    }
}

#[test]
fn the_plan_covers_how_a_secret_is_delivered_and_where() {
    let digest = |world: &World| plan_of(world, "g").unwrap().digest();
    let file = |world: World| world.manifest("g", &secret("V", "file"));
    let one = file(world());
    assert_eq!(digest(&one), digest(&file(world())));
    let elsewhere = file(world()).var("XDG_RUNTIME_DIR", "/home/ops/other");
    assert_ne!(digest(&one), digest(&elsewhere));
    let env = world().manifest("g", &secret("V", "env"));
    assert_ne!(digest(&one), digest(&env));
    let implied = secret("V", "env").replace("deliver = \"env\"\n", "");
    let implied = world().manifest("g", &implied);
    let shown = plan_of(&one, "g").unwrap().guards.settings(Step::Secrets);
    let shown = shown.unwrap();
    assert_eq!(shown["directory"], format!("{RUNTIME}/qli"));
    assert_eq!(shown["wanted"][0]["deliver"], "file");
    let settings = |world: &World| plan_of(world, "g").unwrap().guards.settings(Step::Secrets);
    assert_eq!(settings(&implied), settings(&env));
}
