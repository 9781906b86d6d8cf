//! A log that is rotated, between runs and during one.

use std::process::{Command, Stdio};

use serde_json::Value;

use super::world::World;
use crate::support::{output, until};

#[test]
fn a_chain_continues_from_file_to_file_in_any_order() {
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
fn an_end_in_the_new_file_is_matched_with_its_start_in_the_old_one() {
    let world = World::new().script("hold", "read line");
    let mut command = world.qli(["g", "hold"]);
    command.stdin(Stdio::piped());
    let mut run = command.spawn().unwrap();
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
fn concurrent_runs_lose_nothing_while_the_log_is_rotated() {
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

/// The script and the end of each listed run.
fn listed(world: &World, words: &[&str]) -> Vec<(String, String)> {
    let (code, document) = world.audit(words);
    assert_eq!(code, Some(0), "{document:#}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let runs = document["runs"].as_array().unwrap().iter();
    runs.map(|run| (text(&run["extension"]), text(&run["outcome"])))
        .collect()
}

/// The exit code and standard error of a qli command.
fn said(world: &World, words: &[&str]) -> (Option<i32>, String) {
    let found = output(&mut world.qli(words));
    let text = String::from_utf8(found.stderr).unwrap();
    (found.status.code(), text)
}

fn is(extension: &str, outcome: &str) -> (String, String) {
    (extension.to_owned(), outcome.to_owned())
}

#[test]
fn runs_are_found_in_rotated_files() {
    let world = World::new()
        .script("killed", "kill -9 $PPID")
        .script("hold", "read line");
    output(&mut world.qli(["g", "killed"]));
    std::fs::rename(world.log(), world.path("state/log.2")).unwrap();
    world.run(1);
    let mut command = world.qli(["g", "hold"]);
    command.stdin(Stdio::piped());
    let mut run = command.spawn().unwrap();
    until("the start", || {
        (world.text().lines().count() == 3).then_some(())
    });
    std::fs::rename(world.log(), world.path("state/log.1")).unwrap();
    // Only the rotated file exists: the next record creates the log.
    assert_eq!(listed(&world, &["unfinished", "state/log.1"]).len(), 1);
    drop(run.stdin.take());
    run.wait().unwrap();
    output(&mut world.qli(["g", "e", "7"]));
    let all = [
        is("killed", "unknown"),
        is("e", "ok"),
        is("hold", "failed"),
        is("e", "failed"),
    ];
    assert_eq!(listed(&world, &["list"]), all);
    assert_eq!(listed(&world, &["unfinished"]), all[..1]);
    // Only the named files are read.
    assert_eq!(listed(&world, &["list", "state/log"]).len(), 2);
    let (_, document) = world.audit(&["list", "--extension", "killed"]);
    let id = document["runs"][0]["run_id"].as_str().unwrap();
    let (code, shown) = world.audit(&["show", id]);
    assert_eq!(
        (code, &shown["run"]["fate"]),
        (Some(0), &"abandoned".into())
    );
    // A copy of the log made before the rotation does not add runs.
    std::fs::copy(world.path("state/log.1"), world.path("state/log-20261124")).unwrap();
    assert_eq!(listed(&world, &["list"]), all);
    assert_eq!(
        said(&world, &["audit", "unfinished"]),
        (Some(0), String::new())
    );
}

/// A text without its line breaks, which depend on the length of paths.
fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn compressed_files_are_reported_with_the_command_that_reads_them() {
    let world = World::new();
    world.run(1);
    let (_, document) = world.audit(&["list"]);
    let id = document["runs"][0]["run_id"].as_str().unwrap();
    let compress = |file: &str| {
        std::fs::rename(world.log(), world.path(file)).unwrap();
        let mut gzip = Command::new("gzip");
        world.settle(&mut gzip);
        assert!(output(gzip.arg(file)).status.success());
    };
    compress("state/log.2");
    world.run(1);
    let (code, text) = said(&world, &["audit", "list"]);
    let path = world.path("state/log.2.gz");
    let path = path.display();
    let note = format!(
        "note: {path} is compressed and was not read\n  \
         read it   zcat {path} | qli audit list -\n"
    );
    assert_eq!((code, unwrapped(&text)), (Some(0), unwrapped(&note)));
    let quiet = said(&world, &["-q", "audit", "list"]);
    assert_eq!(quiet, (Some(0), String::new()));
    let (code, text) = said(&world, &["audit", "show", id]);
    assert_eq!(code, Some(2));
    let hint = format!("   zcat {path} | qli audit show {id} -\n");
    assert!(text.ends_with(&hint), "{text}");
    // The command, as a shell runs it.
    let mut shell = Command::new("/bin/sh");
    world.settle(&mut shell);
    let line = format!("zcat {path} | \"$0\" audit show {id} - --format json");
    let shown = output(shell.args(["-c", &line, env!("CARGO_BIN_EXE_qli")]));
    assert!(shown.status.success());
    assert!(String::from_utf8_lossy(&shown.stdout).contains(id));
    // To find a run in another file, the compressed ones do not matter.
    let (_, document) = world.audit(&["list"]);
    let newest = document["runs"][0]["run_id"].as_str().unwrap();
    let newest = said(&world, &["audit", "show", newest]);
    assert_eq!(newest, (Some(0), String::new()));

    for number in [3, 4, 10] {
        std::fs::copy(
            world.path("state/log.2.gz"),
            world.path(&format!("state/log.{number}.gz")),
        )
        .unwrap();
    }
    let (_, text) = said(&world, &["audit", "unfinished"]);
    let log = world.log();
    let log = log.display();
    let note = format!(
        "note: 4 compressed files of {log} were not read, the newest is {path}\n  \
         read it   zcat FILE | qli audit unfinished -\n"
    );
    assert_eq!(unwrapped(&text), unwrapped(&note));
    std::fs::remove_file(world.path("state/log.4.gz")).unwrap();
    let (_, text) = said(&world, &["audit", "unfinished"]);
    let files = format!("zcat {log}.10.gz {log}.3.gz {log}.2.gz | qli");
    assert!(text.contains(&files), "{text}");
}

/// A log of a team, in a directory that the group of its users may write to. Only root
/// can be several users.
#[test]
fn a_teams_chain_continues_whoever_rotates_the_log() {
    let is_root = nix::unistd::geteuid().is_root();
    let world = World::new();
    let manifest = format!(
        "schema_version = 1\ndescription = \"A group\"\n\
         audit_log = \"{}\"\naudit.access = \"group\"\n",
        world.path("team/log").display()
    );
    std::fs::write(world.path("root/g/_manifest.toml"), manifest).unwrap();
    let shell = |line: &str| {
        let mut command = Command::new("/bin/sh");
        world.settle(&mut command);
        let found = output(command.args(["-ec", line, env!("CARGO_BIN_EXE_qli")]));
        assert!(found.status.success(), "{found:?}");
    };
    let group = if is_root { "-g 7700" } else { "" };
    // Every user reaches the scripts and the program.
    shell(&format!(
        "chmod 755 . root root/g; cp \"$0\" qli; chmod 755 qli
         install -d {group} -m 2770 team"
    ));
    let run = |user: u32, rotate: &str| {
        let change = format!("setpriv --reuid={user} --regid={user} --groups=7700");
        let change = if is_root { &change } else { "" };
        shell(&format!(
            "umask 077; exec {change} sh -ec '{rotate} ./qli g e; ./qli g e'"
        ));
    };
    run(7701, "");
    run(7702, "mv team/log team/log.2;");
    run(7701, "mv team/log team/log.1;");
    run(7701, "");
    let document = world.assert_whole(&["team/log", "team/log.1", "team/log.2"]);
    assert_eq!(document["chains"].as_array().unwrap().len(), 1);
    assert_eq!(document["chains"][0]["records"], 16);
}
