//! The copy of a text that is safe to display: it cannot control a terminal, and
//! contains no value of a variable whose name looks like a secret's, and no token.

use super::Source;
use super::scan::{StructuralBytes, begins_statement, string_length};
use crate::names::{is_hidden, promises_secret, without_tokens};

impl Source {
    /// A copy of equal byte length, so that every span stays valid.
    pub fn shown(&self) -> &str {
        self.shown.get_or_init(|| copy(self.text()))
    }
}

fn copy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut hidden = Hidden::Nothing;
    // From the last secret on: an open string above it must not matter.
    let mut bytes = StructuralBytes::new(text, 0);
    for line in text.split_inclusive('\n') {
        let at = out.len();
        let continues = hidden != Hidden::Nothing;
        let public = hidden.public_part(line, continues && bytes.reaches(at));
        let (shown, secret) = line.split_at_checked(public).unwrap_or((line, ""));
        if !shown.is_empty() && !secret.is_empty() {
            bytes = StructuralBytes::new(text, at + public);
        }
        push_harmless(&mut out, &without_tokens(shown));
        secret.chars().for_each(|c| push_blank(&mut out, c));
        hidden = hidden.after(shown, secret);
    }
    out
}

/// What is hidden of the next line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hidden {
    Nothing,
    /// The value of a secret continues until the next field or header.
    Value,
    /// A table with a secret's name continues until the next header.
    Table,
}

impl Hidden {
    /// How much of a line can be shown.
    fn public_part(self, line: &str, is_outside_strings: bool) -> usize {
        let trimmed = line.trim_start();
        let ends = match self {
            Self::Nothing => true,
            Self::Value => is_outside_strings && begins_statement(trimmed),
            Self::Table => is_outside_strings && trimmed.starts_with('['),
        };
        match ends {
            true => public_part(line),
            false if is_outside_strings && trimmed.starts_with('#') => line.len(),
            false => 0,
        }
    }

    fn after(self, shown: &str, secret: &str) -> Self {
        match (shown.is_empty(), secret.is_empty()) {
            (false, false) if shown.starts_with('[') && !shown.contains(']') => Self::Table,
            (false, false) => Self::Value,
            (_, true) if begins_statement(shown.trim_start()) => Self::Nothing,
            _ => self,
        }
    }
}

/// What replaces a hidden character, by its length in bytes.
const REPLACEMENTS: [&str; 5] = ["", "?", "\u{bf}", "\u{fffd}", "\u{bf}\u{bf}"];

/// A carriage return at the end of a line and a byte-order mark become spaces, so
/// that no position moves.
fn push_harmless(out: &mut String, text: &str) {
    let text = match text.strip_prefix('\u{feff}') {
        Some(rest) if out.is_empty() => {
            out.push_str("   ");
            rest
        }
        _ => text,
    };
    let (line, end) = match text.strip_suffix("\r\n") {
        Some(line) => (line, " \n"),
        None => (text, ""),
    };
    for c in line.chars() {
        match c {
            '\n' | '\t' => out.push(c),
            hidden if is_hidden(hidden) => out.extend(REPLACEMENTS.get(hidden.len_utf8()).copied()),
            plain => out.push(plain),
        }
    }
    out.push_str(end);
}

fn push_blank(out: &mut String, c: char) {
    match c {
        '\n' => out.push(c),
        '\r' => out.push(' '),
        other => out.extend(std::iter::repeat_n('*', other.len_utf8())),
    }
}

/// How much of a line can be shown: all of it, or what is before the value of a
/// secret's name.
fn public_part(line: &str) -> usize {
    let Some(end) = secret_name_end(line) else {
        return line.len();
    };
    let behind = line.get(end..).unwrap_or_default();
    let value = behind.trim_start();
    let value = value.strip_prefix(['=', ':']).unwrap_or(behind);
    line.len() - value.len()
}

/// Where the first name ends that looks like a secret's: a word, or a quoted key.
/// Other strings and comments are skipped.
fn secret_name_end(line: &str) -> Option<usize> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let mut at = 0;
    while let Some(c) = line.get(at..)?.chars().next() {
        let rest = line.get(at..)?;
        let length = match c {
            '#' => return None,
            '"' | '\'' => match string_length(rest, rest.get(..1)?) {
                Some(length) => {
                    let name = rest.get(1..length - 1)?;
                    let behind = rest.get(length..)?.trim_start();
                    let named = promises_secret(name) || name.contains('\\');
                    if named && behind.starts_with(['=', ':', '.']) {
                        return Some(at + length);
                    }
                    length
                }
                None => 1,
            },
            c if is_name(c) => {
                let length = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
                let word = rest.get(..length)?;
                // `[secret]` is meant to be `[[secrets]]`.
                if promises_secret(word) && word != "secret" {
                    return Some(at + length);
                }
                length
            }
            other => other.len_utf8(),
        };
        at += length;
    }
    None
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
    fn values_of_secret_names_are_blanked() {
        for (text, expected) in [
            ("A = \"x\"\n", "A = \"x\"\n"),
            ("API_TOKEN = \"x\u{e4}\"\n", "API_TOKEN =******\n"),
            ("  \"db_password\": 1\r\n", "  \"db_password\":** \n"),
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
    fn a_multi_line_secret_is_blanked_to_its_end() {
        let text = "MY_KEY = \"\"\"one\ntwo \\\"\"\"\nthree\"\"\"\nB = \"2\"\n";
        let expected = "MY_KEY =*******\n********\n********\nB = \"2\"\n";
        assert_eq!(shown(text), expected);
        let closed = "MY_KEY = '''one'''\nB = 2\n";
        assert!(shown(closed).ends_with("\nB = 2\n"));
    }

    #[test]
    fn no_way_to_write_a_secret_shows_it() {
        for text in [
            "API_TOKEN =\n\"hunter2\"\n",
            "API_TOKEN\n= \"hunter2\"\n",
            "API_TOKEN = \"a\nhunter2\"\n",
            "API_TOKEN = [\n \"hunter2\",\n x = \"hunter2\",\n]\n",
            "[requires_env.API_TOKEN]\nvalue = \"hunter2\"\n",
            "[requires_env] API_TOKEN = \"hunter2\"\n",
            "B = 1, API_TOKEN hunter2\n",
            "set API_TOKEN = \"hunter2\"\n",
            "API_TOKEN.x = hunter2\n",
            "r = { \"API_TOKEN\": \"hunter2\" }\n",
            "\"API_TOKE\\u004E\" = \"hunter2\"\n",
            "\"API_TOKEN = hunter2\n",
            "API_TOKEN = \"\"\"\n# hunter2\nA = \"hunter2\"\n\"\"\"\n",
            "API_TOKEN = 'x' # '''\n",
            "A = \"\"\"\nAPI_TOKEN = \"\"\"\nhunter2 = 1\n\"\"\"\n",
        ] {
            let shown = shown(&format!("{text}B = 1\n"));
            assert!(!shown.contains("hunter"), "{shown}");
            assert!(
                shown.ends_with("\nB = 1\n") || text.starts_with("[requires_env.A"),
                "{shown}"
            );
        }
    }

    #[test]
    fn carriage_returns_and_a_byte_order_mark_become_spaces() {
        assert_eq!(shown("\u{feff}a = 1\r\nb\r"), "   a = 1 \nb?");
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
