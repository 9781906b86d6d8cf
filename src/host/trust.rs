//! Whether a file can be trusted: whoever can change it, or a directory above it,
//! decides what runs.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::path::normalize;
use super::permissions::STICKY;
use super::{FileKind, HostView, Stat};
use crate::names::shell_path;

/// A file or directory that someone else can change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InsecurePath {
    pub path: PathBuf,
    pub stat: Stat,
    pub by: ChangedBy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangedBy {
    /// Its group. With a umask of 002 and a group for each user that is normal, so it
    /// is only worth a warning.
    Group,
    /// Its owner, who is neither this user nor root.
    Owner,
    /// Its owner, who has no uid in this user namespace: anyone outside, also root.
    UnmappedOwner,
    Everyone,
    /// This user, whom an access control list names.
    Named(u32),
}

impl InsecurePath {
    /// Says who can change it; follows the path in a sentence.
    pub fn finding(&self) -> String {
        let Stat {
            mode, owner, kind, ..
        } = self.stat;
        if kind == FileKind::Special {
            return format!("must be a regular file, but is {}", kind.as_str());
        }
        let who = match self.by {
            ChangedBy::Group => "is writable by its group".to_owned(),
            ChangedBy::Owner => "is owned by neither you nor root".to_owned(),
            ChangedBy::UnmappedOwner => "has no owner in this user namespace".to_owned(),
            ChangedBy::Everyone => "is writable by everyone".to_owned(),
            ChangedBy::Named(uid) => format!("is writable by uid {uid}, by its ACL"),
        };
        format!("{who} (mode {mode:04o}, owner uid {owner})")
    }

    pub fn reason(&self) -> String {
        format!("{} {}", shell_path(&self.path), self.finding())
    }

    /// Returns the command that fixes it.
    pub fn help(&self) -> String {
        let path = shell_path(&self.path);
        // The system needs its devices as they are.
        if self.stat.kind == FileKind::Special {
            return format!("ls -l {path}  # use a regular file instead");
        }
        match self.by {
            ChangedBy::Group => format!("chmod g-w {path}"),
            // `-h` changes a link itself, not its target (chown(1)).
            ChangedBy::Owner => {
                format!("sudo chown -h \"$(id -u)\" {path}  # or run it as its owner")
            }
            ChangedBy::UnmappedOwner => MAP_OWNER.to_owned(),
            ChangedBy::Everyone => format!("chmod o-w {path}"),
            ChangedBy::Named(uid) => format!("setfacl -x u:{uid} {path}"),
        }
    }
}

/// Returns everything that someone else can change on the way to some files: the
/// files, all directories above them, and every link with everything on the way to
/// its target. What several files share is examined once.
pub fn insecure_paths(paths: &[&Path], view: &dyn HostView) -> Vec<InsecurePath> {
    let mut walk = PathWalk {
        view,
        examined: BTreeMap::new(),
        reported: BTreeSet::new(),
        found: Vec::new(),
    };
    for path in paths {
        walk.follow(path);
    }
    walk.found
}

/// The kernel follows this many links in one path (`path_resolution(7)`).
const LINKS_MAX: usize = 40;

struct PathWalk<'v> {
    view: &'v dyn HostView,
    // `OsString`, since comparing paths part by part is slower.
    examined: BTreeMap<OsString, Stat>,
    reported: BTreeSet<OsString>,
    found: Vec<InsecurePath>,
}

impl PathWalk<'_> {
    /// Walks a path from the root, and again from the target of each link. Dangling links
    /// are reported elsewhere.
    fn follow(&mut self, path: &Path) {
        let mut next = Some(path.to_owned());
        for _ in 0..LINKS_MAX {
            next = next.and_then(|path| self.walk(&path));
        }
    }

    /// Walks to the end of a path, or to the first link on it; returns the path to
    /// continue with.
    fn walk(&mut self, path: &Path) -> Option<PathBuf> {
        let mut here = PathBuf::new();
        let mut above: Option<Stat> = None;
        let mut rest = path.components();
        while let Some(part) = rest.next() {
            here.push(part);
            let Some(stat) = self.examine(&here, above) else {
                self.check_parent(&here, above);
                return None;
            };
            if stat.is_link() {
                let target = self.view.read_link(&here).ok()?;
                here.pop();
                // No link precedes the target's own `..`.
                return Some(normalize(&here.join(target).join(rest.as_path())));
            }
            above = Some(stat);
        }
        self.check(&here, above?, false);
        None
    }

    /// Examines one part of a path, and checks the directory above it.
    fn examine(&mut self, here: &Path, above: Option<Stat>) -> Option<Stat> {
        if let Some(known) = self.examined.get(here.as_os_str()) {
            return Some(*known);
        }
        let stat = self.view.lstat(here).ok()?;
        self.examined.insert(here.into(), stat);
        if stat.is_link() {
            self.check(here, stat, false);
        }
        self.check_parent(here, above);
        Some(stat)
    }

    /// Whoever can write to a directory can replace a file in it, or create a missing
    /// one; in a sticky directory neither would be owned by this user.
    fn check_parent(&mut self, path: &Path, above: Option<Stat>) {
        let above = above.filter(Stat::is_directory);
        if let (Some(above), Some(directory)) = (above, path.parent()) {
            self.check(directory, above, true);
        }
    }

    fn check(&mut self, path: &Path, stat: Stat, is_parent: bool) {
        if let Some(by) = changed_by(path, &stat, is_parent, self.view)
            && self.reported.insert(path.into())
        {
            let path = path.to_owned();
            self.found.push(InsecurePath { path, stat, by });
        }
    }
}

/// Who else can change a file, or the entries of a parent directory. In a sticky parent
/// no one else can replace a file of this user or root; a file of another user is
/// reported anyway.
fn changed_by(path: &Path, stat: &Stat, is_parent: bool, view: &dyn HostView) -> Option<ChangedBy> {
    if !stat.has_trusted_owner(view.euid()) {
        let is_unmapped = is_unmapped(stat.owner, view);
        return Some(if is_unmapped {
            ChangedBy::UnmappedOwner
        } else {
            ChangedBy::Owner
        });
    }
    let protected = is_parent && stat.mode & STICKY != 0;
    // The mode of a link means nothing (symlink(7)).
    if protected || stat.is_link() {
        None
    } else if stat.is_world_writable() {
        Some(ChangedBy::Everyone)
    } else {
        stat.is_group_writable()
            .then(|| group_class(path, stat, view))?
    }
}

/// Who can write by the bits of the group. With an access control list these are the
/// most that anyone in it may do, so the list decides.
fn group_class(path: &Path, stat: &Stat, view: &dyn HostView) -> Option<ChangedBy> {
    let Some(acl) = view.acl(path) else {
        return Some(ChangedBy::Group);
    };
    let trusted = [0, view.euid(), stat.owner];
    let mut strangers = acl.users.iter().filter(|uid| !trusted.contains(uid));
    let named = strangers.next().map(|uid| ChangedBy::Named(*uid));
    named.or(acl.by_group.then_some(ChangedBy::Group))
}

/// What to do about a file whose owner has no uid in this user namespace: no one in it
/// may change the owner.
pub const MAP_OWNER: &str = "cat /proc/self/uid_map  # run qli outside, or map the owner here";

/// Whether a uid is what the kernel shows for every user that has none in this user
/// namespace (`user_namespaces(7)`).
pub fn is_unmapped(uid: u32, view: &dyn HostView) -> bool {
    let text = |path: &str| String::from_utf8(view.head(Path::new(path)).ok()?).ok();
    let overflow = text("/proc/sys/kernel/overflowuid");
    let is_overflow = overflow.is_some_and(|it| it.trim().parse() == Ok(uid));
    // Outside any namespace every uid has itself.
    let map = text("/proc/self/uid_map").unwrap_or_default();
    is_overflow && !map.split_whitespace().eq(["0", "0", "4294967295"])
}

#[cfg(test)]
mod tests {
    use super::super::Acl;
    use super::super::fake::{UID, World};
    use super::*;

    const FILE: &str = "/home/ops/g/script";

    fn world() -> World {
        World::new()
            .directory("/home/ops/g", 0o755)
            .executable(FILE, "")
    }

    fn found(world: &World) -> Vec<(String, ChangedBy)> {
        let found = insecure_paths(&[Path::new(FILE)], world).into_iter();
        found
            .map(|one| (one.path.display().to_string(), one.by))
            .collect()
    }

    #[test]
    fn a_file_of_this_user_or_root_that_no_one_else_can_change_is_trusted() {
        assert_eq!(found(&world()), []);
        assert_eq!(found(&world().alter(FILE, |stat| stat.owner = 0)), []);
    }

    #[test]
    fn world_writable_foreign_and_group_writable_files_are_distinguished() {
        let with = |change: fn(&mut Stat)| found(&world().alter(FILE, change));
        let file = || FILE.to_owned();
        assert_eq!(
            with(|stat| stat.mode = 0o757),
            [(file(), ChangedBy::Everyone)]
        );
        assert_eq!(with(|stat| stat.mode = 0o775), [(file(), ChangedBy::Group)]);
        assert_eq!(
            with(|stat| stat.owner = UID + 1),
            [(file(), ChangedBy::Owner)]
        );
    }

    #[test]
    fn the_mode_and_owner_of_a_device_are_left_alone() {
        for owner in [0, UID + 1] {
            let world = World::new()
                .node("/dev/other", FileKind::Special, 0o666, "")
                .alter("/dev/other", |stat| stat.owner = owner);
            let one = insecure_paths(&[Path::new("/dev/other")], &world).remove(0);
            assert!(
                one.reason().contains("must be a regular file"),
                "{}",
                one.reason()
            );
            assert!(
                one.help().starts_with("ls -l /dev/other "),
                "{}",
                one.help()
            );
        }
    }

    #[test]
    fn an_access_control_list_says_who_the_bits_of_the_group_are_for() {
        let with = |path: &str, users: &[u32], by_group| {
            let shared = world().alter(path, |stat| stat.mode |= 0o020);
            let users = users.to_vec();
            found(&shared.acl_of(path, Acl { users, by_group }))
        };
        let stranger = |path: &str| (path.to_owned(), ChangedBy::Named(77));
        for path in [FILE, "/home/ops/g"] {
            assert_eq!(with(path, &[UID, 77], true), [stranger(path)]);
        }
        assert_eq!(with(FILE, &[UID, 0], false), []);
        assert_eq!(
            with(FILE, &[0], true),
            [(FILE.to_owned(), ChangedBy::Group)]
        );
        let sticky = world().directory("/home/ops/g", 0o1775);
        let users = vec![77];
        let by_group = false;
        let sticky = sticky.acl_of("/home/ops/g", Acl { users, by_group });
        assert_eq!(found(&sticky), []);
    }

    #[test]
    fn an_owner_without_a_uid_in_this_user_namespace_is_not_replaced() {
        let of = |map: &str| {
            let world = world()
                .alter(FILE, |stat| stat.owner = 65534)
                .file("/proc/sys/kernel/overflowuid", "65534\n")
                .file("/proc/self/uid_map", map);
            insecure_paths(&[Path::new(FILE)], &world).remove(0)
        };
        let inside = of("         0       1000          1\n");
        assert_eq!(inside.by, ChangedBy::UnmappedOwner);
        assert!(!inside.help().contains("chown"), "{}", inside.help());
        let outside = of("         0          0 4294967295\n");
        assert_eq!(outside.by, ChangedBy::Owner);
    }

    #[test]
    fn every_directory_that_a_link_leads_through_is_checked() {
        let world = World::new()
            .link("/home/ops/g/script", "../open/second")
            .directory("/home/ops/open", 0o777)
            .link("/home/ops/open/second", "/home/ops/safe/script")
            .directory("/home/ops/safe", 0o755)
            .executable("/home/ops/safe/script", "");
        assert_eq!(
            found(&world),
            [("/home/ops/open".into(), ChangedBy::Everyone)]
        );
        let around = World::new().link(FILE, "script");
        assert_eq!(found(&around), []);
    }

    #[test]
    fn parent_directories_count_and_a_sticky_one_protects_own_files() {
        let open = world().directory("/home/ops/g", 0o777);
        assert_eq!(found(&open), [("/home/ops/g".into(), ChangedBy::Everyone)]);
        assert_eq!(found(&world().directory("/home/ops/g", 0o1777)), []);
        let foreign = world()
            .directory("/home/ops/g", 0o1777)
            .alter(FILE, |stat| stat.owner = UID + 1);
        assert_eq!(found(&foreign), [(FILE.to_owned(), ChangedBy::Owner)]);
    }

    #[test]
    fn for_a_missing_path_the_nearest_existing_directory_counts() {
        let world = |mode| World::new().directory("/home/ops/cache", mode);
        let of = |world: &World| {
            let found = insecure_paths(&[Path::new("/home/ops/cache/qli/copy")], world);
            found.into_iter().map(|one| one.by).collect::<Vec<_>>()
        };
        assert_eq!(of(&world(0o777)), [ChangedBy::Everyone]);
        assert_eq!(of(&world(0o1777)), []);
        assert_eq!(of(&world(0o755)), []);
    }
}
