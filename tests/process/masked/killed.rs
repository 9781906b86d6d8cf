//! What is left of a terminal when one of a run's processes is stopped or killed.

use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::termios::LocalFlags;
use nix::unistd::{Pid, getpgid};

use super::{MASKED, VALUE, world};
use crate::pty::Terminal;
use crate::support::until;
use crate::world::{World, children, command_line, is_gone, wait_for_state};

const PROMPT: &str = "ready> ";

/// Changes the modes of its terminal, as an editor does.
const EDITOR: &str = "stty raw -echo; echo READY $$ >\"$OUT\"; echo $TOKEN; read x <\"$HOLD\"";

/// A shell that leaves the modes of the terminal as they are.
fn dash(world: &World) -> Terminal {
    let mut dash = world.program("dash");
    dash.arg("-i").env("PS1", PROMPT).env("SEED", VALUE);
    let mut terminal = Terminal::start(dash);
    terminal.wait_for(PROMPT);
    terminal
}

/// A run in that shell, and its processes.
struct Processes {
    world: World,
    terminal: Terminal,
    before: String,
    qli: Pid,
    script: Pid,
}

impl Processes {
    fn start() -> Self {
        let world = world("terminal", EDITOR);
        let mut lines = world.lines();
        let mut terminal = dash(&world);
        let before = format!("{:?}", terminal.modes());
        terminal.press("$QLI it\n");
        let script = Pid::from_raw(lines.wait_for("READY").parse().unwrap());
        terminal.wait_for(MASKED);
        let qli = world.qli_pid();
        wait_for_state(qli, 'S');
        assert!(!terminal.modes().local_flags.contains(LocalFlags::ECHO));
        Self {
            world,
            terminal,
            before,
            qli,
            script,
        }
    }

    /// Another process of qli's.
    fn other(&self, name: &str) -> Pid {
        let mut all = children(self.qli).into_iter();
        let found = all.find(|&child| command_line(child).starts_with(name));
        found.unwrap_or_else(|| panic!("no {name}"))
    }

    fn assert_usable(&mut self) {
        until("the modes of the terminal", || {
            (format!("{:?}", self.terminal.modes()) == self.before).then_some(())
        });
        self.terminal.press("echo us''able\n");
        self.terminal.wait_for("usable\r\n");
    }
}

/// Kills a process of a run, and checks the terminal.
fn assert_usable_without(victim: fn(&Processes) -> Pid) {
    let mut all = Processes::start();
    kill(victim(&all), Signal::SIGKILL).unwrap();
    all.terminal.wait_for(PROMPT);
    all.assert_usable();
}

#[test]
fn without_qli_the_terminal_is_usable() {
    assert_usable_without(|all| all.qli);
}

#[test]
fn without_the_script_the_terminal_is_usable() {
    assert_usable_without(|all| all.script);
}

#[test]
fn without_the_relay_the_terminal_is_usable() {
    assert_usable_without(|all| all.other("mask-relay"));
}

#[test]
fn without_the_monitor_the_terminal_is_usable() {
    assert_usable_without(|all| all.other("terminal-monitor"));
}

#[test]
fn the_whole_group_is_killed() {
    let mut all = Processes::start();
    killpg(getpgid(Some(all.qli)).unwrap(), Signal::SIGKILL).unwrap();
    all.terminal.wait_for(PROMPT);
    all.assert_usable();
    until("the end of the script", || {
        is_gone(all.script).then_some(())
    });
}

#[test]
fn a_stop_of_qli_alone_gives_the_shell_its_terminal() {
    let mut all = Processes::start();
    kill(all.qli, Signal::SIGSTOP).unwrap();
    all.terminal.wait_for(PROMPT);
    all.assert_usable();
    all.terminal.press("fg\n");
    wait_for_state(all.qli, 'S');
    until("raw mode", || {
        let modes = all.terminal.modes();
        (!modes.local_flags.contains(LocalFlags::ECHO)).then_some(())
    });
    all.world.release();
    all.terminal.wait_for(PROMPT);
    all.assert_usable();
}

#[test]
fn a_hangup_ends_all() {
    let all = Processes::start();
    let relay = all.other("mask-relay");
    let monitor = all.other("terminal-monitor");
    let Processes {
        world,
        terminal,
        qli,
        script,
        ..
    } = all;
    drop(terminal);
    for pid in [script, qli, relay, monitor] {
        until("its end", || is_gone(pid).then_some(()));
    }
    assert_eq!(world.end()["signal"], "SIGHUP");
}
