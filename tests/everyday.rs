//! What a person does in the first minutes, by the real program: groups are made
//! by several at once, and the document of `qli doctor` fits its schema.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test touches the world and may panic"
)]

use std::path::Path;
use std::process::{Command, Stdio};

/// A command of qli in a home directory of its own.
fn qli(home: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_qli"));
    command.args(words).env_clear().current_dir(home);
    command.env("HOME", home).env("XDG_DATA_DIRS", "/nowhere");
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command.stderr(Stdio::piped());
    command
}

fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    names
}

#[test]
fn of_many_that_make_the_same_group_at_once_one_does() {
    let home = tempfile::tempdir().unwrap();
    // What they all need is there, so that nothing but the group is made.
    let made = qli(home.path(), &["ext", "new", "web"]).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let started = (0..16).map(|_| qli(home.path(), &["ext", "new", "ops"]).spawn().unwrap());
    let started: Vec<_> = started.collect();
    let codes = started.into_iter().map(|one| {
        let ended = one.wait_with_output().unwrap();
        ended.status.code().unwrap()
    });
    let mut codes: Vec<_> = codes.collect();
    codes.sort_unstable();
    assert_eq!(codes[..2], [0, 2], "one makes it");
    assert_eq!(codes[15], 2);
    let root = home.path().join(".local/share/qli/extensions");
    assert_eq!(names(&root), [".schema", "ops", "web"]);
    assert_eq!(names(&root.join("ops")), ["_manifest.toml", "hello"]);
    let ran = qli(home.path(), &["ops", "hello"]).output().unwrap();
    assert_eq!(ran.stdout, b"hello from ops\n");
}

#[test]
fn the_document_of_doctor_fits_its_schema() {
    let schema = qli(Path::new("/"), &["schema", "doctor"]).output().unwrap();
    let schema = serde_json::from_slice(&schema.stdout).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let home = tempfile::tempdir().unwrap();
    for (words, code) in [(&["ext", "list"][..], 0), (&["ext", "new", "web"][..], 0)] {
        let ended = qli(home.path(), words).output().unwrap();
        assert_eq!(ended.status.code(), Some(code));
        let doctor = qli(home.path(), &["doctor", "--format", "json"]);
        let output = { doctor }.output().unwrap();
        let document = serde_json::from_slice(&output.stdout).unwrap();
        schema.validate(&document).unwrap();
        assert_eq!(document["checks"].as_array().unwrap().len(), 9);
    }
}
