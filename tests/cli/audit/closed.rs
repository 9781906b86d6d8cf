//! A reader of standard output that goes away.

use std::process::{Command, Stdio};

use super::world::World;
use crate::support::output;

/// The exit code of a command whose output nobody reads.
fn unread(command: &mut Command) -> (Option<i32>, String) {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let child = command.stdout(writer).stderr(Stdio::piped()).spawn();
    let found = child.unwrap().wait_with_output().unwrap();
    let errors = String::from_utf8(found.stderr).unwrap();
    (found.status.code(), errors)
}

#[test]
fn a_reader_that_goes_away_changes_no_exit_code() {
    let world = World::new();
    world.run(2);
    let changed = world.text().replace("\"exit_code\":0", "\"exit_code\":1");
    std::fs::write(world.path("changed"), changed).unwrap();
    std::fs::write(world.path("foreign"), "hello\n").unwrap();
    std::fs::create_dir_all(world.path("broken/b")).unwrap();
    std::fs::write(world.path("broken/b/_manifest.toml"), "nonsense = 1\n").unwrap();
    std::fs::create_dir_all(world.path("refusing/g")).unwrap();
    let refusing = "schema_version = 1\ndescription = \"d\"\nrequires_env.A = \"1\"\n";
    std::fs::write(world.path("refusing/g/_manifest.toml"), refusing).unwrap();
    std::fs::copy(world.path("root/g/e"), world.path("refusing/g/e")).unwrap();
    for (words, code) in [
        ("audit verify changed", 1),
        ("audit verify nowhere changed", 2),
        ("audit verify state/log", 0),
        ("audit list foreign state/log", 2),
        ("audit unfinished foreign", 2),
        ("audit show 0 state/log foreign", 2),
        ("audit tail nowhere state/log", 2),
        ("audit head nowhere state/log", 2),
        ("validate broken", 1),
        ("--extensions broken doctor", 1),
        ("explain g e", 0),
        ("explain g nothing", 127),
        ("--extensions refusing explain g e", 125),
    ] {
        for format in ["human", "json"] {
            let command = || {
                let mut command = world.qli(words.split(' '));
                if words.contains("explain") {
                    // What follows the names belongs to the script.
                    command = world.qli(
                        words
                            .replace("explain", &format!("explain --format {format}"))
                            .split(' '),
                    );
                } else {
                    command.args(["--format", format]);
                }
                command
            };
            assert_eq!(
                output(&mut command()).status.code(),
                Some(code),
                "{words} {format}"
            );
            let (found, errors) = unread(&mut command());
            assert_eq!(found, Some(code), "{words} {format}: {errors}");
            assert!(
                !errors.contains("standard output"),
                "{words} {format}: {errors}"
            );
        }
    }
}
