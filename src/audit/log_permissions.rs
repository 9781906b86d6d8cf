//! Whether a log's location is safe and writable: the one predicate that preview
//! and enforcement share.

use std::io;
use std::path::Path;

use super::log::Log;
use super::log_obstacle::LogObstacle;
use crate::host::{
    Access, ChangedBy, HostView, LogFile, NotCreatable, Stat, check_creatable, insecure_paths,
    is_absent,
};
use crate::manifest::LogAccess;

/// Returns why a log cannot be appended to, without modifying anything.
pub fn obstacle(log: &Log, view: &dyn HostView) -> Option<LogObstacle> {
    let path = &log.path;
    match view.lstat(path) {
        Ok(stat) => check_named(log, &stat, view).or_else(|| usable(log, path, view)),
        Err(error) if is_absent(&error) => creatable(log, view),
        Err(error) => Some(LogObstacle::not_writable(log, path, &error)),
    }
}

/// Checks what the paths of a log and its directory lead to.
pub(super) fn check_named(log: &Log, stat: &Stat, view: &dyn HostView) -> Option<LogObstacle> {
    let directory = log.path.parent().unwrap_or(&log.path);
    let of_directory = match view.lstat(directory) {
        Ok(stat) => check_directory(log, &stat, view),
        Err(error) => Some(LogObstacle::not_writable(log, directory, &error)),
    };
    of_directory.or_else(|| check(log, stat, view))
}

/// Says who else can change the directories above a log's own. Whoever can
/// replace one of them decides where the record goes.
pub fn exposed(log: &Log, view: &dyn HostView) -> Option<LogObstacle> {
    let path = log.path.as_path();
    let checked = [Some(path), path.parent()];
    let found = insecure_paths(&[path], view).into_iter().find(|one| {
        let is_checked = checked.contains(&Some(one.path.as_path()));
        match one.by {
            ChangedBy::Group => false,
            ChangedBy::Owner | ChangedBy::UnmappedOwner | ChangedBy::Everyone => !is_checked,
            ChangedBy::Named(_) => true,
        }
    });
    found.map(|one| LogObstacle::new(log, one.reason(), one.help()))
}

/// Returns what a log or its directory is instead. The kind of a file comes before its
/// owner and mode: those of a link's target say nothing about a log.
pub fn wrong_kind(log: &Log, view: &dyn HostView) -> Option<LogObstacle> {
    let path = log.path.as_path();
    let stat = |path: &Path| view.lstat(path).ok();
    let directory = path.parent().unwrap_or(path);
    let of_directory = stat(directory).filter(|stat| !stat.is_directory());
    let of_directory =
        of_directory.map(|stat| LogObstacle::not_a_directory(log, directory, stat.kind, view));
    of_directory.or_else(|| {
        let stat = stat(path).filter(|stat| !stat.is_file())?;
        Some(LogObstacle::not_regular(log, &stat, view))
    })
}

/// Checks an open log and its directory: the paths may have led to something
/// else a moment ago.
pub(super) fn check_open(
    log: &Log,
    file: &dyn LogFile,
    view: &dyn HostView,
) -> io::Result<Option<LogObstacle>> {
    let of_directory = check_directory(log, &file.directory_stat()?, view);
    Ok(of_directory.or(check(log, &file.stat()?, view)))
}

/// Checks the log itself. That of a team may belong to any user: the kernel
/// decides who may append to it.
fn check(log: &Log, stat: &Stat, view: &dyn HostView) -> Option<LogObstacle> {
    let euid = view.euid();
    let of_team = log.access == LogAccess::Group;
    if !stat.is_file() {
        return Some(LogObstacle::not_regular(log, stat, view));
    }
    if stat.links != 1 {
        return Some(LogObstacle::hard_linked(log));
    }
    if !stat.has_trusted_owner(euid) && !of_team {
        return Some(LogObstacle::foreign_owner(log, &log.path, stat.owner, view));
    }
    let most = log.access.mode();
    if stat.mode & 0o600 != 0o600 || stat.mode & !most != 0 {
        // Whoever may not change the mode of root's log could not write it afterwards.
        let is_changeable = stat.owner == euid || of_team;
        let loose = || LogObstacle::loose_file(log, stat, euid);
        return Some(if is_changeable {
            loose()
        } else {
            LogObstacle::of_root(log)
        });
    }
    None
}

fn check_directory(log: &Log, stat: &Stat, view: &dyn HostView) -> Option<LogObstacle> {
    let path = log.path.parent().unwrap_or(&log.path);
    if !stat.is_directory() {
        return Some(LogObstacle::not_a_directory(log, path, stat.kind, view));
    }
    if !stat.has_trusted_owner(view.euid()) {
        return Some(LogObstacle::foreign_owner(log, path, stat.owner, view));
    }
    if stat.is_world_writable() {
        return Some(LogObstacle::loose_directory(log, path, stat, view.euid()));
    }
    None
}

/// Asks the kernel. A log is also read: the chain continues from its last record.
fn usable(log: &Log, path: &Path, view: &dyn HostView) -> Option<LogObstacle> {
    let mut accesses = [Access::Write, Access::Read].into_iter();
    let error = accesses.find_map(|access| view.check_access(path, access).err())?;
    // Rotation may just have renamed it: it will be created again.
    (error.kind() != io::ErrorKind::NotFound).then(|| LogObstacle::not_writable(log, path, &error))
}

/// Returns why the log cannot be created in its directory, or the directory in its
/// nearest existing ancestor.
fn creatable(log: &Log, view: &dyn HostView) -> Option<LogObstacle> {
    let directory = log.path.parent().unwrap_or(&log.path);
    match view.lstat(directory) {
        // It is read once, to put the new name in it on disk.
        Ok(stat) => check_directory(log, &stat, view).or_else(|| usable(log, directory, view)),
        Err(error) if is_absent(&error) => {
            Some(match check_creatable(directory.parent()?, view).err()? {
                NotCreatable::NotADirectory(path, kind) => {
                    LogObstacle::not_a_directory(log, &path, kind, view)
                }
                NotCreatable::Denied(above, error) => {
                    LogObstacle::no_directory(log, &above, &error, view)
                }
            })
        }
        Err(error) => Some(LogObstacle::not_writable(log, directory, &error)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::AnchorSink;
    use super::*;
    use crate::host::FileKind;
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
            // Links are followed, so this one needs a target.
            let world = world().node(LOG, kind, 0o600, "/home/ops/log");
            let obstacle = found(&world).unwrap();
            let expected = format!("must be a regular file, but is {}", kind.as_str());
            assert!(obstacle.reason.ends_with(&expected), "{}", obstacle.reason);
        }
        let linked = world().alter(LOG, |stat| stat.links = 2);
        assert_eq!(
            found(&linked),
            Some(LogObstacle::hard_linked(&Log::plain(LOG)))
        );
    }

    #[test]
    fn an_owner_outside_the_user_namespace_cannot_be_changed_in_it() {
        for path in [LOG, "/home/ops/log"] {
            let inside = world()
                .file("/proc/sys/kernel/overflowuid", "65534\n")
                .file("/proc/self/uid_map", "0 1000 1\n")
                .alter(path, |stat| stat.owner = 65534);
            let obstacle = found(&inside).unwrap();
            assert!(obstacle.reason.ends_with("no owner in this user namespace"));
            assert!(!obstacle.help.contains("chown"), "{}", obstacle.help);
        }
    }

    #[test]
    fn owners_and_modes_are_checked() {
        let log = Log::plain(LOG);
        let foreign = world().alter(LOG, |stat| stat.owner = UID + 1);
        let obstacle = LogObstacle::foreign_owner(&log, LOG.as_ref(), UID + 1, &foreign);
        assert_eq!(found(&foreign), Some(obstacle));
        for mode in [0o640, 0o700, 0o4600, 0o400] {
            let loose = world().alter(LOG, |stat| stat.mode = mode);
            let obstacle = found(&loose).unwrap();
            let found = format!("must be private (0600), but has the mode {mode:04o}");
            assert!(obstacle.reason.ends_with(&found), "{}", obstacle.reason);
            assert_eq!(obstacle.help, format!("chmod 600 {LOG}"));
        }
        let directory = Path::new("/home/ops/log");
        let open = world().directory("/home/ops/log", 0o1777);
        let obstacle = found(&open).unwrap();
        assert!(
            obstacle.reason.ends_with("the mode 1777"),
            "{}",
            obstacle.reason
        );
        let theirs = world().alter("/home/ops/log", |stat| stat.owner = UID + 1);
        let obstacle = LogObstacle::foreign_owner(&log, directory, UID + 1, &theirs);
        assert_eq!(found(&theirs), Some(obstacle));
    }

    #[test]
    fn the_owner_comes_before_the_mode() {
        let roots = world().alter(LOG, |stat| (stat.owner, stat.mode) = (0, 0o644));
        assert_eq!(found(&roots), Some(LogObstacle::of_root(&Log::plain(LOG))));
        let log = Log {
            access: LogAccess::Group,
            ..Log::plain(LOG)
        };
        let help = obstacle(&log, &roots).unwrap().help;
        assert_eq!(help, format!("sudo chmod 660 {LOG}"));
        let open = |stat: &mut Stat| (stat.owner, stat.mode) = (0, 0o777);
        let help = found(&world().alter("/home/ops/log", open)).unwrap().help;
        assert!(help.starts_with("sudo chmod o-w /home/ops/log "), "{help}");
    }

    #[test]
    fn the_kind_of_a_file_comes_before_its_mode() {
        for kind in [FileKind::Special, FileKind::Directory] {
            let world = World::new().directory("/home/ops/log", 0o700);
            let world = world.link(LOG, "/dev/other");
            let world = world.node("/dev/other", kind, 0o666, "");
            let obstacle = wrong_kind(&Log::plain(LOG), &world).unwrap();
            let expected = format!("the log {LOG} must be a regular file, but is a symbolic link");
            assert_eq!(obstacle.reason, expected);
            assert_eq!(obstacle.help, "use another file for `audit_log`");
        }
        let anchor = AnchorSink::file(LOG.as_ref());
        let special = world().node(LOG, FileKind::Special, 0o666, "");
        let obstacle = wrong_kind(&anchor, &special).unwrap();
        let expected =
            format!("the anchor {LOG} must be a regular file, but is a pipe, socket or device");
        assert_eq!(obstacle.reason, expected);
        assert_eq!(obstacle.help, "use another file for `anchor`");
        assert_eq!(wrong_kind(&anchor, &world()), None);
    }

    #[test]
    fn a_broken_link_is_reported_as_one() {
        let broken = World::new()
            .directory("/home/ops/log", 0o700)
            .link(LOG, "/none");
        let reason = found(&broken).unwrap().reason;
        assert!(reason.ends_with("is a broken symbolic link"), "{reason}");
        let above = World::new().link("/home/ops/log", "/none");
        let log = Log::plain("/home/ops/log/x/a.log");
        let obstacle = obstacle(&log, &above).unwrap();
        let expected =
            "the log's directory cannot be created: /home/ops/log is a broken symbolic link";
        assert_eq!(obstacle.reason, expected);
        assert!(obstacle.help.starts_with("ls -l /home/ops/log "));
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
        assert_eq!(check(&log, &stat, &colleague), None);
        assert!(check(&Log::plain(LOG), &stat, &colleague).is_some());
    }

    #[test]
    fn a_location_that_cannot_be_written_is_found_in_advance() {
        let log = Log::plain("/var/log/qli/a.log");
        let help = obstacle(&log, &World::new()).unwrap().help;
        assert_eq!(help, "sudo install -d -o \"$(id -u)\" -m 700 /var/log/qli");
        let file = World::new().file("/home/ops/log", "");
        let reason = found(&file).unwrap().reason;
        let expected = "/home/ops/log must be a directory, but is a regular file";
        assert_eq!(reason, expected);
    }

    #[test]
    fn the_directories_above_the_logs_own_are_checked() {
        let exposed = |world: &World| exposed(&Log::plain(LOG), world);
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
