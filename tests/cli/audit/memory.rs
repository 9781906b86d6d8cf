//! Logs of any length are read in constant memory.

use std::io::Write as _;
use std::process::Command;

use super::world::{Chain, World};
use crate::support::output;

/// The length of the log, in bytes.
const LONG: usize = 64 << 20;

/// The memory limit of a reader, in KiB: heap, stacks and data, which `ulimit -d`
/// counts on Linux since 4.7 (getrlimit(2)).
const DATA: usize = 32 << 10;

#[test]
fn a_long_log_is_read_in_less_memory_than_its_length() {
    let world = World::new();
    let mut file = std::fs::File::create(world.path("long")).unwrap();
    let mut chain = Chain::new("h");
    let mut written = 0;
    while written < LONG {
        let mut text = String::new();
        for _ in 0..200 {
            chain.run(&mut text, &format!("\"{}\"", "a".repeat(2000)));
        }
        written += text.len();
        file.write_all(text.as_bytes()).unwrap();
    }
    // An endless line is not kept in memory either.
    file.write_all(&vec![b'x'; LONG / 2]).unwrap();
    world.run(1);
    std::fs::hard_link(world.path("long"), world.path("state/log.1")).unwrap();
    for (words, code) in [
        ("verify long", 1),
        ("list long", 0),
        ("list", 0),
        ("unfinished long", 0),
        ("show 019a0000-0000-7000-8000-000000000000 long", 0),
        ("show 019a0000-0000-7000-8000-000000000000", 0),
        ("tail -n 5 long", 0),
    ] {
        let line = format!("ulimit -d {DATA} && exec \"$0\" audit {words} >out");
        let mut command = Command::new("/bin/sh");
        world.settle(&mut command);
        command.args(["-c", &line, env!("CARGO_BIN_EXE_qli")]);
        let found = output(&mut command);
        let errors = String::from_utf8_lossy(&found.stderr);
        assert_eq!(found.status.code(), Some(code), "{words}: {errors}");
    }
}
