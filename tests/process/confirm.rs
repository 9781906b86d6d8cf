//! The question of `confirm`: what answers it, and what does not.

use std::fs::OpenOptions;
use std::os::fd::AsFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::ExitStatusExt as _;

use nix::libc::{O_NOCTTY, O_NONBLOCK};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{InputFlags, LocalFlags, SetArg, Termios, cfmakeraw, tcsetattr};
use nix::unistd::Pid;

use crate::pty::Terminal;
use crate::support::until;
use crate::terminal::{CTRL_Z, bash, last_line};
use crate::world::{Lines, World, code, wait_for_state};

fn world() -> World {
    World::new("confirm = true").script("hello", "echo RAN $$ >\"$OUT\"; exit 4")
}

/// Starts a run on a terminal that is prepared first, and waits for the question.
fn ask(world: &World, lines: &mut Lines, prepare: impl FnOnce(&mut Terminal)) -> Terminal {
    let gate = "echo GATE $$ >\"$OUT\"; read go <\"$HOLD\"; exec $QLI hello";
    let mut terminal = Terminal::start(world.sh(gate));
    lines.wait_for("GATE");
    prepare(&mut terminal);
    world.release();
    terminal.wait_for("[y/N] ");
    wait_for_state(terminal.leader(), 'S');
    terminal
}

fn assert_nothing_ran(world: &World, lines: &mut Lines) {
    assert_eq!(
        lines.all().len(),
        1,
        "only the gate's line: {:?}",
        lines.all()
    );
    assert!(world.log().is_empty());
}

#[test]
fn only_a_typed_y_or_yes_confirms() {
    for (typed, yes) in [
        ("y\n", true),
        ("yes\n", true),
        ("\n", false),
        ("n\n", false),
        ("\x04", false),
    ] {
        let world = world();
        let mut lines = world.lines();
        let mut terminal = ask(&world, &mut lines, |_| ());
        terminal.press(typed);
        let code = terminal.end().code();
        if yes {
            assert_eq!(code, Some(4), "{typed:?}");
            assert_eq!(world.log()[0]["guards"][0]["detail"], "tty");
        } else {
            assert_eq!(code, Some(125), "{typed:?}");
            assert_nothing_ran(&world, &mut lines);
        }
    }
}

fn without_icrnl(modes: &mut Termios) {
    modes.input_flags -= InputFlags::ICRNL;
}

fn without_echo(modes: &mut Termios) {
    modes.local_flags -= LocalFlags::ECHO;
}

/// Modes that a crashed program can leave behind.
const MODES: [fn(&mut Termios); 4] = [|_| (), without_icrnl, without_echo, cfmakeraw];

/// Starts a run on a terminal with other modes, and returns these.
fn ask_with(
    world: &World,
    lines: &mut Lines,
    change: fn(&mut Termios),
) -> (Terminal, Option<Termios>) {
    let mut modes = None;
    let terminal = ask(world, lines, |terminal| {
        let mut wanted = terminal.modes();
        change(&mut wanted);
        tcsetattr(terminal.screen(), SetArg::TCSANOW, &wanted).unwrap();
        modes = Some(terminal.modes());
    });
    (terminal, modes)
}

#[test]
fn enter_answers_whatever_modes_the_terminal_was_left_in() {
    for change in MODES {
        let world = world();
        let mut lines = world.lines();
        let (mut terminal, modes) = ask_with(&world, &mut lines, change);
        terminal.press("y\r");
        // The answer is visible, and its line ends.
        terminal.wait_for("y\r\n");
        assert_eq!(terminal.end().code(), Some(4));
        assert_eq!(Some(terminal.modes()), modes);
    }
}

#[test]
fn a_required_name_is_typed_on_the_terminal() {
    for (typed, runs) in [("g", true), ("y", false)] {
        let world = World::new("confirm_by = \"name\"").script("end", "exit 0");
        let mut terminal = Terminal::start(world.qli(["end"]));
        terminal.wait_for("Type g to confirm: ");
        wait_for_state(terminal.leader(), 'S');
        terminal.press(&format!("{typed}\n"));
        assert_eq!(terminal.end().code(), Some(if runs { 0 } else { 125 }));
        assert_eq!(world.log_text().contains("\"detail\":\"typed\""), runs);
    }
}

#[test]
fn a_user_who_cannot_see_the_banner_is_still_asked() {
    for stderr in ["2>&-", "2>/dev/full"] {
        for (typed, expected) in [("y", 4), ("n", 125)] {
            let manifest = "banner = \"BANNER\"\nconfirm = true";
            let world = World::new(manifest).script("hello", "exit 4");
            let mut terminal = Terminal::start(world.sh(&format!("exec $QLI hello {stderr}")));
            terminal.wait_for("[y/N] ");
            wait_for_state(terminal.leader(), 'S');
            terminal.press(&format!("{typed}\n"));
            assert_eq!(terminal.end().code(), Some(expected), "{stderr}");
            assert!(!terminal.rest().contains("BANNER"), "{stderr}");
        }
    }
}

#[test]
fn input_typed_before_the_question_does_not_answer_it() {
    let world = world();
    let mut lines = world.lines();
    let mut terminal = ask(&world, &mut lines, |terminal| {
        terminal.press("y\n");
        wait_for_input(terminal);
    });
    terminal.press("\n");
    assert_eq!(terminal.end().code(), Some(125));
    assert_nothing_ran(&world, &mut lines);
}

/// Waits until typed input can be read from the terminal.
fn wait_for_input(terminal: &Terminal) {
    let front = format!("/proc/{}/fd/0", terminal.leader());
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(O_NOCTTY | O_NONBLOCK);
    let front = options.open(front).unwrap();
    until("typed input", || {
        let mut fds = [PollFd::new(front.as_fd(), PollFlags::POLLIN)];
        (poll(&mut fds, PollTimeout::ZERO).unwrap() > 0).then_some(())
    });
}

#[test]
fn a_signal_at_the_question_ends_the_run_and_restores_the_terminal() {
    let by_key = [
        (Signal::SIGINT, Some("\x03")),
        (Signal::SIGQUIT, Some("\x1c")),
    ];
    let sent = [(Signal::SIGTERM, None), (Signal::SIGUSR1, None)];
    for (signal, key) in by_key.into_iter().chain(sent) {
        for change in MODES {
            let world = world();
            let mut lines = world.lines();
            let (mut terminal, modes) = ask_with(&world, &mut lines, change);
            let qli = terminal.leader();
            match key {
                Some(key) => terminal.press(key),
                None => kill(qli, signal).unwrap(),
            }
            assert_eq!(terminal.end().signal(), Some(signal as i32));
            assert_eq!(Some(terminal.modes()), modes);
            assert_nothing_ran(&world, &mut lines);
        }
    }
}

#[test]
fn without_a_terminal_neither_a_pipe_nor_a_variable_confirms() {
    for line in [
        "yes | $QLI hello",
        "CI=1 $QLI hello",
        "yes | CI=true QLI_YES=1 $QLI hello",
    ] {
        let world = world();
        let mut lines = world.lines();
        let mut command = world.program("setsid");
        command.args(["--wait", "sh", "-c", line]);
        assert_eq!(code(&mut command), Some(125), "{line}");
        assert!(lines.all().is_empty() && world.log().is_empty(), "{line}");
    }
}

#[test]
fn on_a_terminal_a_variable_does_not_confirm_either() {
    let world = world();
    let mut lines = world.lines();
    let mut command = world.sh("yes | CI=1 $QLI hello");
    command.env("CI", "1");
    let mut terminal = Terminal::start(command);
    terminal.wait_for("[y/N] ");
    terminal.press("n\n");
    assert_eq!(terminal.end().code(), Some(125));
    assert!(lines.all().is_empty() && world.log().is_empty());
}

#[test]
fn after_a_stop_the_question_is_asked_again_and_earlier_input_is_ignored() {
    let world = world();
    let mut lines = world.lines();
    let mut terminal = bash(&world, "$QLI hello");
    terminal.wait_for("[y/N] ");
    terminal.press(CTRL_Z);
    terminal.wait_for("Stopped");
    terminal.wait_for("ready$ ");
    assert_eq!(lines.all(), [""; 0]);
    terminal.press("fg\n");
    terminal.wait_for("[y/N] ");
    terminal.press("y\n");
    terminal.wait_for("ready$ ");
    last_line(&mut terminal, "echo code=$?", "code=4");
    assert_eq!(lines.all().len(), 1);
}

#[test]
fn a_question_in_the_background_waits_for_the_foreground() {
    let world = world();
    let mut lines = world.lines();
    let mut terminal = bash(&world, "$QLI hello & echo QLI $! >$OUT");
    let qli = Pid::from_raw(lines.wait_for("QLI").parse().unwrap());
    wait_for_state(qli, 'T');
    assert!(world.log().is_empty());
    terminal.press("fg\n");
    terminal.wait_for("[y/N] ");
    terminal.press("y\n");
    terminal.wait_for("ready$ ");
    last_line(&mut terminal, "echo code=$?", "code=4");
    assert_eq!(world.end()["exit_code"], 4);
}
