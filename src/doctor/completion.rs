//! Whether the user's shell completes qli's commands.

use std::path::{Path, PathBuf};

use super::{Check, Finding};
use crate::host::{HostView, lookup, system_data};
use crate::names::{shell_word, visible};

/// A file that enables completion contains one of these: the command, or part of
/// what it prints.
const MARKS: [&[u8]; 2] = [b"qli completions", b"QLI_COMPLETE="];

/// Largest start-up file that is read, in bytes.
const READ_MAX: u64 = 1 << 20;

/// Returns the files that may enable a shell's completion, and the command that sets
/// it up.
fn setup(shell: &str, view: &dyn HostView) -> Option<(Vec<PathBuf>, String)> {
    let home = PathBuf::from(view.var("HOME").unwrap_or_default());
    let eval_in = |file: &Path| {
        let file = shell_word(file);
        format!("echo 'eval \"$(qli completions {shell})\"' >> {file}")
    };
    let (own, packaged, help): (Vec<PathBuf>, &[&str], _) = match shell {
        "bash" => {
            let own = [".bashrc", ".bash_profile", ".profile"].map(|file| home.join(file));
            let help = eval_in(&own[0]);
            (own.into(), &["bash-completion/completions/qli"], help)
        }
        "zsh" => {
            let directory = view.var("ZDOTDIR").map_or(home, PathBuf::from);
            let own = directory.join(".zshrc");
            let help = eval_in(&own);
            let packaged = &["zsh/site-functions/_qli", "zsh/vendor-completions/_qli"];
            (vec![own], packaged, help)
        }
        "fish" => {
            let config = PathBuf::from(lookup("XDG_CONFIG_HOME", view).unwrap_or_default());
            let directory = config.join("fish/completions");
            let own = directory.join("qli.fish");
            let (to, file) = (shell_word(&directory), shell_word(&own));
            let help = format!("mkdir -p {to} && qli completions fish > {file}");
            let packaged = &["fish/vendor_completions.d/qli.fish"];
            (vec![config.join("fish/config.fish"), own], packaged, help)
        }
        _ => return None,
    };
    let data = lookup("XDG_DATA_HOME", view).map(PathBuf::from).into_iter();
    let data = data.chain(system_data(view));
    let mut files: Vec<_> = data
        .flat_map(|data| packaged.iter().map(move |file| data.join(file)))
        .collect();
    files.push("/etc/bash_completion.d/qli".into());
    files.extend(own);
    Some((files, help))
}

pub(super) fn check(view: &dyn HostView) -> Check {
    let check = |summary, findings| Check::new("completion", summary, findings);
    let Some(path) = view.var("SHELL").map(PathBuf::from) else {
        return check("`SHELL` is not set".to_owned(), vec![]);
    };
    let name = path.file_name().map(visible).unwrap_or_default();
    let Some((files, help)) = setup(&name, view) else {
        return check(format!("not checked for {name}"), vec![]);
    };
    if let Some(file) = files.iter().find(|path| enables(path, view)) {
        return check(format!("{name}, in {}", visible(file)), vec![]);
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
