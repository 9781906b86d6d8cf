//! Whether a log may stand where it stands: the one predicate that preview
//! and enforcement share.

use std::io;
use std::path::{Path, PathBuf};

use super::Log;
use crate::host::{
    Access, ChangedBy, FileKind, HostView, InsecurePath, LogFile, NotCreatable, STICKY, Stat,
    check_creatable, insecure_paths, is_absent, reason,
};
use crate::manifest::LogAccess;
use crate::names::shell_word;

/// Why a log cannot be trusted or written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogObstacle {
    /// The path leads to something that is no regular file.
    NotRegular(PathBuf, FileKind),
    /// It is the group's own manifest or script.
    OfGroup(PathBuf),
    /// Somebody else may change the way to it.
    Exposed(InsecurePath),
    /// The file has other names, so another file would be changed with it.
    HardLinked(PathBuf),
    /// The file or its directory belongs to neither us nor root.
    ForeignOwner(PathBuf, u32),
    /// The file's permission bits are not those it may have at most, which come
    /// last.
    LooseFile(PathBuf, u32, u32),
    /// Everybody may write to its directory; its permission bits.
    LooseDirectory(PathBuf, u32),
    /// What should be its directory is none.
    NoDirectory(PathBuf, FileKind),
    /// The kernel says no.
    NotWritable(PathBuf, String),
    /// Its directory is not there and cannot be made: where the kernel says no,
    /// and its word; and who may use the log.
    NotMakeable(PathBuf, PathBuf, String, LogAccess),
    /// The system's log is not there, with the system's word.
    NoSyslog(PathBuf, String),
}

impl LogObstacle {
    /// Says what is wrong, in one sentence.
    pub fn reason(&self) -> String {
        let at = |path: &Path| shell_word(path);
        match self {
            Self::NotRegular(path, kind) => {
                format!(
                    "the log {} must be a regular file, it is {}",
                    at(path),
                    kind.as_str()
                )
            }
            Self::Exposed(suspicion) => suspicion.reason(),
            Self::OfGroup(path) => {
                format!("{} is a file of the group itself, not a log", at(path))
            }
            Self::HardLinked(path) => {
                format!("the log {} must have one name, it has hard links", at(path))
            }
            Self::ForeignOwner(path, owner) => {
                format!(
                    "{} must belong to you or root, it belongs to uid {owner}",
                    at(path)
                )
            }
            Self::LooseFile(path, mode, most) => format!(
                "the log {} must {}, its mode is {mode:04o}",
                at(path),
                match most {
                    0o600 => "be private (0600)".to_owned(),
                    most => format!("have the mode {most:04o}"),
                }
            ),
            Self::LooseDirectory(path, mode) => format!(
                "the log's directory {} must not be writable by everybody, its mode is {mode:04o}",
                at(path)
            ),
            Self::NoDirectory(path, kind) => {
                format!("{} must be a directory, it is {}", at(path), kind.as_str())
            }
            Self::NotMakeable(directory, above, error, _) => format!(
                "the log's directory {} is not there, and {} cannot be written: {error}",
                at(directory),
                at(above)
            ),
            Self::NotWritable(path, error) => {
                format!("{} cannot be written: {error}", at(path))
            }
            Self::NoSyslog(path, error) => {
                format!("the system's log {} takes nothing: {error}", at(path))
            }
        }
    }

    /// Returns the command that repairs it, or the next step.
    pub fn help(&self) -> String {
        match self {
            Self::HardLinked(path) => format!(
                "move {} away, or name another file in `audit_log`",
                shell_word(path)
            ),
            Self::ForeignOwner(path, _) => format!("sudo chown \"$(id -u)\" {}", shell_word(path)),
            Self::LooseFile(path, _, most) => format!("chmod {most:03o} {}", shell_word(path)),
            // What everybody shares stays so.
            Self::LooseDirectory(_, mode) if mode & STICKY != 0 => {
                "give the log a directory of its own".to_owned()
            }
            Self::LooseDirectory(path, _) => format!(
                "chmod o-w {}  # or give the log a directory of its own",
                shell_word(path)
            ),
            Self::Exposed(suspicion) => suspicion.help(),
            Self::OfGroup(_) | Self::NotRegular(..) | Self::NoDirectory(..) => {
                "name another file in `audit_log`".to_owned()
            }
            Self::NotWritable(path, _) => format!("ls -ld {}", shell_word(path)),
            Self::NotMakeable(directory, .., access) => {
                let owned = match access {
                    LogAccess::Private => "-o \"$(id -u)\" -m 700",
                    LogAccess::GroupRead => "-o \"$(id -u)\" -g GROUP -m 2750",
                    LogAccess::Group => "-g GROUP -m 2770",
                };
                format!("sudo install -d {owned} {}", shell_word(directory))
            }
            Self::NoSyslog(..) => "start the system's log, or name a file in `anchor`".to_owned(),
        }
    }
}

/// Says why a log cannot be appended to, as far as looking tells.
pub fn obstacle(log: &Log, view: &dyn HostView) -> Option<LogObstacle> {
    let path = &log.path;
    match view.lstat(path) {
        Ok(stat) => judge_named(log, &stat, view)
            .or_else(|| usable(path, Access::Write, view))
            .or_else(|| usable(path, Access::Read, view)),
        Err(error) if is_absent(&error) => creatable(log, view),
        Err(error) => Some(not_writable(path, &error)),
    }
}

/// Judges what stands under the names of a log and its directory.
pub(super) fn judge_named(log: &Log, stat: &Stat, view: &dyn HostView) -> Option<LogObstacle> {
    let directory = log.path.parent().unwrap_or(&log.path);
    look_at_directory(directory, view).or_else(|| judge(log, stat, view.euid()))
}

/// Says who else may change the way to a log: the directories above its own.
/// Who may replace one of them decides where the record goes.
pub fn exposed(path: &Path, view: &dyn HostView) -> Option<LogObstacle> {
    let judged = [Some(path), path.parent()];
    let found = insecure_paths(&[path], view)
        .into_iter()
        .find(|one| one.by != ChangedBy::Group && !judged.contains(&Some(one.path.as_path())));
    found.map(LogObstacle::Exposed)
}

/// Judges a log and its directory once they are open: what stood under their
/// names a moment ago may be something else by now.
pub(super) fn judge_open(
    log: &Log,
    file: &dyn LogFile,
    view: &dyn HostView,
) -> io::Result<Option<LogObstacle>> {
    let directory = log.path.parent().unwrap_or(&log.path);
    let of_directory = judge_directory(directory, &file.directory_stat()?, view.euid());
    Ok(of_directory.or(judge(log, &file.stat()?, view.euid())))
}

/// Judges the log itself. That of a team belongs to whoever made it: who may
/// not append to it is told by the kernel.
fn judge(log: &Log, stat: &Stat, euid: u32) -> Option<LogObstacle> {
    let path = || log.path.clone();
    let of_team = log.access == LogAccess::Group;
    if !stat.is_file() {
        return Some(LogObstacle::NotRegular(path(), stat.kind));
    }
    if stat.links != 1 {
        return Some(LogObstacle::HardLinked(path()));
    }
    if !stat.has_trusted_owner(euid) && !of_team {
        return Some(LogObstacle::ForeignOwner(path(), stat.owner));
    }
    let most = log.access.mode();
    if stat.mode & 0o600 != 0o600 || stat.mode & !most != 0 {
        return Some(LogObstacle::LooseFile(path(), stat.mode, most));
    }
    None
}

fn look_at_directory(path: &Path, view: &dyn HostView) -> Option<LogObstacle> {
    match view.lstat(path) {
        Ok(stat) => judge_directory(path, &stat, view.euid()),
        Err(error) => Some(not_writable(path, &error)),
    }
}

fn judge_directory(path: &Path, stat: &Stat, euid: u32) -> Option<LogObstacle> {
    let path = || path.to_owned();
    if !stat.is_directory() {
        return Some(LogObstacle::NoDirectory(path(), stat.kind));
    }
    if !stat.has_trusted_owner(euid) {
        return Some(LogObstacle::ForeignOwner(path(), stat.owner));
    }
    if stat.is_world_writable() {
        return Some(LogObstacle::LooseDirectory(path(), stat.mode));
    }
    None
}

fn not_writable(path: &Path, error: &io::Error) -> LogObstacle {
    LogObstacle::NotWritable(path.to_owned(), reason(error))
}

/// Asks the kernel. A log is read too: its last record is the one that the
/// chain goes on from.
fn usable(path: &Path, access: Access, view: &dyn HostView) -> Option<LogObstacle> {
    let error = view.check_access(path, access).err()?;
    // Rotation may just have moved it away: it will be made anew.
    (error.kind() != io::ErrorKind::NotFound).then(|| not_writable(path, &error))
}

/// Says why no file could be made in a directory, or the directory itself in
/// the nearest one above it that is there.
fn creatable(log: &Log, view: &dyn HostView) -> Option<LogObstacle> {
    let directory = log.path.parent().unwrap_or(&log.path);
    match view.lstat(directory) {
        // It is read once, to put the new name in it on disk.
        Ok(stat) => judge_directory(directory, &stat, view.euid())
            .or_else(|| usable(directory, Access::Write, view))
            .or_else(|| usable(directory, Access::Read, view)),
        Err(error) if is_absent(&error) => {
            Some(match check_creatable(directory.parent()?, view).err()? {
                NotCreatable::NotADirectory(path, kind) => LogObstacle::NoDirectory(path, kind),
                NotCreatable::Denied(above, error) => LogObstacle::NotMakeable(
                    directory.to_owned(),
                    above,
                    reason(&error),
                    log.access,
                ),
            })
        }
        Err(error) => Some(not_writable(directory, &error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::{UID, World};

    const LOG: &str = "/home/ops/log/a.log";

    fn world() -> World {
        World::new()
            .directory("/home/ops/log", 0o700)
            .node(LOG, FileKind::File, 0o600, "")
    }

    fn found(world: &World) -> Option<LogObstacle> {
        obstacle(&Log::plain(LOG), world)
    }

    #[test]
    fn a_private_file_of_ones_own_is_fine_and_so_is_none_yet() {
        assert_eq!(found(&world()), None);
        assert_eq!(found(&World::new()), None);
        assert_eq!(
            obstacle(&Log::plain("/home/ops/x/y/a.log"), &World::new()),
            None
        );
    }

    #[test]
    fn what_is_no_regular_file_of_one_name_is_refused() {
        for kind in [FileKind::Link, FileKind::Directory, FileKind::Special] {
            let world = world().node(LOG, kind, 0o600, "");
            assert_eq!(
                found(&world),
                Some(LogObstacle::NotRegular(LOG.into(), kind))
            );
        }
        let linked = world().alter(LOG, |stat| stat.links = 2);
        assert_eq!(found(&linked), Some(LogObstacle::HardLinked(LOG.into())));
    }

    #[test]
    fn owners_and_modes_are_judged() {
        let foreign = world().alter(LOG, |stat| stat.owner = UID + 1);
        assert_eq!(
            found(&foreign),
            Some(LogObstacle::ForeignOwner(LOG.into(), UID + 1))
        );
        for mode in [0o640, 0o700, 0o4600, 0o400] {
            let loose = world().alter(LOG, |stat| stat.mode = mode);
            let obstacle = LogObstacle::LooseFile(LOG.into(), mode, 0o600);
            assert_eq!(found(&loose), Some(obstacle));
        }
        let directory = PathBuf::from("/home/ops/log");
        let open = world().directory("/home/ops/log", 0o1777);
        assert_eq!(
            found(&open),
            Some(LogObstacle::LooseDirectory(directory.clone(), 0o1777))
        );
        let theirs = world().alter("/home/ops/log", |stat| stat.owner = UID + 1);
        assert_eq!(
            found(&theirs),
            Some(LogObstacle::ForeignOwner(directory, UID + 1))
        );
    }

    #[test]
    fn a_log_that_others_use_too_may_have_so_many_bits_and_no_more() {
        use LogAccess::{Group, GroupRead};
        for (access, mode, fine) in [
            (GroupRead, 0o600, true),
            (GroupRead, 0o640, true),
            (GroupRead, 0o660, false),
            (Group, 0o660, true),
            (Group, 0o664, false),
            (Group, 0o460, false),
        ] {
            let log = Log {
                access,
                ..Log::plain(LOG)
            };
            let world = world().alter(LOG, |stat| stat.mode = mode);
            assert_eq!(
                obstacle(&log, &world).is_none(),
                fine,
                "{access:?} {mode:o}"
            );
        }
        let log = Log {
            access: Group,
            ..Log::plain(LOG)
        };
        let colleague = world().alter(LOG, |stat| {
            (stat.mode, stat.owner) = (0o660, UID + 1);
        });
        let stat = colleague.lstat(LOG.as_ref()).unwrap();
        assert_eq!(judge(&log, &stat, UID), None);
        assert!(judge(&Log::plain(LOG), &stat, UID).is_some());
    }

    #[test]
    fn a_place_that_cannot_be_written_is_found_before_anything_is_asked() {
        let log = Log::plain("/var/log/qli/a.log");
        let help = obstacle(&log, &World::new()).unwrap().help();
        assert_eq!(help, "sudo install -d -o \"$(id -u)\" -m 700 /var/log/qli");
        let file = World::new().file("/home/ops/log", "");
        assert!(matches!(found(&file), Some(LogObstacle::NoDirectory(..))));
    }

    #[test]
    fn the_directories_above_the_logs_own_are_judged() {
        let exposed = |world: &World| exposed(Path::new(LOG), world);
        assert_eq!(exposed(&world()), None);
        for change in [
            |stat: &mut Stat| stat.mode = 0o777,
            |stat: &mut Stat| stat.owner = UID + 1,
        ] {
            let world = world().alter("/home/ops", change);
            assert!(matches!(exposed(&world), Some(LogObstacle::Exposed(_))));
        }
    }
}
