//! The file operations an append-only log consists of.

use std::ffi::OsStr;
use std::fs::{File, Permissions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;
use rustix::fs::{AtFlags, RenameFlags, renameat_with, unlinkat};

use super::Stat;
use super::directory::{create_all_exactly, keeps_names_in};
use super::draft::draft;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenLog {
    /// Append to an existing log.
    Append,
    /// Append to a log that is created if it is missing. Missing directories are
    /// created so that whoever may use the log may enter them.
    Create { mode: u32 },
    /// Read and lock a rotated log.
    Read,
}

/// An open log. A trait, so that tests can inject disk faults.
pub trait LogFile {
    fn stat(&self) -> io::Result<Stat>;

    /// Describes its directory, which is open too.
    fn directory_stat(&self) -> io::Result<Stat>;

    /// Takes the write lock (flock(2)) unless another process holds it.
    fn try_lock(&mut self) -> io::Result<bool>;

    fn unlock(&mut self) -> io::Result<()>;

    /// Returns the length in bytes, or `None` if the path no longer leads to this
    /// file because of a rotation.
    fn length_in_place(&self) -> io::Result<Option<u64>>;

    /// In bytes.
    fn length(&self) -> io::Result<u64>;

    /// Returns up to `at_most` bytes that end at an offset.
    fn before(&self, offset: u64, at_most: u64) -> io::Result<Vec<u8>>;

    /// Appends by a single write and returns the number of bytes written.
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize>;

    fn truncate(&mut self, length: u64) -> io::Result<()>;

    /// Flushes to disk (fdatasync(2)); for a file that this run created, its
    /// directory entry too.
    fn sync(&mut self) -> io::Result<()>;
}

struct RealLog {
    path: PathBuf,
    directory: File,
    file: File,
    created: bool,
}

/// `O_NOFOLLOW` refuses a link as one of the last two parts of the path, and
/// `O_NONBLOCK` makes a pipe an error instead of a wait.
const FLAGS: OFlag = OFlag::O_NOFOLLOW
    .union(OFlag::O_NONBLOCK)
    .union(OFlag::O_CLOEXEC);
const APPENDING: OFlag = FLAGS.union(OFlag::O_RDWR).union(OFlag::O_APPEND);

pub(super) fn open(path: &Path, purpose: OpenLog) -> io::Result<Box<dyn LogFile>> {
    let parts = path.parent().zip(path.file_name());
    let (parent, name) = parts.ok_or(io::ErrorKind::InvalidInput)?;
    let directory = match (open_directory(parent), purpose) {
        (Err(Errno::ENOENT), OpenLog::Create { mode }) => {
            // Whoever may read the log may search its directory.
            let mode = mode | (mode & 0o444) >> 2;
            create_all_exactly(parent, mode)?;
            open_directory(parent)?
        }
        (opened, _) => opened?,
    };
    let existing = |flags| openat(&directory, name, flags, Mode::empty()).map(File::from);
    let (file, created) = match purpose {
        OpenLog::Append => (existing(APPENDING)?, false),
        OpenLog::Read => (existing(FLAGS.union(OFlag::O_RDONLY))?, false),
        OpenLog::Create { mode } => create(&directory, name, mode)?,
    };
    Ok(Box::new(RealLog {
        path: path.to_owned(),
        directory,
        file,
        created,
    }))
}

/// Opens a directory to open files in it; on Linux (`O_PATH`) without needing
/// permission to list it.
fn open_directory(path: &Path) -> Result<File, Errno> {
    #[cfg(target_os = "linux")]
    let access = OFlag::O_PATH;
    #[cfg(not(target_os = "linux"))]
    let access = OFlag::O_RDONLY;
    let flags = access | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    nix::fcntl::open(path, flags, Mode::empty()).map(File::from)
}

/// Opens a log, or creates it; returns whether it was created here. Another run may
/// create it at the same time.
fn create(directory: &File, name: &OsStr, mode: u32) -> io::Result<(File, bool)> {
    loop {
        match openat(directory, name, APPENDING, Mode::empty()) {
            Err(Errno::ENOENT) => {}
            other => return Ok((File::from(other?), false)),
        }
        match create_new(directory, name, mode) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            other => return Ok((other?, true)),
        }
    }
}

/// Creates a log that has its permissions from the moment it exists, whatever the
/// umask: another run would refuse a log with others.
fn create_new(directory: &File, name: &OsStr, mode: u32) -> io::Result<File> {
    if keeps_names_in(directory) {
        return create_with(directory, name, mode);
    }
    let draft = draft(Path::new(name));
    let file = create_with(directory, draft.as_os_str(), mode)?;
    match renameat_with(directory, &draft, directory, name, RenameFlags::NOREPLACE) {
        Ok(()) => return Ok(file),
        Err(error) => {
            // If this fails too, an empty file is left that no command reads.
            unlinkat(directory, &draft, AtFlags::empty()).ok();
            match error {
                rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::NOTSUP => {
                }
                other => return Err(other.into()),
            }
        }
    }
    // This file system cannot rename without replacing.
    create_with(directory, name, mode)
}

fn create_with(directory: &File, name: &OsStr, mode: u32) -> io::Result<File> {
    let new = APPENDING | OFlag::O_CREAT | OFlag::O_EXCL;
    // Other users cannot open it before it has its permissions.
    let private = Mode::S_IRUSR | Mode::S_IWUSR;
    let file = File::from(openat(directory, name, new, private)?);
    file.set_permissions(Permissions::from_mode(mode))?;
    Ok(file)
}

impl LogFile for RealLog {
    fn stat(&self) -> io::Result<Stat> {
        Ok(Stat::from(&self.file.metadata()?))
    }

    fn directory_stat(&self) -> io::Result<Stat> {
        Ok(Stat::from(&self.directory.metadata()?))
    }

    fn try_lock(&mut self) -> io::Result<bool> {
        match self.file.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn unlock(&mut self) -> io::Result<()> {
        self.file.unlock()
    }

    fn length_in_place(&self) -> io::Result<Option<u64>> {
        let here = self.file.metadata()?;
        match std::fs::symlink_metadata(&self.path) {
            Ok(there) => {
                let is_same = (here.dev(), here.ino()) == (there.dev(), there.ino());
                Ok(is_same.then_some(here.len()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn before(&self, offset: u64, at_most: u64) -> io::Result<Vec<u8>> {
        let size = offset.min(at_most);
        let mut bytes = vec![0; usize::try_from(size).unwrap_or(usize::MAX)];
        self.file.read_exact_at(&mut bytes, offset - size)?;
        Ok(bytes)
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.file.set_len(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()?;
        if self.created {
            let here = openat(&self.directory, ".", OFlag::O_RDONLY, Mode::empty())?;
            File::from(here).sync_all()?;
            self.created = false;
        }
        Ok(())
    }
}
