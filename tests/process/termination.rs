//! Timeouts and repeated interrupts.

use std::os::unix::process::ExitStatusExt as _;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::pty::Terminal;
use crate::support::{output, until};
use crate::terminal::CTRL_C;
use crate::world::{Run, World, wait_for_state};

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
fn a_second_ctrl_c_announces_the_kill_and_the_third_kills() {
    let world = World::new("");
    let mut lines = world.lines();
    let mut terminal = Terminal::start(world.qli(["probe"]));
    let qli = terminal.leader();
    lines.ready(qli);
    // Once the marker is forwarded, qli has handled the key before it.
    for marker in [Signal::SIGUSR1, Signal::SIGUSR2] {
        terminal.press(CTRL_C);
        kill(qli, marker).unwrap();
        lines.wait_for(marker.as_str());
    }
    terminal.wait_for("interrupt again within 10s to kill it");
    terminal.press(CTRL_C);
    terminal.wait_for("interrupted three times: sent SIGKILL to process");
    assert_eq!(terminal.end().code(), Some(137));
    let end = world.end();
    assert_eq!(
        (&end["event"], &end["signal"], &end["escalated"]),
        (&"interrupted".into(), &"SIGKILL".into(), &true.into())
    );
    assert_eq!(end["signals"].as_array().unwrap().len(), 5);
}

#[test]
fn a_signal_that_timeout_1_sends_twice_counts_once() {
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
    let leaves = "sh -c '(echo LEFT $$ >\"$OUT\"; exec sleep 0.01) & exit 0'
        echo READY $$ >\"$OUT\"; read x <\"$HOLD\"; exit 0";
    let world = World::new("").script("leave", leaves);
    let mut lines = world.lines();
    let run = Run::start(&mut world.qli(["leave"]));
    lines.wait_for("READY");
    let qli = world.qli_pid();
    let children = format!("/proc/{qli}/task/{qli}/children");
    until("only the script to be left", || {
        let text = std::fs::read_to_string(&children).unwrap();
        (text.split_whitespace().count() == 1).then_some(())
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
