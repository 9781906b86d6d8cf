//! Files that programs leave next to the one they change, and copies of directories. They
//! keep execute bits, and none of them is meant to run.
//!
//! To add one: its row in [`ENDINGS`] or [`PARTS`].

/// What files with these endings are. Digits and marks after the ending are ignored
/// (`deploy.save.1`, `deploy.bak-2`), and so is ASCII case.
///
/// Sources: `run-parts(8)` of debianutils and of cronie, and the default `tabooext` of
/// logrotate(8), which skip them in directories of scripts; the manuals of the programs.
const ENDINGS: &[(&str, &str)] = &[
    ("~", "an editor's backup"), // Emacs, Vim `backupext`, cp(1) --backup
    ("#", "an editor's backup"), // Emacs auto-save: `#deploy#`
    (".bak", "a backup"),
    (".bkp", "a backup"),
    (".backup", "a backup"), // home-manager(1) -b, Terraform
    (".old", "a backup"),
    (".orig", "a backup"),             // patch(1), git-mergetool(1), Mercurial
    (".rej", "a rejected patch"),      // patch(1)
    (".save", "an editor's backup"),   // nano(1)
    (".swp", "an editor's swap file"), // Vim, one letter back for each further one
    (".swo", "an editor's swap file"),
    (".swn", "an editor's swap file"),
    (".swm", "an editor's swap file"),
    (".kate-swp", "an editor's swap file"), // Kate
    (".tmp", "a temporary file"),
    (".disabled", "disabled"),
    (".rpmsave", "a package manager's copy"), // rpm(8)
    (".rpmorig", "a package manager's copy"),
    (".rpmnew", "a package manager's copy"),
    (".pacsave", "a package manager's copy"), // pacman(8)
    (".pacorig", "a package manager's copy"),
    (".pacnew", "a package manager's copy"),
    (".apk-new", "a package manager's copy"),       // apk(8)
    (".cfsaved", "a configuration manager's copy"), // CFEngine
    (".mine", "a version of a merge conflict"),     // Subversion
    (".theirs", "a version of a merge conflict"),
    (".working", "a version of a merge conflict"),
    (",v", "a version control file"), // RCS
];

/// What files with these in their names are, unless that is their beginning.
const PARTS: &[(&str, &str)] = &[
    (".dpkg-", "a package manager's copy"), // dpkg(1): -old, -new, -dist, -tmp, -bak
    (".ucf-", "a package manager's copy"),  // ucf(1)
    (".rhn-cfg-tmp-", "a configuration manager's copy"),
    ("___jb_", "an editor's temporary file"), // IntelliJ IDEA: `___jb_tmp___`, `___jb_old___`
    (".merge_file_", "a version of a merge conflict"), // git-merge-file(1)
    (".sync-conflict-", "a version of a sync conflict"), // Syncthing
];

/// The versions of a conflict that git-mergetool(1) writes with its process id:
/// `deploy_LOCAL_4242.sh`, before Git 2.1 `deploy.sh.LOCAL.4242.sh`.
const MERGETOOL: [&str; 4] = ["backup", "base", "local", "remote"];

/// The versions of a conflict that end in capitals: those of Bazaar, and of other tools
/// that use the words of git-mergetool(1). `deploy.local` is a name of a person.
const VERSIONS: [&str; 5] = [".BASE", ".THIS", ".OTHER", ".LOCAL", ".REMOTE"];

/// Says what a file is whose name a program made from another file's.
pub fn leftover(typed: &str) -> Option<&'static str> {
    // Every row has one of these; most names have none.
    let is_suspect = |byte: u8| matches!(byte, b'.' | b',' | b'~' | b'#' | b'_');
    if !typed.bytes().any(is_suspect) {
        return None;
    }
    let name = typed.to_ascii_lowercase();
    let is_mark = |c: char| c.is_ascii_digit() || "._-".contains(c);
    let stem = name.trim_end_matches(is_mark);
    let ends = |ending: &str| stem.len() > ending.len() && stem.ends_with(ending);
    let has = |part: &str| name.find(part).is_some_and(|at| at > 0);
    let by_ending = ENDINGS.iter().find(|(ending, _)| ends(ending));
    let by_part = || PARTS.iter().find(|(part, _)| has(part));
    let row = by_ending.or_else(by_part).map(|(_, what)| *what);
    let is_version = is_of_mergetool(&name) || is_revision(&name) || is_version(typed);
    row.or_else(|| is_version.then_some("a version of a merge conflict"))
}

fn is_of_mergetool(name: &str) -> bool {
    let marks = ["_", "."].into_iter().flat_map(|around| {
        let words = MERGETOOL.iter();
        words.map(move |word| format!("{around}{word}{around}"))
    });
    let mut behind = marks.filter_map(|mark| Some(name.split_once(&mark)?.1));
    behind.any(|behind| is_number(behind.split('.').next().unwrap_or_default()))
}

/// Returns whether Subversion wrote a file for one revision of a conflict: `deploy.r12`.
fn is_revision(name: &str) -> bool {
    let split = name.rsplit_once(".r");
    split.is_some_and(|(stem, revision)| !stem.is_empty() && is_number(revision))
}

fn is_version(name: &str) -> bool {
    let mut stems = VERSIONS.iter().filter_map(|end| name.strip_suffix(end));
    stems.any(|stem| !stem.is_empty())
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_editors_merges_and_packages_leave_is_recognised() {
        for name in [
            "deploy~",
            "deploy.~1~",
            "#deploy#",
            "deploy.bak",
            "deploy.sh.BAK",
            "deploy.bak-2",
            "deploy.orig",
            "deploy.rej",
            "deploy.save.1",
            "deploy.swp",
            "deploy.swo",
            "deploy.rpmsave",
            "deploy.rpmnew",
            "deploy.rpmorig",
            "deploy.pacnew",
            "deploy.dpkg-old",
            "deploy.dpkg-dist",
            "deploy.ucf-dist",
            "deploy.merge_file_a1B2c3",
            "deploy_LOCAL_4242.sh",
            "deploy_BASE_1",
            "deploy.sh.LOCAL.4242.sh",
            "deploy.REMOTE.4242",
            "deploy.BASE",
            "deploy.OTHER",
            "deploy.r12",
            "deploy.merge-left.r12",
            "deploy.theirs",
            "deploy___jb_tmp___",
            "deploy.sh___jb_old___",
            "deploy.kate-swp",
            "deploy.backup",
            "deploy.bkp",
            "deploy,v",
            "deploy.sync-conflict-20260101-120000-ABCDEFG",
        ] {
            assert!(leftover(name).is_some(), "{name}");
        }
    }

    #[test]
    fn a_name_that_a_person_would_choose_is_no_leftover() {
        for name in [
            "deploy",
            "deploy.sh",
            "bak",
            "save",
            "orig.sh",
            "rebak",
            "backup",
            "deploy.local",
            "web.base",
            "plot.r",
            "restore.remote.sh",
            "load.part",
            "restore.orig.sh",
            "swp-off",
            "use_local_db",
            "set_base_v2",
            "v1.2",
            "dpkg-old",
            "rotate-old",
        ] {
            assert_eq!(leftover(name), None, "{name}");
        }
    }
}
