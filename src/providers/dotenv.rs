//! Secrets in a file of lines `KEY=value`. Nothing is expanded, and no shell reads it.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::local_file::{FileFault, check as check_path, expand, read};
use super::output::Bytes;
use super::{Local, ProviderFault};
use crate::host::HostView;
use crate::names::SecretRef;

pub(super) static DOTENV: Local = Local {
    name: "dotenv",
    about: "a line of a `.env` file",
    shape: "path#KEY",
    check,
    value,
    ends_line: true,
};

fn check(reference: &str) -> Result<(), String> {
    let (path, key) = split(reference).ok_or("write `path#KEY`")?;
    check_path(path)?;
    let is_key = !key.is_empty() && key.bytes().all(is_of_key);
    is_key
        .then_some(())
        .ok_or_else(|| "write a name after `#`, as the file has it".to_owned())
}

fn split(reference: &str) -> Option<(&str, &str)> {
    reference.rsplit_once('#')
}

fn value(reference: &SecretRef, view: &dyn HostView) -> Result<Bytes, ProviderFault> {
    let (path, key) = split(reference.as_str()).unwrap_or_default();
    let path = expand(path, view)?;
    let text = read(&path, view)?;
    let found = value_of(&text, key).map_err(|mistake| mistake.fault(&path, &text))?;
    let missing = || FileFault::NoKey {
        path: path.clone(),
        key: key.to_owned(),
    };
    Ok(found.ok_or_else(missing)?)
}

/// What is wrong in a text, and where. It contains no value.
#[derive(Debug, PartialEq, Eq)]
struct Mistake {
    at: usize,
    message: String,
}

impl Mistake {
    fn fault(self, path: &std::path::Path, text: &[u8]) -> FileFault {
        let (line, column) = position(text, self.at);
        FileFault::Malformed {
            path: path.to_owned(),
            line,
            column,
            message: self.message,
        }
    }
}

/// Line and column, from 1; the column in characters.
fn position(text: &[u8], at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let starts_character = |byte: &&u8| **byte & 0xc0 != 0x80;
    let line = before.rsplit(|&byte| byte == b'\n').next();
    let column = line.unwrap_or_default().iter().filter(starts_character);
    let lines = before.iter().filter(|&&byte| byte == b'\n');
    (lines.count() + 1, column.count() + 1)
}

/// The value of a key, if the text sets it.
fn value_of(text: &[u8], key: &str) -> Result<Option<Bytes>, Mistake> {
    let mut reader = Reader::of(text);
    let mut first: BTreeMap<&[u8], usize> = BTreeMap::new();
    let mut value = None;
    while let Some(line) = reader.next_assignment()? {
        if let Some(earlier) = first.insert(line.key, line.at) {
            let name = String::from_utf8_lossy(line.key);
            let (earlier, _) = position(text, earlier);
            let message = format!("`{name}` is set twice, first in line {earlier}");
            return Err(Mistake {
                at: line.at,
                message,
            });
        }
        if line.key == key.as_bytes() {
            value = Some(line.value);
        }
    }
    value.map(Written::read).transpose()
}

struct Assignment<'t> {
    key: &'t [u8],
    at: usize,
    value: Written<'t>,
}

/// A value as it is written.
enum Written<'t> {
    Literal(&'t [u8]),
    /// In double quotes, which begin here.
    Escaped(&'t [u8], usize),
}

impl Written<'_> {
    fn read(self) -> Result<Bytes, Mistake> {
        match self {
            Self::Literal(bytes) => Ok(Zeroizing::new(bytes.to_vec())),
            Self::Escaped(bytes, start) => unescaped(bytes, start),
        }
    }
}

fn unescaped(written: &[u8], start: usize) -> Result<Bytes, Mistake> {
    let mut value = Zeroizing::new(Vec::with_capacity(written.len()));
    let mut bytes = written.iter().enumerate();
    while let Some((at, &byte)) = bytes.next() {
        let real = match byte {
            b'\\' => bytes.next().and_then(|(_, &escape)| escaped(escape)),
            other => Some(other),
        };
        let message = "unknown escape: use \\n, \\r, \\t, \\\\, \\\", \\' or \\$";
        value.push(real.ok_or_else(|| mistake(start + 1 + at, message))?);
    }
    Ok(value)
}

fn escaped(byte: u8) -> Option<u8> {
    match byte {
        b'n' => Some(b'\n'),
        b'r' => Some(b'\r'),
        b't' => Some(b'\t'),
        b'\\' | b'"' | b'\'' | b'$' | b'`' => Some(byte),
        _ => None,
    }
}

fn mistake(at: usize, message: &str) -> Mistake {
    let message = message.to_owned();
    Mistake { at, message }
}

fn is_of_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_.-".contains(&byte)
}

fn is_space(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

struct Reader<'t> {
    text: &'t [u8],
    at: usize,
}

impl<'t> Reader<'t> {
    fn of(text: &'t [u8]) -> Self {
        const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
        let at = if text.starts_with(BYTE_ORDER_MARK) {
            BYTE_ORDER_MARK.len()
        } else {
            0
        };
        Self { text, at }
    }

    fn rest(&self) -> &'t [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.rest().first().copied()
    }

    /// Takes the bytes up to the first that is not wanted.
    fn take(&mut self, wanted: impl Fn(u8) -> bool) -> &'t [u8] {
        let rest = self.rest();
        let end = rest.iter().position(|&byte| !wanted(byte));
        let taken = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        self.at += taken.len();
        taken
    }

    /// The next line that sets a key; blank ones and comments are skipped.
    fn next_assignment(&mut self) -> Result<Option<Assignment<'t>>, Mistake> {
        loop {
            self.take(|byte| byte.is_ascii_whitespace());
            match self.peek() {
                None => return Ok(None),
                Some(b'#') => drop(self.take(|byte| byte != b'\n')),
                Some(_) => return self.assignment().map(Some),
            }
        }
    }

    fn assignment(&mut self) -> Result<Assignment<'t>, Mistake> {
        let (key, at) = self.key()?;
        self.take(is_space);
        if self.peek() != Some(b'=') {
            return Err(mistake(self.at, "expected `=` after a name"));
        }
        self.at += 1;
        let value = self.value()?;
        Ok(Assignment { key, at, value })
    }

    fn key(&mut self) -> Result<(&'t [u8], usize), Mistake> {
        let mut at = self.at;
        let mut key = self.take(is_of_key);
        if key == b"export" && !self.take(is_space).is_empty() && self.peek() != Some(b'=') {
            at = self.at;
            key = self.take(is_of_key);
        }
        match key {
            [] => Err(mistake(at, "expected a name, `=` and a value")),
            key => Ok((key, at)),
        }
    }

    /// The value, and the rest of its line.
    fn value(&mut self) -> Result<Written<'t>, Mistake> {
        let is_apart = !self.take(is_space).is_empty();
        let start = self.at;
        let value = match self.peek() {
            Some(b'\'') => Written::Literal(self.quoted(|_| false)?),
            Some(b'"') => Written::Escaped(self.quoted(|byte| byte == b'\\')?, start),
            _ => return Ok(Written::Literal(self.plain(is_apart))),
        };
        let is_apart = !self.take(is_space).is_empty();
        match self.plain(is_apart) {
            [] => Ok(value),
            _ => Err(mistake(start, "the line continues after the second quote")),
        }
    }

    /// What is between two quotes, lines included.
    fn quoted(&mut self, escapes: impl Fn(u8) -> bool) -> Result<&'t [u8], Mistake> {
        let start = self.at;
        let quote = self.peek();
        let inside = self.text.get(start + 1..).unwrap_or_default();
        let mut bytes = inside.iter().enumerate();
        while let Some((at, &byte)) = bytes.next() {
            if escapes(byte) {
                bytes.next();
            } else if Some(byte) == quote {
                self.at = start + at + 2;
                return Ok(inside.get(..at).unwrap_or_default());
            }
        }
        Err(mistake(start, "this quote is not closed"))
    }

    /// The rest of the line without a comment, which begins after a space.
    fn plain(&mut self, mut is_apart: bool) -> &'t [u8] {
        let line = self.take(|byte| byte != b'\n');
        let comment = line.iter().position(|&byte| {
            let starts = byte == b'#' && is_apart;
            is_apart = is_space(byte);
            starts
        });
        let line = line.get(..comment.unwrap_or(line.len()));
        line.unwrap_or_default().trim_ascii_end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::World;

    fn value_in(text: &str) -> Result<Option<String>, (usize, usize, String)> {
        let found = value_of(text.as_bytes(), "KEY");
        let found = found.map_err(|one| {
            let (line, column) = position(text.as_bytes(), one.at);
            (line, column, one.message)
        })?;
        Ok(found.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap()))
    }

    #[test]
    fn a_value_is_plain_or_quoted() {
        for (text, value) in [
            ("KEY=a", "a"),
            ("KEY=a\r\n", "a"),
            ("\u{feff}KEY=a\n", "a"),
            ("A=1\n\n# KEY=no\n  KEY = a b  # no\nB=2", "a b"),
            ("export KEY=a", "a"),
            ("export\tKEY='a'", "a"),
            ("export=1\nKEY=a", "a"),
            ("KEY=", ""),
            ("KEY= # no", ""),
            ("KEY=#a", "#a"),
            ("KEY=a#b=c", "a#b=c"),
            ("KEY=$HOME/${A}`b`\\n", "$HOME/${A}`b`\\n"),
            ("KEY=a'b\"c", "a'b\"c"),
            ("KEY='a # \\n \"$b' # no", "a # \\n \"$b"),
            (
                "KEY=\"a # 'b\\\" \\n\\t\\r\\\\ \\$c\"",
                "a # 'b\" \n\t\r\\ $c",
            ),
            ("KEY=\"a\nb\"\nA=1", "a\nb"),
            ("KEY='a\nB=2\n'\nA=1", "a\nB=2\n"),
            ("A=\"\nKEY=no\n\"\nKEY=a", "a"),
            ("a.b-c=1\nKEY=\u{fc}", "\u{fc}"),
        ] {
            assert_eq!(value_in(text), Ok(Some(value.to_owned())), "{text:?}");
        }
        assert_eq!(value_in("A=1\n#KEY=2\nKEYS=3\n"), Ok(None));
    }

    #[test]
    fn a_mistake_has_a_place_and_shows_no_value() {
        for (text, line, column, start) in [
            (
                "KEY=1\nA=1\nKEY=2",
                3,
                1,
                "`KEY` is set twice, first in line 1",
            ),
            ("KEY=1\nexport A=1\nA=2", 3, 1, "`A` is set twice"),
            ("KEY=1\nhunter2", 2, 8, "expected `=`"),
            ("KEY=1\nexport A", 2, 9, "expected `=`"),
            ("KEY=1\n =2", 2, 2, "expected a name"),
            ("\u{fc}=2", 1, 1, "expected a name"),
            ("A=\u{fc} KEY='a", 1, 10, ""),
            ("KEY='hunter2", 1, 5, "this quote is not closed"),
            ("A=1\nKEY=\"a\\\"", 2, 5, "this quote is not closed"),
            ("KEY='a'b", 1, 5, "the line continues"),
            ("KEY='a'#b", 1, 5, "the line continues"),
            ("KEY=\"a\\qb\"", 1, 7, "unknown escape"),
        ] {
            let Err((at_line, at_column, message)) = value_in(text) else {
                assert_eq!(start, "", "{text:?}");
                continue;
            };
            assert_eq!((at_line, at_column), (line, column), "{text:?}: {message}");
            assert!(message.starts_with(start), "{text:?}: {message}");
            assert!(!message.contains("hunter2"));
        }
    }

    #[test]
    fn a_reference_names_a_file_and_a_key() {
        let world = World::new().file("/home/ops/a#b/.env", "KEY=hunter2\nOTHER=\n");
        let of = |reference: &str| value(&reference.parse().unwrap(), &world);
        assert_eq!(*of("~/a#b/.env#KEY").unwrap(), b"hunter2");
        let none = of("~/a#b/.env#NONE").unwrap_err();
        assert!(matches!(none, ProviderFault::File(FileFault::NoKey { .. })));
        assert!(check("~/a#b/.env#KEY").is_ok());
        for wrong in ["~/.env", "~/.env#", "#KEY", ".env#KEY", "~/.env#A B"] {
            assert!(check(wrong).is_err(), "{wrong}");
        }
    }
}
