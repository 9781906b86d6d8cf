//! A log that is rotated, between runs and during one.

use std::process::Stdio;

use crate::support::{World, starting, until};

#[test]
fn the_chain_is_followed_from_file_to_file_in_any_order() {
    let world = World::new();
    for file in ["log.3", "log.2", "log.1"] {
        world.run(3);
        std::fs::rename(world.log(), world.path("state").join(file)).unwrap();
    }
    world.run(3);
    let files = ["state/log", "state/log.2", "state/log.1", "state/log.3"];
    let document = world.assert_whole(&files);
    assert_eq!(document["chains"].as_array().unwrap().len(), 1);
    assert_eq!(document["chains"][0]["records"], 24);
    let alone = world.assert_whole(&["state/log"]);
    assert_eq!(alone["chains"][0]["first_seq"], 18);
    let (code, gap) = world.audit(&["verify", "state/log", "state/log.2", "state/log.3"]);
    assert_eq!(
        (code, &gap["problems"][0]["fault"]),
        (Some(1), &"missing-before".into())
    );
    assert_eq!(gap["problems"][0]["log"], "state/log");
    let (_, runs) = world.audit(&["list", "state/log.1", "state/log.3"]);
    assert_eq!(runs["outcomes"]["ok"], 6);
}

#[test]
fn an_end_goes_into_the_new_file_and_finds_its_start_in_the_old_one() {
    let world = World::new().script("hold", "read line");
    let mut command = world.qli(["g", "hold"]);
    command.stdin(Stdio::piped());
    let mut run = {
        let _nothing_is_written = starting();
        command.spawn().unwrap()
    };
    until("the start", || world.text().ends_with('\n').then_some(()));
    std::fs::rename(world.log(), world.path("state/log-20261124")).unwrap();
    drop(run.stdin.take());
    run.wait().unwrap();
    let document = world.assert_whole(&["state/log", "state/log-20261124"]);
    assert_eq!(document["chains"][0]["records"], 2);
    let (_, runs) = world.audit(&["list", "state/log", "state/log-20261124"]);
    assert_eq!(runs["outcomes"]["failed"], 1, "{runs:#}");
}

#[test]
fn runs_at_once_lose_nothing_while_the_log_is_rotated() {
    let world = World::new();
    let mut files = vec!["state/log".to_owned()];
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..8).map(|_| scope.spawn(|| world.run(15))).collect();
        for number in (1..=4).rev() {
            until("some records", || {
                (world.text().lines().count() > 20).then_some(())
            });
            let file = format!("state/log.{number}");
            std::fs::rename(world.log(), world.path(&file)).unwrap();
            files.push(file);
        }
        for run in runs {
            run.join().unwrap();
        }
    });
    let files: Vec<_> = files.iter().map(String::as_str).collect();
    let document = world.assert_whole(&files);
    assert_eq!(document["chains"].as_array().unwrap().len(), 1);
    assert_eq!(document["chains"][0]["records"], 240);
}
