//! Removes the secrets of runs that were killed.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, FlockOperation, Mode, OFlags, chmodat, flock, fstat, openat};

use super::delivered_files::{entries, open_directory, remove};
use super::process;
use super::script_mark::{MARK, ScriptMark};
use crate::names::is_uuid;

/// Removes the directories of runs of this user whose qli was killed and whose script does
/// not run either. Anything else in the directory is left alone.
pub(super) fn clear(directory: &Path, euid: u32) {
    let Ok(above) = open_directory(CWD, directory.as_os_str()) else {
        return;
    };
    let runs = OnceCell::new();
    for (name, is_directory) in entries(&above).unwrap_or_default() {
        let is_run = name.to_str().is_some_and(is_uuid) && is_directory;
        if is_run {
            // What cannot be removed now is tried again by the next run.
            drop(clear_one(&above, &name, euid, &runs));
        }
    }
}

/// The ids of the runs that have processes; `None` if that cannot be known.
type RunIds = OnceCell<Option<BTreeSet<String>>>;

fn clear_one(above: &OwnedFd, name: &OsStr, euid: u32, runs: &RunIds) -> io::Result<()> {
    let own = open_directory(above, name).or_else(|error| {
        if error.kind() != io::ErrorKind::PermissionDenied {
            return Err(error);
        }
        // Only its script, of the same user, can have taken the permission away.
        chmodat(above, name, Mode::RWXU, AtFlags::empty())?;
        open_directory(above, name)
    })?;
    if fstat(&own)?.st_uid != euid {
        return Ok(());
    }
    // The qli of a run holds the lock as long as it lives.
    flock(&own, FlockOperation::NonBlockingLockExclusive)?;
    let may_run = if let Some(script) = mark(&own)? {
        script.may_run()
    } else {
        // It was killed before or just after its script was started.
        let runs = runs.get_or_init(process::run_ids).as_ref();
        runs.is_none_or(|runs| name.to_str().is_none_or(|name| runs.contains(name)))
    };
    if may_run {
        return Ok(());
    }
    remove(above, name, &own)
}

/// The script of a run, if it was noted completely.
fn mark(own: &OwnedFd) -> io::Result<Option<ScriptMark>> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match openat(own, MARK, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(rustix::io::Errno::NOENT) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut text = String::new();
    file.take(4096).read_to_string(&mut text)?;
    Ok(text.parse().ok())
}
