//! A world held in memory: what guards and the dispatcher are tested on.
//!
//! It keeps a list of everything that was done to it, so that a test can hold
//! the order of acts against the plan.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use zeroize::Zeroizing;

use super::{
    Access, AskError, ChildEnd, Contents, FileDigest, FileId, FileKind, HEAD, Host, HostView,
    Identity, LogFile, ProcessFacts, Signal, Start, Stat, ToolCall, ToolError, ToolOutput,
};
use crate::names::Sha256;

/// The uid of the world's user.
pub const UID: u32 = 1000;

/// Something that was done to the world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// The signal handlers went in.
    Armed,
    /// A text was shown.
    Shown(String),
    /// A person was asked.
    Asked(String),
    /// A tool was called, with these arguments.
    Called(PathBuf, Vec<String>),
    /// A record was appended to a log.
    Appended(PathBuf, String),
    /// A log was synced, with its lock held or not.
    Synced {
        /// Whether the lock was still held.
        locked: bool,
    },
    /// A private file was kept.
    Kept(PathBuf),
    /// An executable was put in place.
    Installed(PathBuf),
    /// The script was started with these arguments and variables.
    Spawned(PathBuf, Vec<OsString>, Vec<(String, OsString)>),
    /// The script was waited for.
    Waited,
}

/// An operation that can be made to fail, or at which a signal arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Op {
    /// Showing a text.
    Show,
    /// Asking a person.
    Ask,
    /// Calling a tool.
    Call,
    /// Opening a log.
    OpenLog,
    /// Trying to lock a log; as a fault: somebody else holds the lock.
    Lock,
    /// Appending to a log.
    Append,
    /// Appending, but only the first half is taken.
    ShortAppend,
    /// Syncing a log.
    Sync,
    /// Keeping a private file.
    Keep,
    /// Putting an executable in place.
    Install,
    /// Starting the script.
    Spawn,
}

#[derive(Debug, Clone)]
struct Node {
    stat: Stat,
    bytes: Vec<u8>,
}

/// Exit code, standard output and standard error of a tool.
type Output = (Option<i32>, Vec<u8>, Vec<u8>);

#[derive(Debug, Default)]
struct Disk {
    nodes: BTreeMap<PathBuf, Node>,
    acts: Vec<Act>,
    counts: BTreeMap<Op, u32>,
    faults: BTreeMap<(Op, u32), i32>,
    signals: BTreeMap<Op, Signal>,
    pending: Option<Signal>,
    locked: bool,
    inodes: u64,
    clock: Duration,
    at_question: Vec<(PathBuf, String, bool)>,
}

impl Disk {
    /// Counts an operation: a signal may arrive at it, and a fault may be due.
    fn reach(&mut self, op: Op) -> io::Result<()> {
        if let Some(signal) = self.signals.remove(&op) {
            self.pending = Some(signal);
        }
        let count = self.counts.entry(op).or_default();
        *count += 1;
        match self.faults.get(&(op, *count)) {
            Some(errno) => Err(io::Error::from_raw_os_error(*errno)),
            None => Ok(()),
        }
    }

    fn change_files(&mut self) {
        for (path, text, replaced) in std::mem::take(&mut self.at_question) {
            if replaced {
                self.put(&path, FileKind::File, 0o755, text.as_bytes());
            } else if let Some(node) = self.nodes.get_mut(&path) {
                node.bytes = text.into_bytes();
            }
        }
    }

    fn put(&mut self, path: &Path, kind: FileKind, mode: u32, bytes: &[u8]) {
        self.inodes += 1;
        let stat = Stat {
            kind,
            mode,
            owner: UID,
            links: 1,
            id: FileId {
                device: 1,
                inode: self.inodes,
            },
        };
        let node = Node {
            stat,
            bytes: bytes.to_vec(),
        };
        self.nodes.insert(path.to_owned(), node);
    }

    fn stat(&self, path: &Path) -> io::Result<Stat> {
        if let Some(node) = self.nodes.get(path) {
            return Ok(node.stat);
        }
        if path == Path::new("/") || self.nodes.keys().any(|known| known.starts_with(path)) {
            let home = path.starts_with("/home/ops");
            return Ok(Stat {
                kind: FileKind::Directory,
                mode: 0o755,
                owner: if home { UID } else { 0 },
                links: 2,
                id: FileId {
                    device: 1,
                    inode: 0,
                },
            });
        }
        Err(io::ErrorKind::NotFound.into())
    }

    fn writable(&self, path: &Path) -> io::Result<()> {
        let stat = self.stat(path)?;
        let bit = if stat.owner == UID { 0o200 } else { 0o002 };
        if stat.mode & bit == 0 {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        Ok(())
    }

    /// Makes a directory and those above it, as `mkdir -p` would.
    fn make_directory(&mut self, path: &Path) -> io::Result<()> {
        match self.stat(path) {
            Ok(stat) if stat.kind == FileKind::Directory => return Ok(()),
            Ok(_) => return Err(io::ErrorKind::NotADirectory.into()),
            Err(_) => {}
        }
        let parent = path.parent().ok_or(io::ErrorKind::NotFound)?;
        self.make_directory(parent)?;
        self.writable(parent)?;
        self.put(path, FileKind::Directory, 0o700, b"");
        Ok(())
    }

    fn create(&mut self, path: &Path, mode: u32, bytes: &[u8]) -> io::Result<()> {
        let parent = path.parent().ok_or(io::ErrorKind::NotFound)?;
        self.make_directory(parent)?;
        self.writable(parent)?;
        self.put(path, FileKind::File, mode, bytes);
        Ok(())
    }
}

/// A world in memory. Build it a circumstance a line.
#[derive(Debug)]
pub struct World {
    vars: BTreeMap<String, OsString>,
    disk: Rc<RefCell<Disk>>,
    answers: Option<Vec<String>>,
    tools: BTreeMap<String, Output>,
    end: ChildEnd,
}

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

    fn act(&self, act: Act) {
        self.disk.borrow_mut().acts.push(act);
    }

    fn reach(&self, op: Op) -> io::Result<()> {
        self.disk.borrow_mut().reach(op)
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl HostView for World {
    fn var(&self, name: &str) -> Option<OsString> {
        self.vars.get(name).cloned()
    }

    fn read(&self, path: &Path, limit: u64) -> io::Result<Contents> {
        let disk = self.disk.borrow();
        let node = disk.nodes.get(path).ok_or(io::ErrorKind::NotFound)?;
        if node.stat.kind != FileKind::File {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        if node.stat.mode & 0o400 == 0 {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        if node.bytes.len() as u64 > limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(Contents {
            id: node.stat.id,
            bytes: node.bytes.clone(),
        })
    }

    fn digest(&self, path: &Path) -> io::Result<FileDigest> {
        let Contents { id, bytes } = self.read(path, u64::MAX)?;
        Ok(FileDigest {
            id,
            sha256: Sha256::of(&bytes),
            head: bytes.into_iter().take(HEAD).collect(),
        })
    }

    fn stat(&self, path: &Path) -> io::Result<Stat> {
        match self.disk.borrow().stat(path)? {
            Stat {
                kind: FileKind::Link,
                ..
            } => Err(io::ErrorKind::NotFound.into()),
            found => Ok(found),
        }
    }

    fn lstat(&self, path: &Path) -> io::Result<Stat> {
        self.disk.borrow().stat(path)
    }

    fn real_path(&self, path: &Path) -> io::Result<PathBuf> {
        self.stat(path).map(|_| path.to_owned())
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<OsString>> {
        let disk = self.disk.borrow();
        disk.stat(directory)?;
        let below = disk
            .nodes
            .keys()
            .filter_map(|path| path.strip_prefix(directory).ok());
        let mut names: Vec<_> = below
            .filter_map(|rest| rest.components().next())
            .map(|first| first.as_os_str().to_owned())
            .collect();
        names.dedup();
        Ok(names)
    }

    fn may(&self, path: &Path, access: Access) -> io::Result<()> {
        let disk = self.disk.borrow();
        match access {
            Access::Write => disk.writable(path),
            Access::Execute if disk.stat(path)?.mode & 0o111 == 0 => {
                Err(io::ErrorKind::PermissionDenied.into())
            }
            Access::Execute => Ok(()),
        }
    }

    fn has_terminal(&self) -> bool {
        self.answers.is_some()
    }

    fn euid(&self) -> u32 {
        UID
    }

    fn identity(&self) -> Identity {
        Identity {
            uid: UID,
            euid: UID,
            user: Some("ops".to_owned()),
            host: "testhost".to_owned(),
        }
    }

    fn process(&self) -> ProcessFacts {
        ProcessFacts {
            pid: 100,
            ppid: 99,
            cwd: Some("/home/ops".into()),
            tty: None,
        }
    }
}

impl Host for World {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_nanos(1_795_420_867_000_000_001)
    }

    fn elapsed(&self) -> Duration {
        self.disk.borrow().clock
    }

    fn random(&mut self) -> io::Result<[u8; 16]> {
        Ok([7; 16])
    }

    fn arm(&mut self) -> io::Result<()> {
        self.act(Act::Armed);
        Ok(())
    }

    fn pending(&mut self) -> Option<Signal> {
        self.disk.borrow_mut().pending.take()
    }

    fn pause(&mut self, at_most: Duration) -> Option<Signal> {
        self.disk.borrow_mut().clock += at_most;
        self.pending()
    }

    fn show(&mut self, text: &str) {
        // A failed write to standard error has no consequence.
        drop(self.reach(Op::Show));
        self.act(Act::Shown(text.to_owned()));
    }

    fn ask(&mut self, question: &str) -> Result<String, AskError> {
        self.reach(Op::Ask).map_err(AskError::Io)?;
        if let Some(signal) = self.pending() {
            return Err(AskError::Interrupted(signal));
        }
        self.act(Act::Asked(question.to_owned()));
        self.disk.borrow_mut().change_files();
        match self.answers.as_mut() {
            Some(answers) => Ok(answers.pop().unwrap_or_default()),
            None => Err(AskError::Io(io::ErrorKind::NotFound.into())),
        }
    }

    fn call(&mut self, call: &ToolCall<'_>) -> Result<ToolOutput, ToolError> {
        self.reach(Op::Call).map_err(ToolError::Io)?;
        if let Some(signal) = self.pending() {
            return Err(ToolError::Interrupted(signal));
        }
        let args = call.args.iter().map(|&arg| arg.to_owned()).collect();
        self.act(Act::Called(call.program.to_owned(), args));
        let name = call.program.file_name().and_then(OsStr::to_str);
        let output = name.and_then(|name| self.tools.get(name));
        let (code, stdout, stderr) = output
            .cloned()
            .ok_or_else(|| ToolError::Io(io::ErrorKind::NotFound.into()))?;
        if stdout.len() > call.limit {
            return Err(ToolError::TooMuch);
        }
        Ok(ToolOutput {
            code,
            stdout: Zeroizing::new(stdout),
            stderr: Zeroizing::new(stderr),
        })
    }

    fn open_log(&mut self, path: &Path) -> io::Result<Box<dyn LogFile>> {
        self.reach(Op::OpenLog)?;
        if self.lstat(path).is_err() {
            self.disk.borrow_mut().create(path, 0o600, b"")?;
        }
        Ok(Box::new(FakeLog {
            path: path.to_owned(),
            disk: Rc::clone(&self.disk),
        }))
    }

    fn keep(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.reach(Op::Keep)?;
        self.disk.borrow_mut().create(path, 0o600, bytes)?;
        self.act(Act::Kept(path.to_owned()));
        Ok(())
    }

    fn install(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.reach(Op::Install)?;
        self.disk.borrow_mut().create(path, 0o700, bytes)?;
        self.act(Act::Installed(path.to_owned()));
        Ok(())
    }

    fn spawn(&mut self, start: &Start<'_>) -> io::Result<()> {
        self.reach(Op::Spawn)?;
        let args = start.args.iter().map(|&arg| arg.to_owned()).collect();
        let env = start.env.iter();
        let env = env.map(|&(name, value)| (name.to_owned(), value.to_owned()));
        self.act(Act::Spawned(start.program.to_owned(), args, env.collect()));
        Ok(())
    }

    fn wait(&mut self) -> io::Result<ChildEnd> {
        self.disk.borrow_mut().clock += Duration::from_millis(2);
        self.act(Act::Waited);
        Ok(self.end.clone())
    }
}

struct FakeLog {
    path: PathBuf,
    disk: Rc<RefCell<Disk>>,
}

impl FakeLog {
    fn bytes<T>(&self, read: impl FnOnce(&mut Vec<u8>) -> T) -> io::Result<T> {
        let mut disk = self.disk.borrow_mut();
        let node = disk
            .nodes
            .get_mut(&self.path)
            .ok_or(io::ErrorKind::NotFound)?;
        Ok(read(&mut node.bytes))
    }
}

impl LogFile for FakeLog {
    fn stat(&self) -> io::Result<Stat> {
        self.disk.borrow().stat(&self.path)
    }

    fn try_lock(&mut self) -> io::Result<bool> {
        let mut disk = self.disk.borrow_mut();
        disk.locked = disk.reach(Op::Lock).is_ok();
        Ok(disk.locked)
    }

    fn unlock(&mut self) -> io::Result<()> {
        self.disk.borrow_mut().locked = false;
        Ok(())
    }

    fn is_in_place(&self) -> io::Result<bool> {
        Ok(true)
    }

    fn length(&self) -> io::Result<u64> {
        self.bytes(|bytes| bytes.len() as u64)
    }

    fn tail(&self, at_most: u64) -> io::Result<Vec<u8>> {
        let at_most = usize::try_from(at_most).unwrap_or(usize::MAX);
        self.bytes(|bytes| {
            let start = bytes.len().saturating_sub(at_most);
            bytes.get(start..).unwrap_or_default().to_vec()
        })
    }

    fn append(&mut self, record: &[u8]) -> io::Result<usize> {
        self.disk.borrow_mut().reach(Op::Append)?;
        let whole = self.disk.borrow_mut().reach(Op::ShortAppend).is_ok();
        let taken = if whole {
            record.len()
        } else {
            record.len() / 2
        };
        let kept = record.get(..taken).unwrap_or_default();
        self.bytes(|bytes| bytes.extend_from_slice(kept))?;
        let text = String::from_utf8_lossy(kept).into_owned();
        let act = Act::Appended(self.path.clone(), text);
        self.disk.borrow_mut().acts.push(act);
        Ok(taken)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        self.bytes(|bytes| bytes.truncate(length))
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut disk = self.disk.borrow_mut();
        disk.reach(Op::Sync)?;
        let locked = disk.locked;
        disk.acts.push(Act::Synced { locked });
        Ok(())
    }
}
