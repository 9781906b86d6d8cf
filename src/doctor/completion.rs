//! Whether the user's shell completes qli's commands.

use std::path::{Path, PathBuf};

use super::{Check, Finding};
use crate::host::{HostView, XdgDir, xdg_dir};
use crate::names::{shell_word, visible};

/// A file that enables completion contains one of these: the command, or part of
/// what it prints.
const MARKS: [&[u8]; 2] = [b"qli completions", b"QLI_COMPLETE="];

/// Largest start-up file that is read, in bytes.
const READ_MAX: u64 = 1 << 20;

/// A shell whose completion files are known.
struct UserShell {
    /// Where packages and users install a completion script, below a data directory.
    below_data: &'static [&'static str],
    /// The user's own files that may enable it.
    own_files: Vec<PathBuf>,
    help: String,
}

impl UserShell {
    fn of(name: &str, view: &dyn HostView) -> Option<Self> {
        let home = || PathBuf::from(view.var("HOME").unwrap_or_default());
        let source = |file: &Path| {
            let file = shell_word(file);
            format!("echo 'eval \"$(qli completions {name})\"' >> {file}")
        };
        match name {
            "bash" => Some(Self {
                below_data: &["bash-completion/completions/qli"],
                own_files: [".bashrc", ".bash_profile", ".profile"]
                    .map(|file| home().join(file))
                    .into(),
                help: source(&home().join(".bashrc")),
            }),
            "zsh" => {
                let directory = view.var("ZDOTDIR").map_or_else(home, PathBuf::from);
                let file = directory.join(".zshrc");
                Some(Self {
                    below_data: &["zsh/site-functions/_qli", "zsh/vendor-completions/_qli"],
                    help: source(&file),
                    own_files: vec![file],
                })
            }
            "fish" => {
                let config = xdg_dir(XdgDir::Config, view).unwrap_or_default();
                let directory = config.join("fish/completions");
                let file = directory.join("qli.fish");
                let (to, words) = (shell_word(&directory), shell_word(&file));
                Some(Self {
                    below_data: &["fish/vendor_completions.d/qli.fish"],
                    own_files: vec![config.join("fish/config.fish"), file],
                    help: format!("mkdir -p {to} && qli completions fish > {words}"),
                })
            }
            _ => None,
        }
    }

    fn locations(self, view: &dyn HostView) -> Vec<PathBuf> {
        let system = view.var("XDG_DATA_DIRS").filter(|dirs| !dirs.is_empty());
        let system = system.unwrap_or_else(|| "/usr/local/share:/usr/share".into());
        let data = xdg_dir(XdgDir::Data, view).ok().into_iter();
        let data = data.chain(std::env::split_paths(&system));
        let mut all: Vec<_> = data
            .flat_map(|data| self.below_data.iter().map(move |file| data.join(file)))
            .collect();
        all.push("/etc/bash_completion.d/qli".into());
        all.extend(self.own_files);
        all
    }
}

pub(super) fn check(view: &dyn HostView) -> Check {
    let check = |summary, findings| Check::new("completion", summary, findings);
    let Some(path) = view.var("SHELL").map(PathBuf::from) else {
        return check("`SHELL` is not set".to_owned(), vec![]);
    };
    let name = path.file_name().map(visible).unwrap_or_default();
    let Some(shell) = UserShell::of(&name, view) else {
        return check(format!("not checked for {name}"), vec![]);
    };
    let help = shell.help.clone();
    let mut locations = shell.locations(view).into_iter();
    if let Some(location) = locations.find(|path| enables(path, view)) {
        return check(format!("{name}, in {}", visible(&location)), vec![]);
    }
    let message = format!("completion of qli is not set up in {name}");
    let finding = Finding::warning(message, help);
    check(format!("{name}, not set up"), vec![finding])
}

/// Whether a file enables completion outside of its comments.
fn enables(path: &Path, view: &dyn HostView) -> bool {
    let contains = |line: &[u8], mark: &[u8]| line.windows(mark.len()).any(|part| part == mark);
    view.read(path, READ_MAX).is_ok_and(|contents| {
        let lines = contents.bytes.split(|&byte| byte == b'\n');
        let mut lines = lines.filter(|line| !line.trim_ascii_start().starts_with(b"#"));
        lines.any(|line| MARKS.iter().any(|mark| contains(line, mark)))
    })
}
