//! What `env` starts for the argument of a `#!` line (env(1)).

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum EnvStarts {
    Program(OsString),
    /// No program: `env` fails, or starts the script again, which has no end.
    Nothing,
    /// It depends on options that are not understood here.
    Unknown,
}

impl EnvStarts {
    pub(super) fn of(arg: &OsStr) -> Self {
        let text = arg.as_bytes();
        match split_list(text) {
            Some(list) if list.iter().any(|byte| b"\\\"'$#".contains(byte)) => Self::Unknown,
            Some(list) => Self::of_words(list.split(u8::is_ascii_whitespace)),
            // Linux passes all words as one; other systems split them.
            None if cfg!(not(target_os = "linux")) => {
                Self::of_words(text.split(u8::is_ascii_whitespace))
            }
            None if text.starts_with(b"-") && is_several_words(arg) => Self::Nothing,
            None => Self::of_words(std::iter::once(text)),
        }
    }

    fn of_words<'a>(words: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut words = words.filter(|word| !word.is_empty() && *word != b"-v");
        let name = words.find(|word| !word.contains(&b'=') || word.starts_with(b"PATH="));
        match name {
            None => Self::Nothing,
            Some(word) if word.starts_with(b"-") || word.contains(&b'=') => Self::Unknown,
            Some(word) => Self::Program(OsStr::from_bytes(word).to_owned()),
        }
    }
}

/// The words that `-S` makes of an argument.
fn split_list(text: &[u8]) -> Option<&[u8]> {
    let mut split = [&b"-S"[..], b"-vS", b"--split-string="].into_iter();
    split.find_map(|option| text.strip_prefix(option))
}

/// Whether an argument of `env` has several words that Linux does not split. Short
/// options may precede `S`.
pub fn is_several_words(arg: &OsStr) -> bool {
    let text = arg.as_bytes();
    let options = text.strip_prefix(b"-").unwrap_or_default();
    let mut letters = options.iter().skip_while(|byte| b"iv0".contains(byte));
    let is_split = letters.next() == Some(&b'S') || text.starts_with(b"--s");
    !is_split && text.iter().any(u8::is_ascii_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(arg: &str) -> EnvStarts {
        EnvStarts::of(OsStr::new(arg))
    }

    #[test]
    fn a_program_is_found_after_variables() {
        for arg in ["sh", "-Ssh", "-S sh -e", "-vS A=1 sh", "--split-string=sh"] {
            assert_eq!(starts(arg), EnvStarts::Program("sh".into()), "{arg}");
        }
    }

    #[test]
    fn options_that_are_not_understood_are_left_to_env() {
        for arg in ["-i", "-iS sh", "-S -i sh", "-S PATH=/x sh", "-S 'a b'"] {
            assert_eq!(starts(arg), EnvStarts::Unknown, "{arg}");
        }
    }

    #[test]
    fn without_a_program_nothing_is_started() {
        for arg in ["", "A=1", "-v", "-S", "-S A=1"] {
            assert_eq!(starts(arg), EnvStarts::Nothing, "{arg}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn linux_passes_several_words_as_one() {
        assert_eq!(starts("sh -e"), EnvStarts::Program("sh -e".into()));
        for arg in ["A=1 sh", "-i sh", "-u A sh", "--unset A"] {
            assert_eq!(starts(arg), EnvStarts::Nothing, "{arg}");
        }
    }
}
