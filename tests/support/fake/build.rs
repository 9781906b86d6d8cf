//! Building a world, one line per circumstance, and inspecting it afterwards.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use chrono::DateTime;

use super::{Act, FileChange, Op, Tool, ToolAnswer, World, native_program};
use qli::testing::host::{Acl, ChildEnd, FileKind, Signal, Stat};

impl World {
    /// A user `ops` with a home directory, no terminal and no groups.
    pub fn new() -> Self {
        Self::bare()
            .var("HOME", "/home/ops")
            .var("PATH", "/usr/bin:/bin")
            .directory("/home/ops", 0o755)
            .program("/bin/sh", &native_program())
    }

    /// No variables and no files.
    pub fn bare() -> Self {
        Self::default()
    }

    pub fn var(mut self, name: &str, value: impl Into<OsString>) -> Self {
        Arc::make_mut(&mut self.vars).insert(name.into(), value.into());
        self
    }

    pub fn unset(mut self, name: &str) -> Self {
        Arc::make_mut(&mut self.vars).remove(OsStr::new(name));
        self
    }

    /// Adds a file of mode 0644.
    pub fn file(self, path: &str, text: &str) -> Self {
        self.node(path, FileKind::File, 0o644, text)
    }

    /// Adds a file of mode 0755.
    pub fn executable(self, path: &str, text: &str) -> Self {
        self.node(path, FileKind::File, 0o755, text)
    }

    /// Adds a file of mode 0755 that need not be text.
    pub fn program(self, path: &str, bytes: &[u8]) -> Self {
        let mut disk = self.disk.borrow_mut();
        disk.put(Path::new(path), FileKind::File, 0o755, bytes);
        drop(disk);
        self
    }

    pub fn directory(self, path: &str, mode: u32) -> Self {
        self.node(path, FileKind::Directory, mode, "")
    }

    /// Adds a symbolic link. `stat` does not follow it: every link dangles.
    pub fn link(self, path: &str, target: &str) -> Self {
        self.node(path, FileKind::Link, 0o777, target)
    }

    pub fn node(self, path: &str, kind: FileKind, mode: u32, text: &str) -> Self {
        self.disk
            .borrow_mut()
            .put(Path::new(path), kind, mode, text.as_bytes());
        self
    }

    /// Removes a file.
    pub fn without(self, path: &str) -> Self {
        self.disk.borrow_mut().nodes.remove(Path::new(path));
        self
    }

    /// Changes the `stat` of an existing path.
    pub fn alter(self, path: &str, change: impl FnOnce(&mut Stat)) -> Self {
        if let Some(node) = self.disk.borrow_mut().nodes.get_mut(Path::new(path)) {
            change(&mut node.stat);
        }
        self
    }

    /// Mounts a directory so that nothing in it can be executed.
    pub fn noexec(mut self, path: &str) -> Self {
        self.noexec.push(path.into());
        self
    }

    /// Mounts a filesystem in memory.
    pub fn in_memory(mut self, path: &str) -> Self {
        self.in_memory.push(path.into());
        self
    }

    /// Gives a path an access control list.
    pub fn acl_of(self, path: &str, acl: Acl) -> Self {
        self.disk.borrow_mut().acls.insert(path.into(), acl);
        self
    }

    /// Adds a group to the user's root, with an executable `hello`.
    pub fn manifest(self, group: &str, fields: &str) -> Self {
        let root = format!("/home/ops/.local/share/qli/extensions/{group}");
        let text = format!("schema_version = 1\ndescription = \"d\"\n{fields}\n");
        self.file(&format!("{root}/_manifest.toml"), &text)
            .executable(&format!("{root}/hello"), "#!/bin/sh\necho hello\n")
    }

    /// Adds a terminal on which the user types this answer.
    pub fn terminal(mut self, answer: &str) -> Self {
        self.answers = Some(vec![answer.to_owned()]);
        self
    }

    /// Makes the terminal impossible to open.
    pub fn terminal_error(mut self, errno: nix::errno::Errno) -> Self {
        self.terminal_error = Some(errno);
        self
    }

    /// Adds a tool to `PATH` that exits with a code and writes these texts.
    pub fn tool(self, name: &str, code: i32, stdout: &[u8], stderr: &[u8]) -> Self {
        let output = (code, stdout.to_vec(), stderr.to_vec());
        self.tool_that(name, move |_, _| output.clone())
    }

    /// Adds a tool to `PATH` that answers by its arguments and its input.
    pub fn tool_that(
        mut self,
        name: &str,
        answer: impl Fn(&[String], &str) -> ToolAnswer + 'static,
    ) -> Self {
        let tool = Tool(Rc::new(answer));
        self.tools.insert(name.to_owned(), tool);
        self.program(&format!("/usr/bin/{name}"), &native_program())
    }

    /// Makes an operation fail the `nth` time, counted from 1.
    pub fn fails(self, op: Op, nth: u32, errno: nix::errno::Errno) -> Self {
        self.disk
            .borrow_mut()
            .faults
            .insert((op, nth), errno as i32);
        self
    }

    /// Changes a file while the user is being asked; `replaced` makes it a new file of
    /// the same name.
    pub fn changes_at_question(self, path: &str, text: &str, replaced: bool) -> Self {
        let change = (PathBuf::from(path), text.to_owned(), replaced);
        self.disk.borrow_mut().at_question.push(change);
        self
    }

    /// Changes a file while the script runs.
    pub fn while_running(self, path: &str, change: FileChange) -> Self {
        let change = (PathBuf::from(path), change);
        self.disk.borrow_mut().while_running.push(change);
        self
    }

    /// Makes a signal arrive at the first such operation.
    pub fn signal_at(self, op: Op, signal: Signal) -> Self {
        self.disk.borrow_mut().signals.insert(op, signal);
        self
    }

    /// Sets the clock to a time of RFC 3339.
    pub fn time(self, time: &str) -> Self {
        let time = DateTime::parse_from_rfc3339(time).unwrap();
        self.disk.borrow_mut().time = Some(time.to_utc());
        self
    }

    /// Sets how the script will end.
    pub fn ends(mut self, end: impl FnOnce(&mut ChildEnd)) -> Self {
        end(&mut self.end);
        self
    }

    /// How often a directory was listed.
    pub fn listed(&self, directory: &str) -> usize {
        let disk = self.disk.borrow();
        let same = disk.listed.iter();
        same.filter(|one| *one == Path::new(directory)).count()
    }

    pub fn acts(&self) -> Vec<Act> {
        self.disk.borrow().acts.clone()
    }

    /// Whether there is anything whose path begins with this.
    pub fn has_below(&self, beginning: &str) -> bool {
        let disk = self.disk.borrow();
        let mut paths = disk.nodes.keys().filter_map(|path| path.to_str());
        paths.any(|path| path.starts_with(beginning))
    }

    pub fn text(&self, path: &str) -> Option<String> {
        let disk = self.disk.borrow();
        let node = disk.nodes.get(Path::new(path))?;
        Some(String::from_utf8_lossy(&node.bytes).into_owned())
    }
}
