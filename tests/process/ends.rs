//! How qli ends when its script has ended, and what it leaves behind.

use std::io::Read as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;

use nix::sys::signal::Signal;
use nix::unistd::Pid;

use crate::masks::is_masked;
use crate::support::until;
use crate::world::{Run, World, code, mask, status_of, wait_until_open};

#[test]
fn every_exit_code_is_mirrored() {
    let world = World::new("").script("end", "exit $1");
    for wanted in 0..=255 {
        let found = code(&mut world.qli(["end".to_owned(), wanted.to_string()]));
        assert_eq!(found, Some(wanted));
    }
}

/// Every signal that ends a process by default, except KILL.
fn deadly() -> Vec<i32> {
    let harmless = [
        Signal::SIGKILL,
        Signal::SIGCHLD,
        Signal::SIGCONT,
        Signal::SIGSTOP,
        Signal::SIGTSTP,
        Signal::SIGTTIN,
        Signal::SIGTTOU,
        Signal::SIGURG,
        Signal::SIGWINCH,
    ];
    let named = Signal::iterator().filter(|one| !harmless.contains(one));
    let real_time = [nix::libc::SIGRTMIN() + 1, nix::libc::SIGRTMAX()];
    named.map(|one| one as i32).chain(real_time).collect()
}

#[test]
fn qli_dies_of_the_signal_its_script_died_of_and_leaves_no_core() {
    for number in deadly() {
        let (ended, end) = died_of(number);
        assert_eq!(ended.signal(), Some(number), "{ended:?}");
        assert!(!ended.core_dumped(), "{number}");
        assert_eq!(end["exit_code"], 128 + number);
        let interrupts = [1, 2, 3, 15].contains(&number);
        assert_eq!(
            end["event"],
            if interrupts { "interrupted" } else { "finish" }
        );
    }
    assert_eq!(died_of(nix::libc::SIGRTMIN() + 1).1["signal"], "SIGRTMIN+1");
    assert_eq!(died_of(6).1["signal"], "SIGABRT");
}

#[test]
fn after_kill_the_exit_code_is_137() {
    let (ended, end) = died_of(9);
    assert_eq!(ended.code(), Some(137));
    assert_eq!(
        (&end["signal"], &end["exit_code"]),
        (&"SIGKILL".into(), &137.into())
    );
}

fn died_of(number: i32) -> (std::process::ExitStatus, serde_json::Value) {
    let world = World::new("").script("die", "kill -$1 $$");
    let line = format!("ulimit -c unlimited; exec $QLI die {number}");
    let ended = Run::start(&mut world.sh(&line)).end();
    (ended, world.end())
}

#[test]
fn a_grandchild_that_keeps_the_output_open_is_not_waited_for() {
    let world = World::new("").script("leave", "(echo on; read x <\"$HOLD\"; echo off) &\nexit 3");
    let mut command = world.qli(["leave"]);
    let mut run = Run::start(command.stdout(Stdio::piped()));
    let mut output = run.stdout();
    assert_eq!(run.end().code(), Some(3));
    let mut text = [0; 3];
    output.read_exact(&mut text).unwrap();
    assert_eq!(&text, b"on\n");
    assert_eq!(world.end()["left_running"], 1);
    drop(world); // releases the grandchild, which kept the pipe open
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "off\n");
}

#[test]
fn a_script_inherits_exactly_the_descriptors_that_qli_was_given() {
    let list = "exec ls -l /proc/self/fd >";
    let world = World::new("").script("list", &format!("{list}after"));
    let line = format!("exec 7<bin; ({list}before); exec $QLI list");
    assert_eq!(code(&mut world.sh(&line)), Some(0));
    let listed = |name: &str| descriptors(&std::fs::read_to_string(world.path(name)).unwrap());
    let (before, after) = (listed("before"), listed("after"));
    assert!(before.iter().any(|one| one.starts_with("7 ")), "{before:?}");
    let kept = |all: Vec<String>| -> Vec<_> {
        let masked = |one: &String| is_masked() && one.starts_with("2 ");
        all.into_iter().filter(|one| !masked(one)).collect()
    };
    assert_eq!(kept(before), kept(after));
}

/// The links `3 -> /path` in the output of `ls -l`, without its own output and the
/// directory that it lists.
fn descriptors(listing: &str) -> Vec<String> {
    let links = listing.lines().filter(|line| line.contains(" -> "));
    let mut found: Vec<_> = links
        .map(|line| line.split_whitespace().rev().take(3).collect::<Vec<_>>())
        .filter(|words| words[2] != "1" && !words[0].ends_with("/fd"))
        .map(|words| format!("{} {}", words[2], words[0]))
        .collect();
    found.sort();
    found
}

#[test]
fn with_closed_streams_the_log_is_intact_and_has_its_end_record() {
    for closed in ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"] {
        let world = World::new("banner = \"BANNER\"").script("talk", "echo out; echo err >&2");
        let ended = Run::start(&mut world.sh(&format!("exec $QLI talk {closed}"))).end();
        assert!(ended.success(), "{closed}: {ended:?}");
        assert_eq!(world.end()["event"], "finish", "{closed}");
        let text = world.log_text();
        let foreign = ["BANNER", "\nout", "\nerr"]
            .iter()
            .any(|word| text.contains(word));
        assert!(!foreign && text.starts_with('{'), "{closed}: {text}");
    }
}

#[test]
fn after_a_broken_pipe_the_end_is_still_recorded() {
    let world = World::new("banner = \"BANNER\"")
        .script("talk", "trap '' PIPE; echo out; echo err >&2; exit 4");
    let mut command = world.qli(["talk"]);
    let broken = || std::io::pipe().unwrap().1; // its reading end is closed at once
    command.stdout(broken()).stderr(broken());
    assert_eq!(code(&mut command), Some(4));
    assert_eq!(world.end()["exit_code"], 4);
}

#[test]
fn with_full_streams_the_script_runs_and_its_end_is_recorded() {
    let world = World::new("banner = \"BANNER\"").script("talk", "echo out; echo err >&2; exit 4");
    let line = "exec $QLI talk >/dev/full 2>/dev/full";
    assert_eq!(code(&mut world.sh(line)), Some(4));
    assert_eq!(world.end()["exit_code"], 4);
}

#[test]
fn a_signal_between_the_scripts_end_and_its_record_changes_neither() {
    let world = World::new("").script("end", "echo READY $$ >\"$OUT\"; read x <\"$HOLD\"; exit 3");
    let mut lines = world.lines();
    let qli = Run::start(&mut world.qli(["end"]));
    let script = Pid::from_raw(lines.wait_for("READY").parse().unwrap());
    let log = world.path("state/log");
    let held = std::fs::File::open(&log).unwrap();
    held.lock().unwrap();
    world.release();
    until("the script to be reaped", || {
        status_of(script).is_none().then_some(())
    });
    wait_until_open(qli.pid(), &log);
    qli.send(Signal::SIGTERM);
    until("TERM to be handled", || {
        (mask(&status_of(qli.pid())?, "SigPnd") == 0).then_some(())
    });
    held.unlock().unwrap();
    assert_eq!(qli.end().code(), Some(3));
    let end = world.end();
    assert_eq!(
        (&end["event"], &end["exit_code"]),
        (&"finish".into(), &3.into())
    );
}

#[test]
fn a_file_size_limit_fails_the_append_and_does_not_kill_qli() {
    let world = World::new("").script("hello", "echo RAN $$ >\"$OUT\"; exit 4");
    let mut lines = world.lines();
    assert_eq!(
        code(&mut world.sh("ulimit -f 0; exec $QLI hello")),
        Some(125)
    );
    assert!(lines.all().is_empty() && world.log().is_empty());
    // Now a start record fits, but its end record does not.
    assert_eq!(code(&mut world.qli(["hello"])), Some(4));
    let text = world.log_text();
    let limit = text.len() + text.lines().next().unwrap().len() + 100;
    let limited = format!("exec prlimit --fsize={limit} $QLI hello");
    assert_eq!(code(&mut world.sh(&limited)), Some(4));
    assert_eq!(world.log().len(), 3);
    let spool: Vec<_> = std::fs::read_dir(world.path("state/qli/spool"))
        .unwrap()
        .collect();
    assert_eq!(spool.len(), 1);
}

#[test]
fn an_end_record_that_fits_neither_log_nor_spool_is_printed() {
    // The limit is set while the script runs, so that it affects only the end record.
    let script = "prlimit --pid $PPID --fsize=0 && exit 4";
    let world = World::new("").script("hello", script);
    let ended = world.sh("exec $QLI hello").stderr(Stdio::piped()).output();
    let ended = ended.unwrap();
    let stderr = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(4), "{stderr}");
    assert!(
        stderr.contains("is in no log; its record follows"),
        "{stderr}"
    );
    assert!(stderr.contains("File too large"), "{stderr}");
    assert_eq!(world.log().len(), 1);
}

#[test]
fn a_missing_script_exits_127_and_one_that_cannot_run_126() {
    let world = World::new("").executable("root/g/bad", "#!/no/such/interpreter\n");
    std::fs::write(world.path("root/g/plain"), "exit 0").unwrap();
    assert_eq!(code(&mut world.qli(["missing"])), Some(127));
    assert_eq!(code(&mut world.qli(["plain"])), Some(126));
    assert!(world.log().is_empty());
    assert_eq!(code(&mut world.qli(["bad"])), Some(126));
    let end = world.end();
    assert_eq!(
        (&end["event"], &end["exit_code"]),
        (&"spawn_failed".into(), &126.into())
    );
}
