//! Building a world, a circumstance a line, and looking at it afterwards.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use super::{Act, Op, World};
use crate::host::{ChildEnd, FileKind, Signal, Stat};

impl World {
    /// A user `ops` with a home directory, no terminal and no groups.
    pub fn new() -> Self {
        Self::bare()
            .var("HOME", "/home/ops")
            .var("PATH", "/usr/bin:/bin")
            .directory("/home/ops", 0o755)
            .executable("/bin/sh", "\x7fELF")
    }

    /// A world without a single variable or file.
    pub fn bare() -> Self {
        let end = ChildEnd {
            status: Ok(0),
            core: false,
            received: Vec::new(),
            suspended: Duration::ZERO,
            timed_out: false,
            escalated: false,
            left_running: None,
        };
        Self {
            vars: BTreeMap::new(),
            disk: Rc::default(),
            answers: None,
            tools: BTreeMap::new(),
            end,
        }
    }

    /// Sets a variable.
    #[must_use]
    pub fn var(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.vars.insert(name.to_owned(), value.into());
        self
    }

    /// Removes a variable.
    #[must_use]
    pub fn unset(mut self, name: &str) -> Self {
        self.vars.remove(name);
        self
    }

    /// Puts a file of mode 0644 there.
    #[must_use]
    pub fn file(self, path: &str, text: &str) -> Self {
        self.node(path, FileKind::File, 0o644, text)
    }

    /// Puts an executable of mode 0755 there.
    #[must_use]
    pub fn executable(self, path: &str, text: &str) -> Self {
        self.node(path, FileKind::File, 0o755, text)
    }

    /// Puts a directory there.
    #[must_use]
    pub fn directory(self, path: &str, mode: u32) -> Self {
        self.node(path, FileKind::Directory, mode, "")
    }

    /// Puts a symbolic link there. The world's `stat` follows none: it only
    /// tells what a link says.
    #[must_use]
    pub fn link(self, path: &str, target: &str) -> Self {
        self.node(path, FileKind::Link, 0o777, target)
    }

    /// Puts anything there.
    #[must_use]
    pub fn node(self, path: &str, kind: FileKind, mode: u32, text: &str) -> Self {
        self.disk
            .borrow_mut()
            .put(Path::new(path), kind, mode, text.as_bytes());
        self
    }

    /// Changes what `stat` says of a path that is there.
    #[must_use]
    pub fn alter(self, path: &str, change: impl FnOnce(&mut Stat)) -> Self {
        if let Some(node) = self.disk.borrow_mut().nodes.get_mut(Path::new(path)) {
            change(&mut node.stat);
        }
        self
    }

    /// Puts a group into the user's root, with an executable `hello`.
    #[must_use]
    pub fn manifest(self, group: &str, fields: &str) -> Self {
        let root = format!("/home/ops/.local/share/qli/extensions/{group}");
        let text = format!("schema_version = 1\ndescription = \"d\"\n{fields}\n");
        self.file(&format!("{root}/_manifest.toml"), &text)
            .executable(&format!("{root}/hello"), "#!/bin/sh\necho hello\n")
    }

    /// Gives the world a terminal on which this is typed.
    #[must_use]
    pub fn terminal(mut self, answer: &str) -> Self {
        self.answers = Some(vec![answer.to_owned()]);
        self
    }

    /// Puts a tool on `PATH` that ends with a code and writes these texts.
    #[must_use]
    pub fn tool(mut self, name: &str, code: i32, stdout: &[u8], stderr: &[u8]) -> Self {
        let output = (Some(code), stdout.to_vec(), stderr.to_vec());
        self.tools.insert(name.to_owned(), output);
        self.executable(&format!("/usr/bin/{name}"), "\x7fELF")
    }

    /// Makes an operation fail the `nth` time, counted from 1.
    #[must_use]
    pub fn fails(self, op: Op, nth: u32, errno: nix::errno::Errno) -> Self {
        self.disk
            .borrow_mut()
            .faults
            .insert((op, nth), errno as i32);
        self
    }

    /// Lets somebody change a file while a person is being asked: its new
    /// text, and whether it is another file under the same name.
    #[must_use]
    pub fn changes_at_question(self, path: &str, text: &str, replaced: bool) -> Self {
        let change = (PathBuf::from(path), text.to_owned(), replaced);
        self.disk.borrow_mut().at_question.push(change);
        self
    }

    /// Lets a signal arrive at the first such operation.
    #[must_use]
    pub fn signal_at(self, op: Op, signal: Signal) -> Self {
        self.disk.borrow_mut().signals.insert(op, signal);
        self
    }

    /// Says how the script will end.
    #[must_use]
    pub fn ends(mut self, end: impl FnOnce(&mut ChildEnd)) -> Self {
        end(&mut self.end);
        self
    }

    /// Returns all that was done, in order.
    pub fn acts(&self) -> Vec<Act> {
        self.disk.borrow().acts.clone()
    }

    /// Returns a file's text, if it is there.
    pub fn text(&self, path: &str) -> Option<String> {
        let disk = self.disk.borrow();
        let node = disk.nodes.get(Path::new(path))?;
        Some(String::from_utf8_lossy(&node.bytes).into_owned())
    }
}
