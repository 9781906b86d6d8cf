use super::super::plan::tests::plan;
use super::super::{Launch, Refusal, Step, first_refusal};
use super::*;
use crate::host::fake::{Act, EXEC_LIMITS, World};

fn world(fields: &str) -> World {
    World::new()
        .manifest("g", fields)
        .var("BASH_ENV", "/tmp/x")
        .var("CI", "hunter2")
        .var("QLI_GROUP", "outer")
        .var("EDITOR", "vi")
}

/// The lines of `explain` about the environment.
fn shown(fields: &str) -> Vec<String> {
    let world = world(fields);
    let details = plan(&world).unwrap().environment_details(&world);
    details.into_iter().map(|one| one.text).collect()
}

#[test]
fn what_is_removed_passed_and_set_is_shown_by_name() {
    let passed = "passes variables that decide which code runs: BASH_ENV";
    assert_eq!(shown(""), [passed]);
    let scrubbed = "environment scrub: removes 1 variable: BASH_ENV";
    assert_eq!(shown("environment = \"scrub\""), [scrubbed]);
    let kept = "environment = \"scrub\"\nkeep = [\"BASH_ENV\"]";
    assert_eq!(
        shown(kept),
        ["environment scrub: removes no variable that is set", passed]
    );
    let set = "environment = \"clean\"\n[set_env]\nEDITOR = \"ed\"\nAPI_TOKEN = \"t0ken\"";
    assert_eq!(
        shown(set),
        [
            "environment clean: removes 2 variables: BASH_ENV, CI",
            "sets `EDITOR` to \"ed\"",
            "sets `API_TOKEN` to the value in the manifest"
        ]
    );
}

/// What the script gets.
fn given(fields: &str) -> Vec<(String, String)> {
    let mut world = world(fields);
    let plan = plan(&world).unwrap();
    let mut launch = Launch::begin(&plan, &mut world).unwrap();
    plan.guards.enforce(&mut launch, &mut world).unwrap();
    plan.spawn.start(&mut launch, &mut world).unwrap();
    drop(launch);
    let acts = world.acts();
    let Some(Act::Spawned(_, env)) = acts.into_iter().find(|act| act.name() == "Spawned") else {
        panic!("not spawned")
    };
    let text = |one: std::ffi::OsString| one.into_string().unwrap();
    let env = env.into_iter();
    env.map(|(name, value)| (text(name), text(value))).collect()
}

const SECRET: &str = "[[secrets]]\nenv = \"TOKEN\"\nref = \"CI\"\nprovider = \"env\"\n";

#[test]
fn secrets_and_the_names_of_the_run_arrive_and_nothing_else_is_added() {
    let clean = format!("environment = \"clean\"\nset_env = {{ EDITOR = \"ed\" }}\n{SECRET}");
    let given = given(&clean);
    let names: Vec<_> = given.iter().map(|(name, _)| name.as_str()).collect();
    let names: Vec<_> = names
        .into_iter()
        .filter(|name| *name != "HOME" && *name != "PATH")
        .collect();
    let own = [
        "EDITOR",
        "QLI_EXTENSION",
        "QLI_GROUP",
        "QLI_RUN_ID",
        "TOKEN",
    ];
    assert_eq!(names, own);
    let value = |name: &str| {
        let found = given.iter().find(|(one, _)| one == name);
        found.map(|(_, value)| value.as_str())
    };
    assert_eq!(value("TOKEN"), Some("hunter2"));
    assert_eq!(value("QLI_GROUP"), Some("g"));
    assert_eq!(value("EDITOR"), Some("ed"));
}

#[test]
fn guards_look_before_variables_are_removed() {
    let fields = "environment = \"clean\"\nrequires_env = { BASH_ENV = \"/tmp/x\" }";
    assert!(!given(fields).iter().any(|(name, _)| name == "BASH_ENV"));
}

#[test]
fn the_size_of_what_the_script_gets_counts() {
    let refused = |fields: &str| {
        let names = (0..EXEC_LIMITS.all / 100_000).map(|nth| format!("V{nth:02}"));
        let world = names.fold(World::new().manifest("g", fields), |world, name| {
            world.var(&name, "x".repeat(120_000))
        });
        let steps = plan(&world).unwrap().preview(&world);
        first_refusal(&steps).and_then(Refusal::step)
    };
    assert_eq!(refused("environment = \"scrub\""), Some(Step::Spawn));
    assert_eq!(refused("environment = \"clean\""), None);
    let set = "environment = \"clean\"
keep = [\"V*\"]
set_env = { V00 = \"x\" }";
    assert_eq!(refused(set), Some(Step::Spawn));
}

#[test]
fn the_digest_covers_the_policy_and_not_what_is_set() {
    let digest = |world: &World| {
        let mut plan = plan(world).unwrap();
        // Only the environment differs.
        plan.manifest = plan_of_default().manifest;
        plan.digest()
    };
    let of = |fields: &str| digest(&world(fields));
    let all = [
        "",
        "environment = \"scrub\"",
        "environment = \"clean\"",
        "environment = \"clean\"\nkeep = [\"A\"]",
        "set_env = { A = \"1\" }",
        "set_env = { A = \"2\" }",
    ]
    .map(of);
    for (at, one) in all.iter().enumerate() {
        assert!(!all[..at].contains(one), "{at}");
    }
    let scrub = "environment = \"scrub\"";
    let other = world(scrub).var("LD_PRELOAD", "/x").unset("BASH_ENV");
    assert_eq!(of(scrub), digest(&other));
}

fn plan_of_default() -> Plan {
    plan(&world("")).unwrap()
}

#[test]
fn env_finds_the_interpreter_in_the_path_that_the_script_gets() {
    let fields = "[set_env]\nPATH = \"/opt/bin\"";
    let script = "/home/ops/.local/share/qli/extensions/g/hello";
    let world = world(fields)
        .executable(script, "#!/usr/bin/env tool\n")
        .executable("/opt/bin/tool", "#!/bin/sh\n")
        .executable("/usr/bin/tool", "#!/bin/sh\n")
        .program("/usr/bin/env", &crate::host::fake::native_program());
    let planned = plan(&world).unwrap();
    let paths: Vec<_> = planned.spawn.program.files().collect();
    assert!(paths.contains(&"/opt/bin/tool".as_ref()), "{paths:?}");
    let now = planned.spawn.interpreters_now(&world).unwrap();
    assert!(planned.last_look(&now, &world).is_ok());
}

#[test]
fn the_start_record_has_names_and_no_secret() {
    let fields = "audit_log = \"/home/ops/a.log\"\nenvironment = \"scrub\"\n[set_env]\n\
        API_TOKEN = \"t0ken\"\nURL = \"https://hunter2@db\"\n";
    let mut world = world(&format!("{fields}{SECRET}")).var("LD_hunter2", "1");
    let plan = plan(&world).unwrap();
    let mut launch = Launch::begin(&plan, &mut world).unwrap();
    plan.guards.enforce(&mut launch, &mut world).unwrap();
    drop(launch);
    let log = world.text("/home/ops/a.log").unwrap();
    let start: serde_json::Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
    let expected = serde_json::json!({
        "API_TOKEN": "[redacted]", "URL": "https://[secret:TOKEN]@db"
    });
    assert_eq!(start["env_set"], expected);
    let removed = serde_json::json!(["BASH_ENV", "LD_[secret:TOKEN]"]);
    assert_eq!(
        (&start["env_removed"], &start["environment"]),
        (&removed, &"scrub".into())
    );
}
