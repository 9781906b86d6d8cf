//! `tests/run`: what fails does not hide the rest.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::support::{output, write_program};

/// Takes the place of what `tests/run` calls: notes the call, and fails if it is the one
/// that `FAILS` names.
const STUB: &str = r#"#!/bin/sh
call="${0##*/} $1"
echo "$call" >>"$CALLS"
[ "$call" != "cargo test" ] || printf '\ntest result: ok. 2 passed\n\nunit tests\n\ntest result: ok. 1 passed\n\n'
[ "$call" != "$FAILS" ]
"#;

/// Every call, in order; `tests/tools` and `tests/fuzz/run` have no arguments.
const CALLS: &str = "tools \ncargo fmt\ncargo clippy\ncargo clippy\ncargo doc\nrun \n\
                     cargo test\ncargo test\ncargo test\n";

fn project() -> TempDir {
    let project = tempfile::tempdir().unwrap();
    for name in ["bin", "tests/fuzz"] {
        std::fs::create_dir_all(project.path().join(name)).unwrap();
    }
    let write = |name: &str, text: &str| write_program(&project.path().join(name), text, 0o755);
    write("tests/run", include_str!("../../run"));
    for name in ["tests/tools", "tests/fuzz/run", "bin/cargo"] {
        write(name, STUB);
    }
    // What is not installed here stays so.
    for name in ["bin/apt-get", "bin/sudo"] {
        write(name, "#!/bin/sh\n");
    }
    project
}

/// Returns whether it succeeded, the calls, and what it printed.
fn run(project: &Path, fails: &str) -> (bool, String, String) {
    let calls = project.join("calls");
    let path = format!("{}:/usr/bin:/bin", project.join("bin").display());
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "exec tests/run 2>&1"]).env_clear();
    command.env("PATH", path).env("FAILS", fails);
    let ended = output(command.env("CALLS", &calls).current_dir(project));
    let printed = String::from_utf8(ended.stdout).unwrap();
    let called = std::fs::read_to_string(&calls).unwrap();
    std::fs::remove_file(calls).unwrap();
    (ended.status.success(), called, printed)
}

#[test]
fn every_check_runs_whatever_fails_and_the_result_of_the_tests_comes_last() {
    let project = project();
    for (fails, named) in [
        ("", ""),
        ("tools ", "tests/tools"),
        ("cargo fmt", "cargo fmt --check"),
        ("cargo clippy", "cargo clippy --all-targets --quiet"),
        ("cargo doc", "cargo doc --no-deps"),
        ("run ", "tests/fuzz/run"),
        // Those under masks are a step each; the last one prints its result itself.
        ("cargo test", "QLI_TEST_MASK=terminal cargo test"),
    ] {
        let (succeeded, called, printed) = run(project.path(), fails);
        assert_eq!(called, CALLS, "{fails}");
        assert_eq!(succeeded, fails.is_empty(), "{fails}: {printed}");
        let last = printed.lines().rfind(|line| !line.is_empty());
        assert_eq!(
            last,
            Some("test result: ok. 1 passed"),
            "{fails}: {printed}"
        );
        let summary = printed.split_once("tests/run: failed:\n");
        let summary = summary.map_or("", |(_, summary)| summary);
        assert_eq!(summary.is_empty(), named.is_empty(), "{fails}: {printed}");
        assert!(summary.contains(named), "{fails}: {printed}");
    }
}
