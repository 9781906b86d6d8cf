//! What is listed: runs, files that are not logs, and groups without a log.

use std::process::{Command, Stdio};

use super::world::World;
use crate::support::output;

/// The exit code, standard output and standard error of a `qli audit` command.
fn audit(world: &World, words: &[&str]) -> (Option<i32>, String, String) {
    let found = output(world.qli(["audit"]).args(words));
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (found.status.code(), text(found.stdout), text(found.stderr))
}

#[test]
fn a_run_that_timed_out_is_listed_as_stopped_whatever_its_exit_code() {
    let world = World::new()
        .script(
            "polite",
            "trap 'exit 0' TERM; while :; do read x <\"$HOLD\"; done",
        )
        .script("plain", "read x <\"$HOLD\"");
    let manifest = "schema_version = 1\ndescription = \"A group\"\n\
         audit_log = \"$XDG_STATE_HOME/log\"\ntimeout = \"1s\"\n";
    std::fs::write(world.path("root/g/_manifest.toml"), manifest).unwrap();
    let hold = world.path("hold");
    nix::unistd::mkfifo(&hold, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let run = |name: &str| output(world.qli(["g", name]).env("HOLD", &hold)).status;
    assert_eq!(run("polite").code(), Some(0));
    assert_eq!(run("plain").code(), None);
    let (_, text, _) = audit(&world, &["list"]);
    let lines: Vec<_> = text.lines().collect();
    for (line, end) in lines.iter().zip(["0", "TERM"]) {
        let cells: Vec<_> = line.split('\t').collect();
        assert_eq!((cells[5], cells[7]), (end, "timed out, TERM from qli"));
    }
    let (_, none, _) = audit(&world, &["list", "--outcome", "ok"]);
    assert_eq!(none, "");
    let (code, document) = world.audit(&["list", "--outcome", "stopped"]);
    assert_eq!(
        (code, &document["outcomes"]["stopped"]),
        (Some(0), &2.into())
    );
    let reasons: Vec<_> = document["runs"].as_array().unwrap().iter().collect();
    assert!(reasons.iter().all(|run| run["reason"] == "timeout"));
}

#[test]
fn a_file_that_is_not_a_log_is_reported() {
    let world = World::new();
    world.run(1);
    std::fs::write(world.path("some.txt"), "hello\nworld\n").unwrap();
    std::fs::write(world.path("empty"), "").unwrap();
    let no_log = "error: no line of some.txt is a record\n  show why   qli audit verify some.txt\n";
    for words in [&["list"][..], &["unfinished"]] {
        let words = |more: &[&'static str]| [words, more].concat();
        let (code, out, errors) = audit(&world, &words(&["some.txt"]));
        assert_eq!((code, out.as_str(), errors.as_str()), (Some(2), "", no_log));
        let (code, _, errors) = audit(&world, &words(&["empty"]));
        assert_eq!((code, errors.as_str()), (Some(0), ""));
    }
    // The others are read nevertheless.
    let (code, out, errors) = audit(&world, &["list", "some.txt", "state/log"]);
    assert_eq!((code, errors.as_str()), (Some(2), no_log));
    assert_eq!(out.lines().count(), 1);
    let (code, out, errors) = audit(&world, &["show", "0", "state/log", "some.txt"]);
    assert_eq!((code, errors.as_str()), (Some(2), no_log));
    assert!(out.contains(" ran `g e` on "), "{out}");
    let (code, out, _) = audit(&world, &["verify", "some.txt"]);
    assert_eq!(code, Some(1));
    assert!(
        out.starts_with("some.txt:1:1: the line is not a record: it is not JSON\n"),
        "{out}"
    );
}

#[test]
fn a_compressed_log_is_reported_with_the_command_that_reads_it() {
    let world = World::new();
    for (magic, reader) in [
        (&b"\x1f\x8b\x08\0\0\0\0\0"[..], "zcat"),
        (b"\xfd7zXZ\0\0\x04", "xzcat"),
        (b"\x28\xb5\x2f\xfd\x04\0", "zstdcat"),
        (b"BZh91AY&SY", "bzcat"),
    ] {
        std::fs::write(world.path("a log"), magic).unwrap();
        for words in ["list", "unfinished", "verify", "head", "show 0"] {
            let all: Vec<_> = words.split(' ').chain(["a log"]).collect();
            let (code, out, errors) = audit(&world, &all);
            let expected = format!(
                "error: cannot read a log: it is compressed\n  \
                 decompress it   {reader} 'a log' | qli audit {words} -\n"
            );
            assert!(errors.starts_with(&expected), "{errors}");
            assert_eq!((code, out.as_str()), (Some(2), ""));
        }
        let mut shell = Command::new("/bin/sh");
        world.settle(&mut shell);
        shell.args([
            "-c",
            "\"$0\" audit list - < 'a log'",
            env!("CARGO_BIN_EXE_qli"),
        ]);
        let found = output(shell.stdin(Stdio::null()));
        let expected = format!(
            "error: cannot read standard input: it is compressed\n  \
             decompress it   {reader} | qli audit list -\n"
        );
        assert_eq!(String::from_utf8(found.stderr).unwrap(), expected);
        assert_eq!(found.status.code(), Some(2));
    }
}

#[test]
fn a_group_without_a_log_is_reported_only_if_no_group_has_one() {
    let world = World::new();
    let no_log_yet = |errors: &str| errors.matches(" has no log yet: ").count();
    let (_, _, errors) = audit(&world, &["list"]);
    assert_eq!(no_log_yet(&errors), 2, "{errors}");
    assert!(
        errors.ends_with("has one after its first run\n"),
        "{errors}"
    );
    world.run(1);
    let (_, _, errors) = audit(&world, &["list"]);
    assert_eq!(errors, "");
    let (_, _, errors) = audit(&world, &["list", "-v"]);
    assert_eq!(no_log_yet(&errors), 1, "{errors}");
}
