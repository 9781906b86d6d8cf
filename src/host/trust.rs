//! Whom a file can be trusted to: everybody who may change it, or a directory
//! on the way to it, decides what runs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{FileKind, HostView, Stat};
use crate::names::shell_word;

/// The sticky bit of a directory: only its owner may rename or remove a file
/// in it (inode(7)).
const STICKY: u32 = 0o1000;

/// A file or directory that somebody else may change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspicion {
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

impl Suspicion {
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
            ChangedBy::Owner => format!("sudo chown \"$(id -u)\" {path}"),
            ChangedBy::Everybody => format!("chmod o-w {path}"),
        }
    }
}

/// Returns everything on the way to some files that somebody else may change:
/// the files themselves, their directories, and every one above them. What
/// lies on the way to several is looked at once.
pub fn suspicions(paths: &[&Path], view: &dyn HostView) -> Vec<Suspicion> {
    let mut way = Way {
        view,
        seen: BTreeSet::new(),
        found: Vec::new(),
    };
    for path in paths {
        let links = way.walk(path);
        // A link's own name and what it leads to have different directories.
        if links && let Ok(real) = view.real_path(path) {
            way.walk(&real);
        }
    }
    way.found
}

struct Way<'v> {
    view: &'v dyn HostView,
    seen: BTreeSet<PathBuf>,
    found: Vec<Suspicion>,
}

impl Way<'_> {
    /// Walks up from a file, and says whether there was a link on the way.
    fn walk(&mut self, path: &Path) -> bool {
        let mut links = false;
        let mut below: Option<Stat> = None;
        for part in path.ancestors().filter(|part| !part.as_os_str().is_empty()) {
            if !self.seen.insert(part.to_owned()) {
                break;
            }
            let Ok(stat) = self.view.lstat(part) else {
                continue;
            };
            links |= stat.kind == FileKind::Link;
            self.note(part, stat, below.as_ref());
            below = Some(stat);
        }
        links
    }

    fn note(&mut self, path: &Path, stat: Stat, below: Option<&Stat>) {
        if let Some(by) = changed_by(&stat, below, self.view.euid()) {
            self.found.push(Suspicion {
                path: path.to_owned(),
                mode: stat.mode,
                owner: stat.owner,
                by,
            });
        }
    }
}

/// Says who else may change a file, or what is in a directory. In a sticky
/// directory nobody can replace what belongs to us or root.
fn changed_by(stat: &Stat, below: Option<&Stat>, euid: u32) -> Option<ChangedBy> {
    let ours = |owner: u32| owner == euid || owner == 0;
    if !ours(stat.owner) {
        return Some(ChangedBy::Owner);
    }
    let sticky = stat.kind == FileKind::Directory && stat.mode & STICKY != 0;
    if sticky && below.is_some_and(|below| ours(below.owner)) {
        return None;
    }
    match stat.mode {
        // The mode of a link means nothing (symlink(7)).
        _ if stat.kind == FileKind::Link => None,
        mode if mode & 0o002 != 0 => Some(ChangedBy::Everybody),
        mode if mode & 0o020 != 0 => Some(ChangedBy::Group),
        _ => None,
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
    fn a_directory_on_the_way_counts_and_a_sticky_one_protects_what_is_ours() {
        let open = world().directory("/home/ops/g", 0o777);
        assert_eq!(found(&open), [("/home/ops/g".into(), ChangedBy::Everybody)]);
        assert_eq!(found(&world().directory("/home/ops/g", 0o1777)), []);
        let foreign = world()
            .directory("/home/ops/g", 0o1777)
            .alter(FILE, |stat| stat.owner = UID + 1);
        let found = found(&foreign);
        assert_eq!(found.len(), 2, "{found:?}");
    }
}
