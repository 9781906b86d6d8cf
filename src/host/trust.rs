//! Whom a file can be trusted to: everybody who may change it, or a directory
//! on the way to it, decides what runs.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::path::plain;
use super::{HostView, Stat};
use crate::names::shell_word;

/// A file or directory that somebody else may change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InsecurePath {
    /// Which.
    pub path: PathBuf,
    /// Its permission bits.
    pub mode: u32,
    /// Its owner.
    pub owner: u32,
    /// Who may change it.
    pub by: ChangedBy,
}

/// Who else may change a file or directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangedBy {
    /// Its group. With a umask of 002 and a group for each user that is the
    /// normal case, so it is only worth a warning.
    Group,
    /// Its owner, who is neither this user nor root.
    Owner,
    /// Everybody.
    Everybody,
}

impl InsecurePath {
    /// Says who may change it, in words that follow its path.
    pub fn finding(&self) -> String {
        let (mode, owner) = (self.mode, self.owner);
        let who = match self.by {
            ChangedBy::Group => "may be changed by its group",
            ChangedBy::Owner => "belongs to neither you nor root",
            ChangedBy::Everybody => "may be changed by everybody",
        };
        format!("{who} (mode {mode:04o}, owner uid {owner})")
    }

    /// Says who may change what.
    pub fn reason(&self) -> String {
        format!("{} {}", shell_word(&self.path), self.finding())
    }

    /// Returns the command that repairs it.
    pub fn help(&self) -> String {
        let path = shell_word(&self.path);
        match self.by {
            ChangedBy::Group => format!("chmod g-w {path}"),
            // A link itself, not what it leads to (chown(1)).
            ChangedBy::Owner => {
                format!("sudo chown -h \"$(id -u)\" {path}  # or run it as its owner")
            }
            ChangedBy::Everybody => format!("chmod o-w {path}"),
        }
    }
}

/// Returns everything on the way to some files that somebody else may change:
/// the files themselves, their directories, every one above them, and every
/// link on the way with all that is on its way. What lies on the way to several
/// is looked at once.
pub fn suspicions(paths: &[&Path], view: &dyn HostView) -> Vec<InsecurePath> {
    let mut way = PathWalk {
        view,
        looked_at: BTreeMap::new(),
        found: Vec::new(),
    };
    for path in paths {
        way.follow(path);
    }
    way.found
}

/// As many links the kernel follows in one path (`path_resolution(7)`).
const LINKS_MAX: usize = 40;

struct PathWalk<'v> {
    view: &'v dyn HostView,
    // By bytes: paths would be compared part by part.
    looked_at: BTreeMap<OsString, Stat>,
    found: Vec<InsecurePath>,
}

impl PathWalk<'_> {
    /// Walks a path from the root on, and again from each link it meets. A link
    /// that leads nowhere is somebody else's affair to report.
    fn follow(&mut self, path: &Path) {
        let mut path = path.to_owned();
        for _ in 0..LINKS_MAX {
            match self.walk(&path) {
                Some(next) => path = next,
                None => break,
            }
        }
    }

    /// Walks down to the end of a path, or to the first link on it; returns
    /// where the way goes on from there.
    fn walk(&mut self, path: &Path) -> Option<PathBuf> {
        let mut here = PathBuf::new();
        let mut above: Option<Stat> = None;
        let mut rest = path.components();
        while let Some(part) = rest.next() {
            here.push(part);
            let Some(stat) = self.look(&here, above) else {
                self.note_where_missing(&here, above);
                return None;
            };
            if stat.is_link() {
                let target = self.view.read_link(&here).ok()?;
                here.pop();
                // No link is left before the target's own `..`.
                return Some(plain(&here.join(target).join(rest.as_path())));
            }
            above = Some(stat);
        }
        self.note(&here, above?, None);
        None
    }

    /// Looks at a part of a path; the directory above it can be judged then.
    fn look(&mut self, here: &Path, above: Option<Stat>) -> Option<Stat> {
        if let Some(known) = self.looked_at.get(here.as_os_str()) {
            return Some(*known);
        }
        let stat = self.view.lstat(here).ok()?;
        self.looked_at.insert(here.into(), stat);
        if stat.is_link() {
            self.note(here, stat, None);
        }
        if let (Some(above), Some(directory)) = (above, here.parent()) {
            self.note(directory, above, Some(&stat));
        }
        Some(stat)
    }

    /// Where a part is missing, whoever may write to the directory above it can
    /// put something there; in a sticky one it would not be ours.
    fn note_where_missing(&mut self, missing: &Path, above: Option<Stat>) {
        let above = above.filter(Stat::is_directory);
        if let (Some(above), Some(directory)) = (above, missing.parent()) {
            self.note(directory, above, Some(&above));
        }
    }

    fn note(&mut self, path: &Path, stat: Stat, below: Option<&Stat>) {
        let Some(by) = changed_by(&stat, below, self.view.euid()) else {
            return;
        };
        if !self.found.iter().any(|one| one.path == path) {
            self.found.push(InsecurePath {
                path: path.to_owned(),
                mode: stat.mode,
                owner: stat.owner,
                by,
            });
        }
    }
}

/// Says who else may change a file, or what is in a directory. In a sticky
/// directory nobody can replace what belongs to us or root; what belongs to
/// somebody else is reported itself.
fn changed_by(stat: &Stat, below: Option<&Stat>, euid: u32) -> Option<ChangedBy> {
    if !stat.has_trusted_owner(euid) {
        return Some(ChangedBy::Owner);
    }
    let protected = stat.is_directory() && stat.is_sticky() && below.is_some();
    // The mode of a link means nothing (symlink(7)).
    if protected || stat.is_link() {
        return None;
    }
    match () {
        () if stat.is_world_writable() => Some(ChangedBy::Everybody),
        () if stat.is_group_writable() => Some(ChangedBy::Group),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{UID, World};
    use super::*;

    const FILE: &str = "/home/ops/g/script";

    fn world() -> World {
        World::new()
            .directory("/home/ops/g", 0o755)
            .executable(FILE, "")
    }

    fn found(world: &World) -> Vec<(String, ChangedBy)> {
        let found = suspicions(&[Path::new(FILE)], world).into_iter();
        found
            .map(|one| (one.path.display().to_string(), one.by))
            .collect()
    }

    #[test]
    fn what_belongs_to_us_or_root_and_nobody_else_may_change_is_trusted() {
        assert_eq!(found(&world()), []);
        assert_eq!(found(&world().alter(FILE, |stat| stat.owner = 0)), []);
    }

    #[test]
    fn everybody_a_foreign_owner_and_a_group_are_told_apart() {
        let with = |change: fn(&mut Stat)| found(&world().alter(FILE, change));
        let file = || FILE.to_owned();
        assert_eq!(
            with(|stat| stat.mode = 0o757),
            [(file(), ChangedBy::Everybody)]
        );
        assert_eq!(with(|stat| stat.mode = 0o775), [(file(), ChangedBy::Group)]);
        assert_eq!(
            with(|stat| stat.owner = UID + 1),
            [(file(), ChangedBy::Owner)]
        );
    }

    #[test]
    fn a_link_is_followed_through_every_directory_it_leads_through() {
        let world = World::new()
            .link("/home/ops/g/script", "../open/second")
            .directory("/home/ops/open", 0o777)
            .link("/home/ops/open/second", "/home/ops/safe/script")
            .directory("/home/ops/safe", 0o755)
            .executable("/home/ops/safe/script", "");
        assert_eq!(
            found(&world),
            [("/home/ops/open".into(), ChangedBy::Everybody)]
        );
        let around = World::new().link(FILE, "script");
        assert_eq!(found(&around), []);
    }

    #[test]
    fn a_directory_on_the_way_counts_and_a_sticky_one_protects_what_is_ours() {
        let open = world().directory("/home/ops/g", 0o777);
        assert_eq!(found(&open), [("/home/ops/g".into(), ChangedBy::Everybody)]);
        assert_eq!(found(&world().directory("/home/ops/g", 0o1777)), []);
        let foreign = world()
            .directory("/home/ops/g", 0o1777)
            .alter(FILE, |stat| stat.owner = UID + 1);
        assert_eq!(found(&foreign), [(FILE.to_owned(), ChangedBy::Owner)]);
    }

    #[test]
    fn where_something_is_missing_the_directory_above_counts() {
        let world = |mode| World::new().directory("/home/ops/cache", mode);
        let of = |world: &World| {
            let found = suspicions(&[Path::new("/home/ops/cache/qli/copy")], world);
            found.into_iter().map(|one| one.by).collect::<Vec<_>>()
        };
        assert_eq!(of(&world(0o777)), [ChangedBy::Everybody]);
        assert_eq!(of(&world(0o1777)), []);
        assert_eq!(of(&world(0o755)), []);
    }
}
