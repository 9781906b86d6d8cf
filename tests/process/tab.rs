//! Pressing TAB in real shells. Their output is full of escape sequences, so most
//! tests press Enter, too, and check what ran.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::pty::Terminal;

const SHELLS: [&str; 3] = ["bash", "zsh", "fish"];

const OPS: &str = "schema_version = 1
description = \"Operations\"
audit_log = \"$XDG_STATE_HOME/log\"
[extensions.deploy]
description = \"Puts it live\"
[extensions.destroy]
description = \"Takes it down: for good\"
";

/// Prints its name, and creates a file.
const SCRIPT: &str = "#!/bin/sh\necho \"ran $0\" \"$@\" | sed 's|/.*/||'\n: > \"$HOME/started\"\n";

/// A home directory with two groups, and a shell on a terminal in it.
struct Typist {
    home: TempDir,
    shell: &'static str,
    terminal: Terminal,
}

/// How the completion script is loaded; its first lines document both.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Loaded {
    Sourced,
    FromFile,
}

impl Typist {
    fn at(shell: &'static str, loaded: Loaded) -> Self {
        let home = tempfile::tempdir().unwrap();
        write(&home, ".local/share/qli/extensions/ops/_manifest.toml", OPS);
        let web = "schema_version = 1\ndescription = \"d\"\n";
        write(&home, ".local/share/qli/extensions/web/_manifest.toml", web);
        write(&home, "my root/web/_manifest.toml", web);
        let far = "schema_version = 1\ndescription = \"far\"\n";
        write(&home, "co:lon/far/_manifest.toml", far);
        executable(&write(&home, "co:lon/far/away", SCRIPT));
        write(&home, "notes", "");
        for script in ["ops/deploy", "ops/destroy", "web/hello"] {
            let path = format!(".local/share/qli/extensions/{script}");
            executable(&write(&home, &path, SCRIPT));
        }
        let bin = home.path().join("bin");
        std::fs::create_dir(&bin).unwrap();
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_qli"), bin.join("qli")).unwrap();
        let command = start(&home, shell, loaded);
        let mut terminal = Terminal::start(command);
        terminal.wait_for("READY>");
        Self {
            home,
            shell,
            terminal,
        }
    }

    /// Presses keys and Enter, and waits for this output.
    fn types(&mut self, keys: &str, shown: &str) {
        self.terminal.press(keys);
        // While they complete, some shells read what follows as another key.
        self.terminal.press("\r");
        self.terminal.wait_for(shown);
        self.terminal.wait_for("READY>");
    }

    /// Presses keys and waits for some text, then clears the line.
    fn sees(&mut self, keys: &str, shown: &[&str]) {
        self.terminal.press(keys);
        for text in shown {
            self.terminal.wait_for(text);
        }
        // A shell that is still completing may lose a Ctrl-C.
        self.terminal.press_until("\u{3}", "READY>");
    }

    fn has_started_something(&self) -> bool {
        self.home.path().join("started").exists()
    }
}

fn write(home: &TempDir, path: &str, text: &str) -> PathBuf {
    let path = home.path().join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    path
}

fn executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
}

fn script_of(shell: &str) -> String {
    let printed = Command::new(env!("CARGO_BIN_EXE_qli"))
        .args(["completions", shell])
        .output();
    String::from_utf8(printed.unwrap().stdout).unwrap()
}

fn start(home: &TempDir, shell: &str, loaded: Loaded) -> Command {
    let sourced = loaded == Loaded::Sourced;
    let mut command = Command::new(shell);
    match shell {
        "bash" => {
            let load = match loaded {
                Loaded::Sourced => "eval \"$(qli completions bash)\"",
                Loaded::FromFile => ". /usr/share/bash-completion/bash_completion",
            };
            let rc = format!(
                "PS1='READY> '\nbind 'set bell-style none'\nbind 'set enable-bracketed-paste off'\n{load}\n"
            );
            let rc = write(home, ".bashrc", &rc);
            command.arg("--noprofile").arg("--rcfile").arg(rc).arg("-i");
        }
        "zsh" => {
            let load = match loaded {
                Loaded::Sourced => "eval \"$(qli completions zsh)\"",
                Loaded::FromFile => {
                    "fpath=(~/functions $fpath)\nautoload -Uz compinit\ncompinit -u"
                }
            };
            let rc = format!("PROMPT='READY> '\nunsetopt beep prompt_sp\n{load}\n");
            write(home, ".zshrc", &rc);
            command.args(["-d", "-i"]);
        }
        _ => {
            let load = if sourced {
                "qli completions fish | source"
            } else {
                ""
            };
            let rc = format!(
                "function fish_prompt\n echo -n 'READY> '\nend\nset -g fish_greeting\n{load}\n"
            );
            write(home, ".config/fish/config.fish", &rc);
            command.arg("-i");
        }
    }
    if !sourced {
        let file = match shell {
            "bash" => ".local/share/bash-completion/completions/qli",
            "zsh" => "functions/_qli",
            _ => ".config/fish/completions/qli.fish",
        };
        write(home, file, &script_of(shell));
    }
    let path = format!("{}:/usr/bin:/bin", home.path().join("bin").display());
    command
        .env_clear()
        .env("HOME", home.path())
        .env("PATH", path)
        .env("TERM", "xterm")
        .env("COLUMNS", "100")
        .env("LINES", "40")
        .env("LC_ALL", "C.UTF-8")
        .env("NO_COLOR", "1")
        .env("XDG_DATA_DIRS", "/nowhere")
        .current_dir(home.path());
    command
}

#[test]
fn groups_and_extensions_are_completed_and_nothing_is_started() {
    for shell in SHELLS {
        for loaded in [Loaded::Sourced, Loaded::FromFile] {
            let mut typist = Typist::at(shell, loaded);
            let both = ["Puts it live", "Takes it down: for good"];
            // bash lists candidates at the second press.
            let keys = if shell == "bash" {
                "qli ops de\t\t"
            } else {
                "qli ops de\t"
            };
            typist.sees(keys, &both);
            assert!(!typist.has_started_something(), "{}", typist.shell);
            typist.types("qli we\the\t", "ran hello");
            assert!(typist.has_started_something(), "{}", typist.shell);
        }
    }
}

#[test]
fn options_are_completed_with_their_values() {
    for shell in SHELLS {
        let mut typist = Typist::at(shell, Loaded::Sourced);
        typist.types("qli --col\tne\tweb hello one", "ran hello one");
        typist.types("qli --color=ne\tweb hello two", "ran hello two");
        typist.types("qli run web --verb\thel\tthree", "ran hello three");
        typist.types(
            "qli ext whi\tops dep\t--format js\t",
            "\"extension\": \"deploy\"",
        );
        typist.types("qli validate --format=s\tmy*", "\"version\": \"2.1.0\"");
    }
}

#[test]
fn topics_and_codes_are_completed() {
    for shell in SHELLS {
        let mut typist = Typist::at(shell, Loaded::Sourced);
        typist.types("qli help exit\t", "Exit codes");
        typist.types("qli help QLI010\t2", "QLI0102 unknown-field");
    }
}

#[test]
fn files_are_completed_by_the_shell_with_its_own_quoting() {
    for shell in SHELLS {
        let mut typist = Typist::at(shell, Loaded::Sourced);
        typist.types("qli validate my\t", "1 group, no problems");
        typist.types("qli web hello no\t", "ran hello notes");
        typist.types("qli --extensions my\text list", "d");
    }
}

#[test]
fn quoted_words_are_completed_and_never_evaluated() {
    for shell in SHELLS {
        let mut typist = Typist::at(shell, Loaded::Sourced);
        typist.types("qli \"web\" he\tone", "ran hello one");
        typist.types("qli 'web' \"he\ttwo", "ran hello two");
        typist.types(
            "qli --extensions \"co:lon\" fa\taw\tthree",
            "ran away three",
        );
        typist.types("qli --extensions co\\:lon fa\taw\tfour", "ran away four");
        // bash lists candidates at the second press.
        let press = if shell == "bash" { "\t\t" } else { "\t" };
        let evil = "qli --extensions \"$(touch PWNED; echo .)\" help e";
        typist.sees(
            &format!("{evil}{press}"),
            &["what qli exits with, and when"],
        );
        assert!(!typist.home.path().join("PWNED").exists(), "{shell}");
    }
}

#[test]
fn words_with_a_colon_and_below_the_home_directory_are_completed() {
    for shell in SHELLS {
        let mut typist = Typist::at(shell, Loaded::Sourced);
        typist.types("qli --extensions co:lon fa\taw\tone", "ran away one");
        typist.types("qli --extensions=co:lon fa\taw\ttwo", "ran away two");
        typist.types(
            "qli --extensions $HOME/co:lon fa\taw\tthree",
            "ran away three",
        );
        typist.types("qli --extensions ~/co:lon fa\taw\tfour", "ran away four");
        typist.types("X=1 qli --color=ne\tweb he\tfive", "ran hello five");
    }
}

#[test]
fn a_run_is_completed_by_its_id() {
    for shell in SHELLS {
        let mut typist = Typist::at(shell, Loaded::Sourced);
        typist.types("qli ops deploy", "ran deploy");
        typist.types("qli audit show 0\t--format json", "\"run_id\": \"0");
    }
}
