//! Whether the user's shell completes qli's words.

use std::path::{Path, PathBuf};

use super::{Check, Finding, Level};
use crate::host::{HostView, XdgDir, xdg_dir};
use crate::names::{shell_word, visible};

/// One of these stands in a file that turns completion on: its command, or what
/// that command prints.
const WORDS: [&[u8]; 2] = [b"qli completions", b"QLI_COMPLETE="];

/// A shell's own file is at most so long.
const READ_MAX: u64 = 1 << 20;

/// The shells whose places are known.
#[derive(Debug, Clone, Copy)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

impl Shell {
    fn of(name: &str) -> Option<Self> {
        match name {
            "bash" => Some(Self::Bash),
            "zsh" => Some(Self::Zsh),
            "fish" => Some(Self::Fish),
            _ => None,
        }
    }

    /// Where packages and users put a stub, below a data directory.
    fn below_data(self) -> &'static [&'static str] {
        match self {
            Self::Bash => &["bash-completion/completions/qli"],
            Self::Zsh => &["zsh/site-functions/_qli", "zsh/vendor-completions/_qli"],
            Self::Fish => &["fish/vendor_completions.d/qli.fish"],
        }
    }

    /// Files of the user that may turn it on.
    fn own_files(self, view: &dyn HostView) -> Vec<PathBuf> {
        let home = || view.var("HOME").map(PathBuf::from);
        let names: &[&str] = match self {
            Self::Bash => &[".bashrc", ".bash_profile", ".profile"],
            Self::Zsh => &[".zshrc"],
            Self::Fish => &["config.fish", "completions/qli.fish"],
        };
        let directory = match self {
            Self::Bash => home(),
            Self::Zsh => view.var("ZDOTDIR").map(PathBuf::from).or_else(home),
            Self::Fish => xdg_dir(XdgDir::Config, view)
                .ok()
                .map(|dir| dir.join("fish")),
        };
        let directory = directory.unwrap_or_default();
        names.iter().map(|name| directory.join(name)).collect()
    }

    /// What turns it on, in the first file that is looked at for it.
    fn help(self, view: &dyn HostView) -> String {
        let files = self.own_files(view);
        let file = match self {
            Self::Bash | Self::Zsh => files.first(),
            Self::Fish => files.last(),
        };
        let file = file.cloned().unwrap_or_default();
        let word = shell_word(&file);
        match self {
            Self::Bash => format!("echo 'eval \"$(qli completions bash)\"' >> {word}"),
            Self::Zsh => format!("echo 'eval \"$(qli completions zsh)\"' >> {word}"),
            Self::Fish => {
                let directory = file.parent().map(shell_word).unwrap_or_default();
                format!("mkdir -p {directory} && qli completions fish > {word}")
            }
        }
    }
}

pub(super) fn check(view: &dyn HostView) -> Check {
    let check = |summary, findings| Check::new("completion", summary, findings);
    let Some(path) = view.var("SHELL").map(PathBuf::from) else {
        return check("`SHELL` names no shell".to_owned(), vec![]);
    };
    let name = path.file_name().map(visible).unwrap_or_default();
    let Some(shell) = Shell::of(&name) else {
        return check(format!("where {name} keeps it is not known"), vec![]);
    };
    if let Some(location) = locations(shell, view)
        .into_iter()
        .find(|path| is_on(path, view))
    {
        return check(format!("{name}, by {}", visible(&location)), vec![]);
    }
    let message = format!("{name} does not complete the words of qli");
    let help = shell.help(view);
    let finding = Finding::new(Level::Warning, None, message, help);
    check(format!("{name}, not set up"), vec![finding])
}

fn locations(shell: Shell, view: &dyn HostView) -> Vec<PathBuf> {
    let system = view.var("XDG_DATA_DIRS").filter(|dirs| !dirs.is_empty());
    let system = system.unwrap_or_else(|| "/usr/local/share:/usr/share".into());
    let data = xdg_dir(XdgDir::Data, view).ok().into_iter();
    let data = data.chain(std::env::split_paths(&system));
    let stubs = data.flat_map(|data| shell.below_data().iter().map(move |stub| data.join(stub)));
    let stubs = stubs.collect::<Vec<_>>().into_iter();
    let own = shell.own_files(view).into_iter();
    stubs
        .chain(["/etc/bash_completion.d/qli".into()])
        .chain(own)
        .collect()
}

fn is_on(path: &Path, view: &dyn HostView) -> bool {
    let read = view.read(path, READ_MAX);
    read.is_ok_and(|contents| {
        let lines = contents.bytes.split(|&byte| byte == b'\n');
        let mut lines = lines.filter(|line| !line.trim_ascii_start().starts_with(b"#"));
        lines.any(|line| WORDS.iter().any(|word| holds(line, word)))
    })
}

fn holds(line: &[u8], word: &[u8]) -> bool {
    line.windows(word.len()).any(|part| part == word)
}
