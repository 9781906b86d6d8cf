//! Opening a log: checked, created if missing, and locked.

use std::io;
use std::path::Path;
use std::time::Duration;

use super::log::Log;
use super::log_obstacle::LogObstacle;
use super::log_permissions::{check_named, check_open, obstacle};
use nix::errno::Errno;

use crate::host::{Host, LogFile, OpenLog, Signal, beyond_the_path, reason};
use crate::manifest::LogAccess;
use crate::names::shell_word;

/// How long to wait for a lock while the log does not grow.
pub(super) const LOCK_WAIT: Duration = Duration::from_secs(5);

/// The longest delay between two attempts to lock: at first, since appending a
/// record takes less, then doubled each time up to the last. Half of the delay is
/// random jitter, so that waiting runs do not retry in step.
const LOCK_RETRY: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(10)];

/// Why a record is not on disk.
#[derive(Debug)]
pub enum AppendError {
    Obstacle(LogObstacle),
    /// Another process held the lock too long.
    Locked,
    /// The system gives no lock.
    NoLock(io::Error),
    /// A signal ended the run while it waited for the lock.
    Interrupted(Signal),
    /// The record was not written; a partial write was undone.
    Write(io::Error),
    /// The record is in the log, but its checkpoint could not be written.
    Unanchored(Unanchored),
    /// The record was written but may not be on disk (fsync(2)). Syncing again
    /// proves nothing: the kernel may have dropped the pages.
    Sync(io::Error),
}

/// Why a checkpoint could not be written, and the command that shows why.
#[derive(Debug)]
pub struct Unanchored {
    pub(super) reason: String,
    pub diagnosis: Option<String>,
}

impl AppendError {
    /// Returns whether the record is in its log nevertheless.
    pub(super) fn is_recorded(&self) -> bool {
        matches!(self, Self::Unanchored(_))
    }

    /// The command that shows why the system refused, where an error says it.
    pub(super) fn diagnosis(&self, path: &Path) -> Option<String> {
        match self {
            Self::Write(error) | Self::NoLock(error) | Self::Sync(error) => {
                beyond_the_path(error, path.parent().unwrap_or(path))
            }
            Self::Unanchored(unanchored) => unanchored.diagnosis.clone(),
            Self::Obstacle(_) | Self::Locked | Self::Interrupted(_) => None,
        }
    }

    pub fn reason(&self, path: &Path) -> String {
        let log = shell_word(path);
        match self {
            Self::Obstacle(obstacle) => obstacle.reason.clone(),
            Self::Locked => format!(
                "another process has locked the log {log} and written nothing for {} s",
                LOCK_WAIT.as_secs()
            ),
            Self::NoLock(error) => format!("cannot lock the log {log}: {}", reason(error)),
            Self::Interrupted(signal) => {
                format!(
                    "{} arrived while waiting for the lock of the log {log}",
                    signal.name()
                )
            }
            Self::Unanchored(unanchored) => unanchored.reason.clone(),
            Self::Write(error) => format!("cannot write the log {log}: {}", reason(error)),
            Self::Sync(error) => {
                format!("cannot sync the log {log} to disk: {}", reason(error))
            }
        }
    }
}

/// Whether a signal ends the wait for a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LockWait {
    /// It does: the script has not started.
    UntilSignal,
    /// It does not: the script has run, and its end must be recorded.
    Stubborn,
}

/// Opens a log with its lock held; returns its length too.
pub(super) fn open_locked(
    log: &Log,
    wait: LockWait,
    host: &mut dyn Host,
) -> Result<(Box<dyn LogFile>, u64), AppendError> {
    loop {
        let mut file = open(log, log.access, host)?;
        lock(&mut *file, wait, host)?;
        if let Some(length) = file.length_in_place().map_err(AppendError::Write)? {
            return Ok((file, length));
        }
    }
}

/// Opens a log, or creates it with these permissions, and checks what was
/// opened. What is not a regular file is not even opened: opening a device can
/// have effects.
pub(super) fn open(
    log: &Log,
    access: LogAccess,
    host: &mut dyn Host,
) -> Result<Box<dyn LogFile>, AppendError> {
    let named = host.lstat(&log.path).ok();
    if let Some(obstacle) = named.and_then(|stat| check_named(log, &stat, host)) {
        return Err(AppendError::Obstacle(obstacle));
    }
    let mode = access.mode();
    let opened = host.open_log(&log.path, OpenLog::Append);
    let file = opened.or_else(|error| match obstacle(log, host) {
        Some(obstacle) => Err(AppendError::Obstacle(obstacle)),
        None if error.kind() != io::ErrorKind::NotFound => Err(AppendError::Write(error)),
        None => host
            .open_log(&log.path, OpenLog::Create { mode })
            .map_err(AppendError::Write),
    })?;
    match check_open(log, &*file, host).map_err(AppendError::Write)? {
        Some(obstacle) => Err(AppendError::Obstacle(obstacle)),
        None => Ok(file),
    }
}

/// Waits for the lock, as long as the log grows: while other runs append, the
/// queue moves.
pub(super) fn lock(
    log: &mut dyn LogFile,
    wait: LockWait,
    host: &mut dyn Host,
) -> Result<(), AppendError> {
    let mut length = None;
    let [mut retry, longest] = LOCK_RETRY;
    let mut deadline = host.elapsed() + LOCK_WAIT;
    loop {
        let no_lock = match log.try_lock() {
            Ok(true) => return Ok(()),
            Ok(false) => None,
            // The system may have a lock again.
            Err(error) if is_temporary(&error) => Some(error),
            Err(error) => return Err(AppendError::NoLock(error)),
        };
        let now = Some(log.length().map_err(AppendError::Write)?);
        if now != length {
            length = now;
            deadline = host.elapsed() + LOCK_WAIT;
        }
        if host.elapsed() >= deadline {
            return Err(no_lock.map_or(AppendError::Locked, AppendError::NoLock));
        }
        let jitter = host.random().map_err(AppendError::Write)?[0];
        let pause = retry * (256 + u32::from(jitter)) / 512;
        retry = longest.min(2 * retry);
        match (host.pause(pause), wait) {
            (Some(signal), LockWait::UntilSignal) => return Err(AppendError::Interrupted(signal)),
            (Some(_), LockWait::Stubborn) | (None, _) => {}
        }
    }
}

/// Whether a lock may be there a moment later (flock(2)).
fn is_temporary(error: &io::Error) -> bool {
    let errno = error.raw_os_error().map(Errno::from_raw);
    matches!(errno, Some(Errno::EINTR | Errno::ENOLCK | Errno::ENOMEM))
}

/// Writes bytes, normally by one system call. If it writes only some of them, the
/// next one writes the rest or says why it cannot.
pub(super) fn put_bytes(log: &mut dyn LogFile, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match log.append(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(taken) => bytes = bytes.get(taken..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
