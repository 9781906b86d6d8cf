//! Runs without an end.

use std::process::Stdio;

use super::world::World;
use crate::support::until;

#[test]
fn a_run_is_running_until_its_qli_is_killed_and_then_abandoned() {
    let world = World::new().script("hold", "read line");
    let mut command = world.qli(["g", "hold"]);
    command.stdin(Stdio::piped());
    let mut run = command.spawn().unwrap();
    until("the start", || world.text().ends_with('\n').then_some(()));
    let (code, document) = world.audit(&["unfinished"]);
    assert_eq!(code, Some(0));
    assert_eq!(document["runs"][0]["fate"], "running");
    assert_eq!(document["runs"][0]["pid"], run.id());
    assert_eq!(document["outcomes"]["running"], 1);
    run.kill().unwrap();
    run.wait().unwrap();
    let (_, document) = world.audit(&["unfinished"]);
    assert_eq!(document["runs"][0]["fate"], "abandoned");
    assert_eq!(document["outcomes"]["unknown"], 1);
    // The chain is intact without the end.
    world.assert_whole(&[]);

    let elsewhere = world.text().replace("\"host\":\"", "\"host\":\"not-");
    std::fs::write(world.path("other"), elsewhere).unwrap();
    let (_, document) = world.audit(&["unfinished", "other"]);
    assert_eq!(document["runs"][0]["fate"], "unknown from here");
}
