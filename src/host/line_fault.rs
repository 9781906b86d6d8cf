//! What is wrong with a `#!` line whatever is installed.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::env_line::{EnvStarts, is_several_words};
use super::first_line::FirstLine;

/// Why a line starts no interpreter, or not everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineFault {
    /// It is taken for a part of the last name or argument.
    CarriageReturn,
    /// The interpreter's path starts at the working directory.
    Relative,
    /// The interpreter's path ends in `/`.
    Directory,
    /// `env` gets several words as one.
    SeveralWords,
    /// `env` gets no program.
    NoProgram,
}

impl LineFault {
    pub fn of(line: &FirstLine) -> Option<Self> {
        let interpreter = line.interpreter.as_os_str();
        let arg = line.arg.as_deref();
        if is_crlf(arg.unwrap_or(interpreter)) {
            return Some(Self::CarriageReturn);
        }
        if !line.interpreter.is_absolute() {
            return Some(Self::Relative);
        }
        if interpreter.as_bytes().ends_with(b"/") {
            return Some(Self::Directory);
        }
        let arg = line.starts_env().then(|| arg.unwrap_or_default())?;
        if is_several_words(arg) {
            return Some(Self::SeveralWords);
        }
        (EnvStarts::of(arg) == EnvStarts::Nothing).then_some(Self::NoProgram)
    }
}

/// Whether the end of a line is that of other systems (execve(2) takes it for text).
pub fn is_crlf(name: &OsStr) -> bool {
    name.as_bytes().ends_with(b"\r")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_installed_program_repairs_is_a_fault() {
        for (line, fault) in [
            ("/bin/sh", None),
            ("/bin/sh -e", None),
            ("/bin/perl a b", None),
            ("/bin/sh\r", Some(LineFault::CarriageReturn)),
            ("/bin/sh -e\r", Some(LineFault::CarriageReturn)),
            ("/usr/bin/env sh\r", Some(LineFault::CarriageReturn)),
            ("sh", Some(LineFault::Relative)),
            ("/usr/bin/", Some(LineFault::Directory)),
            ("/usr/bin/env sh", None),
            ("/usr/bin/env -S sh -e", None),
            ("/usr/bin/env -iS sh -e", None),
            ("/usr/bin/env sh -e", Some(LineFault::SeveralWords)),
            ("/usr/bin/env -i sh", Some(LineFault::SeveralWords)),
            ("/usr/bin/env A=1 sh", Some(LineFault::SeveralWords)),
            ("/usr/bin/env", Some(LineFault::NoProgram)),
            ("/usr/bin/env A=1", Some(LineFault::NoProgram)),
        ] {
            let line = FirstLine::of(format!("#!{line}\n").as_bytes()).unwrap();
            assert_eq!(LineFault::of(&line), fault, "{line:?}");
        }
    }
}
