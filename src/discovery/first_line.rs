//! Whether the system can read the first line of a script.

use std::path::Path;

use crate::diagnostics::{Code, Diagnostic};
use crate::host::{FirstLine, LineFault};
use crate::names::{shell_path, visible};

/// Returns the command that removes CR LF line endings: execve(2) takes the CR as
/// part of the interpreter's name.
pub fn with_lf_line_ends(script: &Path) -> String {
    let script = shell_path(script);
    format!("sed -i 's/\\r$//' {script}")
}

/// Returns the command that makes `env` split its argument, which the system passes as
/// one.
pub fn with_split_words(script: &Path) -> String {
    format!("sed -i '1s/env /env -S /' {}", shell_path(script))
}

const LITTLE_ENDIAN: &[u8] = b"\xff\xfe";
const BIG_ENDIAN: &[u8] = b"\xfe\xff";
const UTF8: &[u8] = b"\xef\xbb\xbf";

/// What stops the kernel from reading a script's first line, and the command that fixes
/// it. Binary formats are another matter.
pub fn first_line_fault(path: &Path, head: &[u8]) -> Option<(&'static str, String)> {
    let script = || shell_path(path);
    let wide = |mark: &[u8]| head.starts_with(mark);
    if wide(LITTLE_ENDIAN)
        || wide(BIG_ENDIAN)
        || head.starts_with(b"#\0!\0")
        || head.starts_with(b"\0#\0!")
    {
        let script = script();
        let fix =
            format!("iconv -f UTF-16 -t UTF-8 {script} >{script}.new  # compare, then rename it");
        return Some((
            "the script is UTF-16, so the system cannot read its `#!` line",
            fix,
        ));
    }
    if head.starts_with(UTF8) {
        let fix = format!("sed -i '1s/^\\xef\\xbb\\xbf//' {}", script());
        return Some((
            "a byte order mark precedes the `#!` line, so the system cannot read it",
            fix,
        ));
    }
    if head.starts_with(b"#!") {
        if FirstLine::of(head).is_some() {
            return None;
        }
        let fix = format!("head -n 1 {}", script());
        let is_cut = FirstLine::line(head).is_none();
        let fault = if is_cut {
            "the `#!` line is too long: the system reads only 256 bytes"
        } else {
            "the `#!` line names no interpreter"
        };
        return Some((fault, fix));
    }
    let is_text = !head.contains(&0) && !head.starts_with(b"\x7fELF");
    is_text.then(|| {
        let fix = "make its first line `#!/bin/sh`, or name its interpreter".to_owned();
        (
            "the script has no `#!` line, so the system cannot start it",
            fix,
        )
    })
}

/// Checks that the kernel can read the first line of a script.
pub fn check_first_line(path: &Path, head: &[u8]) -> Result<(), Diagnostic> {
    match first_line_fault(path, head) {
        Some((message, fix)) => {
            let problem = Diagnostic::of_path(Code::NoInterpreterLine, path, message.to_owned());
            Err(problem.help(fix))
        }
        None => Ok(()),
    }
}

/// Returns what is wrong with a first line whatever is installed: what a run refuses
/// for that reason is in it.
pub fn first_line_problem(path: &Path, head: &[u8]) -> Option<Diagnostic> {
    if let Err(problem) = check_first_line(path, head) {
        return Some(problem);
    }
    let line = FirstLine::of(head)?;
    Some(line_problem(LineFault::of(&line)?, &line, path))
}

fn line_problem(fault: LineFault, line: &FirstLine, path: &Path) -> Diagnostic {
    let problem = |message: String| Diagnostic::of_path(Code::InterpreterNotFound, path, message);
    let interpreter = visible(&line.interpreter);
    let see = format!("head -n 1 {}", shell_path(path));
    match fault {
        LineFault::CarriageReturn => {
            let message = "the `#!` line ends in a carriage return".to_owned();
            let problem = Diagnostic::of_path(Code::NoInterpreterLine, path, message);
            problem.help(with_lf_line_ends(path))
        }
        LineFault::Relative => {
            let message =
                format!("the interpreter must be an absolute path, but is `{interpreter}`");
            let help = format!("write its whole path, or `#!/usr/bin/env {interpreter}`");
            problem(message).help(help)
        }
        LineFault::Directory => {
            problem(format!("the interpreter `{interpreter}` is a directory")).help(see)
        }
        LineFault::SeveralWords => {
            let arg = visible(line.arg.as_deref().unwrap_or_default());
            let problem = problem(format!("`env` gets `{arg}` as one argument"));
            problem.help(with_split_words(path))
        }
        LineFault::NoProgram => {
            let message = "the `#!` line gives `env` no program to start".to_owned();
            problem(message).help(see)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(head: &[u8]) -> Option<&'static str> {
        first_line_fault(Path::new("s"), head).map(|(fault, _)| fault)
    }

    #[test]
    fn only_text_needs_a_first_line() {
        for fine in [&b"#!/bin/sh"[..], b"\x7fELF", b"\xca\xfe\0\0"] {
            assert_eq!(fault(fine), None);
        }
        for text in [&b"echo hi\n"[..], b""] {
            assert!(fault(text).unwrap().contains("has no `#!` line"));
        }
    }

    #[test]
    fn what_hides_the_line_from_the_system_is_named() {
        let long = format!("#!/{}", "x".repeat(300));
        for (head, words) in [
            (&b"\xef\xbb\xbf#!/bin/sh\n"[..], "byte order mark"),
            (b"\xff\xfe#\0!\0", "UTF-16"),
            (b"\xfe\xff\0#\0!", "UTF-16"),
            (b"#\0!\0/\0", "UTF-16"),
            (b"\0#\0!\0/", "UTF-16"),
            (b"#! \n", "names no interpreter"),
            (&long.as_bytes()[..256], "too long"),
        ] {
            assert!(fault(head).unwrap().contains(words), "{words}");
        }
    }
}
