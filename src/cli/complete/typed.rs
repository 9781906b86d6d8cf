//! A word as it was typed, before the shell has read it. It is never evaluated:
//! except for quotes, backslashes and the home directory it is taken literally.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use crate::host::HostView;

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
