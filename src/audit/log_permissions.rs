//! Whether a log's location is safe and writable: the one predicate that preview
//! and enforcement share.

use std::io;
use std::path::Path;

use super::log::Log;
use crate::host::{
    Access, ChangedBy, FileKind, HostView, LogFile, NotCreatable, STICKY, Stat, check_creatable,
    insecure_paths, is_absent, reason,
};
use crate::manifest::LogAccess;
use crate::names::shell_word;

/// Why a log cannot be trusted or written, and the next step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogObstacle {
    pub reason: String,
    pub help: String,
}

impl LogObstacle {
    pub(super) fn new(reason: String, help: impl Into<String>) -> Self {
        let help = help.into();
        Self { reason, help }
    }

    fn other_file(reason: String) -> Self {
        Self::new(reason, "use another file for `audit_log`")
    }

    fn not_regular(path: &Path, kind: FileKind) -> Self {
        let (path, kind) = (shell_word(path), kind.as_str());
        Self::other_file(format!(
            "the log {path} must be a regular file, but is {kind}"
        ))
    }

    fn not_a_directory(path: &Path, kind: FileKind) -> Self {
        let (path, kind) = (shell_word(path), kind.as_str());
        Self::other_file(format!("{path} must be a directory, but is {kind}"))
    }

    /// The log is the group's own manifest or script.
    pub fn of_group(path: &Path) -> Self {
        let path = shell_word(path);
        Self::other_file(format!("{path} is a file of the group, not a log"))
    }

    fn hard_linked(path: &Path) -> Self {
        let path = shell_word(path);
        Self::new(
            format!("the log {path} must not have hard links"),
            format!("move {path} away, or use another file for `audit_log`"),
        )
    }

    fn foreign_owner(path: &Path, owner: u32) -> Self {
        let path = shell_word(path);
        Self::new(
            format!("{path} must belong to you or root, but belongs to uid {owner}"),
            format!("sudo chown \"$(id -u)\" {path}"),
        )
    }

    /// The log has other permissions than it may have at most.
    fn loose_file(path: &Path, mode: u32, most: u32) -> Self {
        let path = shell_word(path);
        let allowed = match most {
            0o600 => "be private (0600)".to_owned(),
            most => format!("have the mode {most:04o}"),
        };
        Self::new(
            format!("the log {path} must {allowed}, but has the mode {mode:04o}"),
            format!("chmod {most:03o} {path}"),
        )
    }

    fn loose_directory(path: &Path, mode: u32) -> Self {
        let path = shell_word(path);
        let help = match mode & STICKY {
            0 => format!("chmod o-w {path}  # or use a separate directory"),
            // A directory such as `/tmp` stays shared.
            _ => "use a separate directory for the log".to_owned(),
        };
        let reason = format!(
            "the log's directory {path} must not be writable by everyone, but has the mode \
             {mode:04o}"
        );
        Self::new(reason, help)
    }

    fn not_writable(path: &Path, error: &io::Error) -> Self {
        let path = shell_word(path);
        let reason = format!("cannot write {path}: {}", reason(error));
        Self::new(reason, format!("ls -ld {path}"))
    }

    /// The log's directory is missing and cannot be created.
    fn no_directory(directory: &Path, above: &Path, error: &io::Error, access: LogAccess) -> Self {
        let directory = shell_word(directory);
        let (above, error) = (shell_word(above), reason(error));
        let owned = match access {
            LogAccess::Private => "-o \"$(id -u)\" -m 700",
            LogAccess::GroupRead => "-o \"$(id -u)\" -g GROUP -m 2750",
            LogAccess::Group => "-g GROUP -m 2770",
        };
        Self::new(
            format!(
                "the log's directory {directory} is missing, and cannot write {above}: {error}"
            ),
            format!("sudo install -d {owned} {directory}"),
        )
    }
}

/// Returns why a log cannot be appended to, without modifying anything.
pub fn obstacle(log: &Log, view: &dyn HostView) -> Option<LogObstacle> {
    let path = &log.path;
    match view.lstat(path) {
        Ok(stat) => check_named(log, &stat, view).or_else(|| usable(path, view)),
        Err(error) if is_absent(&error) => creatable(log, view),
        Err(error) => Some(LogObstacle::not_writable(path, &error)),
    }
}

/// Checks what the paths of a log and its directory lead to.
pub(super) fn check_named(log: &Log, stat: &Stat, view: &dyn HostView) -> Option<LogObstacle> {
    let directory = log.path.parent().unwrap_or(&log.path);
    let of_directory = match view.lstat(directory) {
        Ok(stat) => check_directory(directory, &stat, view.euid()),
        Err(error) => Some(LogObstacle::not_writable(directory, &error)),
    };
    of_directory.or_else(|| check(log, stat, view.euid()))
}

/// Says who else can change the directories above a log's own. Whoever can
/// replace one of them decides where the record goes.
pub fn exposed(path: &Path, view: &dyn HostView) -> Option<LogObstacle> {
    let checked = [Some(path), path.parent()];
    let found = insecure_paths(&[path], view).into_iter().find(|one| {
        let is_checked = checked.contains(&Some(one.path.as_path()));
        match one.by {
            ChangedBy::Group => false,
            ChangedBy::Owner | ChangedBy::UnmappedOwner | ChangedBy::Everyone => !is_checked,
            ChangedBy::Named(_) => true,
        }
    });
    found.map(|one| LogObstacle::new(one.reason(), one.help()))
}

/// Checks an open log and its directory: the paths may have led to something
/// else a moment ago.
pub(super) fn check_open(
    log: &Log,
    file: &dyn LogFile,
    view: &dyn HostView,
) -> io::Result<Option<LogObstacle>> {
    let directory = log.path.parent().unwrap_or(&log.path);
    let of_directory = check_directory(directory, &file.directory_stat()?, view.euid());
    Ok(of_directory.or(check(log, &file.stat()?, view.euid())))
}

/// Checks the log itself. That of a team may belong to any user: the kernel
/// decides who may append to it.
fn check(log: &Log, stat: &Stat, euid: u32) -> Option<LogObstacle> {
    let path = log.path.as_path();
    let of_team = log.access == LogAccess::Group;
    if !stat.is_file() {
        return Some(LogObstacle::not_regular(path, stat.kind));
    }
    if stat.links != 1 {
        return Some(LogObstacle::hard_linked(path));
    }
    if !stat.has_trusted_owner(euid) && !of_team {
        return Some(LogObstacle::foreign_owner(path, stat.owner));
    }
    let most = log.access.mode();
    if stat.mode & 0o600 != 0o600 || stat.mode & !most != 0 {
        return Some(LogObstacle::loose_file(path, stat.mode, most));
    }
    None
}

fn check_directory(path: &Path, stat: &Stat, euid: u32) -> Option<LogObstacle> {
    if !stat.is_directory() {
        return Some(LogObstacle::not_a_directory(path, stat.kind));
    }
    if !stat.has_trusted_owner(euid) {
        return Some(LogObstacle::foreign_owner(path, stat.owner));
    }
    if stat.is_world_writable() {
        return Some(LogObstacle::loose_directory(path, stat.mode));
    }
    None
}

/// Asks the kernel. A log is also read: the chain continues from its last record.
fn usable(path: &Path, view: &dyn HostView) -> Option<LogObstacle> {
    let mut accesses = [Access::Write, Access::Read].into_iter();
    let error = accesses.find_map(|access| view.check_access(path, access).err())?;
    // Rotation may just have renamed it: it will be created again.
    (error.kind() != io::ErrorKind::NotFound).then(|| LogObstacle::not_writable(path, &error))
}

/// Returns why the log cannot be created in its directory, or the directory in its
/// nearest existing ancestor.
fn creatable(log: &Log, view: &dyn HostView) -> Option<LogObstacle> {
    let directory = log.path.parent().unwrap_or(&log.path);
    match view.lstat(directory) {
        // It is read once, to put the new name in it on disk.
        Ok(stat) => {
            check_directory(directory, &stat, view.euid()).or_else(|| usable(directory, view))
        }
        Err(error) if is_absent(&error) => {
            Some(match check_creatable(directory.parent()?, view).err()? {
                NotCreatable::NotADirectory(path, kind) => {
                    LogObstacle::not_a_directory(&path, kind)
                }
                NotCreatable::Denied(above, error) => {
                    LogObstacle::no_directory(directory, &above, &error, log.access)
                }
            })
        }
        Err(error) => Some(LogObstacle::not_writable(directory, &error)),
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
    fn a_private_file_or_none_yet_is_accepted() {
        assert_eq!(found(&world()), None);
        assert_eq!(found(&World::new()), None);
        assert_eq!(
            obstacle(&Log::plain("/home/ops/x/y/a.log"), &World::new()),
            None
        );
    }

    #[test]
    fn only_a_regular_file_without_hard_links_is_accepted() {
        for kind in [FileKind::Link, FileKind::Directory, FileKind::Special] {
            let world = world().node(LOG, kind, 0o600, "");
            assert_eq!(
                found(&world),
                Some(LogObstacle::not_regular(LOG.as_ref(), kind))
            );
        }
        let linked = world().alter(LOG, |stat| stat.links = 2);
        assert_eq!(found(&linked), Some(LogObstacle::hard_linked(LOG.as_ref())));
    }

    #[test]
    fn owners_and_modes_are_checked() {
        let foreign = world().alter(LOG, |stat| stat.owner = UID + 1);
        assert_eq!(
            found(&foreign),
            Some(LogObstacle::foreign_owner(LOG.as_ref(), UID + 1))
        );
        for mode in [0o640, 0o700, 0o4600, 0o400] {
            let loose = world().alter(LOG, |stat| stat.mode = mode);
            let obstacle = LogObstacle::loose_file(LOG.as_ref(), mode, 0o600);
            assert_eq!(found(&loose), Some(obstacle));
        }
        let directory = Path::new("/home/ops/log");
        let open = world().directory("/home/ops/log", 0o1777);
        assert_eq!(
            found(&open),
            Some(LogObstacle::loose_directory(directory, 0o1777))
        );
        let theirs = world().alter("/home/ops/log", |stat| stat.owner = UID + 1);
        assert_eq!(
            found(&theirs),
            Some(LogObstacle::foreign_owner(directory, UID + 1))
        );
    }

    #[test]
    fn the_access_setting_limits_the_permission_bits() {
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
        assert_eq!(check(&log, &stat, UID), None);
        assert!(check(&Log::plain(LOG), &stat, UID).is_some());
    }

    #[test]
    fn a_location_that_cannot_be_written_is_found_in_advance() {
        let log = Log::plain("/var/log/qli/a.log");
        let help = obstacle(&log, &World::new()).unwrap().help;
        assert_eq!(help, "sudo install -d -o \"$(id -u)\" -m 700 /var/log/qli");
        let file = World::new().file("/home/ops/log", "");
        let expected = LogObstacle::not_a_directory("/home/ops/log".as_ref(), FileKind::File);
        assert_eq!(found(&file), Some(expected));
    }

    #[test]
    fn the_directories_above_the_logs_own_are_checked() {
        let exposed = |world: &World| exposed(Path::new(LOG), world);
        assert_eq!(exposed(&world()), None);
        for change in [
            |stat: &mut Stat| stat.mode = 0o777,
            |stat: &mut Stat| stat.owner = UID + 1,
        ] {
            let world = world().alter("/home/ops", change);
            let reason = exposed(&world).unwrap().reason;
            assert!(reason.starts_with("/home/ops is "), "{reason}");
        }
    }
}
