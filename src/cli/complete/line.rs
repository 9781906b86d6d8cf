//! A command line that is being typed.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::super::short;
use super::typed::directory;
use crate::host::HostView;

/// Options whose value stands behind them, as far as it could be taken for a
/// word of its own.
const WITH_VALUE: [&str; 4] = ["--color", "--extensions", "--confirm", "--format"];

/// What was typed up to the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// The words with the program's name, the last one being completed; `run` is
    /// written out.
    pub(super) words: Vec<OsString>,
    /// The place of the word that is completed.
    pub(super) index: usize,
    /// The directories of `--extensions`.
    pub(super) given: Vec<PathBuf>,
    /// The words before the cursor that are no options: the command, then what
    /// it is about.
    pub(super) before: Vec<OsString>,
}

impl Line {
    /// Reads the words up to the one that is completed; one that is not there
    /// yet is empty.
    pub(super) fn new(words: &[OsString], index: usize, view: &dyn HostView) -> Self {
        let index = index.min(words.len()).max(1);
        let typed = words.get(1..index).unwrap_or_default();
        let current = words.get(index).cloned().unwrap_or_default();
        let typed = short::with_run(typed);
        let mut words = vec![OsString::from("qli")];
        words.extend(typed.iter().cloned().chain([current]));
        Self {
            index: words.len() - 1,
            words,
            given: given(&typed, view),
            before: no_options(&typed),
        }
    }

    /// Returns the word that is completed.
    pub(super) fn current(&self) -> &OsStr {
        self.words
            .last()
            .map_or(OsStr::new(""), OsString::as_os_str)
    }

    /// Says whether a command or a page was named to `help` or `man`: options,
    /// which are of no use there, are no answer to what follows.
    pub(super) fn names_a_page(&self) -> bool {
        let command = self.before.first();
        let tells = command.is_some_and(|word| word == "help" || word == "man");
        tells && self.before.len() > 1
    }

    /// Says whether the word belongs to a script: what follows the extension's
    /// name is no business of qli.
    pub(super) fn is_scripts(&self) -> bool {
        let command = self.before.first();
        let runs = command.is_some_and(|word| word == "run" || word == "explain");
        runs && self.before.len() > 2
    }
}

fn no_options(typed: &[OsString]) -> Vec<OsString> {
    let mut skip = false;
    let words = typed.iter().filter(|word| {
        let is_value = std::mem::replace(&mut skip, WITH_VALUE.iter().any(|one| *word == one));
        !is_value && !word.as_encoded_bytes().starts_with(b"-")
    });
    words.cloned().collect()
}

/// The directories that `--extensions` names.
fn given(typed: &[OsString], view: &dyn HostView) -> Vec<PathBuf> {
    let behind = typed.iter().zip(typed.iter().skip(1));
    let behind = behind.filter_map(|(option, value)| {
        let value = value.as_os_str();
        (option == "--extensions").then_some(value)
    });
    let joined = typed.iter().filter_map(|word| {
        let value = word.as_bytes().strip_prefix(b"--extensions=")?;
        Some(OsStr::from_bytes(value))
    });
    let words = behind.chain(joined);
    words.map(|word| directory(word, view)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::World;

    fn line(text: &str) -> Line {
        let words: Vec<_> = text.split(' ').map(OsString::from).collect();
        Line::new(&words, words.len() - 1, &World::new())
    }

    #[test]
    fn run_is_written_out_before_a_group_and_not_before_a_command() {
        assert_eq!(line("qli web he").before, ["run", "web"]);
        assert_eq!(line("qli -y web he").index, 4);
        assert_eq!(line("qli explain web he").before, ["explain", "web"]);
        assert!(line("qli we").before.is_empty());
    }

    #[test]
    fn what_follows_the_extension_is_the_scripts() {
        assert!(line("qli web hello --ye").is_scripts());
        assert!(line("qli explain --format json web hello x").is_scripts());
        assert!(!line("qli web --color never hel").is_scripts());
        assert!(!line("qli ext which web hello x").is_scripts());
    }

    #[test]
    fn the_roots_that_are_named_are_looked_into() {
        let given = line("qli --extensions $HOME/a --extensions=~/b web x").given;
        assert_eq!(given, [PathBuf::from("/home/ops/a"), "/home/ops/b".into()]);
    }
}
