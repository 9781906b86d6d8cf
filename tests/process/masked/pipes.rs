//! Streams that are no terminal.

use std::fmt::Write as _;
use std::io::Read as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{MASKED, VALUE, world};
use crate::support::{output, until};
use crate::world::{Run, World, children, command_line};

fn qli(world: &World) -> Command {
    let mut command = world.qli(["it"]);
    command.env("SEED", VALUE);
    command
}

fn sh(world: &World, line: &str) -> Command {
    let mut command = world.sh(line);
    command.env("SEED", VALUE);
    command
}

const BOTH: [&str; 2] = ["off", "pipes"];

#[test]
fn each_stream_is_masked_and_stays_itself() {
    let world = world("pipes", "echo out $TOKEN; echo err $TOKEN >&2; exit 3");
    let ended = output(&mut qli(&world));
    assert_eq!(ended.status.code(), Some(3));
    assert_eq!(ended.stdout, format!("out {MASKED}\n").as_bytes());
    assert_eq!(ended.stderr, format!("err {MASKED}\n").as_bytes());
}

#[test]
fn what_both_streams_write_to_one_file_stays_in_order() {
    let script = "for n in 1 2 3 4 5 6 7 8 9; do echo $n; echo $n >&2; done; echo $TOKEN";
    let world = world("pipes", script);
    let mut expected = String::new();
    for nth in 1..10 {
        write!(expected, "{nth}\n{nth}\n").unwrap();
    }
    writeln!(expected, "{MASKED}").unwrap();
    for line in ["exec $QLI it >all 2>&1", "$QLI it 2>&1 | cat >all"] {
        assert!(output(&mut sh(&world, line)).status.success());
        let all = std::fs::read_to_string(world.path("all")).unwrap();
        assert_eq!(all, expected, "{line}");
    }
}

#[test]
fn text_without_a_value_is_the_same_bytes() {
    const SUM: &str =
        "head -c 67108864 /dev/zero | openssl enc -aes-128-ctr -K 0 -iv 0 2>/dev/null";
    let world = world("pipes", SUM);
    let ended = output(&mut sh(
        &world,
        &format!("({SUM}) | cksum; $QLI it | cksum"),
    ));
    let text = String::from_utf8(ended.stdout).unwrap();
    let sums: Vec<_> = text.lines().collect();
    assert_eq!(sums.len(), 2);
    assert_eq!(sums[0], sums[1]);
    assert!(sums[0].ends_with(" 67108864"), "{text}");
}

#[test]
fn a_reader_that_ends_ends_the_script_by_sigpipe() {
    for mask in BOTH {
        let world = world(mask, "while :; do echo line; done");
        let line = "{ $QLI it; echo $? >code; } | head -n 1";
        let ended = output(&mut sh(&world, line));
        assert_eq!(ended.stdout, b"line\n", "{mask}");
        let code = std::fs::read_to_string(world.path("code")).unwrap();
        assert_eq!(code, "141\n", "{mask}");
        assert_eq!(world.end()["signal"], "SIGPIPE", "{mask}");
    }
}

#[test]
fn a_prompt_without_the_end_of_a_line_appears_within_100_ms() {
    // Its end may begin the value.
    let prompt = format!("Password {}", VALUE.split_at(5).0);
    let script = format!("echo; printf '{prompt}'; read x <\"$HOLD\"");
    let world = world("pipes", &script);
    let mut run = Run::start(qli(&world).stdout(Stdio::piped()));
    let mut stdout = run.stdout();
    stdout.read_exact(&mut [0]).unwrap();
    let mut read = vec![0; prompt.len()];
    let since = Instant::now();
    stdout.read_exact(&mut read).unwrap();
    assert!(
        since.elapsed() < Duration::from_millis(100),
        "{:?}",
        since.elapsed()
    );
    assert_eq!(read, prompt.as_bytes());
    world.release();
    assert!(run.end().success());
}

#[test]
fn a_value_in_pieces_is_masked_within_the_hold_and_shown_after_it() {
    let (begin, rest) = VALUE.split_at(6);
    let script = format!("printf {begin}; read x <\"$HOLD\"; printf {rest}");
    let world = world("pipes", &script);
    let mut run = Run::start(qli(&world).stdout(Stdio::piped()));
    let mut stdout = run.stdout();
    let mut read = vec![0; begin.len()];
    // Shown, since the rest did not come in time.
    stdout.read_exact(&mut read).unwrap();
    world.release();
    let mut end = String::new();
    stdout.read_to_string(&mut end).unwrap();
    assert!(run.end().success());
    assert_eq!((read.as_slice(), &*end), (begin.as_bytes(), rest));
}

#[test]
fn what_outlives_the_script_writes_on_and_is_masked() {
    let script = "(read x <\"$HOLD\"; echo later $TOKEN) & echo first";
    let world = world("pipes", script);
    let mut run = Run::start(qli(&world).stdout(Stdio::piped()));
    let mut stdout = run.stdout();
    assert!(run.end().success());
    world.release();
    let mut text = String::new();
    stdout.read_to_string(&mut text).unwrap();
    assert_eq!(text, format!("first\nlater {MASKED}\n"));
}

#[test]
fn a_reader_that_does_not_read_does_not_delay_a_signal() {
    let script = "echo READY $$ >\"$OUT\"; while :; do echo 0123456789; done";
    let world = world("pipes", script);
    let mut lines = world.lines();
    let mut run = Run::start(qli(&world).stdout(Stdio::piped()));
    let stdout = run.stdout();
    lines.wait_for("READY");
    run.send(Signal::SIGTERM);
    // The script dies of it; what it has printed waits for a second signal.
    until("the end of the script", || {
        let script = children(run.pid());
        let mut all = script.into_iter().map(command_line);
        (!all.any(|line| line.contains("root/g/it"))).then_some(())
    });
    run.send(Signal::SIGTERM);
    assert_eq!(run.end().signal(), Some(Signal::SIGTERM as i32));
    assert_eq!(world.end()["signal"], "SIGTERM");
    drop(stdout);
}

#[test]
fn a_full_disk_is_an_error_that_says_so() {
    let world = world("pipes", "echo $TOKEN; echo done >\"$OUT\"");
    let mut lines = world.lines();
    let ended = output(&mut sh(&world, "exec $QLI it >/dev/full"));
    lines.all();
    let text = String::from_utf8(ended.stderr).unwrap();
    assert!(text.contains("No space left on device"), "{text}");
    assert!(!text.contains(VALUE), "{text}");
}

#[test]
fn without_descriptors_nothing_runs_unmasked() {
    let world = world("pipes", "echo RAN 1 >\"$OUT\"; echo $TOKEN");
    let mut refused = 0;
    for most in 6..40 {
        let mut lines = world.lines();
        let line = format!("ulimit -n {most}; exec $QLI it");
        let ended = output(&mut sh(&world, &line));
        let text = [ended.stdout.clone(), ended.stderr].concat();
        let text = String::from_utf8(text).unwrap();
        assert!(!text.contains(VALUE), "{most}: {text}");
        if lines.all().is_empty() {
            refused += 1;
            assert_eq!(ended.status.code(), Some(125), "{most}: {text}");
            assert!(text.contains("Too many open files"), "{most}: {text}");
        } else {
            assert_eq!(ended.stdout, format!("{MASKED}\n").as_bytes(), "{most}");
        }
    }
    assert!((1..34).contains(&refused), "{refused}");
}

/// What the kernel says about a script.
fn about(mask: &str, line: &str) -> String {
    let world = world(
        mask,
        "env | grep -v '^TOKEN=\\|^SEED=' | sort; cat /proc/self/status",
    );
    let ended = output(&mut sh(&world, line));
    assert!(ended.status.success(), "{ended:?}");
    let text = String::from_utf8(ended.stdout).unwrap();
    let lines = text.lines().filter(|line| {
        let changes = [
            "QLI_RUN_ID",
            "Pid",
            "Tgid",
            "Ngid",
            "PPid",
            "PWD",
            "SigQ",
            "NS",
            "Vm",
            "Rss",
            "Hugetlb",
        ];
        let changes = changes
            .into_iter()
            .chain(["voluntary", "nonvoluntary", "Cpus", "Mems"]);
        !{ changes }.any(|name| line.starts_with(name))
    });
    let directory = world.path("").display().to_string();
    lines.collect::<Vec<_>>().join("\n").replace(&directory, "")
}

#[test]
fn a_script_starts_with_the_same_environment_and_signals() {
    for line in ["exec $QLI it", "trap '' PIPE USR1; exec $QLI it"] {
        assert_eq!(about("off", line), about("pipes", line), "{line}");
    }
}

#[test]
fn a_script_that_cannot_be_executed_is_the_same_error() {
    for text in [
        "#!/no/such/interpreter\n",
        "\x7fELF\n",
        "#!/usr/bin/env -S /no/such\n",
    ] {
        let [unmasked, masked] = BOTH.map(|mask| {
            let world = world(mask, "").executable("root/g/it", text);
            let ended = output(&mut qli(&world));
            let directory = world.path("").display().to_string();
            let message = String::from_utf8(ended.stderr).unwrap();
            (
                ended.status.code(),
                message.replace(&directory, "DIRECTORY/"),
            )
        });
        assert!(unmasked.0 != Some(0), "{unmasked:?}");
        assert_eq!(unmasked, masked, "{text}");
    }
}

#[test]
fn a_relay_that_is_killed_is_reported() {
    let world = world(
        "pipes",
        "echo READY $$ >\"$OUT\"; read x <\"$HOLD\"; exit 6",
    );
    let mut lines = world.lines();
    let mut command = world.qli(["it"]);
    command.env("SEED", VALUE).stderr(Stdio::piped());
    let mut qli = command.spawn().unwrap();
    lines.wait_for("READY");
    let pid = Pid::from_raw(qli.id().cast_signed());
    let mut all = children(pid).into_iter();
    let relay = all.find(|&child| command_line(child).starts_with("mask-relay"));
    kill(relay.unwrap(), Signal::SIGKILL).unwrap();
    world.release();
    assert_eq!(qli.wait().unwrap().code(), Some(6));
    let mut said = String::new();
    let mut stderr = qli.stderr.take().unwrap();
    stderr.read_to_string(&mut said).unwrap();
    assert!(
        said.contains("was lost: the process that masks it was killed"),
        "{said}"
    );
}
