//! A terminal and streams that are none, at once.

use nix::sys::termios::LocalFlags;

use super::{MASKED, VALUE, assert_same_screen_of, start, world};
use crate::support::until;

/// Asks for a password as `ssh` does.
const ASKS: &str = "stty -echo </dev/tty; printf 'Password: ' >/dev/tty
    read -r given </dev/tty; stty echo </dev/tty; echo >/dev/tty
    test \"$given\" = sesame && echo done $TOKEN >/dev/tty";

#[test]
fn in_a_pipeline_a_password_is_asked_for_on_the_terminal() {
    for line in ["$QLI it | cat", ": | $QLI it", ": | $QLI it | cat"] {
        let shown = format!("done {VALUE}\r\n");
        assert_same_screen_of(
            line,
            |_| {},
            ASKS,
            &[("", "Password: "), ("sesame\r", &shown)],
        );
    }
}

#[test]
fn one_stream_is_a_file_and_the_other_the_terminal() {
    let script = "echo out $TOKEN; echo err $TOKEN >&2; test -t 1; echo $? >&2; test -t 2; echo $?";
    for (line, shown, kept) in [
        (
            "exec $QLI it >kept",
            "err [secret:TOKEN]\r\n1\r\n",
            "out [secret:TOKEN]\n0\n",
        ),
        (
            "exec $QLI it 2>kept",
            "out [secret:TOKEN]\r\n1\r\n",
            "err [secret:TOKEN]\n0\n",
        ),
    ] {
        let world = world("terminal", script);
        let mut terminal = start(&world, line);
        assert_eq!(terminal.end().code(), Some(0), "{line}");
        assert_eq!(String::from_utf8_lossy(terminal.printed()), shown, "{line}");
        let file = std::fs::read_to_string(world.path("kept")).unwrap();
        assert_eq!(file, kept, "{line}");
    }
}

#[test]
fn every_byte_passes_in_both_directions() {
    let script = "stty raw -echo; printf 'ready>'; head -c 270 | od -An -v -tu1 >typed
        perl -e 'print map chr, 0..255'";
    let mouse = "\x1b[<0;10;20M\x1b[200~";
    let printed = ["off", "terminal"].map(|mask| {
        let world = world(mask, script);
        let mut terminal = start(&world, "exec $QLI it");
        terminal.wait_for("ready>");
        terminal.press_bytes(&(0..=255).collect::<Vec<u8>>());
        terminal.press_bytes(mouse.as_bytes());
        assert_eq!(terminal.end().code(), Some(0));
        let typed = std::fs::read_to_string(world.path("typed")).unwrap();
        let typed: Vec<u8> = typed
            .split_whitespace()
            .map(|one| one.parse().unwrap())
            .collect();
        let expected: Vec<u8> = (0..=255).chain(mouse.bytes()).take(270).collect();
        assert_eq!(typed, expected, "{mask}");
        terminal.printed().to_vec()
    });
    assert_eq!(printed[0], printed[1]);
}

#[test]
fn what_outlives_the_script_prints_on_a_terminal() {
    // The script ends once the other has begun.
    let script = "(: >\"$HOME/begun\"; read x <\"$HOLD\"; echo later $TOKEN) &
        while [ ! -e \"$HOME/begun\" ]; do :; done; echo first";
    let world = world("terminal", script);
    let mut terminal = start(&world, "$QLI it; echo ended; read x");
    terminal.wait_for("first\r\nended\r\n");
    assert!(terminal.modes().local_flags.contains(LocalFlags::ICANON));
    world.release();
    terminal.wait_for(&format!("later {MASKED}\r\n"));
    terminal.press("\n");
    assert_eq!(terminal.end().code(), Some(0));
    until("the end of the relay", || {
        let printed = String::from_utf8_lossy(terminal.printed()).into_owned();
        (!printed.contains(VALUE)).then_some(())
    });
}
