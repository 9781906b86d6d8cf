//! Answers to completion scripts when logs and files are hostile: a log may be any
//! kind of file, with any content.

use std::io::{Seek as _, SeekFrom, Write as _};
use std::process::Command;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use tempfile::TempDir;

const ID: &str = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";

/// A home directory with a group whose log is at `log`.
fn home(log: &str) -> TempDir {
    let home = tempfile::tempdir().unwrap();
    let group = home.path().join(".local/share/qli/extensions/ops");
    std::fs::create_dir_all(&group).unwrap();
    let manifest = format!("schema_version = 1\ndescription = \"d\"\naudit_log = \"{log}\"\n");
    std::fs::write(group.join("_manifest.toml"), manifest).unwrap();
    home
}

/// Completes the last word, with 64 MiB of memory and 30 seconds.
fn answer(home: &TempDir, words: &[&str]) -> String {
    let index = (words.len() - 1).to_string();
    answer_of("bash", home, &[&[&*index], words].concat())
}

fn answer_of(shell: &str, home: &TempDir, words: &[&str]) -> String {
    let line = "ulimit -d 65536 && exec timeout 30 \"$0\" \"$@\"";
    let path = format!("{}:/usr/bin:/bin", home.path().join("bin").display());
    let mut command = Command::new("/bin/sh");
    command.args(["-c", line, env!("CARGO_BIN_EXE_qli"), "--"]);
    command.args(words);
    command
        .env_clear()
        .env("HOME", home.path())
        .env("PATH", path);
    command
        .env("XDG_DATA_DIRS", "/nowhere")
        .env("QLI_COMPLETE", shell);
    let ended = command.current_dir(home.path()).output().unwrap();
    assert!(ended.status.success(), "{words:?}: {ended:?}");
    String::from_utf8(ended.stdout).unwrap()
}

fn start(run_id: &str) -> String {
    let of = r#""host":"h","chain":"c","user":"u","group":"g","extension":"e","hash":"x""#;
    format!(r#"{{"event":"start","timestamp":"t","run_id":"{run_id}",{of}}}"#) + "\n"
}

const SHOW: [&str; 4] = ["qli", "audit", "show", ""];

/// Without a run, options are offered.
fn offers_no_run(home: &TempDir) {
    let answer = answer(home, &SHOW);
    assert!(
        answer.lines().all(|line| line.starts_with("--")),
        "{answer}"
    );
}

#[test]
fn only_run_ids_are_offered_from_a_log() {
    let home = home("~/log");
    let log = start("$(touch PWNED)") + &start(ID) + &start("`reboot`") + &start("a;b");
    std::fs::write(home.path().join("log"), log).unwrap();
    let answer = answer(&home, &SHOW);
    assert_eq!(answer, format!("{ID}\tt g e\n"));
}

#[test]
fn typing_the_end_of_a_run_id_offers_the_run() {
    let home = home("~/log");
    std::fs::write(home.path().join("log"), start(ID)).unwrap();
    let end = "07398f";
    let offered = |word: &str| answer(&home, &["qli", "audit", "show", word]);
    assert_eq!(offered("073"), format!("{end}\tt g e\n"));
    assert_eq!(offered("017"), format!("{ID}\tt g e\n"));
    assert_eq!(offered("zzz"), "");
}

#[test]
fn pipes_and_devices_are_not_opened() {
    let pipe = home("~/pipe");
    mkfifo(&pipe.path().join("pipe"), Mode::S_IRWXU).unwrap();
    offers_no_run(&pipe);
    offers_no_run(&home("/dev/zero"));
}

#[test]
fn a_huge_line_before_the_runs_costs_nothing() {
    let home = home("~/log");
    let mut log = std::fs::File::create(home.path().join("log")).unwrap();
    log.seek(SeekFrom::Start(600 << 20)).unwrap();
    log.write_all(format!("\n{}", start(ID)).as_bytes())
        .unwrap();
    assert_eq!(answer(&home, &SHOW), format!("{ID}\tt g e\n"));
}

#[test]
fn a_program_of_two_groups_is_offered_for_neither() {
    let home = home("~/log");
    let root = home.path().join(".local/share/qli/extensions");
    std::fs::create_dir(root.join("ops-prod")).unwrap();
    let manifest = root.join("ops/_manifest.toml");
    std::fs::copy(manifest, root.join("ops-prod/_manifest.toml")).unwrap();
    let bin = home.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    let ours = ["qli-ops-prod-restore", "qli-ops-roll"].map(|name| bin.join(name));
    for path in ours.into_iter().chain([root.join("ops-prod/wipe")]) {
        std::os::unix::fs::symlink("/bin/true", path).unwrap();
    }
    assert_eq!(answer(&home, &["qli", "ops", ""]), "roll\n");
    assert_eq!(answer(&home, &["qli", "ops-prod", ""]), "wipe\n");
}

#[test]
fn a_file_name_is_offered_only_if_it_is_safe_on_a_command_line() {
    let home = home("~/log");
    for name in ["a$(touch PWNED)", "a;b", "a b", "a\u{1b}[2J", "ab.toml"] {
        std::fs::write(home.path().join(name), "").unwrap();
    }
    let words = ["qli", "validate", "a"];
    assert_eq!(answer_of("powershell", &home, &words), "ab.toml\n");
    // Elvish quotes what it inserts.
    let answer = answer_of("elvish", &home, &words);
    assert_eq!(answer, "a b\na$(touch PWNED)\na;b\nab.toml\n");
}
