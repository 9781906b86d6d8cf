//! The copy of a text that people are shown: nothing in it steers a terminal,
//! and no value of a variable whose name promises a secret stands in it.

use super::Source;
use crate::names::{is_hidden, looks_secret};

impl Source {
    /// Returns a copy of equal byte length that can be shown, so that every
    /// span still holds.
    pub fn shown(&self) -> &str {
        self.shown.get_or_init(|| copy(self.text()))
    }
}

fn copy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut open = None;
    for line in text.split_inclusive('\n') {
        let public = match open {
            Some(_) => 0,
            None => public_part(line),
        };
        let (public, secret) = line.split_at_checked(public).unwrap_or((line, ""));
        out.extend(public.chars().map(harmless));
        out.extend(secret.chars().map(blank));
        open = still_open(open, secret);
    }
    out
}

/// What stands for a hidden character, by its length in bytes.
const STAND_INS: [&str; 5] = ["", "?", "\u{bf}", "\u{fffd}", "\u{bf}\u{bf}"];
const STARS: [&str; 5] = ["", "*", "**", "***", "****"];

fn stand_in(of: &[&'static str; 5], c: char) -> &'static str {
    of.get(c.len_utf8()).copied().unwrap_or_default()
}

fn harmless(c: char) -> Shown {
    match c {
        '\n' | '\t' => Shown::Itself(c),
        hidden if is_hidden(hidden) => Shown::As(stand_in(&STAND_INS, c)),
        plain => Shown::Itself(plain),
    }
}

fn blank(c: char) -> Shown {
    match c {
        '\n' | '\r' => harmless(c),
        other => Shown::As(stand_in(&STARS, other)),
    }
}

/// A character as it is shown.
enum Shown {
    Itself(char),
    As(&'static str),
}

impl Extend<Shown> for String {
    fn extend<T: IntoIterator<Item = Shown>>(&mut self, shown: T) {
        for one in shown {
            match one {
                Shown::Itself(c) => self.push(c),
                Shown::As(text) => self.push_str(text),
            }
        }
    }
}

/// Returns how much of a line can be shown: all of it, or what stands before
/// the value of a name that promises a secret.
fn public_part(line: &str) -> usize {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let first = line.trim_start_matches(|c: char| !is_name(c) && c != '#');
    let end = first.find(|c| !is_name(c)).unwrap_or(first.len());
    let (name, behind) = first.split_at_checked(end).unwrap_or((first, ""));
    if looks_secret(name) {
        let value = behind.trim_start_matches(['"', '\'']).trim_start();
        let value = value.strip_prefix(['=', ':']).unwrap_or(behind);
        return line.len() - value.len();
    }
    let after_secret = |&(at, _): &(usize, &str)| {
        let before = line.get(..at).unwrap_or_default();
        let before = before.trim_end_matches(|c: char| c == ' ' || c == '\t' || !c.is_ascii());
        let before = before.trim_end_matches(['"', '\'']);
        let name = before.rsplit(|c| !is_name(c)).next().unwrap_or_default();
        looks_secret(name)
    };
    let found = line.match_indices('=').find(after_secret);
    found.map_or(line.len(), |(at, _)| at + 1)
}

/// Says which kind of string of several lines is open after a secret's part of
/// a line.
fn still_open(open: Option<&'static str>, secret: &str) -> Option<&'static str> {
    let kinds = ["\"\"\"", "'''"];
    match open {
        Some(kind) => (!secret.contains(kind)).then_some(kind),
        None => kinds
            .into_iter()
            .find(|kind| secret.matches(kind).count() % 2 == 1),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> String {
        let source = Source::new(Path::new("m"), text.as_bytes()).unwrap();
        source.shown().to_owned()
    }

    #[test]
    fn values_of_names_that_promise_a_secret_are_blanked() {
        for (text, expected) in [
            ("A = \"x\"\n", "A = \"x\"\n"),
            ("API_TOKEN = \"x\u{e4}\"\n", "API_TOKEN =******\n"),
            ("  \"db_password\": 1\r\n", "  \"db_password\":**?\n"),
            ("MY_KEY value\n", "MY_KEY******\n"),
            ("[requires_env]\nA = 1\n", "[requires_env]\nA = 1\n"),
            (
                "r = { K = 1, MY_KEY = \"v\" }",
                "r = { K = 1, MY_KEY =******",
            ),
            ("env = \"GITHUB_TOKEN\"", "env = \"GITHUB_TOKEN\""),
            ("# a comment on TOKEN\nB = 1", "# a comment on TOKEN\nB = 1"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn a_secret_of_several_lines_is_blanked_to_its_end() {
        let text = "MY_KEY = \"\"\"one\ntwo\nthree\"\"\"\nB = \"2\"\n";
        let expected = "MY_KEY =*******\n***\n********\nB = \"2\"\n";
        assert_eq!(shown(text), expected);
        let closed = "MY_KEY = '''one'''\nB = 2\n";
        assert!(shown(closed).ends_with("\nB = 2\n"));
    }

    proptest! {
        #[test]
        fn the_copy_keeps_every_span(text in "\\PC*|[\\x00-\\x7f\u{80}-\u{9f}\u{ad}\u{202e}\u{feff}\u{e0041}]*|([A-C_=\"\n]|KEY|\u{e4})*") {
            let copy = shown(&text);
            prop_assert_eq!(copy.len(), text.len());
            prop_assert!(copy.chars().all(|c| c == '\n' || c == '\t' || !is_hidden(c)));
            prop_assert!((0..=text.len()).all(|at| !text.is_char_boundary(at) || copy.is_char_boundary(at)));
        }
    }
}
