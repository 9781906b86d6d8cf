//! A command line that is being typed. Nothing in it is evaluated: except for quotes,
//! backslashes and the home directory, words are taken literally.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use super::super::short;
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
    pub(super) roots: Vec<PathBuf>,
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
            roots: named_roots(&typed, view),
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
fn named_roots(typed: &[OsString], view: &dyn HostView) -> Vec<PathBuf> {
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

/// Removes quotes, even one that is still open, and backslashes.
pub(super) fn unquoted(word: &OsStr) -> OsString {
    let mut bytes = word.as_bytes().iter().copied().peekable();
    let mut quote = None;
    let mut plain = Vec::new();
    while let Some(byte) = bytes.next() {
        let escapes = bytes.peek().is_some_and(|next| b"\"\\$`".contains(next));
        match (quote, byte) {
            (Some(open), _) if open == byte => quote = None,
            (None, b'\'' | b'"') => quote = Some(byte),
            (None, b'\\') => plain.extend(bytes.next()),
            (Some(b'"'), b'\\') if escapes => plain.extend(bytes.next()),
            _ => plain.push(byte),
        }
    }
    OsString::from_vec(plain)
}

/// Returns the directory that a word names, with `~` or `$HOME` at its start expanded.
pub(super) fn directory(word: &OsStr, view: &dyn HostView) -> PathBuf {
    let home = ["~", "$HOME", "${HOME}"];
    let below = home.iter().find_map(|home| {
        let below = word.as_bytes().strip_prefix(home.as_bytes())?;
        let below = below
            .strip_prefix(b"/")
            .or(below.is_empty().then_some(below));
        below.map(OsStr::from_bytes)
    });
    match below {
        Some(below) => PathBuf::from(view.var("HOME").unwrap_or_default()).join(below),
        None => word.into(),
    }
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
    fn the_roots_of_the_command_line_are_used() {
        let roots = line("qli --extensions $HOME/a --extensions=~/b web x").roots;
        assert_eq!(roots, [PathBuf::from("/home/ops/a"), "/home/ops/b".into()]);
    }

    #[test]
    fn quotes_and_backslashes_are_removed() {
        for (typed, meant) in [
            ("ops", "ops"),
            ("'my groups'", "my groups"),
            (r#""my groups""#, "my groups"),
            (r"my\ groups", "my groups"),
            (r#"--extensions="my gr"#, "--extensions=my gr"),
            (r#""a'b\"c\d""#, r#"a'b"c\d"#),
            (r#"'a"b\'"#, r#"a"b\"#),
            (r"'it'\''s'", "it's"),
            ("\"", ""),
            (r"\", ""),
            ("$(touch PWNED)`x`", "$(touch PWNED)`x`"),
        ] {
            assert_eq!(unquoted(OsStr::new(typed)), meant, "{typed}");
        }
    }

    #[test]
    fn only_the_home_directory_is_expanded() {
        let world = World::new().var("DIR", "/d");
        for (typed, meant) in [
            ("~/x", "/home/ops/x"),
            ("$HOME/x", "/home/ops/x"),
            ("${HOME}/x/y", "/home/ops/x/y"),
            ("$HOME", "/home/ops/"),
            ("$HOMES/x", "$HOMES/x"),
            ("~root/x", "~root/x"),
            ("$DIR/x", "$DIR/x"),
            ("a/~/x", "a/~/x"),
            ("$(pwd)/x", "$(pwd)/x"),
        ] {
            let found = directory(OsStr::new(typed), &world);
            assert_eq!(found, PathBuf::from(meant), "{typed}");
        }
    }
}
