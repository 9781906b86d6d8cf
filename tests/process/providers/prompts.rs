//! Programs that ask on the terminal: `terminal = true`.

use std::os::unix::process::ExitStatusExt as _;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::sys::termios::LocalFlags;
use nix::unistd::Pid;

use super::ended::assert_nothing_is_left;
use super::runs::{ONE, marker, refused, team};
use crate::pty::Terminal;
use crate::support::until;
use crate::terminal::{CTRL_C, CTRL_Z, bash, last_line};
use crate::world::{World, children, wait_for_state};

const TERMINAL: &str =
    "one = [\"{ref}\"]\nterminal = true\ntimeout = \"20s\"\nsign_in = \"corp login\"";

/// Asks without echo, and prints the answer.
const ASKS: &str = "stty -echo; printf 'PIN: ' >&2; read pin; stty echo; echo \"pin $pin\"";

fn asks(body: &str) -> World {
    team(&["one"], TERMINAL).provider("one", body)
}

fn start(world: &World) -> Terminal {
    let mut terminal = on_terminal(world);
    terminal.wait_for("PIN: ");
    terminal
}

/// A run on a terminal that shows what is typed.
fn on_terminal(world: &World) -> Terminal {
    let mut command = world.sh("stty echo; exec $QLI hello");
    command.env("MARK", world.path("marker"));
    Terminal::start(command)
}

fn echoes(terminal: &Terminal) -> bool {
    terminal.modes().local_flags.contains(LocalFlags::ECHO)
}

/// The process that asks.
fn program(terminal: &Terminal) -> Pid {
    let program = until("the program", || {
        children(terminal.leader()).first().copied()
    });
    wait_for_state(program, 'S');
    program
}

#[test]
fn a_program_asks_on_the_terminal_in_the_foreground_and_gets_the_answer() {
    let body = format!("set -- $(cat /proc/$$/stat); echo GROUPS $5 $8 >\"$OUT\"; {ASKS}");
    let world = asks(&body);
    let mut lines = world.lines();
    let mut terminal = start(&world);
    let group = terminal.leader();
    assert_eq!(lines.wait_for("GROUPS"), format!("{group} {group}"));
    assert!(!echoes(&terminal));
    terminal.press("1234\n");
    assert_eq!(terminal.end().code(), Some(0));
    assert_eq!(marker(&world), "S_one=pin 1234\n");
    assert!(!terminal.rest().contains("1234"));
}

/// What qli's streams are is for the script alone.
#[test]
fn a_program_asks_on_the_terminal_whatever_the_streams_are() {
    let world = asks(ASKS).script("hello", "cat >\"$MARK\"; echo \"$S_one\" >>\"$MARK\"");
    std::fs::write(world.path("input"), "for the script\n").unwrap();
    let mut command = world.sh("exec $QLI hello <input >result 2>&1");
    command.env("MARK", world.path("marker"));
    let mut terminal = Terminal::start(command);
    terminal.wait_for("PIN: ");
    terminal.press("1234\n");
    assert_eq!(terminal.end().code(), Some(0));
    assert_eq!(marker(&world), "for the script\npin 1234\n");
    assert_eq!(std::fs::read_to_string(world.path("result")).unwrap(), "");
}

#[test]
fn a_run_that_ends_at_the_prompt_restores_the_terminal_and_leaves_nothing() {
    // The program itself, and one that a script has started.
    for body in [ASKS.to_owned(), format!("(trap '' TERM; {ASKS}); echo")] {
        for signal in [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGABRT] {
            let world = asks(&body);
            let terminal = start(&world);
            program(&terminal);
            kill(terminal.leader(), signal).unwrap();
            assert_eq!(terminal.end().signal(), Some(signal as i32));
            assert!(echoes(&terminal), "{signal}");
            assert_nothing_is_left(&world);
        }
    }
}

#[test]
fn ctrl_c_at_the_prompt_ends_the_run() {
    for body in [ASKS.to_owned(), format!("trap '' INT; {ASKS}")] {
        let world = asks(&body);
        let mut terminal = start(&world);
        program(&terminal);
        terminal.press(CTRL_C);
        assert_eq!(terminal.end().signal(), Some(Signal::SIGINT as i32));
        assert!(echoes(&terminal));
        assert_nothing_is_left(&world);
    }
}

#[test]
fn a_program_that_dies_at_its_prompt_or_takes_too_long_leaves_the_terminal_as_it_was() {
    let too_long = TERMINAL.replace("20s", "300ms");
    for (fields, why) in [
        (TERMINAL, "died of a signal"),
        (&too_long, "no answer within 300ms"),
    ] {
        let world = team(&["one"], fields).provider("one", ASKS);
        let mut terminal = on_terminal(&world);
        if fields == TERMINAL {
            terminal.wait_for("PIN: ");
            kill(program(&terminal), Signal::SIGKILL).unwrap();
        }
        terminal.wait_for(why);
        assert_eq!(terminal.end().code(), Some(125));
        assert!(echoes(&terminal));
        assert_nothing_is_left(&world);
    }
}

#[test]
fn ctrl_z_at_the_prompt_stops_the_run_and_its_clock() {
    let fields = TERMINAL.replace("20s", "2s");
    let world = team(&["one"], &fields).provider("one", ASKS);
    let line = format!("MARK={} $QLI hello", world.path("marker").display());
    let begun = Instant::now();
    let mut terminal = bash(&world, &line);
    terminal.wait_for("PIN: ");
    terminal.press(CTRL_Z);
    terminal.wait_for("Stopped");
    terminal.wait_for("ready$ ");
    until("more than the time limit", || {
        (begun.elapsed() > Duration::from_millis(2_100)).then_some(())
    });
    terminal.press("fg\n");
    terminal.wait_for("hello");
    terminal.press("1234\n");
    terminal.wait_for("ready$ ");
    last_line(&mut terminal, "echo code=$?", "code=0");
    assert_eq!(marker(&world), "S_one=pin 1234\n");
}

#[test]
fn without_a_terminal_it_is_refused_in_the_preview_and_in_the_run() {
    let world = asks("echo CALLED >\"$OUT\"");
    let mut lines = world.lines();
    let mut command = world.program("setsid");
    command.args(["--wait", "qli", "--extensions", "root", "g", "hello"]);
    let said = refused(&world, &mut command);
    let mut preview = world.program("setsid");
    preview.args([
        "--wait",
        "qli",
        "--extensions",
        "root",
        "explain",
        "g",
        "hello",
    ]);
    let shown = crate::support::output(&mut preview);
    assert_eq!(shown.status.code(), Some(125));
    let shown = String::from_utf8(shown.stdout).unwrap();
    for text in [said, shown] {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let why = "the program asks on the terminal, and there is none";
        assert!(text.contains(why), "{text}");
    }
    assert!(lines.all().is_empty());
}

/// Two that ask, and two that do not and are listed before.
#[test]
fn programs_that_ask_are_called_first_and_alone() {
    let plain = ["plain", "other"];
    let world = team(&plain, ONE);
    super::runs::add_to_manifest(
        &world,
        "[[secrets]]\nenv = \"A\"\nref = \"r\"\nprovider = \"a\"\n\
         [[secrets]]\nenv = \"B\"\nref = \"r\"\nprovider = \"b\"\n\
         [providers.a]\nprogram = \"BIN/a\"\none = [\"{ref}\"]\nterminal = true\n\
         [providers.b]\nprogram = \"BIN/b\"\none = [\"{ref}\"]\nterminal = true\n",
    );
    let mut world = world;
    for name in plain {
        world = world.provider(name, &format!("echo {name} $$ >\"$OUT\"; echo v"));
    }
    for name in ["a", "b"] {
        world = world.provider(name, &format!("echo {name} $$ >\"$OUT\"; {ASKS}"));
    }
    let mut lines = world.lines();
    let mut terminal = on_terminal(&world);
    for name in ["a", "b"] {
        terminal.wait_for("PIN: ");
        lines.wait_for(name);
        program(&terminal);
        assert_eq!(children(terminal.leader()).len(), 1);
        terminal.press("1\n");
    }
    assert_eq!(terminal.end().code(), Some(0));
    let called = lines.all();
    let names: Vec<_> = called
        .iter()
        .map(|line| line.split_once(' ').unwrap().0)
        .collect();
    assert_eq!(names[..2], ["a", "b"]);
    assert_eq!(names.len(), 4);
}
