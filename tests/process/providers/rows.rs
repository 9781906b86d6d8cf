//! Every built-in row, called for its example: what is executed, and what it is given.

use std::collections::BTreeMap;

use qli::testing::providers::{Program, Provider, Row};

use super::runs::with_manifest;
use crate::support::output;
use crate::world::World;

/// Writes its environment to a file, and fails.
const TELLS: &str = "cat /proc/$$/environ >given; exit 77";

/// A variable for each name that a row keeps or drops, and others that no row gets.
fn own(row: &Row) -> BTreeMap<String, String> {
    let named = row.environment.keep.iter().chain(&row.environment.drop);
    let named = named.map(|name| name.replace('*', "X"));
    let others = ["OTHER_TOKEN", "QLI_ENV", "LD_LIBRARY_PATH", "BASH_ENV"].map(str::to_owned);
    let all = named.chain(others);
    all.map(|name| (name, "own".to_owned())).collect()
}

/// What the row's program gets of them.
fn expected(row: &Row, world: &World) -> BTreeMap<String, String> {
    let at = |name: &str| world.path(name).display().to_string();
    let base = [
        ("HOME".to_owned(), at("home")),
        ("PATH".to_owned(), format!("{}:/usr/bin:/bin", at("bin"))),
        ("XDG_STATE_HOME".to_owned(), at("state")),
        ("XDG_DATA_DIRS".to_owned(), "/nowhere".to_owned()),
    ];
    let kept = row
        .environment
        .keep
        .iter()
        .map(|name| name.replace('*', "X"));
    let kept = kept.filter(|name| !row.environment.drop.contains(name));
    let kept = kept.map(|name| (name, "own".to_owned()));
    base.into_iter()
        .chain(kept)
        .chain(row.environment.set.iter().cloned())
        .collect()
}

fn given(world: &World) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(world.path("given")).unwrap();
    let variables = text
        .split_terminator('\0')
        .filter_map(|one| one.split_once('='));
    variables
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[test]
fn nothing_but_its_program_is_executed_and_it_gets_the_variables_of_its_row() {
    let mut count = 0;
    for name in Provider::built_in() {
        let provider = Provider::named(name).unwrap();
        let Some(row) = provider.tool() else { continue };
        let Program::Named(program) = &row.program else {
            panic!("{name}: {:?}", row.program)
        };
        let example = Provider::example(name).unwrap();
        let world = with_manifest(&format!(
            "[[secrets]]\nenv = \"S\"\nref = \"{example}\"\nprovider = \"{name}\"\n"
        ));
        let world = world.script("hello", "exit 0");
        let world = world.executable(&format!("bin/{program}"), &format!("#!/bin/sh\n{TELLS}\n"));
        let line = "exec strace -f -qq -o trace -e trace=execve $QLI hello";
        let mut command = world.sh(line);
        let mut trace = output(command.envs(own(row)));
        assert_eq!(trace.status.code(), Some(125), "{name}: {trace:?}");
        trace.stdout = std::fs::read(world.path("trace")).unwrap();
        let trace = String::from_utf8(trace.stdout).unwrap();
        let executed = trace.lines().filter_map(|line| line.split('"').nth(1));
        let mut executed: Vec<_> = executed
            .map(|path| path.rsplit('/').next().unwrap())
            .collect();
        executed.dedup();
        assert_eq!(executed, ["qli", program, "cat"], "{name}: {trace}");
        assert_eq!(given(&world), expected(row, &world), "{name}");
        count += 1;
    }
    assert_eq!(count, 29);
}
