//! Signals to qli alone and to its whole process group, from processes inside and
//! outside it; the witness, by which qli tells them apart.

use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::masks::{has_own_terminal, is_masked};
use crate::signals::{FORWARDED, WAITS, marker};
use crate::support::until;
use crate::terminal::bash;
use crate::world::{
    Lines, Run, World, children, command_line, is_gone, rounds, status_of, wait_for_state,
    witness_of,
};

/// Ends the probe, and returns whether qli recorded that it forwarded this signal, each
/// time that it got it.
fn forwarded(world: &World, run: Run, probe: Pid, signal: Signal) -> Vec<bool> {
    kill(probe, Signal::SIGURG).unwrap();
    assert_eq!(run.end().code(), Some(7));
    let signals = world.end()["signals"].as_array().unwrap().clone();
    let same = signals.iter().filter(|one| one["name"] == signal.as_str());
    same.map(|one| one["forwarded"].as_bool().unwrap())
        .collect()
}

#[test]
fn a_signal_to_the_whole_group_reaches_the_script_once_and_one_to_qli_is_forwarded() {
    for signal in FORWARDED {
        for _ in 0..rounds(2, 50) {
            let world = World::new("");
            let mut lines = world.lines();
            let qli = Run::start(&mut world.qli(["probe"]));
            let probe = lines.ready(qli.pid());
            witness_of(qli.pid());
            for nth in [1, 2] {
                killpg(qli.pid(), signal).unwrap();
                let sender = lines.wait_for_nth(signal.as_str(), nth);
                assert_eq!(sender, std::process::id().to_string());
                // Once this is forwarded, qli has handled the one before it.
                qli.send(marker(signal));
                lines.wait_for_nth(marker(signal).as_str(), nth);
            }
            qli.send(signal);
            let sender = lines.wait_for_nth(signal.as_str(), 3);
            assert_eq!(sender, qli.pid().to_string());
            assert_eq!(lines.signals().len(), 5, "{signal}: {:?}", lines.signals());
            let forwarded = forwarded(&world, qli, probe, signal);
            assert_eq!(forwarded, [false, false, true], "{signal}");
        }
    }
}

/// A supervisor may signal each process of a run in turn.
#[test]
fn a_signal_to_each_process_of_a_run_reaches_the_script_once() {
    let world = World::new("");
    let mut lines = world.lines();
    let qli = Run::start(&mut world.qli(["probe"]));
    let probe = lines.ready(qli.pid());
    for pid in [witness_of(qli.pid()), probe, qli.pid()] {
        kill(pid, Signal::SIGTERM).unwrap();
    }
    lines.wait_for("SIGTERM");
    qli.send(Signal::SIGUSR1);
    lines.wait_for("SIGUSR1");
    assert_eq!(lines.signals(), ["SIGTERM", "SIGUSR1"]);
    assert_eq!(forwarded(&world, qli, probe, Signal::SIGTERM), [false]);
}

/// `killall` finds the witness by the program's file, and not the script.
#[test]
fn a_script_that_would_have_died_of_a_signal_and_lives_has_not_got_it() {
    for (to_witness, forwarded) in [(true, true), (false, false)] {
        let world = World::new("").script("wait", WAITS);
        let mut lines = world.lines();
        let qli = Run::start(&mut world.qli(["wait"]));
        lines.ready(qli.pid());
        let witness = witness_of(qli.pid());
        if to_witness {
            kill(witness, Signal::SIGTERM).unwrap();
            kill(qli.pid(), Signal::SIGTERM).unwrap();
        } else {
            killpg(qli.pid(), Signal::SIGTERM).unwrap();
        }
        assert_eq!(qli.end().signal(), Some(Signal::SIGTERM as i32));
        assert_eq!(world.end()["signals"][0]["forwarded"], forwarded);
    }
}

/// Its first TERM starts the clean-up, a second one would end it.
const ONCE: &str = "#!/usr/bin/env -S python3 -IS
import os, signal, sys
out = os.open(os.environ['OUT'], os.O_WRONLY)
def say(word):
    os.write(out, f'{word} {os.getpid()}\\n'.encode())
def once(*_):
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    say('ONCE')
signal.signal(signal.SIGTERM, once)
signal.signal(signal.SIGWINCH, lambda *_: say('WINCH'))
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
say('READY')
signal.sigwaitinfo([signal.SIGUSR1])
sys.exit(5)
";

#[test]
fn a_handler_that_resets_its_signal_and_cleans_up_is_not_sent_it_again() {
    let world = World::new("").executable("root/g/once", ONCE);
    let mut lines = world.lines();
    let qli = Run::start(&mut world.qli(["once"]));
    lines.ready(qli.pid());
    witness_of(qli.pid());
    // So that qli has looked at the script since it was ready.
    qli.send(Signal::SIGWINCH);
    lines.wait_for("WINCH");
    killpg(qli.pid(), Signal::SIGTERM).unwrap();
    lines.wait_for("ONCE");
    qli.send(Signal::SIGUSR1);
    assert_eq!(qli.end().code(), Some(5));
    let end = world.end();
    // Those that wait together are recorded by number, so TERM may be after USR1.
    let signals = end["signals"].as_array().unwrap();
    let term = signals.iter().find(|one| one["name"] == "SIGTERM").unwrap();
    assert_eq!(term["forwarded"], false);
}

#[test]
fn a_signal_to_qli_long_after_the_same_one_to_its_children_is_forwarded() {
    let world = World::new("");
    let mut lines = world.lines();
    let (qli, probe, witness) = run_with_witness(&world, &mut lines);
    for pid in [witness, probe] {
        kill(pid, Signal::SIGTERM).unwrap();
    }
    let sent = Instant::now();
    until("some time", || {
        (sent.elapsed() >= Duration::from_millis(300)).then_some(())
    });
    qli.send(Signal::SIGTERM);
    assert_eq!(lines.wait_for_nth("SIGTERM", 2), qli.pid().to_string());
    assert_eq!(forwarded(&world, qli, probe, Signal::SIGTERM), [true]);
}

/// As the reader at the end of qli's pipeline may do.
#[test]
fn a_signal_to_qli_from_another_process_of_its_group_reaches_the_script() {
    let line = "$QLI probe & read x <$HOLD; kill -TERM $!; wait $!";
    for with_witness in [false, true] {
        let world = World::new("");
        let mut lines = world.lines();
        let shell = Run::start(&mut world.sh(line));
        let qli = world.qli_pid();
        let probe = lines.ready(qli);
        if with_witness {
            witness_of(qli);
        }
        world.release();
        assert_eq!(lines.wait_for("SIGTERM"), qli.to_string());
        assert_eq!(forwarded(&world, shell, probe, Signal::SIGTERM), [true]);
    }
}

#[test]
fn a_signal_to_the_group_that_a_script_has_left_is_forwarded() {
    let world = World::new("").script("apart", "exec setsid root/g/probe");
    let mut lines = world.lines();
    let qli = Run::start(&mut world.qli(["apart"]));
    let probe = lines.ready(qli.pid());
    witness_of(qli.pid());
    killpg(qli.pid(), Signal::SIGTERM).unwrap();
    assert_eq!(lines.wait_for("SIGTERM"), qli.pid().to_string());
    assert_eq!(forwarded(&world, qli, probe, Signal::SIGTERM), [true]);
}

#[test]
fn tstp_to_the_group_does_not_stop_a_job_again_after_bg() {
    for _ in 0..rounds(3, 50) {
        let world = World::new("");
        let mut lines = world.lines();
        let mut terminal = bash(&world, "$QLI probe");
        let qli = world.qli_pid();
        let probe = lines.ready(qli);
        witness_of(qli);
        killpg(qli, Signal::SIGTSTP).unwrap();
        wait_for_state(qli, 'T');
        wait_for_state(probe, 'T');
        terminal.wait_for("ready$ ");
        terminal.press("bg\n");
        lines.wait_for("SIGCONT");
        kill(qli, Signal::SIGUSR1).unwrap();
        lines.wait_for("SIGUSR1");
        kill(probe, Signal::SIGURG).unwrap();
        terminal.press("wait; exit 0\n");
        assert_eq!(terminal.end().code(), Some(0));
        let end = world.end();
        let stop = serde_json::json!({
            "name": "SIGTSTP", "from_pid": std::process::id(), "forwarded": has_own_terminal(),
            "from_uid": nix::unistd::getuid().as_raw(),
        });
        assert_eq!(end["signals"][0], stop, "{end}");
        assert_eq!(end["signals"].as_array().unwrap().len(), 3, "{end}");
    }
}

fn run_with_witness(world: &World, lines: &mut Lines) -> (Run, Pid, Pid) {
    let qli = Run::start(&mut world.qli(["probe"]));
    let probe = lines.ready(qli.pid());
    let witness = witness_of(qli.pid());
    (qli, probe, witness)
}

#[test]
fn the_witness_is_not_found_as_qli_and_holds_nothing_of_the_run() {
    let world = World::new("");
    let mut lines = world.lines();
    let (qli, probe, witness) = run_with_witness(&world, &mut lines);
    let line = command_line(witness);
    assert!(!line.contains("qli") && !line.contains("probe"), "{line}");
    let status = status_of(witness).unwrap();
    assert!(!status.starts_with("Name:\tqli\n"), "{status}");
    assert_eq!(
        std::fs::read(format!("/proc/{witness}/environ")).unwrap(),
        b""
    );
    let stream = |fd| std::fs::read_link(format!("/proc/{witness}/fd/{fd}")).unwrap();
    assert!(stream(0).display().to_string().starts_with("socket:"));
    assert_eq!([stream(1), stream(2)], ["/dev/null"; 2].map(PathBuf::from));
    kill(probe, Signal::SIGURG).unwrap();
    assert_eq!(qli.end().code(), Some(7));
    assert!(status_of(witness).is_none());
    assert_eq!(world.end()["left_running"], serde_json::Value::Null);
}

#[test]
fn the_witness_ends_when_qli_is_killed() {
    let world = World::new("");
    let mut lines = world.lines();
    let (qli, probe, witness) = run_with_witness(&world, &mut lines);
    qli.send(Signal::SIGKILL);
    until("the witness's end", || is_gone(witness).then_some(()));
    kill(probe, Signal::SIGURG).unwrap();
}

#[test]
fn a_witness_that_is_killed_is_replaced() {
    let world = World::new("");
    let mut lines = world.lines();
    let (qli, probe, witness) = run_with_witness(&world, &mut lines);
    kill(witness, Signal::SIGKILL).unwrap();
    until("its end", || status_of(witness).is_none().then_some(()));
    witness_of(qli.pid());
    assert_eq!(children(qli.pid()).len(), 2 + usize::from(is_masked()));
    killpg(qli.pid(), Signal::SIGTERM).unwrap();
    lines.wait_for("SIGTERM");
    assert_eq!(forwarded(&world, qli, probe, Signal::SIGTERM), [false]);
}

#[test]
fn after_a_stop_of_the_group_cont_to_qli_continues_all_of_it() {
    let world = World::new("");
    let mut lines = world.lines();
    let (qli, probe, witness) = run_with_witness(&world, &mut lines);
    killpg(qli.pid(), Signal::SIGSTOP).unwrap();
    for pid in [qli.pid(), probe, witness] {
        wait_for_state(pid, 'T');
    }
    qli.send(Signal::SIGCONT);
    lines.wait_for("SIGCONT");
    wait_for_state(witness, 'S');
    killpg(qli.pid(), Signal::SIGTERM).unwrap();
    lines.wait_for("SIGTERM");
    assert_eq!(forwarded(&world, qli, probe, Signal::SIGTERM), [false]);
}

#[test]
fn a_witness_that_does_not_answer_delays_a_signal_and_loses_none() {
    let world = World::new("");
    let mut lines = world.lines();
    let (qli, probe, witness) = run_with_witness(&world, &mut lines);
    kill(witness, Signal::SIGSTOP).unwrap();
    wait_for_state(witness, 'T');
    qli.send(Signal::SIGTERM);
    assert_eq!(lines.wait_for("SIGTERM"), qli.pid().to_string());
    assert!(status_of(witness).is_none());
    assert_eq!(forwarded(&world, qli, probe, Signal::SIGTERM), [true]);
}
