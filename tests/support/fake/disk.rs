//! The file system of a world and the logs on it; what was done, and what will fail.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::UID;
use qli::testing::host::{Acl, FileId, FileKind, FileVersion, LogFile, NewFile, Signal, Stat};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    HandlersInstalled,
    Shown(String),
    Asked(String),
    /// qli's memory was protected.
    Protected,
    /// A tool was run with these arguments.
    Called(PathBuf, Vec<String>),
    /// A record was appended to a log.
    Appended,
    /// A log was synced.
    Synced {
        locked: bool,
    },
    /// A record was spooled.
    Spooled,
    /// A line was sent to the system log.
    Logged,
    Installed,
    /// The values of these secrets are masked in what the script prints.
    Masked(Vec<String>),
    /// The files that killed runs left here were removed.
    Cleared(PathBuf),
    /// A descriptor with this was made for the script.
    Descriptor(Vec<u8>),
    /// The script was started with these arguments and variables.
    Spawned(Vec<OsString>, Vec<(OsString, OsString)>),
    Waited,
}

impl Act {
    /// The name of its variant.
    pub fn name(&self) -> String {
        let mut text = format!("{self:?}");
        text.truncate(text.find([' ', '(']).unwrap_or(text.len()));
        text
    }
}

/// What happens to a file while the script runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileChange {
    Removed,
    RenamedTo(PathBuf),
    /// It has another content then.
    Contains(String),
}

/// An operation that can be made to fail, or at which a signal arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Op {
    Show,
    Mask,
    Flush,
    Ask,
    Call,
    OpenLog,
    /// Opening a rotated log.
    OpenRotated,
    /// Locking a log; EAGAIN: another process holds the lock.
    Lock,
    Unlock,
    Append,
    /// Appending, but only the first half is written.
    ShortAppend,
    Sync,
    SpoolWrite,
    SpoolRemove,
    Syslog,
    Install,
    Make,
    Deliver,
    Descriptor,
    Withdraw,
    Spawn,
}

#[derive(Debug, Clone)]
pub(super) struct FileNode {
    pub(super) stat: Stat,
    pub(super) bytes: Vec<u8>,
}

#[derive(Debug, Default)]
pub(super) struct Disk {
    pub(super) nodes: BTreeMap<PathBuf, FileNode>,
    pub(super) acts: Vec<Act>,
    pub(super) listed: Vec<PathBuf>,
    pub(super) counts: BTreeMap<Op, u32>,
    pub(super) faults: BTreeMap<(Op, u32), i32>,
    pub(super) signals: BTreeMap<Op, Signal>,
    pub(super) pending: Option<Signal>,
    pub(super) locked: bool,
    pub(super) inodes: u64,
    /// The directory of the delivered files.
    pub(super) delivered: Option<PathBuf>,
    pub(super) clock: Duration,
    pub(super) acls: BTreeMap<PathBuf, Acl>,
    pub(super) time: Option<DateTime<Utc>>,
    pub(super) at_question: Vec<(PathBuf, String, bool)>,
    pub(super) while_running: Vec<(PathBuf, FileChange)>,
}

fn stat(kind: FileKind, mode: u32, owner: u32, inode: u64) -> Stat {
    let id = FileId { device: 1, inode };
    Stat {
        kind,
        mode,
        owner,
        links: 1,
        id,
        version: FileVersion::default(),
    }
}

impl Disk {
    /// Counts an operation; delivers a signal or fails as the test has planned.
    pub(super) fn attempt(&mut self, op: Op) -> io::Result<()> {
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

    pub(super) fn change_files(&mut self) {
        for (path, text, replaced) in std::mem::take(&mut self.at_question) {
            if replaced {
                self.put(&path, FileKind::File, 0o755, text.as_bytes());
            } else if let Some(node) = self.nodes.get_mut(&path) {
                node.bytes = text.into_bytes();
                node.stat.version.changed.0 += 1;
            }
        }
    }

    pub(super) fn change_while_running(&mut self) {
        for (path, change) in std::mem::take(&mut self.while_running) {
            let Some(mut node) = self.nodes.remove(&path) else {
                continue;
            };
            match change {
                FileChange::Removed => {}
                FileChange::RenamedTo(other) => drop(self.nodes.insert(other, node)),
                FileChange::Contains(text) => {
                    node.bytes = text.into_bytes();
                    self.nodes.insert(path, node);
                }
            }
        }
    }

    pub(super) fn put(&mut self, path: &Path, kind: FileKind, mode: u32, bytes: &[u8]) {
        self.inodes += 1;
        let node = FileNode {
            stat: stat(kind, mode, UID, self.inodes),
            bytes: bytes.to_vec(),
        };
        self.nodes.insert(path.to_owned(), node);
    }

    pub(super) fn stat(&self, path: &Path) -> io::Result<Stat> {
        if let Some(node) = self.nodes.get(path) {
            return Ok(node.stat);
        }
        if path == Path::new("/") || self.nodes.keys().any(|known| known.starts_with(path)) {
            let is_own = path.starts_with("/home/ops");
            let owner = if is_own { UID } else { 0 };
            return Ok(stat(FileKind::Directory, 0o755, owner, 0));
        }
        Err(io::ErrorKind::NotFound.into())
    }

    pub(super) fn writable(&self, path: &Path) -> io::Result<()> {
        let stat = self.stat(path)?;
        let bit = if stat.owner == UID { 0o200 } else { 0o002 };
        if stat.mode & bit == 0 {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        Ok(())
    }

    /// Creates a directory and its parents, as `mkdir -p` does.
    pub(super) fn make_directory(&mut self, path: &Path) -> io::Result<()> {
        match self.stat(path) {
            Ok(stat) if stat.is_directory() => return Ok(()),
            Ok(_) => return Err(io::ErrorKind::NotADirectory.into()),
            Err(_) => {}
        }
        let parent = path.parent().ok_or(io::ErrorKind::NotFound)?;
        self.make_directory(parent)?;
        self.writable(parent)?;
        self.put(path, FileKind::Directory, 0o700, b"");
        Ok(())
    }

    pub(super) fn create(&mut self, path: &Path, mode: u32, bytes: &[u8]) -> io::Result<()> {
        let parent = path.parent().ok_or(io::ErrorKind::NotFound)?;
        self.make_directory(parent)?;
        self.writable(parent)?;
        self.put(path, FileKind::File, mode, bytes);
        Ok(())
    }

    /// Creates a directory with files in it, unless it exists and is not empty.
    pub(super) fn make_new(&mut self, directory: &Path, files: &[NewFile<'_>]) -> io::Result<()> {
        let below = |path: &PathBuf| path.starts_with(directory) && path != directory;
        let is_empty = |stat: Stat| stat.is_directory() && !self.nodes.keys().any(below);
        if !self.stat(directory).map_or(true, is_empty) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        for file in files {
            self.create(&directory.join(file.name), file.mode, file.bytes)?;
        }
        Ok(())
    }
}

pub(super) struct FakeLog {
    pub(super) path: PathBuf,
    pub(super) disk: Rc<RefCell<Disk>>,
}

impl FakeLog {
    fn bytes<T>(&self, read: impl FnOnce(&mut Vec<u8>) -> T) -> io::Result<T> {
        let mut disk = self.disk.borrow_mut();
        let node = disk.nodes.get_mut(&self.path);
        Ok(read(&mut node.ok_or(io::ErrorKind::NotFound)?.bytes))
    }
}

impl LogFile for FakeLog {
    fn stat(&self) -> io::Result<Stat> {
        self.disk.borrow().stat(&self.path)
    }

    fn directory_stat(&self) -> io::Result<Stat> {
        let directory = self.path.parent().unwrap_or(&self.path);
        self.disk.borrow().stat(directory)
    }

    fn try_lock(&mut self) -> io::Result<bool> {
        let mut disk = self.disk.borrow_mut();
        let locked = disk.attempt(Op::Lock);
        disk.locked = locked.is_ok();
        match locked {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => Ok(disk.locked),
        }
    }

    fn unlock(&mut self) -> io::Result<()> {
        let mut disk = self.disk.borrow_mut();
        disk.locked = false;
        disk.attempt(Op::Unlock)
    }

    fn length_in_place(&self) -> io::Result<Option<u64>> {
        self.length().map(Some)
    }

    fn length(&self) -> io::Result<u64> {
        self.bytes(|bytes| bytes.len() as u64)
    }

    fn before(&self, offset: u64, at_most: u64) -> io::Result<Vec<u8>> {
        let [start, end] = [offset.saturating_sub(at_most), offset]
            .map(|at| usize::try_from(at).unwrap_or(usize::MAX));
        self.bytes(|bytes| bytes.get(start..end).unwrap_or_default().to_vec())
    }

    fn append(&mut self, record: &[u8]) -> io::Result<usize> {
        self.disk.borrow_mut().attempt(Op::Append)?;
        let short = self.disk.borrow_mut().attempt(Op::ShortAppend).is_err();
        let taken = record.len() / if short { 2 } else { 1 };
        let kept = record.get(..taken).unwrap_or_default();
        self.bytes(|bytes| bytes.extend_from_slice(kept))?;
        self.disk.borrow_mut().acts.push(Act::Appended);
        Ok(taken)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        self.bytes(|bytes| bytes.truncate(length))
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut disk = self.disk.borrow_mut();
        disk.attempt(Op::Sync)?;
        let locked = disk.locked;
        disk.acts.push(Act::Synced { locked });
        Ok(())
    }
}
