//! Checkpoints that each run writes, checked against the log; and refused runs.

use super::world::World;
use crate::support::output;

fn world() -> World {
    let world = World::new();
    let manifest = "schema_version = 1\ndescription = \"A group\"\n\
         audit_log = \"$XDG_STATE_HOME/log\"\n[requires_env]\nGO = \"1\"\n\
         [audit]\nrefusals = true\nanchor = \"file:$XDG_STATE_HOME/anchor\"\n";
    std::fs::write(world.path("root/g/_manifest.toml"), manifest).unwrap();
    world
}

#[test]
fn the_anchors_of_runs_show_what_happened_to_their_log() {
    let world = world();
    for _ in 0..3 {
        let ran = output(world.qli(["g", "e"]).env("GO", "1"));
        assert!(ran.status.success());
    }
    let document = world.assert_whole(&["--anchor", "state/anchor"]);
    assert_eq!(document["anchors"]["met"], 6);
    let whole = world.text();
    let cut: String = whole.split_inclusive('\n').take(4).collect();
    std::fs::write(world.log(), cut).unwrap();
    let (code, document) = world.audit(&["verify", "--anchor", "state/anchor"]);
    assert_eq!(
        (code, document["problems"].as_array().unwrap().len()),
        (Some(1), 2)
    );
    assert_eq!(document["problems"][0]["fault"], "cut-tail");
    // A log that begins again is intact by itself.
    std::fs::write(world.log(), "").unwrap();
    let ran = output(
        world
            .qli(["g", "e"])
            .env("GO", "1")
            .env("XDG_STATE_HOME", world.path("home")),
    );
    assert!(ran.status.success());
    std::fs::copy(world.path("home/log"), world.log()).unwrap();
    world.assert_whole(&[]);
    let (code, document) = world.audit(&["verify", "--anchor", "state/anchor"]);
    assert_eq!(
        (code, &document["problems"][0]["fault"]),
        (Some(1), &"chain-gone".into())
    );
}

#[test]
fn a_run_that_was_refused_is_listed_with_its_reason() {
    let world = world();
    assert_eq!(
        output(&mut world.qli(["g", "e", "x"])).status.code(),
        Some(125)
    );
    let (_, document) = world.audit(&["list", "--outcome", "refused"]);
    let run = &document["runs"][0];
    assert_eq!(
        (&run["step"], &run["exit_code"]),
        (&"requires_env".into(), &125.into())
    );
    assert!(run["reason"].as_str().unwrap().contains("GO"), "{run:#}");
    let listed = output(&mut world.qli(["-q", "audit", "list"]));
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.contains("\tREFUSED\t"), "{listed}");
    let (_, shown) = world.audit(&["show", run["run_id"].as_str().unwrap()]);
    assert_eq!(shown["records"][0]["event"], "refused");
}
