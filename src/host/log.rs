//! The file operations an append-only log is made of.

use std::ffi::OsStr;
use std::fs::{DirBuilder, File, Permissions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;

use super::Stat;
use super::system::stat_of;

/// An open log. A trait, so that a test can inject every fault a disk has.
pub trait LogFile {
    /// Describes the open file.
    fn stat(&self) -> io::Result<Stat>;

    /// Describes the open directory it is in.
    fn directory_stat(&self) -> io::Result<Stat>;

    /// Takes the lock for writing (flock(2)) if nobody holds it.
    fn try_lock(&mut self) -> io::Result<bool>;

    /// Gives the lock back.
    fn unlock(&mut self) -> io::Result<()>;

    /// Returns the length in bytes if the path still leads to this file;
    /// rotation moves it away.
    fn length_in_place(&self) -> io::Result<Option<u64>>;

    /// Returns the length in bytes.
    fn length(&self) -> io::Result<u64>;

    /// Returns the bytes before an offset, at most so many.
    fn before(&self, offset: u64, at_most: u64) -> io::Result<Vec<u8>>;

    /// Appends by one write and returns how many bytes were taken.
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Cuts the file to a length.
    fn truncate(&mut self, length: u64) -> io::Result<()>;

    /// Puts what was written on disk (fdatasync(2)); for a file made by this
    /// run, its directory entry too.
    fn sync(&mut self) -> io::Result<()>;
}

struct RealLog {
    path: PathBuf,
    directory: File,
    file: File,
    created: bool,
}

/// How a log is opened.
///
/// `O_NOFOLLOW` refuses a link in the last two parts of the path, and
/// `O_NONBLOCK` makes a pipe an error instead of a wait.
const FLAGS: OFlag = OFlag::O_NOFOLLOW
    .union(OFlag::O_NONBLOCK)
    .union(OFlag::O_CLOEXEC);
const APPENDING: OFlag = FLAGS.union(OFlag::O_RDWR).union(OFlag::O_APPEND);

/// Opens a log for appending.
pub(super) fn open(path: &Path) -> io::Result<Box<dyn LogFile>> {
    open_existing(path, APPENDING)
}

/// Opens a log that was moved aside, for reading and locking only.
pub(super) fn open_rotated(path: &Path) -> io::Result<Box<dyn LogFile>> {
    open_existing(path, FLAGS.union(OFlag::O_RDONLY))
}

fn open_existing(path: &Path, flags: OFlag) -> io::Result<Box<dyn LogFile>> {
    let (parent, name) = parts(path)?;
    let directory = open_directory(parent)?;
    let file = openat(&directory, name, flags, Mode::empty())?;
    Ok(Box::new(RealLog {
        path: path.to_owned(),
        directory,
        file: file.into(),
        created: false,
    }))
}

/// Opens a log for appending, making what is missing.
pub(super) fn make(path: &Path, mode: u32) -> io::Result<Box<dyn LogFile>> {
    let (parent, name) = parts(path)?;
    let directory = match open_directory(parent) {
        Err(Errno::ENOENT) => {
            DirBuilder::new()
                .recursive(true)
                .mode(entered_by(mode))
                .create(parent)?;
            open_directory(parent)?
        }
        other => other?,
    };
    let (file, created) = make_file(&directory, name, mode)?;
    Ok(Box::new(RealLog {
        path: path.to_owned(),
        directory,
        file,
        created,
    }))
}

fn parts(path: &Path) -> io::Result<(&Path, &OsStr)> {
    let parts = path.parent().zip(path.file_name());
    parts.ok_or_else(|| io::ErrorKind::InvalidInput.into())
}

/// The mode of a directory that those enter who may use a file in it.
fn entered_by(mode: u32) -> u32 {
    mode | (mode & 0o444) >> 2
}

/// Opens a directory so that files can be opened in it; being allowed to list
/// it is not needed for that where the system makes the difference.
fn open_directory(path: &Path) -> Result<File, Errno> {
    #[cfg(target_os = "linux")]
    let access = OFlag::O_PATH;
    #[cfg(not(target_os = "linux"))]
    let access = OFlag::O_RDONLY;
    let flags = access | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    nix::fcntl::open(path, flags, Mode::empty()).map(File::from)
}

/// Makes a log in its directory, and says whether it did: another run may make
/// it at the same time.
fn make_file(directory: &File, name: &OsStr, mode: u32) -> io::Result<(File, bool)> {
    // Until it is judged, nobody else is to open it.
    let private = Mode::S_IRUSR | Mode::S_IWUSR;
    let open = |flags| openat(directory, name, flags, private).map(File::from);
    loop {
        match open(APPENDING) {
            Ok(file) => return Ok((file, false)),
            Err(Errno::ENOENT) => {}
            Err(error) => return Err(error.into()),
        }
        match open(APPENDING | OFlag::O_CREAT | OFlag::O_EXCL) {
            Ok(file) => {
                let file: File = file;
                // Whatever the umask takes away, its owner writes to it.
                file.set_permissions(Permissions::from_mode(mode))?;
                return Ok((file, true));
            }
            Err(Errno::EEXIST) => {} // another run made it meanwhile
            Err(error) => return Err(error.into()),
        }
    }
}

impl LogFile for RealLog {
    fn stat(&self) -> io::Result<Stat> {
        Ok(stat_of(&self.file.metadata()?))
    }

    fn directory_stat(&self) -> io::Result<Stat> {
        Ok(stat_of(&self.directory.metadata()?))
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
