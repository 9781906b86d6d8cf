//! What the digests of a plan cover, and what they do not.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::process::Command;
use std::time::SystemTime;

use serde_json::Value;

use crate::support::{output, set_mode};
use crate::world::World;

/// Writes its arguments to a file.
const BODY: &str = "for one; do printf '%s\\0' \"$one\"; done >\"$MARK\"\n";

/// The document of `explain`; none if there is no plan.
fn explained(command: &mut Command) -> Option<Value> {
    let result = output(command).stdout;
    let document: Value = serde_json::from_slice(&result).unwrap();
    document["digest"].is_string().then_some(document)
}

fn explain<I: AsRef<OsStr>>(world: &World, args: impl IntoIterator<Item = I>) -> Command {
    let mut command = world.program(env!("CARGO_BIN_EXE_qli"));
    command.arg("--extensions").arg(world.path("root"));
    command.args(["explain", "--format", "json", "g", "hello"]);
    command.args(args);
    command
}

fn digest(command: &mut Command) -> Option<String> {
    Some(explained(command)?["digest"].as_str()?.to_owned())
}

const COMMENTED: &str = "# a comment\n[requires_env]\nA = \"1\"\n[[secrets]]\nenv = \"S\"\n\
    ref = \"CI_S\"\nprovider = \"env\"";

fn small() -> World {
    World::new(COMMENTED).script("hello", BODY)
}

#[test]
fn the_digest_changes_with_every_byte_of_manifest_and_script() {
    let world = small();
    for (file, at_least) in [("_manifest.toml", 25), ("hello", BODY.len())] {
        let path = world.path("root/g").join(file);
        let bytes = std::fs::read(&path).unwrap();
        let first = explained(&mut explain(&world, [""; 0])).unwrap();
        let mut digests = BTreeSet::from([first["digest"].to_string()]);
        let mut contents = BTreeSet::from([first["content_digest"].to_string()]);
        let mut planned = 0;
        let flipped = (0..bytes.len()).map(|at| {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            changed
        });
        let longer = [b"\n".as_slice(), b"# more\n"].map(|more| [&bytes, more].concat());
        for changed in flipped.chain(longer) {
            std::fs::write(&path, &changed).unwrap();
            let Some(document) = explained(&mut explain(&world, [""; 0])) else {
                continue; // not a manifest or no `#!` line any more, so no plan
            };
            planned += 1;
            let text = String::from_utf8_lossy(&changed);
            assert!(digests.insert(document["digest"].to_string()), "{text}");
            assert!(
                contents.insert(document["content_digest"].to_string()),
                "{text}"
            );
        }
        assert!(planned > at_least, "only {planned} of {file} were planned");
        std::fs::write(&path, &bytes).unwrap();
    }
}

#[test]
fn the_digest_changes_with_every_argument() {
    let world = small();
    let lines: [&[&[u8]]; 14] = [
        &[],
        &[b""],
        &[b"", b""],
        &[b"a"],
        &[b"b"],
        &[b"A"],
        &[b"a", b""],
        &[b"", b"a"],
        &[b"a", b"b"],
        &[b"b", b"a"],
        &[b"a b"],
        &[b"a\nb"],
        &[b"\xff"],
        &[b"{\"b64\":\"/w==\"}"],
    ];
    let mut digests = BTreeSet::new();
    for line in lines {
        let args = line.iter().map(|arg| OsStr::from_bytes(arg));
        let digest = digest(&mut explain(&world, args)).unwrap();
        assert!(digests.insert(digest), "{line:?}");
    }
}

#[test]
fn the_digest_changes_with_nothing_else() {
    let world = small();
    let none = [""; 0];
    let first = digest(&mut explain(&world, none));
    assert!(first.is_some());
    let same = |what: &str, command: &mut Command| assert_eq!(digest(command), first, "{what}");
    same("the time", &mut explain(&world, none));
    same("the directory", explain(&world, none).current_dir("/"));
    same("a required variable", explain(&world, none).env("A", "1"));
    same("its value", explain(&world, none).env("A", "2"));
    same("the secret", explain(&world, none).env("CI_S", "hunter2"));
    same("its value", explain(&world, none).env("CI_S", "hunter3"));
    same("another variable", explain(&world, none).env("B", "1"));
    same("the width", explain(&world, none).env("COLUMNS", "40"));
    let mut yes = world.program(env!("CARGO_BIN_EXE_qli"));
    yes.env("QLI_EXTENSIONS", world.path("root"));
    yes.args([
        "--yes",
        "--verbose",
        "explain",
        "--format",
        "json",
        "g",
        "hello",
    ]);
    same("options, and a root from the environment", &mut yes);
    let hello = world.path("root/g/hello");
    set_mode(&hello, 0o700);
    let file = std::fs::File::options().append(true).open(&hello).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    drop(file);
    same("mode and time of the script", &mut explain(&world, none));
    let mut run = world.qli(["hello"]);
    run.env("A", "1").env("CI_S", "hunter2");
    run.env("MARK", world.path("marker"));
    assert!(output(&mut run).status.success());
    assert_eq!(world.log()[0]["plan"].as_str(), first.as_deref());
    same("a run", &mut explain(&world, none));
}

#[test]
fn a_copy_of_a_group_has_the_same_content_digest() {
    let worlds = [small(), small()];
    let [one, other] = worlds
        .each_ref()
        .map(|world| explained(&mut explain(world, [""; 0])).unwrap());
    assert_eq!(one["content_digest"], other["content_digest"]);
    assert_ne!(one["digest"], other["digest"]);
    let third = small().script("hello", &format!("{BODY}#"));
    let third = explained(&mut explain(&third, ["x"])).unwrap();
    assert_ne!(one["content_digest"], third["content_digest"]);
    let with_args = explained(&mut explain(&worlds[0], ["x"])).unwrap();
    assert_eq!(one["content_digest"], with_args["content_digest"]);
}
