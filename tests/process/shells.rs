//! Interactive shells, and an editor that takes over the terminal.

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::Termios;
use nix::unistd::Pid;

use crate::pty::Terminal;
use crate::start::WAIT;
use crate::support::until;
use crate::terminal::{CTRL_C, CTRL_Z};
use crate::world::{World, children, command_line, rounds, wait_for_state};

/// Interactive shells without start-up files.
const SHELLS: [&[&str]; 3] = [
    &["bash", "--norc", "--noprofile", "-i"],
    &["zsh", "-f", "-i"],
    &["dash", "-i"],
];

const PROMPT: &str = "ready> ";

fn start(words: &[&str], term: &str, world: &World) -> Terminal {
    let mut command = world.program(words[0]);
    command.args(&words[1..]);
    command.env("PS1", PROMPT).env("TERM", term);
    let mut terminal = Terminal::start(command);
    terminal.wait_for(PROMPT);
    terminal
}

/// A command line that runs an extension; zsh does not split variables into words.
fn qli(world: &World, words: &str) -> String {
    let root = world.path("root");
    format!("qli --extensions {} g {words}", root.display())
}

/// Types a last line and waits for what it prints.
fn last_line(terminal: &mut Terminal, line: &str, printed: &str) {
    terminal.press(&format!("{line}; exit 0\n"));
    terminal.wait_for(printed);
    assert_eq!(terminal.end().code(), Some(0));
}

#[test]
fn job_control_works_as_for_a_script_started_directly() {
    for shell in SHELLS {
        for _ in 0..rounds(1, 50) {
            let world = World::new("");
            let mut lines = world.lines();
            let mut terminal = start(shell, "dumb", &world);
            terminal.press(&(qli(&world, "probe") + "\n"));
            let qli = world.qli_pid();
            let probe = lines.ready(qli);
            terminal.press(CTRL_Z);
            wait_for_state(qli, 'T');
            wait_for_state(probe, 'T');
            terminal.wait_for(PROMPT);
            terminal.press("fg\n");
            lines.wait_for("SIGCONT");
            wait_for_state(qli, 'S');
            kill(probe, Signal::SIGURG).unwrap();
            terminal.wait_for(PROMPT);
            last_line(&mut terminal, "echo code=$?", "code=7");
            assert_eq!(lines.signals(), ["SIGCONT"], "{shell:?}");
        }
    }
}

#[test]
fn ctrl_c_ends_a_loop_and_returns_to_the_prompt() {
    for shell in SHELLS {
        let world = World::new("").script("wait", WAIT);
        let mut lines = world.lines();
        let mut terminal = start(shell, "dumb", &world);
        let one = qli(&world, "wait");
        terminal.press(&format!("for i in 1 2 3; do {one}; done\n"));
        lines.ready(world.qli_pid());
        terminal.press(CTRL_C);
        terminal.wait_for(PROMPT);
        last_line(&mut terminal, "echo code=$?", "code=130");
        assert_eq!(lines.all().len(), 1, "{shell:?}");
        assert_eq!(world.end()["signal"], "SIGINT");
    }
}

#[test]
fn under_nohup_a_run_outlives_its_terminal() {
    for shell in SHELLS {
        let world = World::new("");
        let mut lines = world.lines();
        let mut terminal = start(shell, "dumb", &world);
        let line = qli(&world, "probe");
        terminal.press(&format!("nohup {line} >nohup.out 2>&1 &\n"));
        let qli: Pid = world.qli_pid();
        let probe = lines.ready(qli);
        drop(terminal);
        kill(qli, Signal::SIGHUP).unwrap();
        kill(qli, Signal::SIGUSR1).unwrap();
        lines.wait_for("SIGUSR1");
        kill(probe, Signal::SIGURG).unwrap();
        until("the end record", || (world.log().len() == 2).then_some(()));
        assert_eq!(world.end()["exit_code"], 7, "{shell:?}");
        assert_eq!(lines.signals(), ["SIGUSR1"], "{shell:?}");
    }
}

#[test]
fn an_editor_controls_the_terminal_and_restores_it() {
    let world = World::new("").script(
        "edit",
        "exec vim -u NONE -N -i NONE --cmd 'inoremap <C-c> X' note",
    );
    let mut terminal = start(&["dash", "-i"], "xterm", &world);
    let before = settings(&terminal.modes());
    terminal.press(&(qli(&world, "edit") + "\n"));
    let qli = world.qli_pid();
    until("vim to control the terminal", || {
        (settings(&terminal.modes()) != before).then_some(())
    });
    // In vim, Ctrl-C is an ordinary key, but one that it reads while it draws is not.
    terminal.press("iZ");
    terminal.wait_for("Z");
    let vim = children(qli).into_iter();
    let vim = vim.filter(|&one| command_line(one).starts_with("vim "));
    vim.for_each(|vim| wait_for_state(vim, 'S'));
    terminal.press(CTRL_C);
    terminal.wait_for("X");
    terminal.press("\x1b:wq\r");
    terminal.wait_for(PROMPT);
    assert_eq!(settings(&terminal.modes()), before);
    assert_eq!(kill(qli, None), Err(Errno::ESRCH));
    last_line(&mut terminal, "echo code=$?", "code=0");
    let text = std::fs::read_to_string(world.path("note")).unwrap();
    assert_eq!(text, "ZX\n");
    assert_eq!(world.end()["exit_code"], 0);
}

/// What `stty -a` shows.
fn settings(modes: &Termios) -> String {
    format!("{modes:?}")
}
