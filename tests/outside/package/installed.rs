//! The `.deb`, installed below a temporary root: the machine is not changed.

use std::path::{Path, PathBuf};
use std::process::Command;

use rexpect::session::{PtySession, spawn_command};
use tempfile::TempDir;

use super::{ending, packages, printed, program};
use crate::support::output;

/// Milliseconds to wait for a shell.
const PATIENCE: u64 = 30_000;

struct Root {
    directory: TempDir,
}

impl Root {
    /// A root whose dpkg knows the libraries of this machine, and a home directory.
    fn new() -> Self {
        let root = Self {
            directory: TempDir::new().unwrap(),
        };
        for name in ["updates", "info", "triggers"] {
            std::fs::create_dir_all(root.path("var/lib/dpkg").join(name)).unwrap();
        }
        std::fs::create_dir(root.path("home")).unwrap();
        let libraries = printed(&mut program("dpkg-query", ["-s", "libc6", "libgcc-s1"]));
        std::fs::write(root.path("var/lib/dpkg/status"), libraries).unwrap();
        root
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    fn dpkg(&self, action: &str, what: &Path) {
        let mut dpkg = program("dpkg", ["--root", self.directory.path().to_str().unwrap()]);
        dpkg.args(["--force-not-root", "--force-script-chrootless"])
            .args(["--log=/dev/null", action])
            .arg(what)
            // dpkg needs programs that only root has on PATH.
            .env(
                "PATH",
                "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            );
        printed(&mut dpkg);
    }

    /// A program that sees only what is installed here.
    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(name);
        command
            .env_clear()
            .env("HOME", self.path("home"))
            .env("PATH", format!("{}:/usr/bin:/bin", self.text("usr/bin")))
            .env("XDG_DATA_DIRS", self.path("usr/share"))
            .env("LC_ALL", "C.UTF-8")
            .env("TERM", "xterm")
            .current_dir(self.path("home"));
        command
    }

    fn qli(&self, words: &[&str]) -> Command {
        let mut command = self.command(&self.text("usr/bin/qli"));
        command.args(words);
        command
    }

    /// Starts a shell that loads completions from where packages install them.
    fn shell(&self, shell: &str) -> PtySession {
        let (file, text) = match shell {
            "bash" => (
                ".bashrc",
                "PS1='READY> '\nbind 'set bell-style none'\nbind 'set enable-bracketed-paste off'\n\
                 . /usr/share/bash-completion/bash_completion\n",
            ),
            "zsh" => (
                ".zshrc",
                "PROMPT='READY> '\nunsetopt beep prompt_sp\nautoload -Uz compinit\ncompinit -u\n",
            ),
            _ => (
                ".config/fish/config.fish",
                "function fish_prompt\n echo -n 'READY> '\nend\nset -g fish_greeting\n",
            ),
        };
        let file = self.path("home").join(file);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
        let mut command = self.command(shell);
        // Debian's zsh looks into this directory below /usr by itself.
        command.env("FPATH", format!("{}:{}", self.text(ZSH), zsh_functions()));
        match shell {
            "bash" => command
                .args(["--noprofile", "--rcfile"])
                .arg(file)
                .arg("-i"),
            "zsh" => command.args(["-d", "-i"]),
            _ => command.arg("-i"),
        };
        let mut session = spawn_command(command, Some(PATIENCE)).unwrap();
        // A shell at its prompt ignores TERM.
        session.process_mut().set_kill_timeout(Some(0));
        session.exp_string("READY>").unwrap();
        session
    }

    /// All files here but dpkg's own.
    fn left(&self) -> Vec<String> {
        let mut find = program(
            "find",
            [".", "-path", "./var/lib/dpkg", "-prune", "-o", "-print"],
        );
        let found = printed(find.current_dir(self.directory.path()));
        let mut left: Vec<String> = found.lines().map(str::to_owned).collect();
        left.sort();
        left
    }
}

const ZSH: &str = "usr/share/zsh/vendor-completions";

fn zsh_functions() -> String {
    printed(&mut program(
        "zsh",
        ["-f", "-c", "print -rn -- ${(j.:.)fpath}"],
    ))
}

/// Runs guarded scripts after an installation.
fn runs(root: &Root) {
    let version = format!("qli {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(printed(&mut root.qli(&["--version"])), version);
    let refused = output(&mut root.qli(&["run", "--yes", "prod", "hello"]));
    assert_eq!(refused.status.code(), Some(125), "{refused:?}");
    let mut run = root.qli(&["run", "--yes", "prod", "hello"]);
    assert_eq!(printed(run.env("QLI_ENV", "prod")), "hello from prod\n");
    let recorded = printed(&mut root.qli(&["audit", "list"]));
    assert!(recorded.contains("hello"), "{recorded}");
    printed(&mut root.qli(&["audit", "verify"]));
}

/// Finds the pages by their names, as man(1) does.
fn shows_pages(root: &Root) {
    for (page, told_there) in [("qli", "SUBCOMMANDS"), ("qli-ext-new", "--guarded")] {
        let words = ["-c", "-M", &root.text("usr/share/man"), page];
        let shown = printed(&mut program("mman", words));
        // Bold and underlined characters are overstruck.
        let plain: String = strip_strikes(&shown);
        assert!(plain.contains(told_there), "{plain}");
    }
}

fn strip_strikes(text: &str) -> String {
    let mut plain = String::new();
    for character in text.chars() {
        if character == '\u{8}' {
            plain.pop();
        } else {
            plain.push(character);
        }
    }
    plain
}

fn completes(root: &Root) {
    for shell in ["bash", "zsh", "fish"] {
        let mut session = root.shell(shell);
        for keys in ["qli run de\t", "hel\t", "\r"] {
            session.send(keys).unwrap();
            session.flush().unwrap();
        }
        session.exp_string("hello from dev").unwrap();
        session.exp_string("READY>").unwrap();
    }
}

#[test]
fn a_package_is_installed_used_and_removed_without_a_trace() {
    let root = Root::new();
    let before = root.left();
    root.dpkg("--install", &ending(packages(), ".deb"));
    assert_ne!(root.left(), before);
    runs(&root);
    shows_pages(&root);
    completes(&root);

    root.dpkg("--remove", Path::new("qli"));
    std::fs::remove_dir_all(root.path("home")).unwrap();
    std::fs::create_dir(root.path("home")).unwrap();
    assert_eq!(root.left(), before);
    let known = std::fs::read_to_string(root.path("var/lib/dpkg/status")).unwrap();
    assert!(
        !known.contains("Package: qli\n"),
        "nothing is left to purge"
    );
}

#[test]
fn a_package_replaces_itself_and_leaves_groups_of_others() {
    let root = Root::new();
    let deb = ending(packages(), ".deb");
    root.dpkg("--install", &deb);
    let group = root.path("usr/share/qli/extensions/ops");
    std::fs::create_dir_all(&group).unwrap();
    let manifest = group.join("_manifest.toml");
    std::fs::write(&manifest, "schema_version = 1\ndescription = \"d\"\n").unwrap();
    let listed = printed(&mut root.qli(&["ext", "list"]));
    assert!(listed.contains("ops"), "{listed}");
    root.dpkg("--install", &deb);
    root.dpkg("--purge", Path::new("qli"));
    assert!(manifest.exists());
    assert!(!root.path("usr/share/qli/schema").exists());
    assert!(!root.path("usr/bin").exists());
}

#[test]
fn every_installed_file_has_its_checksum() {
    let root = Root::new();
    root.dpkg("--install", &ending(packages(), ".deb"));
    let sums = root.text("var/lib/dpkg/info/qli.md5sums");
    let mut check = program("md5sum", ["--check", "--strict", "--quiet", &sums]);
    printed(check.current_dir(root.directory.path()));
    let sums = std::fs::read_to_string(sums).unwrap();
    let mut find = program("find", ["usr", "-type", "f"]);
    let files = printed(find.current_dir(root.directory.path()));
    assert_eq!(sums.lines().count(), files.lines().count());
}
