//! Programs that use all of a terminal.

use super::{VALUE, assert_same_screen, put};

/// Lines around one with the value.
fn text() -> String {
    let lines = (1..100).map(|nth| match nth {
        7 | 60 => format!("line {nth} {VALUE}\n"),
        nth => format!("line {nth}\n"),
    });
    lines.collect()
}

#[test]
fn vim_shows_the_same() {
    assert_same_screen(
        |world| put(world, "text", &text()),
        "exec vim -u NONE -N -i NONE text",
        &[
            ("", "line 23"),
            ("60G", VALUE),
            ("oHello \x1b", "Hello"),
            ("yyp", "Hello"),
            (":wq\r", "written"),
        ],
    );
}

#[test]
fn less_shows_the_same() {
    assert_same_screen(
        |world| put(world, "text", &text()),
        "exec less text",
        &[
            ("", "line 23"),
            (" ", "line 46"),
            ("/line 60\r", VALUE),
            ("g", "line 1"),
            ("G", "(END)"),
            ("q", ""),
        ],
    );
}

#[test]
fn python_shows_the_same() {
    let value = format!("{VALUE}\r\n");
    assert_same_screen(
        |_| {},
        "exec /usr/bin/python3 -q -E -s",
        &[
            ("", ">>> "),
            ("import os; print(os.environ['TOKEN'])\r", &value),
            ("", ">>> "),
            ("1+\x03", "KeyboardInterrupt"),
            ("", ">>> "),
            ("6*7\x1b[D\x1b[D0\r", "420\r\n"),
            ("", ">>> "),
            ("\x04", ""),
        ],
    );
}
