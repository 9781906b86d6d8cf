//! Whether a root without a group's manifest is really without the group. If something
//! was meant to be the group, another one of its name must not run in its place.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::listing::group_names;
use super::roots::{Root, RootKind, Roots};
use crate::diagnostics::{Code, Diagnostic, Diagnostics, Severity, are_near};
use crate::host::{HostView, is_executable, reason};
use crate::manifest::FILE_NAME;
use crate::names::{GroupName, shell_path, visible};

/// Reports what stops a group of a later root that has its name.
pub fn bypassed(roots: &Roots, view: &dyn HostView) -> Diagnostics {
    let mut found = BTreeMap::new();
    for (name, owner) in group_names(roots, view) {
        let before = roots.iter().take_while(|root| **root != owner);
        for root in before {
            let problem = obstacle(root, &name, view).or_else(|| meant(root, &name, view));
            found.extend(problem.map(|one| (one.path().to_owned(), one)));
        }
    }
    found.into_values().collect()
}

/// How many directories on the way to a group are the root's own: the group and
/// `qli/extensions` of a default root. A named root is checked by itself.
fn own(root: &Root) -> usize {
    match root.kind {
        RootKind::Given => 1,
        RootKind::User | RootKind::System | RootKind::Embedded => 3,
    }
}

/// Reports what is in the place of a group's directory, or of one on the way to it: a
/// broken link, or no directory.
pub(super) fn obstacle(root: &Root, group: &GroupName, view: &dyn HostView) -> Option<Diagnostic> {
    let directory = root.path.join(group.as_str());
    let mut way = directory.ancestors().enumerate();
    let (above, path) = way.find(|(_, path)| view.lstat(path).is_ok())?;
    let is_own = above < own(root);
    let found = match view.stat(path) {
        Ok(stat) if stat.is_directory() => return None,
        Ok(stat) if is_own => format!("this is {}", stat.kind.as_str()),
        // The user's data directory is perhaps not mounted.
        Err(error) if is_own || root.kind == RootKind::User => {
            format!("the link is broken: {}", reason(&error))
        }
        Ok(_) | Err(_) => return None,
    };
    let (code, what) = if above == 0 {
        (Code::UnreadableFile, "group")
    } else {
        (Code::RootUnreadable, "root")
    };
    let message = format!("the {what} cannot be searched: {found}");
    Some(Diagnostic::of_path(code, path, message).help("make it a directory, or remove it"))
}

/// Reports a directory that has scripts or a misnamed manifest, but no manifest.
pub(super) fn meant(root: &Root, group: &GroupName, view: &dyn HostView) -> Option<Diagnostic> {
    let directory = root.path.join(group.as_str());
    let entries = view.list(&directory).ok()?;
    let is_script = |entry: &OsString| is_executable(&directory.join(entry), view);
    let (found, help) = if let Some(near) = entries.iter().find(|entry| is_near(entry)) {
        let [from, to] = [near, OsStr::new(FILE_NAME)].map(|name| shell_path(directory.join(name)));
        let help = format!("mv -n {from} {to}");
        (
            format!("`{}` instead of `{FILE_NAME}`", visible(near)),
            help,
        )
    } else if entries.iter().any(is_script) {
        let manifest = shell_path(directory.join(FILE_NAME));
        let help = format!("write {manifest}, or rename the directory");
        (format!("scripts but no `{FILE_NAME}`"), help)
    } else {
        return None;
    };
    Some(without_manifest(&directory, group, &found).help(help))
}

fn without_manifest(directory: &Path, group: &GroupName, found: &str) -> Diagnostic {
    let message = format!("`{group}` has {found}");
    let effect = format!("the `{group}` of a later root does not run in its place");
    let problem = Diagnostic::of_path(Code::NoManifest, directory, message);
    let severity = Severity::Error;
    Diagnostic {
        severity,
        ..problem
    }
    .meaning(Some(effect))
}

/// Returns whether a file's name is that of a manifest, misspelt or changed by a program.
fn is_near(entry: &OsStr) -> bool {
    let name = entry.to_string_lossy().to_ascii_lowercase();
    let stem = name.trim_start_matches(['_', '.', '#']);
    stem.starts_with("manifest.toml") || are_near(stem, "manifest.toml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_like_that_of_a_manifest_are_known() {
        for name in [
            "_Manifest.toml",
            "manifest.toml",
            "_manifest.TOML",
            "_manifest.toml~",
            "_manifest.toml.dpkg-old",
            "#_manifest.toml#",
            "_manifset.toml",
            "_manifest.tml",
        ] {
            assert!(is_near(OsStr::new(name)), "{name}");
        }
        for name in ["hello", "Cargo.toml", "package.json", "main.tf"] {
            assert!(!is_near(OsStr::new(name)), "{name}");
        }
    }
}
