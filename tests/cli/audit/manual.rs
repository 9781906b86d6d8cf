//! Runs the commands of docs/audit.md, with other paths.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use super::world::World;
use crate::support::output;

/// The path of the log in the manual.
pub(crate) const LOG: &str = "/var/log/qli/prod.log";

/// The manual's blocks of one language.
pub(crate) fn blocks(language: &str) -> Vec<String> {
    let manual = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/audit.md");
    let text = std::fs::read_to_string(manual).unwrap();
    let begin = format!("```{language}\n");
    let blocks = text.split(&begin).skip(1);
    blocks
        .map(|rest| rest.split("```").next().unwrap().to_owned())
        .collect()
}

/// A log with successful runs, a failed one, and one whose qli was killed.
fn world() -> World {
    let world = World::new().script("killed", "kill -9 $PPID");
    world.run(3);
    output(&mut world.qli(["g", "e", "7"]));
    output(&mut world.qli(["g", "killed", "an argument"]));
    world
}

fn run(command: &mut Command) -> String {
    let found = output(command);
    let errors = String::from_utf8_lossy(&found.stderr);
    assert!(found.status.success(), "{command:?}: {errors}");
    String::from_utf8(found.stdout).unwrap()
}

#[test]
fn the_commands_of_the_manual_print_what_it_says() {
    let world = world();
    let bin = Path::new(env!("CARGO_BIN_EXE_qli"))
        .parent()
        .unwrap()
        .display();
    std::fs::copy(world.log(), world.path("collected")).unwrap();
    let answers: Vec<_> = blocks("sh")
        .iter()
        .map(|block| {
            let line = block
                .replace(LOG, world.log().to_str().unwrap())
                .replace(
                    "/mnt/append-only/heads",
                    world.path("heads").to_str().unwrap(),
                )
                .replace(
                    "/var/log/qli-collected.log",
                    world.path("collected").to_str().unwrap(),
                );
            let mut command = Command::new("/bin/sh");
            world.settle(&mut command);
            command.env("PATH", format!("{bin}:/usr/bin:/bin"));
            run(command.args(["-ec", &line]))
        })
        .collect();
    let [whole, anchored, hash, failed, open, collected] = answers.as_slice() else {
        panic!("other commands than this test knows: {answers:#?}")
    };
    assert!(whole.starts_with("ok  "), "{whole}");
    assert!(whole.contains("  9 records, chain intact\n"), "{whole}");
    assert!(anchored.contains("1 anchor matched"), "{anchored}");
    let first: serde_json::Value = world.text().lines().next().unwrap().parse().unwrap();
    assert!(hash.starts_with(first["hash"].as_str().unwrap()), "{hash}");
    assert!(failed.trim_end().ends_with("\tg\te\t7"), "{failed}");
    assert!(open.trim_end().ends_with(",[\"an argument\"]]"), "{open}");
    assert!(
        collected.contains("standard input  9 records"),
        "{collected}"
    );
}

/// The logrotate configuration for the log of a world, with another `su` line.
fn rotation(world: &World, su: &str) -> String {
    let text = include_str!("../../../docs/audit.md");
    let (_, block) = text.split_once("```\n/var/log/qli/*.log {").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    let logs = world.path("logs/*.log").display().to_string();
    assert!(block.contains("    su root ops\n"), "{block}");
    format!("{logs} {{{}", block.replace("    su root ops\n", su))
}

fn rotate(world: &World, su: &str) {
    let config = world.path("logrotate.conf");
    std::fs::write(&config, rotation(world, su)).unwrap();
    std::fs::set_permissions(&config, PermissionsExt::from_mode(0o644)).unwrap();
    let mut logrotate = Command::new("/usr/sbin/logrotate");
    world.settle(&mut logrotate);
    run(logrotate
        .args(["--force", "--state", "rotated"])
        .arg(config));
}

/// Three files of one log, rotated as in the manual: by its owner, and, if we are
/// root, in a directory that a group may write to.
#[test]
fn the_chain_continues_after_logrotate_as_configured_in_the_manual() {
    let cases = [
        ("private", 0o700, ""),
        ("group", 0o2770, "    su root daemon\n"),
    ];
    let is_root = nix::unistd::geteuid().is_root();
    for (access, mode, su) in cases.into_iter().take(if is_root { 2 } else { 1 }) {
        let world = World::new();
        let manifest = format!(
            "schema_version = 1\ndescription = \"A group\"\n\
             audit_log = \"{}\"\naudit.access = \"{access}\"\n",
            world.path("logs/prod.log").display()
        );
        std::fs::write(world.path("root/g/_manifest.toml"), manifest).unwrap();
        std::fs::create_dir(world.path("logs")).unwrap();
        if access == "group" {
            run(Command::new("chgrp").arg("daemon").arg(world.path("logs")));
        }
        let mode = PermissionsExt::from_mode(mode);
        std::fs::set_permissions(world.path("logs"), mode).unwrap();
        world.run(2);
        for _ in 0..2 {
            rotate(&world, su);
            world.run(2);
        }
        run(Command::new("gunzip").arg(world.path("logs/prod.log.2.gz")));
        let files = ["logs/prod.log", "logs/prod.log.1", "logs/prod.log.2"];
        let document = world.assert_whole(&files);
        assert_eq!(document["chains"].as_array().unwrap().len(), 1, "{access}");
        assert_eq!(document["chains"][0]["records"], 12, "{access}");
    }
}

#[test]
fn the_queries_of_the_manual_print_what_it_says() {
    let world = world();
    let tools = run(&mut Command::new(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools"),
    ));
    let python = Path::new(tools.trim_end()).join("bin/python3");
    let answers: Vec<_> = blocks("sql")
        .iter()
        .map(|block| {
            let query = block.replace(LOG, world.log().to_str().unwrap());
            let script =
                "import duckdb, sys\nfor row in duckdb.sql(sys.argv[1]).fetchall(): print(*row)";
            let mut command = Command::new(&python);
            world.settle(&mut command);
            run(command.args(["-c", script, &query]))
        })
        .collect();
    let [scripts, days] = answers.as_slice() else {
        panic!("other queries than this test knows: {answers:#?}")
    };
    let took = scripts.trim_end().rsplit(' ').next().unwrap();
    assert_eq!(scripts, &format!("g e 4 3 {took}\n"));
    let counts: Vec<_> = days
        .lines()
        .map(|day| day.rsplit(' ').next().unwrap())
        .collect();
    assert_eq!(counts, ["4", "1"], "{days}");
}
