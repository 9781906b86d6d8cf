//! Secrets as files: a private directory of one run, which is gone when the run ends.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, FlockOperation, Mode, OFlags, chmodat, fchmod, flock, fstat,
    mkdirat, openat, statat, unlinkat,
};
use rustix::io::{Errno, retry_on_intr};

use super::directory::create_all_exactly;
use super::script_mark::{MARK, ScriptMark};

/// The directory of a run. It is locked while qli lives, so that no other run clears it;
/// the lock of a killed qli is gone.
#[derive(Debug)]
pub(super) struct DeliveredFiles {
    above: OwnedFd,
    own: OwnedFd,
    name: OsString,
    mark: File,
}

impl DeliveredFiles {
    /// Creates a new directory with these files, or nothing.
    pub(super) fn create(directory: &Path, files: &[(&str, &[u8])]) -> io::Result<Self> {
        let invalid = || io::Error::from(io::ErrorKind::InvalidInput);
        let above = directory.parent().ok_or_else(invalid)?;
        let name = directory.file_name().ok_or_else(invalid)?;
        create_all_exactly(above, 0o700)?;
        let above = open_directory(CWD, above.as_os_str())?;
        let own = create_locked(&above, name)?;
        match write_all(&own, files) {
            Ok(mark) => Ok(Self {
                above,
                own,
                name: name.to_owned(),
                mark,
            }),
            Err(error) => {
                drop(remove(&above, name, &own));
                Err(error)
            }
        }
    }

    /// Notes the script, which may outlive a killed qli.
    pub(super) fn mark(&mut self, script: &ScriptMark) {
        // Without it the processes of the run are looked for.
        drop(self.mark.write_all(script.to_string().as_bytes()));
    }

    pub(super) fn remove(self) -> io::Result<()> {
        remove(&self.above, &self.name, &self.own)
    }
}

/// Returns the empty file for the mark. It is there before the script is: one that
/// removes its directory must not find a new file in it meanwhile.
fn write_all(own: &OwnedFd, files: &[(&str, &[u8])]) -> io::Result<File> {
    for (name, bytes) in files {
        new_file(own, name, Mode::RUSR)?.write_all(bytes)?;
    }
    new_file(own, MARK, Mode::RUSR)
}

/// Opens a directory itself, never the target of a link.
pub(super) fn open_directory(above: impl AsFd, name: &OsStr) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(retry_on_intr(|| {
        openat(&above, name, flags, Mode::empty())
    })?)
}

/// Creates and locks a directory. A run that clears may see it before it is locked, and
/// remove it, since it is empty: then it is created once more.
fn create_locked(above: &OwnedFd, name: &OsStr) -> io::Result<OwnedFd> {
    loop {
        mkdirat(above, name, Mode::RWXU)?;
        // The umask does not apply.
        let own = chmodat(above, name, Mode::RWXU, AtFlags::empty())
            .map_err(io::Error::from)
            .and_then(|()| open_directory(above, name));
        match own {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
            Ok(own) => {
                // Without locks the directory is only never cleared.
                let _ = retry_on_intr(|| flock(&own, FlockOperation::LockExclusive));
                if is_at(above, name, &own)? {
                    return Ok(own);
                }
            }
        }
    }
}

fn is_at(above: &OwnedFd, name: &OsStr, own: &OwnedFd) -> io::Result<bool> {
    let own = fstat(own)?;
    match statat(above, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(found) => Ok((found.st_dev, found.st_ino) == (own.st_dev, own.st_ino)),
        Err(Errno::NOENT) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Exactly this mode: the umask does not apply.
fn new_file(directory: &OwnedFd, name: &str, mode: Mode) -> io::Result<File> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = retry_on_intr(|| openat(directory, name, flags, mode))?;
    fchmod(&file, mode)?;
    Ok(file.into())
}

/// Removes a directory with the files in it, also what the script has left there, but no
/// directory that is not empty. A link is removed itself.
pub(super) fn remove(above: &OwnedFd, name: &OsStr, own: &OwnedFd) -> io::Result<()> {
    // The script may have taken the permission away.
    fchmod(own, Mode::RWXU)?;
    let mut removed = Ok(());
    for (entry, is_directory) in entries(own)? {
        removed = removed.and(unlink(own, &entry, is_directory));
    }
    // The script may have removed or renamed it.
    removed.and(unlink(above, name, true))
}

fn unlink(above: &OwnedFd, name: &OsStr, is_directory: bool) -> io::Result<()> {
    let flags = if is_directory {
        AtFlags::REMOVEDIR
    } else {
        AtFlags::empty()
    };
    match unlinkat(above, name, flags) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The names in a directory, and whether each is a directory.
pub(super) fn entries(directory: &OwnedFd) -> io::Result<Vec<(OsString, bool)>> {
    let entries = Dir::read_from(directory)?.map(|entry| {
        let entry = entry?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes()).to_owned();
        let mut kind = entry.file_type();
        // Not every file system reports it.
        if kind == FileType::Unknown {
            let stat = statat(directory, &*name, AtFlags::SYMLINK_NOFOLLOW)?;
            kind = FileType::from_raw_mode(stat.st_mode);
        }
        Ok((name, kind == FileType::Directory))
    });
    let entries = entries.collect::<io::Result<Vec<_>>>()?.into_iter();
    Ok(entries
        .filter(|(name, _)| name != "." && name != "..")
        .collect())
}

#[cfg(test)]
mod tests;
