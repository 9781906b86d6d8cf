//! Logs that are not what a group or the command line says.

use std::process::Command;

use super::world::World;
use crate::support::output;

/// The exit code, standard output and standard error of a `qli audit` command.
fn audit(world: &World, words: &[&str]) -> (Option<i32>, String, String) {
    let found = output(world.qli(["audit"]).args(words));
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (found.status.code(), text(found.stdout), text(found.stderr))
}

fn rotate(world: &World, to: &str) {
    std::fs::rename(world.log(), world.path("state").join(to)).unwrap();
}

#[test]
fn a_log_that_does_not_exist_is_not_ok_where_a_group_declares_it() {
    let world = World::new();
    let (code, out, errors) = audit(&world, &["verify"]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(
        errors.starts_with("error: the log of g does not exist: "),
        "{errors}"
    );
    // The log of the built-in group is not missed.
    assert!(!errors.contains("prod"), "{errors}");
    let (code, _, _) = audit(&world, &["list"]);
    assert_eq!(code, Some(0));
    world.run(1);
    let (code, out, errors) = audit(&world, &["verify"]);
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    assert!(out.contains("2 records, chain intact"), "{out}");
}

#[test]
fn a_log_that_is_a_directory_a_link_or_a_pipe_is_reported_by_every_command() {
    let world = World::new();
    world.run(1);
    rotate(&world, "other");
    for kind in ["directory", "link", "pipe"] {
        if kind == "directory" {
            std::fs::create_dir(world.log()).unwrap();
        } else if kind == "link" {
            std::fs::remove_dir(world.log()).unwrap();
            std::os::unix::fs::symlink("other", world.log()).unwrap();
        } else {
            std::fs::remove_file(world.log()).unwrap();
            nix::unistd::mkfifo(&world.log(), nix::sys::stat::Mode::S_IRWXU).unwrap();
        }
        for words in ["verify", "list", "unfinished", "head", "tail"] {
            let (code, _, errors) = audit(&world, &[words]);
            assert_eq!(code, Some(2), "{words}: {errors}");
            let expected = "error: the log of g must be a regular file\n";
            assert!(errors.starts_with(expected), "{words}: {errors}");
            assert!(errors.contains(kind), "{words}: {errors}");
        }
    }
    let (code, _, errors) = audit(&world, &["verify", "state"]);
    assert_eq!(code, Some(2), "{errors}");
}

#[test]
fn an_empty_log_is_a_problem_unless_rotation_left_it() {
    let world = World::new();
    world.run(1);
    rotate(&world, "log.2");
    std::fs::write(world.log(), "").unwrap();
    std::fs::write(world.path("state/log.1"), "").unwrap();
    let empty = |words: &[&str]| {
        let (code, document) = world.audit(words);
        assert_eq!(code, Some(1), "{document:#}");
        let problems = document["problems"].as_array().unwrap().clone();
        assert!(problems.iter().all(|one| one["fault"] == "empty-log"));
        problems.len()
    };
    assert_eq!(empty(&["verify"]), 1);
    assert_eq!(empty(&["verify", "state/log", "state/log.1"]), 2);
    assert_eq!(empty(&["verify", "-"]), 1);
    std::fs::remove_file(world.log()).unwrap();
    world.run(1);
    let document = world.assert_whole(&[]);
    assert_eq!(document["chains"][0]["records"], 4);
}

#[test]
fn verify_reads_the_files_that_list_reads_and_says_what_it_did_not_read() {
    let world = World::new();
    for file in ["log.3", "log.2", "log.1"] {
        world.run(1);
        rotate(&world, file);
    }
    for words in ["tail", "head"] {
        let (code, out, errors) = audit(&world, &[words]);
        assert_eq!((code, out.as_str()), (Some(0), ""));
        assert!(
            errors.starts_with("note: no record since its rotation: "),
            "{errors}"
        );
    }
    // Also before the next record creates the log again.
    for runs in [3, 4] {
        assert_eq!(world.assert_whole(&[])["chains"][0]["records"], 2 * runs);
        let (_, listed) = world.audit(&["list"]);
        assert_eq!(listed["outcomes"]["ok"], runs);
        world.run(1);
    }
    let text = std::fs::read_to_string(world.path("state/log.2")).unwrap();
    std::fs::write(
        world.path("state/log.2"),
        text.replace("\"exit_code\":0", "\"exit_code\":1"),
    )
    .unwrap();
    let (code, document) = world.audit(&["verify"]);
    let log = document["problems"][0]["log"].as_str().unwrap();
    assert!(
        code == Some(1) && log.ends_with("state/log.2"),
        "{document:#}"
    );
    std::fs::write(world.path("state/log.2"), text).unwrap();

    let mut gzip = Command::new("gzip");
    world.settle(&mut gzip);
    assert!(output(gzip.arg("state/log.3")).status.success());
    let (code, out, errors) = audit(&world, &["verify"]);
    assert_eq!(code, Some(0));
    assert!(out.contains("\nnot read: 1 compressed file\n"), "{out}");
    assert!(
        errors.contains("log.3.gz | qli audit verify -\n"),
        "{errors}"
    );
    let document = world.assert_whole(&[]);
    let compressed = document["compressed"][0].as_str().unwrap();
    assert!(compressed.ends_with("state/log.3.gz"), "{compressed}");

    // A file that cannot be read: a link to itself.
    std::fs::remove_file(world.path("state/log.2")).unwrap();
    std::os::unix::fs::symlink("log.2", world.path("state/log.2")).unwrap();
    let (code, out, errors) = audit(&world, &["verify"]);
    assert_eq!(code, Some(2), "{out}");
    assert!(
        errors.contains("error: cannot read ") && errors.contains("state/log.2"),
        "{errors}"
    );
    assert!(
        out.contains("\nnot read: 1 log, 1 compressed file\n"),
        "{out}"
    );
}

#[test]
fn a_log_whose_path_is_unknown_is_not_verified() {
    let world = World::new();
    world.run(1);
    std::fs::create_dir(world.path("root/broken")).unwrap();
    std::fs::write(world.path("root/broken/_manifest.toml"), "nonsense").unwrap();
    let (code, out, errors) = audit(&world, &["verify"]);
    assert_eq!(code, Some(2));
    assert!(
        errors.starts_with("error: the log of broken is unknown: "),
        "{errors}"
    );
    assert!(out.contains("\nnot read: 1 log\n"), "{out}");
    let (code, _, errors) = audit(&world, &["list"]);
    assert_eq!(code, Some(0));
    assert!(
        errors.starts_with("note: the log of broken is unknown: "),
        "{errors}"
    );
}

#[test]
fn a_log_that_cannot_be_read_is_followed_by_what_to_type() {
    let world = World::new();
    std::fs::create_dir(world.path("-logs")).unwrap();
    for command in ["list", "verify", "head", "unfinished", "tail", "show 0"] {
        for (log, step) in [("-logs", "ls -ld ./-logs"), ("nowhere", "qli audit list")] {
            let words = format!("audit {command} -- {log}");
            let found = output(&mut world.qli(words.split(' ')));
            let errors = String::from_utf8_lossy(&found.stderr);
            assert_eq!(found.status.code(), Some(2), "{words}: {errors}");
            assert!(errors.contains(step), "{words}: {errors}");
        }
    }
}
