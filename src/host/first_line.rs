//! The `#!` line of a script, as the kernel reads it (execve(2)).

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::HEAD;

/// An interpreter, and all the rest of the line as one argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstLine {
    pub interpreter: PathBuf,
    pub arg: Option<OsString>,
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Where the kernel stops reading the interpreter's path.
fn ends_path(byte: u8) -> bool {
    is_blank(byte) || byte == 0
}

fn trim(line: &[u8]) -> &[u8] {
    let start = line.iter().position(|&byte| !is_blank(byte));
    let end = line.iter().rposition(|&byte| !is_blank(byte));
    let whole = start
        .zip(end)
        .and_then(|(start, end)| line.get(start..=end));
    whole.unwrap_or_default()
}

impl FirstLine {
    /// Reads the line from the beginning of a file; `None` if there is none, or if the
    /// kernel would refuse it.
    pub fn of(head: &[u8]) -> Option<Self> {
        let line = trim(Self::line(head)?);
        let end = line
            .iter()
            .position(|&byte| ends_path(byte))
            .unwrap_or(line.len());
        let (interpreter, rest) = line.split_at_checked(end)?;
        let arg = rest.split(|byte| *byte == 0).next().map(trim);
        let arg = arg.filter(|arg| !arg.is_empty());
        (!interpreter.is_empty()).then(|| Self {
            interpreter: OsStr::from_bytes(interpreter).into(),
            arg: arg.map(|arg| OsStr::from_bytes(arg).into()),
        })
    }

    /// Whether `env` looks for the interpreter.
    pub(super) fn starts_env(&self) -> bool {
        self.interpreter.file_name() == Some(OsStr::new("env"))
    }

    /// The text after `#!`. Only so many bytes are read. A longer line is cut, unless
    /// that would cut the interpreter's path.
    pub fn line(head: &[u8]) -> Option<&[u8]> {
        let rest = head.get(..HEAD.min(head.len()))?.strip_prefix(b"#!")?;
        let text = rest.iter().position(|byte| matches!(byte, 0 | b'\n'));
        match text.and_then(|at| Some((rest.get(..at)?, *rest.get(at)?))) {
            Some((line, b'\n')) => Some(line),
            None | Some(_) if head.len() < HEAD => Some(rest),
            None | Some(_) => {
                let start = rest.iter().position(|&byte| !is_blank(byte))?;
                let path = rest.get(start..)?;
                path.iter().any(|&byte| ends_path(byte)).then_some(())?;
                rest.get(..rest.len() - 1)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(head: &[u8]) -> Option<(String, Option<String>)> {
        let line = FirstLine::of(head)?;
        let arg = line.arg.map(|arg| arg.into_string().unwrap());
        Some((line.interpreter.display().to_string(), arg))
    }

    fn line(interpreter: &str, arg: Option<&str>) -> (String, Option<String>) {
        (interpreter.to_owned(), arg.map(str::to_owned))
    }

    #[test]
    fn the_rest_of_the_line_is_one_argument() {
        assert_eq!(of(b"#!/bin/sh\n"), Some(line("/bin/sh", None)));
        assert_eq!(of(b"#!/bin/sh"), Some(line("/bin/sh", None)));
        let spaced = b"#! \t/usr/bin/env  bash -e \t\nexit\n";
        assert_eq!(of(spaced), Some(line("/usr/bin/env", Some("bash -e"))));
        assert_eq!(of(b"#!/bin/sh\r\n"), Some(line("/bin/sh\r", None)));
        assert_eq!(of(b"#!/bin/sh\0 -x\n"), Some(line("/bin/sh", None)));
        for none in [&b"#!\n"[..], b"#! \t\n", b"#!", b"\x7fELF", b""] {
            assert_eq!(of(none), None);
        }
    }

    /// What the kernel reads of a line of `length` bytes after `#!`, of which the first
    /// `path` name the interpreter.
    fn long(path: usize, length: usize) -> Option<(String, Option<String>)> {
        let mut text = format!("#!/{}", "i".repeat(path - 1));
        if length > path {
            text.push(' ');
            text.push_str(&"a".repeat(length - path - 1));
        }
        text.push('\n');
        of(text.as_bytes().get(..HEAD.min(text.len())).unwrap())
    }

    #[test]
    fn a_line_that_is_too_long_loses_the_end_of_its_argument_but_not_of_its_path() {
        let path = |length: usize| format!("/{}", "i".repeat(length - 1));
        assert_eq!(long(253, 253), Some(line(&path(253), None)));
        assert_eq!(long(254, 254), None);
        let arg = "a".repeat(242);
        assert_eq!(long(10, 300), Some(line(&path(10), Some(&arg))));
        assert_eq!(long(253, 300), Some(line(&path(253), None)));
    }
}
