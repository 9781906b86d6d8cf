//! The first minutes with qli: creating groups, also from several processes at once,
//! and `qli doctor --format json`, which fits its schema.

use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{NOBODY, give_away, is_root, names, set_mode};

fn qli(home: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_qli"));
    in_home(command.args(words), home);
    command
}

fn in_home(command: &mut Command, home: &Path) {
    command.env_clear().current_dir(home);
    command.env("HOME", home).env("XDG_DATA_DIRS", "/nowhere");
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command.stderr(Stdio::piped());
}

#[test]
fn only_one_of_many_processes_creates_a_group() {
    let home = tempfile::tempdir().unwrap();
    let started = (0..16).map(|_| qli(home.path(), &["ext", "new", "ops"]).spawn().unwrap());
    let started: Vec<_> = started.collect();
    let codes = started.into_iter().map(|one| {
        let ended = one.wait_with_output().unwrap();
        let stderr = String::from_utf8(ended.stderr).unwrap();
        let code = ended.status.code().unwrap();
        assert!(
            code == 0 || stderr.contains("the group `ops` already exists"),
            "{stderr}"
        );
        code
    });
    let mut codes: Vec<_> = codes.collect();
    codes.sort_unstable();
    assert_eq!(codes[..2], [0, 2], "one creates it");
    assert_eq!(codes[15], 2);
    let root = home.path().join(".local/share/qli/extensions");
    assert_eq!(names(&root), [".schema", "ops"]);
    assert_eq!(names(&root.join("ops")), ["_manifest.toml", "hello"]);
    let ran = qli(home.path(), &["ops", "hello"]).output().unwrap();
    assert_eq!(ran.stdout, b"hello from ops\n");
}

#[test]
fn built_in_groups_can_be_copied_by_several_processes_at_once() {
    for words in [&["--force"][..], &[]] {
        let home = tempfile::tempdir().unwrap();
        let words = [&["ext", "install-defaults"], words].concat();
        let started: Vec<_> = (0..8)
            .map(|_| qli(home.path(), &words).spawn().unwrap())
            .collect();
        for one in started {
            let ended = one.wait_with_output().unwrap();
            assert!(ended.status.success(), "{ended:?}");
        }
        let root = home.path().join(".local/share/qli/extensions");
        assert_eq!(names(&root), ["dev", "org", "prod"]);
    }
}

/// Kills qli at the first call that changes the disk, then at the second, until
/// it succeeds.
#[test]
fn after_a_kill_a_new_group_is_complete_or_absent() {
    let changes = "inject=mkdir,write,fsync,rename,renameat2:signal=KILL:when=";
    for nth in 1.. {
        let home = tempfile::tempdir().unwrap();
        let mut new = Command::new("strace");
        new.args(["-f", "-qq", "-o", "/dev/null", "-e"]);
        new.arg(format!("{changes}{nth}"));
        new.arg(env!("CARGO_BIN_EXE_qli"))
            .args(["ext", "new", "ops"]);
        in_home(&mut new, home.path());
        let ended = new.output().unwrap();
        let group = home.path().join(".local/share/qli/extensions/ops");
        let made = group.exists();
        if made {
            assert_eq!(names(&group), ["_manifest.toml", "hello"], "{nth}");
        }
        if ended.status.success() {
            assert!(nth > 5 && made, "{ended:?}");
            return;
        }
        let again = qli(home.path(), &["ext", "new", "ops"]).output().unwrap();
        assert_eq!(
            again.status.code(),
            Some(if made { 2 } else { 0 }),
            "{again:?}"
        );
    }
}

#[test]
fn what_qli_creates_can_be_used_whatever_the_umask() {
    for (umask, others) in [("000", 0o055), ("077", 0), ("777", 0)] {
        let home = tempfile::tempdir().unwrap();
        let qli = env!("CARGO_BIN_EXE_qli");
        let line = format!(
            "umask {umask}; {qli} ext new ops && {qli} ext install-defaults --in shared &&
            {qli} ops hello && {qli} dev hello && {qli} man --out pages/man1"
        );
        let mut sh = Command::new("/bin/sh");
        in_home(sh.args(["-ec", &line]), home.path());
        if is_root() {
            give_away(home.path(), NOBODY);
            sh.uid(NOBODY).gid(NOBODY);
        }
        let ended = sh.output().unwrap();
        assert!(ended.status.success(), "{umask}: {ended:?}");
        let mode = |path: &str| home.path().join(path).metadata().unwrap().mode() & 0o777;
        let group = ".local/share/qli/extensions/ops";
        let private = [
            ".local/share",
            ".local/share/qli/extensions",
            ".cache/qli/embedded",
        ];
        assert_eq!(private.map(mode), [0o700; 3], "{umask}");
        let public = ["shared", "shared/dev", group, "pages/man1"];
        assert_eq!(public.map(mode), [0o700 | others; 4], "{umask}");
        let manifest = format!("{group}/_manifest.toml");
        assert_eq!(mode(&format!("{group}/hello")), 0o700 | others, "{umask}");
        assert_eq!(mode(&manifest), 0o600 | others & 0o044, "{umask}");
    }
}

/// SIGXFSZ kills a program that does not handle it.
#[test]
fn a_file_size_limit_is_reported_and_nothing_is_left() {
    let home = tempfile::tempdir().unwrap();
    let manifest = home.path().join("g/_manifest.toml");
    std::fs::create_dir(home.path().join("g")).unwrap();
    let text = "schema_version = 1\ndescription = \"A group\"\nconfrim = true\n";
    std::fs::write(&manifest, text).unwrap();
    for (words, expected) in [
        ("ext new ops", "cannot create this path: File too large"),
        (
            "ext install-defaults",
            "cannot create this path: File too large",
        ),
        ("validate --fix g", "File too large"),
    ] {
        let mut limited = Command::new("/bin/sh");
        let line = format!("ulimit -f 0; exec {} {words}", env!("CARGO_BIN_EXE_qli"));
        in_home(limited.args(["-c", &line]), home.path());
        let ended = limited.output().unwrap();
        let stderr = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(2), "{words}: {stderr}");
        assert!(stderr.contains(expected), "{stderr}");
    }
    assert_eq!(std::fs::read_to_string(&manifest).unwrap(), text);
    assert_eq!(names(&home.path().join("g")), ["_manifest.toml"]);
    let root = home.path().join(".local/share/qli/extensions");
    assert_eq!(names(&root), [""; 0]);
}

#[test]
fn the_json_of_doctor_fits_its_schema() {
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

/// A provider whose program runs a line of shell, and a secret of it.
fn provider(home: &Path, name: &str, line: &str, fields: &str) -> String {
    let program = home.join(name);
    std::fs::write(
        &program,
        format!("#!/bin/sh\necho >\"$HOME/called\"\n{line}\n"),
    )
    .unwrap();
    set_mode(&program, 0o755);
    let (program, variable) = (program.display(), name.to_uppercase());
    format!(
        "[providers.{name}]\nprogram = \"{program}\"\none = [\"{{ref}}\"]\nprobe = [\"whoami\"]\n{fields}\n\
         [[secrets]]\nenv = \"{variable}\"\nref = \"x\"\nprovider = \"{name}\"\n"
    )
}

#[test]
fn only_online_are_programs_asked_and_none_is_quoted() {
    let home = tempfile::tempdir().unwrap();
    let group = home.path().join(".local/share/qli/extensions/ops");
    std::fs::create_dir_all(&group).unwrap();
    let text = [
        ("good", "echo t0ken", ""),
        (
            "net",
            "echo t0ken refused >&2; exit 1",
            "fail = [{ stderr = \"refused\", means = \"network\" }]",
        ),
        (
            "out",
            "echo t0ken; exit 4",
            "fail = [{ code = 4, means = \"signed_out\" }]\nsign_in = \"out login\"",
        ),
        ("slow", "exec sleep 60", "timeout = \"1s\""),
    ]
    .map(|(name, line, fields)| provider(home.path(), name, line, fields))
    .concat();
    let text = format!("schema_version = 1\ndescription = \"d\"\n{text}");
    std::fs::write(group.join("_manifest.toml"), text).unwrap();
    let called = home.path().join("called");
    qli(home.path(), &["doctor"]).output().unwrap();
    assert!(!called.exists());
    let asked = qli(home.path(), &["doctor", "--online"]).output().unwrap();
    let shown = String::from_utf8(asked.stdout).unwrap();
    assert!(called.exists());
    assert_eq!(asked.status.code(), Some(1));
    for part in [
        "good signed in, net unreachable, out signed out, slow without an answer",
        "help: out login",
        "no answer within 1s",
    ] {
        assert!(shown.contains(part), "{shown}");
    }
    assert!(!shown.contains("t0ken"), "{shown}");
}
