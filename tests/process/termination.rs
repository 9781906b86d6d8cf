//! Timeouts, and signals that never kill.

use std::os::unix::process::ExitStatusExt as _;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::sys::termios::LocalFlags;
use nix::unistd::Pid;

use crate::masks::has_own_terminal;
use crate::pty::Terminal;
use crate::support::{output, until};
use crate::terminal::{CTRL_C, bash};
use crate::world::{Run, World, status_of, wait_for_state};

/// Ends only by KILL.
const STUBBORN: &str =
    "trap '' TERM INT; echo READY $$ >\"$OUT\"; while :; do read x <\"$HOLD\"; done";

/// Reports TERM, and exits by itself.
const POLITE: &str =
    "exec 2>/dev/null; trap 'echo TERM $$ >\"$OUT\"; exit 3' TERM; echo READY $$ >\"$OUT\"
    while :; do read x <\"$HOLD\"; done";

#[test]
fn at_its_timeout_a_script_is_sent_term_and_its_exit_code_is_kept() {
    let world = World::new("timeout = \"1s\"").script("polite", POLITE);
    let mut lines = world.lines();
    let ended = output(&mut world.qli(["polite"]));
    lines.wait_for("TERM");
    assert_eq!(ended.status.code(), Some(3));
    let text = String::from_utf8(ended.stderr).unwrap();
    assert!(
        text.starts_with("warning: still running after 1s (timeout): sent SIGTERM to process "),
        "{text}"
    );
    let end = world.end();
    assert_eq!(
        (&end["event"], &end["timed_out"]),
        (&"finish".into(), &true.into())
    );
}

#[test]
fn a_script_that_ignores_term_is_killed_after_kill_after() {
    let world = World::new("timeout = \"1s\"\nkill_after = \"20ms\"").script("no", STUBBORN);
    let mut lines = world.lines();
    let run = Run::start(&mut world.qli(["no"]));
    lines.wait_for("READY");
    assert_eq!(run.end().code(), Some(137));
    let end = world.end();
    assert_eq!(
        (&end["signal"], &end["timed_out"]),
        (&"SIGKILL".into(), &true.into())
    );
    assert_eq!(end["escalated"], serde_json::Value::Null);
}

#[test]
fn a_script_that_ends_in_time_is_not_signalled() {
    let world = World::new("timeout = \"1h\"\nkill_after = \"1h\"").script("end", "exit 4");
    let ended = output(&mut world.qli(["end"]));
    assert_eq!((ended.status.code(), ended.stderr.len()), (Some(4), 0));
    assert_eq!(world.end()["timed_out"], serde_json::Value::Null);
}

/// The timeout would pass while the script is stopped.
#[test]
fn time_while_a_script_is_stopped_does_not_count() {
    let stops = "echo READY $$ >\"$OUT\"; kill -STOP $$; read x <\"$HOLD\"; exit 3";
    let world = World::new("timeout = \"2s\"").script("stop", stops);
    let mut lines = world.lines();
    let run = Run::start(&mut world.sh("exec setsid --wait $QLI stop"));
    let script = Pid::from_raw(lines.wait_for("READY").parse().unwrap());
    wait_for_state(script, 'T');
    let stopped = Instant::now();
    let past_timeout = Duration::from_millis(2300);
    until("the timeout to pass", || {
        (stopped.elapsed() >= past_timeout).then_some(())
    });
    kill(script, Signal::SIGCONT).unwrap();
    wait_for_state(script, 'S');
    world.release();
    assert_eq!(run.end().code(), Some(3));
    let end = world.end();
    assert_eq!(end["timed_out"], serde_json::Value::Null);
    assert!(end["suspended_ms"].as_u64().unwrap() >= 2000, "{end}");
}

#[test]
fn without_kill_after_no_number_of_interrupts_kills() {
    let world = World::new("");
    let mut lines = world.lines();
    let mut terminal = Terminal::start(world.qli(["probe"]));
    let qli = terminal.leader();
    let probe = lines.ready(qli);
    for count in 1..=5 {
        terminal.press(CTRL_C);
        lines.wait_for_nth("SIGINT", count);
        kill(qli, Signal::SIGTERM).unwrap();
        lines.wait_for_nth("SIGTERM", count);
    }
    kill(probe, Signal::SIGURG).unwrap();
    assert_eq!(terminal.end().code(), Some(7));
    assert_eq!(terminal.rest(), "");
    let end = world.end();
    assert_eq!(
        (&end["event"], &end["exit_code"], &end["escalated"]),
        (&"interrupted".into(), &7.into(), &serde_json::Value::Null)
    );
    assert_eq!(end["signals"].as_array().unwrap().len(), 10);
}

/// In a PID namespace with the `/proc` of another one, the ids there are those of
/// strangers.
#[test]
fn processes_are_not_looked_up_in_the_proc_of_another_namespace() {
    let starts = "sleep 1000 & exit 3";
    let world = World::new("").script("starts", starts);
    let run = |options: &[&str]| {
        let mut command = world.program("unshare");
        command.args(["--map-root-user", "--pid", "--fork", "--kill-child"]);
        command
            .args(options)
            .args(["sh", "-c", "$QLI starts; exit $?"]);
        let ended = output(&mut command);
        assert_eq!(ended.status.code(), Some(3), "{ended:?}");
        let log = world.log();
        let [.., start, end] = log.as_slice() else {
            panic!("{log:?}")
        };
        [start["parent_exe"].is_null(), end["left_running"].is_null()]
    };
    assert_eq!(run(&["--mount-proc"]), [false, false]);
    assert_eq!(run(&[]), [true, true]);
}

/// A process that reports TERM and ends.
fn child(name: &str) -> String {
    format!(
        "sh -c 'trap \"echo {name} 1 >\\$OUT; exit 0\" TERM; echo UP $$ >$OUT
            while :; do read x <$HOLD; done 2>/dev/null'"
    )
}

#[test]
fn at_the_timeout_term_also_reaches_what_the_script_started() {
    let script = format!("{} & wait; exit 3", child("CHILD"));
    let world = World::new("timeout = \"1s\"").script("start", &script);
    let mut lines = world.lines();
    let ended = output(&mut world.qli(["start"]));
    lines.wait_for("CHILD");
    assert_eq!(ended.status.signal(), Some(Signal::SIGTERM as i32));
    let text = String::from_utf8(ended.stderr).unwrap();
    assert!(text.contains("sent SIGTERM to process "), "{text}");
    assert!(text.contains(" and 1 that it started"), "{text}");
}

#[test]
fn a_timeout_never_reaches_another_process_of_a_pipeline() {
    let world = World::new("timeout = \"100ms\"").script("wait", "read x <\"$HOLD\"");
    let mut lines = world.lines();
    let line = format!(
        "{} & $QLI wait; echo ENDED $? >$OUT; read x <$HOLD",
        child("OTHER")
    );
    let run = Run::start(&mut world.sh(&line));
    assert_eq!(lines.wait_for("ENDED"), "143");
    let other = lines.wait_for("UP").parse().unwrap();
    kill(Pid::from_raw(other), Signal::SIGTERM).unwrap();
    lines.wait_for("OTHER");
    assert_eq!(lines.all().len(), 3, "{:?}", lines.all());
    drop(run);
}

/// The script ends first.
#[test]
fn what_ends_soon_after_its_term_is_not_reported_as_running() {
    let slow = "sh -c 'trap \"sleep 0.02; exit 0\" TERM; echo UP $$ >$OUT
        while :; do read x <$HOLD; done 2>/dev/null'";
    let world = World::new("timeout = \"1s\"").script("start", &format!("{slow} & wait"));
    let mut lines = world.lines();
    let ended = output(&mut world.qli(["start"]));
    lines.wait_for("UP");
    assert_eq!(ended.status.signal(), Some(Signal::SIGTERM as i32));
    let text = String::from_utf8(ended.stderr).unwrap();
    assert!(!text.contains("is still running"), "{text}");
    assert_eq!(world.end()["left_running"], serde_json::Value::Null);
}

#[test]
fn what_still_runs_after_a_timeout_is_reported() {
    // A daemon leaves the process group, so it is not signalled.
    let script = "setsid sh -c 'echo DAEMON $$ >$OUT; read x <$HOLD' >/dev/null 2>&1 &
        read x <$HOLD";
    let world = World::new("timeout = \"1s\"").script("daemon", script);
    let mut lines = world.lines();
    let ended = output(&mut world.qli(["daemon"]));
    let daemon = lines.wait_for("DAEMON");
    let text = String::from_utf8(ended.stderr).unwrap();
    let left =
        format!("warning: process {daemon} (sh), which the script started, is still running");
    assert!(text.contains(&left), "{text}");
    assert_eq!(world.end()["left_running"], 1);
}

/// The modes of a terminal after a script made it raw and ended.
fn modes_after(end: &str) -> String {
    let raw = format!("stty raw; echo READY $$ >\"$OUT\"; read x <\"$HOLD\"; {end}");
    let world = World::new("").script("raw", &raw);
    let mut lines = world.lines();
    let bash = bash(&world, "$QLI raw; stty -a >after; exit 0");
    lines.wait_for("READY");
    assert!(!bash.modes().local_flags.contains(LocalFlags::ICANON));
    world.release();
    assert_eq!(bash.end().code(), Some(0));
    std::fs::read_to_string(world.path("after")).unwrap()
}

#[test]
fn after_a_kill_the_terminal_has_the_modes_from_before_the_run() {
    assert!(modes_after("kill -KILL $$").contains(" icanon"));
}

#[test]
fn a_script_that_ends_by_itself_decides_on_the_modes_of_the_terminal() {
    assert!(modes_after("exit 0").contains("-icanon") != has_own_terminal());
    assert!(modes_after("stty -raw; exit 0").contains(" icanon"));
}

#[test]
fn under_timeout_1_a_script_ends_by_itself() {
    let world = World::new("").script("polite", POLITE);
    let mut lines = world.lines();
    // timeout(1) starts qli in a new process group and signals both.
    let run = Run::start(&mut world.sh("exec timeout -s TERM 0.3 $QLI polite"));
    lines.wait_for("TERM");
    assert_eq!(run.end().code(), Some(124));
    assert_eq!(world.end()["exit_code"], 3);
    assert_eq!(world.end()["escalated"], serde_json::Value::Null);
}

/// A process that left the script exits while the script runs: it must not stay a zombie.
#[test]
fn an_orphan_of_the_script_is_reaped_when_it_exits() {
    let leaves = "sh -c 'sh -c \"echo LEFT \\$\\$ >$OUT; exec sleep 0.01\" & exit 0'
        echo READY $$ >\"$OUT\"; read x <\"$HOLD\"; exit 0";
    let world = World::new("").script("leave", leaves);
    let mut lines = world.lines();
    let run = Run::start(&mut world.qli(["leave"]));
    lines.wait_for("READY");
    let orphan = Pid::from_raw(lines.wait_for("LEFT").parse().unwrap());
    until("the orphan to be reaped", || {
        status_of(orphan).is_none().then_some(())
    });
    world.release();
    assert_eq!(run.end().code(), Some(0));
    assert_eq!(world.end()["left_running"], serde_json::Value::Null);
}

#[test]
fn killing_qli_leaves_the_script_running() {
    let world = World::new("").script("polite", POLITE);
    let mut lines = world.lines();
    let run = Run::start(&mut world.qli(["polite"]));
    let script = Pid::from_raw(lines.wait_for("READY").parse().unwrap());
    kill(world.qli_pid(), Signal::SIGKILL).unwrap();
    assert_eq!(run.end().signal(), Some(Signal::SIGKILL as i32));
    kill(script, Signal::SIGTERM).unwrap();
    lines.wait_for("TERM");
    assert_eq!(world.log().len(), 1);
}
