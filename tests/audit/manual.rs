//! What docs/audit.md shows is run as it stands there, with other paths.

use std::path::Path;
use std::process::Command;

use crate::support::{World, output};

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

/// A log with good runs, a failed one, and one whose qli was killed.
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
fn the_commands_of_the_manual_answer_what_they_promise() {
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
    assert!(whole.starts_with("good: 9 lines in 1 log\n"), "{whole}");
    assert!(anchored.contains("1 anchor met"), "{anchored}");
    let first: serde_json::Value = world.text().lines().next().unwrap().parse().unwrap();
    assert!(hash.starts_with(first["hash"].as_str().unwrap()), "{hash}");
    assert!(failed.trim_end().ends_with("\tg\te\t7"), "{failed}");
    assert!(open.trim_end().ends_with(",[\"an argument\"]]"), "{open}");
    assert!(collected.starts_with("good: 9 lines"), "{collected}");
}

#[test]
fn the_queries_of_the_manual_answer_what_they_promise() {
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
