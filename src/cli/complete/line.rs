//! A command line that is being typed.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::super::short;
use super::typed::directory;
use crate::host::HostView;

/// Options with a separate value that could be taken for another word.
const WITH_VALUE: [&str; 4] = ["--color", "--extensions", "--confirm", "--format"];

/// What is typed up to the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TypedLine {
    /// All words with the program's name; the last one is being completed. `run` is
    /// inserted if it was left out.
    pub(super) words: Vec<OsString>,
    /// The directories of `--extensions`.
    pub(super) given: Vec<PathBuf>,
    /// The words before the cursor that are not options: the command, then its
    /// arguments.
    pub(super) before: Vec<OsString>,
}

impl TypedLine {
    /// Takes the words up to the one that is completed; if that one does not exist
    /// yet, it is empty.
    pub(super) fn new(words: &[OsString], index: usize, view: &dyn HostView) -> Self {
        let index = index.min(words.len()).max(1);
        let typed = short::with_run(words.get(1..index).unwrap_or_default());
        let current = words.get(index).cloned().unwrap_or_default();
        Self {
            given: given(&typed, view),
            before: without_options(&typed),
            words: [vec!["qli".into()], typed, vec![current]].concat(),
        }
    }

    /// The index of the word that is completed.
    pub(super) fn index(&self) -> usize {
        self.words.len() - 1
    }

    pub(super) fn current(&self) -> &OsStr {
        self.words.last().map_or(OsStr::new(""), |word| word)
    }

    /// Whether a page was named after `help` or `man`: options, which mean nothing
    /// there, are not offered then.
    pub(super) fn names_a_page(&self) -> bool {
        self.is_command(&["help", "man"]) && self.before.len() > 1
    }

    /// Whether the word is an argument of a script.
    pub(super) fn is_script_argument(&self) -> bool {
        self.is_command(&["run", "explain"]) && self.before.len() > 2
    }

    fn is_command(&self, names: &[&str]) -> bool {
        let command = self.before.first();
        command.is_some_and(|word| names.iter().any(|name| word == name))
    }
}

fn without_options(typed: &[OsString]) -> Vec<OsString> {
    let mut skip = false;
    let words = typed.iter().filter(|word| {
        let is_value = std::mem::replace(&mut skip, WITH_VALUE.iter().any(|one| *word == one));
        !is_value && !word.as_encoded_bytes().starts_with(b"-")
    });
    words.cloned().collect()
}

/// The directories of `--extensions`.
fn given(typed: &[OsString], view: &dyn HostView) -> Vec<PathBuf> {
    let pairs = typed.iter().zip(typed.iter().skip(1));
    let separate = pairs.filter(|(option, _)| *option == "--extensions");
    let separate = separate.map(|(_, value)| value.as_os_str());
    let joined = typed.iter().filter_map(|word| {
        let value = word.as_bytes().strip_prefix(b"--extensions=")?;
        Some(OsStr::from_bytes(value))
    });
    let words = separate.chain(joined);
    words.map(|word| directory(word, view)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::World;

    fn line(text: &str) -> TypedLine {
        let words: Vec<_> = text.split(' ').map(OsString::from).collect();
        TypedLine::new(&words, words.len() - 1, &World::new())
    }

    #[test]
    fn run_is_inserted_before_a_group_and_not_before_a_command() {
        assert_eq!(line("qli web he").before, ["run", "web"]);
        assert_eq!(line("qli -y web he").index(), 4);
        assert_eq!(line("qli explain web he").before, ["explain", "web"]);
        assert!(line("qli we").before.is_empty());
    }

    #[test]
    fn words_after_the_extension_belong_to_the_script() {
        assert!(line("qli web hello --ye").is_script_argument());
        assert!(line("qli explain --format json web hello x").is_script_argument());
        assert!(!line("qli web --color never hel").is_script_argument());
        assert!(!line("qli ext which web hello x").is_script_argument());
    }

    #[test]
    fn the_given_roots_are_used() {
        let given = line("qli --extensions $HOME/a --extensions=~/b web x").given;
        assert_eq!(given, [PathBuf::from("/home/ops/a"), "/home/ops/b".into()]);
    }
}
