//! Keys pressed on a terminal, and its size.

use std::os::unix::process::ExitStatusExt as _;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use rustix::termios::tcsetwinsize;

use crate::masks::{has_own_terminal, is_masked};
use crate::pty::Terminal;
use crate::start::{Reached, WAIT, busy, moment, reached};
use crate::support::until;
use crate::world::{Run, World, bit, mask, rounds, status_of, wait_for_state, witness_of};

pub(crate) const CTRL_C: &str = "\x03";
pub(crate) const CTRL_Z: &str = "\x1a";
const CTRL_BACKSLASH: &str = "\x1c";

/// Does something to the terminal of a running probe, and checks that the script
/// receives the resulting signal once, and no other.
fn reaches_the_script_once(signal: Signal, act: impl FnOnce(&mut Terminal)) {
    let world = World::new("");
    let mut lines = world.lines();
    let mut terminal = Terminal::start(world.qli(["probe"]));
    let qli = terminal.leader();
    let probe = lines.ready(qli);
    terminal.wait_until_taken_over();
    act(&mut terminal);
    assert_eq!(lines.wait_for(signal.as_str()), "0", "not from the kernel");
    // Signals that arrive together are handled in the order of their numbers: once
    // the second marker arrives, qli has handled everything before the first.
    for marker in [Signal::SIGUSR1, Signal::SIGUSR2] {
        kill(qli, marker).unwrap();
        lines.wait_for(marker.as_str());
    }
    kill(probe, Signal::SIGURG).unwrap();
    assert_eq!(terminal.end().code(), Some(7));
    assert_eq!(lines.signals(), [signal.as_str(), "SIGUSR1", "SIGUSR2"]);
    let recorded = world.end()["signals"].as_array().unwrap().clone();
    let own = serde_json::json!({ "name": signal.as_str(), "forwarded": false });
    assert!(
        recorded.contains(&own) && recorded.len() == 3,
        "{recorded:?}"
    );
}

#[test]
fn ctrl_c_reaches_the_script_once() {
    for _ in 0..rounds(3, 50) {
        reaches_the_script_once(Signal::SIGINT, |terminal| terminal.press(CTRL_C));
    }
}

#[test]
fn ctrl_backslash_reaches_the_script_once() {
    for _ in 0..rounds(3, 50) {
        reaches_the_script_once(Signal::SIGQUIT, |terminal| terminal.press(CTRL_BACKSLASH));
    }
}

#[test]
fn a_resize_of_the_terminal_reaches_the_script_once() {
    for _ in 0..rounds(3, 50) {
        reaches_the_script_once(Signal::SIGWINCH, |terminal| {
            let size = rustix::termios::Winsize {
                ws_row: 33,
                ws_col: 99,
                ws_xpixel: 0,
                ws_ypixel: 0,
            };
            tcsetwinsize(terminal.screen(), size).unwrap();
        });
    }
}

/// Like [`WAIT`], without a handler of INT: a signal that dash has noted directly before it
/// opens the pipe does not end it.
const WAIT_BY_DEFAULT: &str = "#!/usr/bin/perl
open my $out, '>', $ENV{OUT}; syswrite $out, qq(READY $$\\n);
open my $hold, '<', $ENV{HOLD}; readline $hold;
";

#[test]
fn ctrl_c_around_the_spawn_ends_the_run_or_reaches_the_script() {
    let rounds = rounds(30, 300);
    // A relay is started first.
    let within = Duration::from_millis(if is_masked() { 24 } else { 8 });
    let mut scripts = 0;
    for nth in 0..rounds {
        let world = World::new("").executable("root/g/wait", WAIT_BY_DEFAULT);
        let mut lines = world.lines();
        let mut terminal = Terminal::start(world.qli(["wait"]));
        let qli = terminal.leader();
        until("signal handlers", || {
            let status = status_of(qli)?;
            (mask(&status, "SigCgt") & bit(Signal::SIGINT) != 0).then_some(())
        });
        busy(moment(nth, within));
        terminal.press(CTRL_C);
        assert_eq!(terminal.end().signal(), Some(Signal::SIGINT as i32));
        scripts += u32::from(reached(&world, &mut lines) == Reached::Script);
    }
    assert!(scripts > 0, "none of {rounds} scripts was reached");
}

#[test]
fn ctrl_c_while_the_handlers_are_being_installed_is_not_lost() {
    let world = World::new("").script("wait", WAIT);
    // Delays qli after each call that installs a handler.
    let line = "call=rt_sigaction
        exec strace -D -o calls -e trace=$call -e inject=$call:delay_exit=50000 $QLI wait";
    let mut terminal = Terminal::start(world.sh(line));
    let qli = terminal.leader();
    until("the handler of INT", || {
        let status = status_of(qli).filter(|status| status.starts_with("Name:\tqli\n"))?;
        (mask(&status, "SigCgt") & bit(Signal::SIGINT) != 0).then_some(())
    });
    terminal.press(CTRL_C);
    assert_eq!(terminal.end().signal(), Some(Signal::SIGINT as i32));
}

#[test]
fn ctrl_c_that_reaches_only_qli_during_the_spawn_is_forwarded() {
    let world = World::new("").script("wait", WAIT);
    // Delays qli before the call that creates the script's process.
    let line = "calls=clone,clone3,fork,vfork
        exec strace -o calls -e trace=$calls -e inject=$calls:delay_enter=300000:when=1 $QLI wait";
    let mut terminal = Terminal::start(world.sh(line));
    until("the start of the script", || {
        let calls = std::fs::read_to_string(world.path("calls")).ok()?;
        (calls.contains("clone") || calls.contains("fork")).then_some(())
    });
    terminal.press(CTRL_C);
    assert_eq!(terminal.end().signal(), Some(Signal::SIGINT as i32));
    let end = world.end();
    let forwarded = serde_json::json!([{ "name": "SIGINT", "forwarded": true }]);
    assert_eq!(
        (&end["signal"], &end["signals"]),
        (&"SIGINT".into(), &forwarded)
    );
}

#[test]
fn ctrl_c_ends_a_shell_loop() {
    let world = World::new("").script("wait", WAIT);
    let mut lines = world.lines();
    let mut bash = world.program("bash");
    bash.args(["-c", "for i in 1 2 3; do $QLI wait; done; echo AFTER"]);
    let mut terminal = Terminal::start(bash);
    lines.ready(world.qli_pid());
    terminal.press(CTRL_C);
    assert_eq!(terminal.end().signal(), Some(Signal::SIGINT as i32));
    assert_eq!(lines.all().len(), 1);
    assert!(!terminal.rest().contains("AFTER"));
    assert_eq!(world.end()["signal"], "SIGINT");
}

/// Starts an interactive bash and types a line.
pub(crate) fn bash(world: &World, line: &str) -> Terminal {
    let mut bash = world.program("bash");
    bash.args(["--norc", "--noprofile", "-i"]);
    bash.env("PS1", "ready$ ").env("TERM", "dumb");
    let mut terminal = Terminal::start(bash);
    terminal.wait_for("ready$ ");
    terminal.press(&format!("{line}\n"));
    terminal
}

/// Types a last line into bash and waits for what it prints.
pub(crate) fn last_line(terminal: &mut Terminal, line: &str, printed: &str) {
    terminal.press(&format!("{line}; exit 0\n"));
    terminal.wait_for(printed);
    assert_eq!(terminal.end().code(), Some(0));
}

/// Minimum duration of a stop, so that there is something to record.
const STOPPED: Duration = Duration::from_millis(5);

fn assert_suspended(world: &World) {
    let time = Duration::from_millis(world.end()["suspended_ms"].as_u64().unwrap());
    assert!(time >= STOPPED, "{time:?}");
}

#[test]
fn ctrl_z_stops_both_and_fg_continues_both() {
    let world = World::new("");
    let mut lines = world.lines();
    let mut terminal = bash(&world, "$QLI probe");
    let qli = world.qli_pid();
    let probe = lines.ready(qli);
    terminal.press(CTRL_Z);
    terminal.wait_for("Stopped");
    wait_for_state(qli, 'T');
    wait_for_state(probe, 'T');
    busy(STOPPED);
    terminal.wait_for("ready$ ");
    terminal.press("fg\n");
    lines.wait_for("SIGCONT");
    wait_for_state(qli, 'S');
    kill(probe, Signal::SIGURG).unwrap();
    terminal.wait_for("ready$ ");
    last_line(&mut terminal, "echo code=$?", "code=7");
    assert_eq!(lines.signals(), ["SIGCONT"]);
    assert_suspended(&world);
}

#[test]
fn a_script_that_stops_itself_gives_the_shell_its_prompt_back() {
    let world = World::new("").script("stop", "kill -STOP $$; exit 5");
    let mut terminal = bash(&world, "$QLI stop");
    terminal.wait_for("Stopped");
    terminal.wait_for("ready$ ");
    wait_for_state(world.qli_pid(), 'T');
    busy(STOPPED);
    terminal.press("fg\n");
    terminal.wait_for("ready$ ");
    last_line(&mut terminal, "echo code=$?", "code=5");
    assert_suspended(&world);
}

#[test]
fn tstp_sent_to_qli_stops_the_script_and_cont_reaches_it_once() {
    let world = World::new("");
    let mut lines = world.lines();
    let mut terminal = bash(&world, "$QLI probe");
    let qli = world.qli_pid();
    let probe = lines.ready(qli);
    kill(qli, Signal::SIGTSTP).unwrap();
    terminal.wait_for("Stopped");
    wait_for_state(qli, 'T');
    wait_for_state(probe, 'T');
    kill(qli, Signal::SIGCONT).unwrap();
    assert_eq!(lines.wait_for("SIGCONT"), qli.to_string());
    kill(qli, Signal::SIGUSR1).unwrap();
    lines.wait_for("SIGUSR1");
    kill(probe, Signal::SIGURG).unwrap();
    last_line(&mut terminal, "wait %1; echo code=$?", "code=7");
    assert_eq!(lines.signals(), ["SIGCONT", "SIGUSR1"]);
    let end = world.end();
    let names: Vec<_> = (0..3)
        .map(|nth| end["signals"][nth]["name"].as_str())
        .collect();
    assert_eq!(names, [Some("SIGTSTP"), Some("SIGCONT"), Some("SIGUSR1")]);
}

/// Runs a line of sh as the leader of a terminal's session; when `$HOLD` is released,
/// the terminal hangs up. Ends with the leader's exit code.
const HANGS_UP: &str = "
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execvp('/bin/sh', ['sh', '-c', sys.argv[1]])
open(os.environ['HOLD']).read(1)
os.close(terminal)
_, status = os.waitpid(pid, 0)
sys.exit(os.WEXITSTATUS(status))
";

fn hang_up(line: &str) -> (World, Vec<String>) {
    let world = World::new("");
    let mut lines = world.lines();
    let mut python = world.program("python3");
    python.args(["-ISc", HANGS_UP, line]);
    let run = Run::start(&mut python);
    let qli = world.qli_pid();
    let probe = lines.ready(qli);
    witness_of(qli);
    world.release();
    lines.wait_for("SIGHUP");
    kill(qli, Signal::SIGUSR1).unwrap();
    lines.wait_for("SIGUSR1");
    kill(probe, Signal::SIGURG).unwrap();
    assert_eq!(run.end().signal(), None);
    until("the end record", || (world.log().len() == 2).then_some(()));
    let signals = lines.signals();
    (world, signals)
}

/// The kernel sends it to the leader of the session alone.
#[test]
fn a_hangup_reaches_the_script_once_if_qli_leads_the_session() {
    let (world, signals) = hang_up("exec $QLI probe");
    assert_eq!(signals, ["SIGHUP", "SIGUSR1"]);
    let end = world.end();
    assert_eq!(
        end["signals"][0],
        serde_json::json!({ "name": "SIGHUP", "forwarded": true })
    );
}

/// When the leader exits, the kernel sends it to the foreground group, and CONT.
#[test]
fn a_hangup_reaches_the_script_once_if_a_shell_leads_the_session() {
    let (world, signals) = hang_up("$QLI probe; exit $?");
    assert_eq!(signals, ["SIGHUP", "SIGCONT", "SIGUSR1"]);
    let end = world.end();
    assert_eq!(
        end["signals"][0],
        serde_json::json!({ "name": "SIGHUP", "forwarded": has_own_terminal() })
    );
}
