//! Many machines in one stream, and control characters in records.

use std::fs::File;
use std::os::unix::ffi::OsStrExt;

use serde_json::Value;

use super::world::{Chain, World};
use crate::support::output;

/// Interleaved lines of several machines; those of each are in order.
fn merged() -> String {
    let mut logs = ["a", "b", "c"].map(|host| (Chain::new(host), String::new()));
    let mut all = String::new();
    for round in 0..50 {
        for (number, (chain, log)) in logs.iter_mut().enumerate() {
            chain.run(log, "");
            if (round + number) % 3 == 0 {
                all.push_str(&std::mem::take(log));
            }
        }
    }
    all + &logs.map(|(_, log)| log).concat()
}

fn verified(world: &World, stream: &str) -> (Option<i32>, Value) {
    std::fs::write(world.path("stream"), stream).unwrap();
    let mut command = world.qli(["audit", "verify", "--format", "json", "-"]);
    command.stdin(File::open(world.path("stream")).unwrap());
    let found = output(&mut command);
    (
        found.status.code(),
        serde_json::from_slice(&found.stdout).unwrap(),
    )
}

#[test]
fn chains_of_many_machines_are_identified() {
    let world = World::new();
    let stream = merged();
    let (code, document) = verified(&world, &stream);
    assert_eq!(code, Some(0), "{document:#}");
    let chains = document["chains"].as_array().unwrap();
    let hosts: Vec<_> = chains.iter().map(|chain| &chain["head"]["host"]).collect();
    assert_eq!(hosts, ["a", "b", "c"]);
    assert!(chains.iter().all(|chain| chain["records"] == 100));

    let mut lines: Vec<_> = stream.lines().collect();
    let gone = lines.remove(137);
    let (code, document) = verified(&world, &(lines.join("\n") + "\n"));
    assert_eq!(code, Some(1));
    let problem = &document["problems"][0];
    assert!(gone.contains(&format!(
        "\"host\":\"{}\"",
        problem["host"].as_str().unwrap()
    )));
    assert!(gone.contains(&format!(
        "\"seq\":{},",
        problem["expected"].as_str().unwrap()
    )));
}

#[test]
fn repeated_records_are_counted_and_listed_once() {
    let world = World::new();
    let stream = merged();
    let lines: Vec<_> = stream.lines().collect();
    let again = [&lines[..120], &lines[80..]].concat().join("\n") + "\n";
    let (code, document) = verified(&world, &again);
    assert_eq!((code, &document["repeated"]), (Some(0), &40.into()));
    let mut command = world.qli(["audit", "list", "--format", "json", "-"]);
    let listed = output(command.stdin(File::open(world.path("stream")).unwrap()));
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed["outcomes"]["ok"], 150);
    assert_eq!(listed["outcomes"]["unknown"], 0);
}

#[test]
fn no_control_character_of_a_record_is_printed() {
    const HOSTILE: &str =
        "\u{1b}[2J\u{1b}]0;x\u{7}\u{202e}\u{2066}\u{85}\u{2028}\r\n{\"event\":\"forged\"}";
    let world = World::new();
    let bytes = std::ffi::OsStr::from_bytes(b"\xff\x1b[31m");
    assert!(
        output(world.qli(["g", "e", "0", HOSTILE]).arg(bytes))
            .status
            .success()
    );
    let mut log = world.text();
    assert_eq!(log.lines().count(), 2);
    // Another program may write these unescaped.
    let mut chain = Chain::new("evil\\u001b[2J\u{202e}");
    chain.run(&mut log, "\"\u{202e}raw\"");
    log.push_str("\u{1b}[2J no record\n");
    std::fs::write(world.log(), &log).unwrap();
    for words in [
        vec!["list"],
        vec!["unfinished"],
        vec!["tail"],
        vec!["tail", "--format", "json"],
        vec!["verify"],
        vec!["verify", "--format", "json"],
        vec!["list", "--format", "json"],
        vec!["head"],
        vec!["show", "019a0000-0000-7000-8000-000000000000"],
        vec!["show", "nobody\u{1b}[2J"],
    ] {
        let found = output(world.qli(["--color", "never", "audit"]).args(&words));
        let text = [found.stdout, found.stderr].concat();
        let text = String::from_utf8(text).unwrap();
        let hidden = |c: char| qli::testing::names::is_hidden(c) && !matches!(c, '\n' | '\t');
        assert!(!text.contains(hidden), "{words:?}: {text:?}");
        assert!(!text.is_empty() || words == ["unfinished"], "{words:?}");
    }
}
