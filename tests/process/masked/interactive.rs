//! Shells as scripts.

use super::{VALUE, assert_same_screen, put};

const READY: &str = "ready> ";

/// A job of the shell.
pub(crate) const JOB: &str = "#!/usr/bin/perl
$SIG{CONT} = sub { syswrite STDOUT, qq(continued\\n) };
syswrite STDOUT, qq(started\\n); my $line = <STDIN>; syswrite STDOUT, qq(read $line);
";

/// A prompt, a value, the size, and jobs that are stopped, continued and interrupted.
fn assert_shell(script: &str, stopped: &str) {
    let value = format!("{VALUE}\r\n");
    assert_same_screen(
        |world| put(world, "job", JOB),
        script,
        &[
            ("", READY),
            ("printenv TOKEN\r", &value),
            ("", READY),
            ("stty size\r", "24 80\r\n"),
            ("", READY),
            ("perl job\r", "started\r\n"),
            ("\x1a", stopped),
            ("", READY),
            ("fg\r", "continued\r\n"),
            ("x\r", "read x\r\n"),
            ("", READY),
            ("perl job\r", "started\r\n"),
            ("\x03", READY),
            ("exit 0\r", "exit"),
        ],
    );
}

#[test]
fn bash_shows_the_same() {
    assert_shell("PS1='ready> ' exec bash --norc --noprofile -i", "Stopped");
}

#[test]
fn zsh_shows_the_same() {
    assert_shell("PS1='ready> ' exec zsh -f -i", "suspended");
}

#[test]
fn fish_shows_the_same() {
    let plain = "function fish_prompt; echo -n 'ready> '; end
        function fish_greeting; end
        function fish_title; end";
    assert_shell(
        &format!("exec fish --no-config -i -C \"{plain}\""),
        "stopped",
    );
}
