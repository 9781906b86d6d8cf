//! The programs that start a script: the interpreter of its `#!` line, that one's own,
//! and what `env` finds on `PATH`. They are as much a part of what runs as the script.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::env_line::EnvStarts;
use super::executable_format::{FormatFault, fault, loader_fault};
use super::first_line::FirstLine;
use super::permissions::{is_absent, is_executable, is_link};
use super::{Access, FileKind, HostView, Stat, reason};
use crate::names::{Sha256, path_as_text, shell_path, visible};

/// A program that starts a script, or another interpreter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Interpreter {
    /// Absolute.
    #[serde(serialize_with = "path_as_text")]
    pub path: PathBuf,
    /// None for a program that only root can change: it is large, and whoever can change
    /// it can change qli and the kernel too. It is compared by its [`Stat`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Sha256>,
    #[serde(skip)]
    pub stat: Stat,
    /// Its beginning, if it can be read.
    #[serde(skip)]
    head: Option<Vec<u8>>,
}

/// Why the system would not start a script.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotStartable {
    #[error("{path} {1}", path = shell_path(.0))]
    Program(PathBuf, Unfit),
    #[error("the interpreter `{interpreter}` of {script} {fault}", interpreter = visible(interpreter), script = shell_path(script))]
    Interpreter {
        script: PathBuf,
        interpreter: PathBuf,
        fault: Unfit,
    },
    /// `env` looks for it.
    #[error("the interpreter `{name}` of {script} is not on PATH", name = visible(name), script = shell_path(script))]
    NotOnPath { script: PathBuf, name: OsString },
    /// `env` would fail, or start the script again, without an end.
    #[error("the `#!` line of {script} gives `env` no program to start", script = shell_path(script))]
    NoProgram { script: PathBuf, arg: OsString },
    #[error("{path} has too many nested `#!` interpreters", path = shell_path(.0))]
    TooNested(PathBuf),
}

/// Why a file cannot be executed; follows it in a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("does not exist")]
    Missing,
    #[error("is a broken symbolic link")]
    Dangling,
    #[error("is {}", .0.as_str())]
    NotAFile(FileKind),
    #[error("is not executable")]
    NoExecuteBit,
    /// The filesystem is mounted `noexec`, or a directory above it is closed.
    #[error("cannot be executed: {0}")]
    Denied(String),
    #[error("has a `#!` line that the system cannot read")]
    FirstLine,
    #[error(transparent)]
    Format(#[from] FormatFault),
}

/// How many interpreters the kernel follows (execve(2)).
const IN_ONE_CALL: usize = 5;

/// `env` starts another program, for which the kernel counts again.
const IN_ALL: usize = 16;

/// Finds the programs that start a file, in the order in which the kernel does, without
/// their hashes. `head` is the beginning of the file, if it can be read, and `path` the
/// `PATH` that it gets. One that is known and has not changed since is not read again.
pub fn interpreters(
    file: &Path,
    head: Option<&[u8]>,
    path: Option<&OsStr>,
    known: &[Interpreter],
    view: &dyn HostView,
) -> Result<Vec<Interpreter>, NotStartable> {
    let mut chain = Chain {
        file,
        path,
        known,
        view,
        found: Vec::new(),
        counted: 0,
        by_env: false,
    };
    let mut head = head.map(<[u8]>::to_vec);
    while let Some(line) = head.as_deref().and_then(FirstLine::of) {
        head = chain.follow(line)?;
    }
    if let Some(head) = head {
        chain.check_last(&head)?;
    }
    Ok(chain.found)
}

/// Finds the programs that start a file, with the hashes that a plan has.
pub fn planned_interpreters(
    file: &Path,
    head: Option<&[u8]>,
    path: Option<&OsStr>,
    view: &dyn HostView,
) -> Result<Vec<Interpreter>, NotStartable> {
    let mut found = interpreters(file, head, path, &[], view)?;
    for one in &mut found {
        if !one.only_root_can_change() {
            one.sha256 = view.digest(&one.path).ok().map(|found| found.sha256);
        }
    }
    Ok(found)
}

impl Interpreter {
    fn only_root_can_change(&self) -> bool {
        let stat = &self.stat;
        stat.owner == 0 && !stat.is_group_writable() && !stat.is_world_writable()
    }
}

struct Chain<'a> {
    file: &'a Path,
    path: Option<&'a OsStr>,
    known: &'a [Interpreter],
    view: &'a dyn HostView,
    found: Vec<Interpreter>,
    /// How many the kernel has followed in one call.
    counted: usize,
    /// Whether `env` starts the last one.
    by_env: bool,
}

impl Chain<'_> {
    /// The file that names the next interpreter.
    fn script(&self) -> PathBuf {
        let last = self.found.last().map(|one| &*one.path);
        last.unwrap_or(self.file).to_owned()
    }

    /// Adds the interpreter of a line, and the program that it starts if it is `env`.
    /// Returns the beginning of the last one, if it can be read.
    fn follow(&mut self, line: FirstLine) -> Result<Option<Vec<u8>>, NotStartable> {
        if self.counted == IN_ONE_CALL || self.found.len() >= IN_ALL {
            return Err(NotStartable::TooNested(self.file.to_owned()));
        }
        let script = self.script();
        let by_env = line.starts_env();
        let head = self.add(line.interpreter)?;
        self.counted += 1;
        self.by_env = false;
        if !by_env || is_script(head.as_deref()) {
            return Ok(head);
        }
        let arg = line.arg.unwrap_or_default();
        let name = match EnvStarts::of(&arg) {
            EnvStarts::Program(name) => name,
            EnvStarts::Nothing => return Err(NotStartable::NoProgram { script, arg }),
            EnvStarts::Unknown => return Ok(head),
        };
        let Some(path) = find_as_env(&name, self.path, self.view) else {
            return Err(NotStartable::NotOnPath { script, name });
        };
        self.counted = 0;
        self.by_env = true;
        self.add(path)
    }

    fn add(&mut self, path: PathBuf) -> Result<Option<Vec<u8>>, NotStartable> {
        let whole = absolute(&path, self.view);
        let fault = |fault| NotStartable::Interpreter {
            script: self.script(),
            interpreter: path,
            fault,
        };
        let stat = find(&whole, self.view);
        let mut known = self.known.iter();
        let known = known.find(|one| one.path == whole && stat.as_ref() == Ok(&one.stat));
        let one = match known {
            Some(known) => known.clone(),
            None => examine(whole, stat, self.view).map_err(fault)?,
        };
        let head = one.head.clone();
        self.found.push(one);
        Ok(head)
    }

    /// The loader of a system program is there, so that a run need not look for it.
    fn loader_fault(&self, path: &Path, head: &[u8]) -> Option<FormatFault> {
        let mut last = self.found.last().into_iter();
        let of_system = last.any(Interpreter::only_root_can_change);
        (!of_system).then(|| loader_fault(path, head, self.view))?
    }

    /// Checks the end of the chain, which has no `#!` line that the kernel can read.
    fn check_last(&mut self, head: &[u8]) -> Result<(), NotStartable> {
        let path = self.script();
        let fault = if is_script(Some(head)) {
            Unfit::FirstLine
        } else {
            match fault(&path, head, self.view).or_else(|| self.loader_fault(&path, head)) {
                None => return Ok(()),
                // As execvp(3) does, `env` has `sh` run a text.
                Some(FormatFault::Text | FormatFault::Empty) if self.by_env => return Ok(()),
                Some(fault) => fault.into(),
            }
        };
        let Some(last) = self.found.pop() else {
            return Err(NotStartable::Program(path, fault));
        };
        Err(NotStartable::Interpreter {
            script: self.script(),
            interpreter: last.path,
            fault,
        })
    }
}

fn is_script(head: Option<&[u8]>) -> bool {
    head.is_some_and(|head| head.starts_with(b"#!"))
}

/// The kernel starts a relative path at the working directory.
fn absolute(path: &Path, view: &dyn HostView) -> PathBuf {
    if path.is_absolute() {
        return path.to_owned();
    }
    view.cwd().unwrap_or_default().join(path)
}

fn find(path: &Path, view: &dyn HostView) -> Result<Stat, Unfit> {
    match view.stat(path) {
        Ok(stat) if !stat.is_file() => Err(Unfit::NotAFile(stat.kind)),
        Ok(stat) => Ok(stat),
        Err(error) if !is_absent(&error) => Err(Unfit::Denied(reason(&error))),
        Err(_) if is_link(path, view) => Err(Unfit::Dangling),
        Err(_) => Err(Unfit::Missing),
    }
}

/// Checks that the kernel lets qli execute a file, and reads its beginning.
fn examine(
    path: PathBuf,
    stat: Result<Stat, Unfit>,
    view: &dyn HostView,
) -> Result<Interpreter, Unfit> {
    let stat = stat?;
    match view.check_access(&path, Access::Execute) {
        Ok(()) => Ok(Interpreter {
            head: view.head(&path).ok(),
            sha256: None,
            path,
            stat,
        }),
        Err(_) if !stat.has_execute_bit() => Err(Unfit::NoExecuteBit),
        Err(error) => Err(Unfit::Denied(reason(&error))),
    }
}

/// Finds a program as `env` does (execvp(3)): also in relative entries of `PATH`, and
/// without regard to who can change it.
fn find_as_env(name: &OsStr, path: Option<&OsStr>, view: &dyn HostView) -> Option<PathBuf> {
    if name.as_bytes().contains(&b'/') {
        return Some(name.into());
    }
    let path = path.unwrap_or_else(|| "/bin:/usr/bin".as_ref());
    let mut candidates = std::env::split_paths(path).map(|entry| entry.join(name));
    candidates.find(|one| is_executable(&absolute(one, view), view))
}

#[cfg(test)]
mod tests;
