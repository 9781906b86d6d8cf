//! Signals that reach qli while the script runs.

use std::os::unix::process::ExitStatusExt as _;
use std::str::FromStr as _;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::world::{Run, World, bit, mask, rounds, status_of, wait_for_state};

pub(crate) const FORWARDED: [Signal; 7] = [
    Signal::SIGINT,
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGQUIT,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGALRM,
];

/// A forwarded signal other than the one under test: once the probe receives it,
/// everything before it has been handled.
pub(crate) fn marker(tested: Signal) -> Signal {
    if tested == Signal::SIGUSR1 {
        Signal::SIGUSR2
    } else {
        Signal::SIGUSR1
    }
}

#[test]
fn a_signal_from_outside_reaches_the_script_once_and_unchanged() {
    for signal in FORWARDED {
        for _ in 0..rounds(3, 50) {
            is_forwarded(signal);
        }
    }
}

fn is_forwarded(signal: Signal) {
    let world = World::new("");
    let mut lines = world.lines();
    let qli = Run::start(&mut world.qli(["probe"]));
    let probe = lines.ready(qli.pid());
    qli.send(signal);
    assert_eq!(lines.wait_for(signal.as_str()), qli.pid().to_string());
    qli.send(marker(signal));
    lines.wait_for(marker(signal).as_str());
    kill(probe, Signal::SIGURG).unwrap();
    assert_eq!(qli.end().code(), Some(7));
    let both = [signal.as_str(), marker(signal).as_str()];
    assert_eq!(lines.signals(), both);
    let end = world.end();
    for (nth, name) in both.into_iter().enumerate() {
        let record = &end["signals"][nth];
        assert_eq!(record["name"], name);
        assert_eq!(record["from_pid"], std::process::id());
        assert_eq!(record["from_uid"], nix::unistd::getuid().as_raw());
        assert_eq!(record["forwarded"], true);
    }
    assert_eq!(end["signals"].as_array().unwrap().len(), 2);
    let stopped = FORWARDED[..4].contains(&signal);
    assert_eq!(end["event"], if stopped { "interrupted" } else { "finish" });
}

/// The script does nothing about signals.
pub(crate) const WAITS: &str = "echo READY $$ >\"$OUT\"; read x <\"$HOLD\"";

#[test]
#[cfg(target_os = "linux")]
fn any_other_deadly_signal_ends_the_script_with_a_record_and_qli_dies_of_it() {
    let rt_min = nix::libc::SIGRTMIN();
    let others = [
        "ABRT", "BUS", "FPE", "ILL", "IO", "PROF", "PWR", "SEGV", "STKFLT", "SYS",
    ];
    let others = others.into_iter().chain(["TRAP", "VTALRM", "XCPU"]);
    let named = others.map(|name| {
        (
            Signal::from_str(&format!("SIG{name}")).unwrap() as i32,
            name,
        )
    });
    let real_time = [(rt_min, "RTMIN"), (rt_min + 9, "RTMIN+9")];
    for (number, name) in named.chain(real_time) {
        let world = World::new("").script("wait", WAITS);
        let mut lines = world.lines();
        let qli = Run::start(&mut world.qli(["wait"]));
        lines.ready(qli.pid());
        let mut kill = world.program("kill");
        kill.args([format!("-{number}"), qli.pid().to_string()]);
        assert!(kill.status().unwrap().success());
        assert_eq!(qli.end().signal(), Some(number), "{name}");
        let end = world.end();
        let name = format!("SIG{name}");
        assert_eq!(
            (&end["event"], &end["signal"], &end["signals"][0]["name"]),
            (&"finish".into(), &name.clone().into(), &name.into())
        );
        assert_eq!(end["signals"][0]["forwarded"], true);
    }
}

#[test]
fn an_alarm_that_was_set_before_the_run_reaches_the_script() {
    let world = World::new("").script("wait", WAITS);
    // Long enough for the script to start on a busy machine, where it is missed.
    let ended = prepared(&world, "signal.alarm(2)", "wait").end();
    assert_eq!(ended.signal(), Some(Signal::SIGALRM as i32));
    let end = world.end();
    let alarm = serde_json::json!([{ "name": "SIGALRM", "forwarded": true }]);
    assert_eq!(
        (&end["signals"], &end["signal"]),
        (&alarm, &"SIGALRM".into())
    );
}

/// Makes the probe send TERM, and returns what it received and what qli recorded.
fn sent_by_the_script(to: &str) -> (Vec<String>, serde_json::Value) {
    let world = World::new("");
    let mut lines = world.lines();
    let qli = Run::start(&mut world.qli(["probe", to]));
    let probe = lines.ready(qli.pid());
    qli.send(Signal::SIGUSR1);
    lines.wait_for("SIGUSR1");
    kill(probe, Signal::SIGURG).unwrap();
    assert_eq!(qli.end().code(), Some(7));
    let sent = world.end()["signals"][0].clone();
    assert_eq!(sent["name"], "SIGTERM");
    assert_eq!(sent["from_pid"], probe.as_raw());
    (lines.signals(), sent)
}

#[test]
fn a_signal_from_the_script_to_qli_is_not_sent_back() {
    let (got, sent) = sent_by_the_script("parent");
    assert_eq!(got, ["SIGUSR1"]);
    assert_eq!(sent["forwarded"], false);
}

#[test]
fn a_signal_from_a_child_of_the_script_is_not_forwarded() {
    // The child must not exit: the process group of an exited sender is unknown.
    // It must not send during the spawn, when everything is forwarded.
    let child = "echo READY $$ >$OUT; read x <$HOLD; kill -TERM $0; \
        echo SENT $$ >$OUT; read x <$HOLD";
    let script = format!("sh -c '{child}' $PPID; exit 6");
    let world = World::new("").script("child", &script);
    let mut lines = world.lines();
    let qli = Run::start(&mut world.qli(["child"]));
    lines.ready(qli.pid());
    world.release();
    lines.wait_for("SENT");
    wait_for_state(qli.pid(), 'S');
    world.release();
    assert_eq!(qli.end().code(), Some(6));
    let end = world.end();
    assert_eq!(
        (&end["event"], &end["signal"]),
        (&"interrupted".into(), &"SIGTERM".into())
    );
    assert_eq!(end["signals"][0]["forwarded"], false);
}

#[test]
fn a_signal_from_the_script_to_its_group_reaches_it_once() {
    let (mut got, sent) = sent_by_the_script("group");
    got.sort();
    assert_eq!(got, ["SIGTERM", "SIGUSR1"]);
    assert_eq!(sent["forwarded"], false);
}

#[test]
fn a_script_starts_with_no_signal_blocked_or_ignored() {
    let world = World::new("").script("masks", "exec cat /proc/self/status >status");
    assert!(Run::start(&mut world.qli(["masks"])).end().success());
    let status = std::fs::read_to_string(world.path("status")).unwrap();
    let standard = 0x7fff_ffff; // the C library ignores the two real-time signals it uses
    assert_eq!(mask(&status, "SigBlk"), 0);
    assert_eq!(mask(&status, "SigIgn") & standard, 0);
}

/// Starts the probe from a shell, sends qli an ignored signal, and checks that it has
/// no effect.
fn stays_ignored(line: &str, ignored: &[Signal]) {
    let world = World::new("");
    let mut lines = world.lines();
    let shell = Run::start(&mut world.sh(line));
    let qli = world.qli_pid();
    let probe = lines.ready(qli);
    for &signal in ignored {
        for process in [qli, probe] {
            let status = status_of(process).unwrap();
            assert_ne!(mask(&status, "SigIgn") & bit(signal), 0, "{signal}");
            assert_eq!(mask(&status, "SigCgt") & bit(signal), 0, "{signal}");
        }
        kill(qli, signal).unwrap();
    }
    kill(qli, Signal::SIGUSR1).unwrap();
    lines.wait_for("SIGUSR1");
    kill(probe, Signal::SIGURG).unwrap();
    assert_eq!(shell.end().into_raw(), 7 << 8);
    assert_eq!(lines.signals(), ["SIGUSR1"]);
    assert_eq!(world.end()["signals"].as_array().unwrap().len(), 1);
}

#[test]
fn hup_stays_ignored_under_nohup() {
    stays_ignored("exec nohup $QLI probe", &[Signal::SIGHUP]);
}

#[test]
fn int_and_quit_stay_ignored_in_the_background_of_sh() {
    stays_ignored("$QLI probe & wait $!", &[Signal::SIGINT, Signal::SIGQUIT]);
}

/// Runs qli from a Python program that has set up its signals.
fn prepared(world: &World, prepare: &str, words: &str) -> Run {
    let program = format!(
        "import os, signal\n{prepare}\nwords = os.environ['QLI'].split() + '{words}'.split()\n\
         os.execvp('qli', words)"
    );
    let mut python = world.program("python3");
    python.args(["-ISc", &program]);
    Run::start(&mut python)
}

#[test]
fn signals_that_are_blocked_on_entry_are_unblocked_for_qli_and_script() {
    let world = World::new("").script("masks", "exec cat /proc/self/status >status");
    let block = "signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())";
    assert!(prepared(&world, block, "masks").end().success());
    let status = std::fs::read_to_string(world.path("status")).unwrap();
    assert_eq!(mask(&status, "SigBlk"), 0);
}

#[test]
fn pipe_that_was_ignored_on_entry_stays_ignored_in_the_script() {
    let world = World::new("").script("masks", "exec cat /proc/self/status >status");
    for (entry, ignored) in [("SIG_IGN", true), ("SIG_DFL", false)] {
        let prepare = format!("signal.signal(signal.SIGPIPE, signal.{entry})");
        assert!(prepared(&world, &prepare, "masks").end().success());
        let status = std::fs::read_to_string(world.path("status")).unwrap();
        let found = mask(&status, "SigIgn") & bit(Signal::SIGPIPE) != 0;
        assert_eq!(found, ignored, "{entry}");
        assert_eq!(mask(&status, "SigBlk"), 0, "{entry}");
    }
}

#[test]
fn an_exit_code_is_not_lost_if_chld_was_ignored_on_entry() {
    let world = World::new("").script("end", "exit 3");
    let ignore = "signal.signal(signal.SIGCHLD, signal.SIG_IGN)";
    assert_eq!(prepared(&world, ignore, "end").end().code(), Some(3));
}

#[test]
fn xfsz_that_was_ignored_on_entry_stays_ignored_in_the_script() {
    let world = World::new("").script("masks", "exec cat /proc/self/status >status");
    assert!(prepared(&world, "", "masks").end().success()); // Python ignores it itself
    let status = std::fs::read_to_string(world.path("status")).unwrap();
    assert_ne!(mask(&status, "SigIgn") & bit(Signal::SIGXFSZ), 0);
}

#[test]
fn a_script_keeps_the_default_action_of_xfsz() {
    let world = World::new("").script("masks", "exec cat /proc/self/status >status");
    let default = "signal.signal(signal.SIGXFSZ, signal.SIG_DFL)";
    assert!(prepared(&world, default, "masks").end().success());
    let status = std::fs::read_to_string(world.path("status")).unwrap();
    let changed = mask(&status, "SigIgn") | mask(&status, "SigCgt") | mask(&status, "SigBlk");
    assert_eq!(changed & bit(Signal::SIGXFSZ), 0);
}

#[test]
fn qli_dies_of_an_ignored_signal_if_its_script_does() {
    let die = "#!/usr/bin/env -S python3 -IS\nimport os, signal\n\
               signal.signal(signal.SIGHUP, signal.SIG_DFL)\nos.kill(os.getpid(), signal.SIGHUP)\n";
    let world = World::new("").executable("root/g/die", die);
    let ended = Run::start(&mut world.sh("exec nohup $QLI die")).end();
    assert_eq!(ended.signal(), Some(Signal::SIGHUP as i32));
}

#[test]
fn without_job_control_the_first_cont_continues_a_stopped_script() {
    for _ in 0..rounds(10, 100) {
        let world = World::new("").script("stop", "echo READY $$ >\"$OUT\"; kill -STOP $$; exit 3");
        let mut lines = world.lines();
        let run = Run::start(&mut world.sh("exec setsid --wait $QLI stop"));
        let script = Pid::from_raw(lines.wait_for("READY").parse().unwrap());
        wait_for_state(script, 'T');
        let qli = world.qli_pid();
        wait_for_state(qli, 'S'); // it has not stopped itself
        kill(qli, Signal::SIGCONT).unwrap();
        assert_eq!(run.end().code(), Some(3));
        let end = world.end();
        let cont = &end["signals"][0];
        assert_eq!(
            (&cont["name"], &cont["forwarded"]),
            (&"SIGCONT".into(), &true.into())
        );
    }
}
