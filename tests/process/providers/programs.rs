//! The program of a team's provider: who may change it, what identifies it, and what it
//! is given.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::runs::{ONE, add_to_manifest, hello, marker, refused, team, with_manifest};
use crate::pty::Terminal;
use crate::support::{NOBODY, copy_program, hex, is_root, output, set_mode};
use crate::trust::let_stranger_write;
use crate::world::{World, code};

const VALUE: &str = "echo >called; echo value";

fn explain(world: &World) -> Value {
    let mut command = world.program("qli");
    command.arg("--extensions").arg(world.path("root"));
    command.args(["explain", "--format", "json", "g", "hello"]);
    serde_json::from_slice(&output(&mut command).stdout).unwrap()
}

/// Checks that preview and run refuse alike, and that nothing is called.
fn assert_refused(world: &World, why: &str) {
    let said = refused(world, &mut hello(world));
    assert!(said.contains(why), "{why}: {said}");
    let preview = explain(world);
    assert_eq!(preview["exit_code"], 125, "{preview:#}");
    assert!(preview.to_string().contains(why), "{why}: {preview:#}");
    assert!(!world.path("called").exists());
}

#[test]
fn a_program_that_others_can_change_is_not_called() {
    let world = || {
        let world = team(&["one"], ONE);
        let world = world.provider("one", VALUE);
        assert_eq!(code(&mut hello(&world)), Some(0));
        for name in ["state/log", "marker", "called"] {
            std::fs::remove_file(world.path(name)).unwrap();
        }
        world
    };
    let cases: [(&str, u32, &str); 2] = [
        ("bin/one", 0o757, "is writable by everyone"),
        ("bin", 0o777, "is writable by everyone"),
    ];
    for (name, mode, why) in cases {
        let world = world();
        set_mode(&world.path(name), mode);
        assert_refused(&world, why);
    }
    for name in ["bin/one", "bin"] {
        let world = world();
        let_stranger_write(&world.path(name));
        assert_refused(&world, "is writable by uid 7702");
    }
    // Only root can give a file away.
    if is_root() {
        for name in ["bin/one", "bin"] {
            let world = world();
            std::os::unix::fs::chown(world.path(name), Some(NOBODY), None).unwrap();
            assert_refused(&world, "is owned by neither you nor root");
        }
    }
}

#[test]
fn an_interpreter_that_others_can_change_is_not_started() {
    let world = team(&["one"], ONE);
    copy_program("/bin/sh", &world.path("bin/shell"));
    let text = format!("#!{}\necho value\n", world.path("bin/shell").display());
    let world = world.executable("bin/one", &text);
    set_mode(&world.path("bin/shell"), 0o757);
    assert_refused(&world, "is writable by everyone");
}

#[test]
fn a_program_that_cannot_be_started_is_found_before() {
    for (text, mode) in [
        ("echo value\n", 0o755),
        ("#!/no/such/shell\n", 0o755),
        ("#!/bin/sh\necho value\n", 0o644),
    ] {
        let world = team(&["one"], ONE).executable("bin/one", text);
        set_mode(&world.path("bin/one"), mode);
        assert_refused(&world, "one");
    }
    assert_refused(&team(&["one"], ONE), "one");
}

/// The tools of a plan.
fn tools(world: &World) -> Value {
    let explained = explain(world);
    let mut steps = explained["steps"].as_array().unwrap().iter();
    let secrets = steps.find(|step| step["step"] == "secrets");
    secrets.unwrap()["settings"]["tools"].clone()
}

fn sha256(path: &Path) -> String {
    hex(&Sha256::digest(std::fs::read(path).unwrap()))
}

#[test]
fn a_plan_names_the_program_and_its_interpreters_by_their_contents() {
    let world = team(&["one"], ONE);
    copy_program("/bin/sh", &world.path("bin/shell"));
    // One that only root can change is not hashed.
    set_mode(&world.path("bin/shell"), 0o775);
    let text = format!("#!{}\necho value\n", world.path("bin/shell").display());
    let world = world.executable("bin/one", &text);
    let tools = tools(&world);
    let one = &tools["one"];
    let [program, shell] = ["bin/one", "bin/shell"].map(|name| world.path(name));
    assert_eq!(one["path"], program.to_str().unwrap());
    assert_eq!(one["sha256"], sha256(&program));
    assert_eq!(one["interpreters"][0]["path"], shell.to_str().unwrap());
    assert_eq!(one["interpreters"][0]["sha256"], sha256(&shell));
}

#[test]
fn a_plan_s_digest_changes_with_the_row_the_program_and_its_interpreter() {
    let world = team(&["one"], ONE);
    copy_program("/bin/sh", &world.path("bin/shell"));
    // One that only root can change is not hashed.
    set_mode(&world.path("bin/shell"), 0o775);
    let shebang = format!("#!{}\n", world.path("bin/shell").display());
    let world = world.executable("bin/one", &shebang);
    let mut digests = BTreeSet::new();
    let mut is_new = |world: &World| digests.insert(explain(world)["digest"].to_string());
    assert!(is_new(&world));
    assert!(!is_new(&world));
    for row in [
        "timeout = \"9s\"\n",
        "keep_env = [\"A\"]\n",
        "sign_in = \"x\"\n",
        "fail = [{ code = 4, means = \"missing\" }]\n",
    ] {
        add_to_manifest(&world, row);
        assert!(is_new(&world), "{row}");
    }
    let world = world.executable("bin/one", &format!("{shebang}#"));
    assert!(is_new(&world));
    copy_program("/bin/cat", &world.path("bin/shell"));
    assert!(is_new(&world));
}

#[test]
fn a_program_that_changes_at_the_question_is_not_called() {
    for changed in ["bin/one", "bin/shell"] {
        let world = with_manifest(
            "confirm = true\n[[secrets]]\nenv = \"S\"\nref = \"r\"\nprovider = \"one\"\n\
             [providers.one]\nprogram = \"BIN/one\"\none = [\"{ref}\"]\n",
        );
        copy_program("/bin/sh", &world.path("bin/shell"));
        let text = format!(
            "#!{}\necho CALLED >called\n",
            world.path("bin/shell").display()
        );
        let world = world
            .executable("bin/one", &text)
            .script("hello", "echo RAN >ran");
        let mut terminal = Terminal::start(hello(&world));
        terminal.wait_for("[y/N] ");
        copy_program("/bin/cat", &world.path("new"));
        std::fs::rename(world.path("new"), world.path(changed)).unwrap();
        terminal.press("y\n");
        terminal.wait_for("is not the planned one");
        assert_eq!(terminal.end().code(), Some(125));
        for name in ["called", "ran", "state/log"] {
            assert!(!world.path(name).exists(), "{changed}: {name}");
        }
    }
}

#[test]
fn a_program_that_changes_between_two_calls_is_called_once() {
    for change in [
        "echo '# more' >>\"$0\"",
        "cp \"$0\" new; mv new \"$0\"",
        "chmod o+w \"$0\"",
        "rm \"$0\"",
    ] {
        let world = team(&["one"], ONE);
        add_to_manifest(
            &world,
            "[[secrets]]\nenv = \"T\"\nref = \"q\"\nprovider = \"one\"\n",
        );
        let body = format!("echo CALLED >\"$OUT\"; {change}; echo value");
        let world = world.provider("one", &body);
        let mut lines = world.lines();
        let said = refused(&world, &mut hello(&world));
        assert!(said.contains("`T` from one q"), "{change}: {said}");
        assert_eq!(lines.all().len(), 1, "{change}");
    }
}

/// A row whose program is one of the system, with these arguments.
fn system(program: &str, args: &str, fields: &str) -> World {
    let manifest = format!(
        "[[secrets]]\nenv = \"S_one\"\nref = \"r\"\nprovider = \"one\"\n\
         [[secrets]]\nenv = \"FROM_TOKEN\"\nref = \"CORP_TOKEN\"\nprovider = \"env\"\n\
         [[secrets]]\nenv = \"FROM_KEPT\"\nref = \"CORP_KEPT\"\nprovider = \"env\"\n\
         [[secrets]]\nenv = \"FROM_HOME\"\nref = \"XDG_TOKEN\"\nprovider = \"env\"\n\
         [providers.one]\nprogram = \"{program}\"\nref = \"name[#none]\"\n\
         one = [\"{{none}}\", {args}]\noutput = \"raw\"\n{fields}\n"
    );
    with_manifest(&manifest).script("hello", "printf %s \"$S_one\" >\"$MARK\"")
}

const OWN: [(&str, &str); 11] = [
    ("CORP_TOKEN", "secret"),
    ("CORP_KEPT", "secret"),
    ("XDG_TOKEN", "secret"),
    ("CORP_A", "own"),
    ("CORP_B", "own"),
    ("CORP_FORMAT", "yaml"),
    ("LC_ALL", "C"),
    ("HTTPS_PROXY", "http://proxy"),
    ("OTHER_TOKEN", "x"),
    ("LD_LIBRARY_PATH", "/nowhere"),
    ("QLI_ENV", "prod"),
];

fn run(world: &World) -> String {
    let result = output(hello(world).envs(OWN));
    assert_eq!(result.status.code(), Some(0), "{result:?}");
    marker(world)
}

#[test]
fn a_program_has_the_variables_of_its_row_and_no_other() {
    let world = system(
        "/usr/bin/env",
        "",
        "keep_env = [\"CORP_*\", \"CORP_KEPT\"]\ndrop_env = [\"CORP_FORMAT\"]\n\
         set_env = { CORP_A = \"set\", CORP_NEW = \"set\" }",
    );
    let found = run(&world);
    let mut found: Vec<_> = found.lines().collect();
    found.sort_unstable();
    let of_world = |name: &str| world.path(name).display().to_string();
    let mut expected = [
        "CORP_A=set".to_owned(),
        "CORP_B=own".to_owned(),
        "CORP_KEPT=secret".to_owned(),
        "CORP_NEW=set".to_owned(),
        "HTTPS_PROXY=http://proxy".to_owned(),
        "LC_ALL=C".to_owned(),
        "XDG_DATA_DIRS=/nowhere".to_owned(),
        format!("HOME={}", of_world("home")),
        format!("PATH={}:/usr/bin:/bin", of_world("bin")),
        format!("XDG_STATE_HOME={}", of_world("state")),
    ];
    expected.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn a_program_has_no_input_no_other_file_and_no_blocked_signal() {
    let found = run(&system("/bin/ls", "\"/proc/self/fd\"", ""));
    let inherited = output(Command::new("/bin/ls").arg("/proc/self/fd"));
    assert_eq!(found.as_bytes(), inherited.stdout);
    let link = |fd| {
        run(&system(
            "/bin/readlink",
            &format!("\"/proc/self/fd/{fd}\""),
            "",
        ))
    };
    assert_eq!(link(0), "/dev/null\n");
    assert!(link(1).starts_with("pipe:") && link(2).starts_with("pipe:"));
    let status = run(&system("/bin/cat", "\"/proc/self/status\"", ""));
    assert_eq!(crate::world::mask(&status, "SigBlk"), 0);
    let pipe = crate::world::bit(nix::sys::signal::Signal::SIGPIPE);
    assert_eq!(crate::world::mask(&status, "SigIgn") & pipe, 0);
}

#[test]
fn nothing_but_the_program_is_executed_and_no_argument_holds_a_value() {
    let reference = "$(touch x); `touch y` 'a' \\\"b\\\" {c} | & *";
    let world = with_manifest(&format!(
        "[[secrets]]\nenv = \"S_one\"\nref = \"{reference}\"\nprovider = \"one\"\n\
         [[secrets]]\nenv = \"S_two\"\nref = \"r\"\nprovider = \"two\"\n\
         [providers.one]\nprogram = \"BIN/one\"\none = [\"get\", \"--ref={{ref}}\"]\n\
         [providers.two]\nprogram = \"BIN/two\"\nprotocol = 1\n"
    ));
    let world = world
        .provider(
            "one",
            "for arg; do echo \"ARG $arg\" >\"$OUT\"; done; echo canary-1",
        )
        .provider(
            "two",
            "read x; echo '{\"values\":{\"r\":{\"text\":\"canary-2\"}}}'",
        )
        .script("hello", "test \"$S_one$S_two\" = canary-1canary-2");
    let mut lines = world.lines();
    let mut strace: Command = world.program("strace");
    strace.args([
        "-f",
        "-qq",
        "-s",
        "9999",
        "-o",
        "trace",
        "-e",
        "trace=execve",
    ]);
    strace.args(["qli", "--extensions", "root", "g", "hello"]);
    assert_eq!(code(&mut strace), Some(0));
    let shown = reference.replace("\\\"", "\"");
    assert_eq!(
        lines.all(),
        ["ARG get".to_owned(), format!("ARG --ref={shown}")]
    );
    let trace = std::fs::read_to_string(world.path("trace")).unwrap();
    let executed = trace.lines().filter_map(|line| line.split('"').nth(1));
    let mut executed: Vec<_> = executed
        .map(|path| path.rsplit('/').next().unwrap())
        .collect();
    executed.sort_unstable();
    assert_eq!(executed, ["hello", "one", "qli", "two"], "{trace}");
    assert!(!trace.contains("canary"), "{trace}");
    assert!(!world.path("x").exists() && !world.path("y").exists());
}
