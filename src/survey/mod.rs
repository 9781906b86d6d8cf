//! What is wrong with what is installed or checked out: manifests, the files
//! beside them, roots and `PATH`. Nothing here is on the way of a run.
//!
//! Owners and modes are not judged but for the x bit, which a checkout keeps:
//! the verdict must be the same on a laptop and in a container.

mod commands;
mod files;
mod group;
mod parallel;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::discovery::{Roots, embedded};
use crate::host::{HostView, is_absent, reason};
use crate::manifest::FILE_NAME;
use crate::names::{GroupName, shell_word, visible};
use crate::policy::Policies;
use group::{Looked, look};

/// What was looked at, and what was found.
#[derive(Debug, Default)]
pub struct Survey {
    /// The manifests that were read; embedded ones are never among them.
    pub manifests: Vec<PathBuf>,
    /// Every problem, sorted.
    pub found: Diagnostics,
    /// The groups that cannot run, by their paths.
    pub broken: Vec<Broken>,
    /// What was named and could not be looked at or used, with the reason.
    pub unchecked: Vec<String>,
}

/// A group that cannot run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Its name; the manifest's path if that is no group's.
    pub name: String,
    /// Its directory, or the manifest if only that was looked at.
    pub path: PathBuf,
    /// How many scripts stand beside its manifest.
    pub scripts: usize,
    /// How many errors its manifest has.
    pub errors: usize,
}

/// The groups there are, with their directories; embedded ones have none.
type Groups = BTreeMap<GroupName, Option<PathBuf>>;

/// Whether the commands of `PATH` count as extensions of a group. Over a
/// checkout they do not: the verdict must not depend on the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Commands {
    OnPath,
    Unseen,
}

/// What every manifest is asked beside what it is by itself.
#[derive(Debug, Clone, Copy)]
struct Asked<'a> {
    commands: Commands,
    /// Rules of an organisation.
    policies: &'a Policies,
}

/// What is looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Entry {
    /// A manifest, whatever is beside it.
    Manifest(PathBuf),
    /// A directory of a root, with what is in it.
    Directory(PathBuf),
}

impl Entry {
    /// Returns the manifest that is there, or would be.
    fn manifest(&self) -> PathBuf {
        match self {
            Self::Manifest(file) => file.clone(),
            Self::Directory(path) => path.join(FILE_NAME),
        }
    }

    /// Says whether it is the manifest of a directory that is looked at anyway.
    fn is_in(&self, locations: &BTreeSet<Self>) -> bool {
        match self {
            Self::Manifest(file) if file.file_name() == Some(FILE_NAME.as_ref()) => {
                let directory = file
                    .parent()
                    .map(|directory| Self::Directory(directory.into()));
                directory.is_some_and(|directory| locations.contains(&directory))
            }
            Self::Manifest(_) | Self::Directory(_) => false,
        }
    }
}

/// Looks at every root, at the groups that hide each other, and at `PATH`.
pub fn of_roots<V: HostView + Sync>(roots: &Roots, policies: &Policies, view: &V) -> Survey {
    let mut survey = Survey::default();
    let mut locations = Vec::new();
    for root in roots.iter() {
        match view.list(&root.path) {
            Ok(entries) => locations.extend(directories(&root.path, entries)),
            Err(error) if !is_absent(&error) => survey.found.push(unreadable(&root.path, &error)),
            Err(_) => {}
        }
    }
    survey.found.extend(roots.unusable(view));
    let asked = Asked {
        commands: Commands::OnPath,
        policies,
    };
    let looked = survey.look_at(&locations, asked, view);
    let groups = survey.report_hidden(&looked);
    survey.found.extend(commands::problems(&groups, view));
    survey.sorted()
}

/// Looks at paths: a file is a manifest, a directory that holds one is a group,
/// any other directory is a root.
pub fn of_paths<V: HostView + Sync>(paths: &[PathBuf], policies: &Policies, view: &V) -> Survey {
    let mut survey = Survey::default();
    let mut locations = BTreeSet::new();
    for path in paths {
        match named(path, view) {
            Ok(found) => locations.extend(found),
            Err(error) => {
                let path = shell_word(path);
                let complaint = format!("{path} cannot be checked: {}", reason(&error));
                survey.unchecked.push(complaint);
            }
        }
    }
    let locations: Vec<_> = locations
        .iter()
        .filter(|location| !location.is_in(&locations))
        .cloned()
        .collect();
    let asked = Asked {
        commands: Commands::Unseen,
        policies,
    };
    let looked = survey.look_at(&locations, asked, view);
    let holding = looked.iter().filter(|one| one.has_manifest);
    // Whatever is below a path stands right behind it.
    let holding: BTreeSet<_> = holding.map(|one| one.path.as_path()).collect();
    for path in paths.iter().filter(|path| view.stat(path).is_ok()) {
        let next = holding.range(path.as_path()..).next();
        if !next.is_some_and(|next| next.starts_with(path)) {
            survey.unchecked.push(format!(
                "{} holds no {FILE_NAME}, and none of its directories does",
                shell_word(path)
            ));
        }
    }
    survey.sorted()
}

impl Survey {
    fn look_at<V: HostView + Sync>(
        &mut self,
        locations: &[Entry],
        asked: Asked<'_>,
        view: &V,
    ) -> Vec<Looked> {
        let mut looked = parallel::map(locations, |location| look(location, asked, view));
        for (one, location) in looked.iter_mut().zip(locations) {
            self.manifests
                .extend(one.has_manifest.then(|| location.manifest()));
            self.found.extend(std::mem::take(&mut one.found));
            self.broken.extend(one.broken.take());
        }
        looked
    }

    /// Reports the groups that an earlier root hides; returns all there are.
    fn report_hidden(&mut self, looked: &[Looked]) -> Groups {
        let mut groups = Groups::new();
        for one in looked.iter().filter(|one| one.has_manifest) {
            let name = one.path.file_name().and_then(|name| name.to_str());
            let Some(name) = name.and_then(|name| name.parse::<GroupName>().ok()) else {
                continue;
            };
            if let Some(Some(owner)) = groups.get(&name) {
                self.found.push(hidden(&name, &one.path, owner));
                // It is another group of the same name that people know.
                let broken = self
                    .broken
                    .iter_mut()
                    .filter(|group| group.path == one.path);
                broken.for_each(|group| group.name = visible(&group.path));
            } else {
                groups.insert(name, Some(one.path.clone()));
            }
        }
        for name in embedded::groups().filter_map(|name| name.parse().ok()) {
            groups.entry(name).or_default();
        }
        groups
    }

    fn sorted(mut self) -> Self {
        self.found = self.found.sorted();
        self
    }
}

/// The directories of a root that may be groups. A name that begins with `_` or
/// `.` is nobody's to call, and on purpose.
fn directories(root: &Path, entries: Vec<std::ffi::OsString>) -> impl Iterator<Item = Entry> {
    let entries = entries.into_iter();
    let entries = entries.filter(|entry| !files::is_aside(entry));
    entries.map(|entry| Entry::Directory(root.join(entry)))
}

/// Returns what a path names.
fn named(path: &Path, view: &dyn HostView) -> io::Result<Vec<Entry>> {
    if !view.stat(path)?.is_directory() {
        return Ok(vec![Entry::Manifest(path.to_owned())]);
    }
    let manifest = view.lstat(&path.join(FILE_NAME));
    if manifest.is_err_and(|error| is_absent(&error)) {
        return Ok(directories(path, view.list(path)?).collect());
    }
    Ok(vec![Entry::Directory(path.to_owned())])
}

fn unreadable(root: &Path, error: &io::Error) -> Diagnostic {
    let message = format!("the root cannot be read: {}", reason(error));
    Diagnostic::of_path(Code::RootUnreadable, root, message)
        .help(format!("ls -ld {}", shell_word(root)))
}

fn hidden(name: &GroupName, path: &Path, owner: &Path) -> Diagnostic {
    let message = format!("the group `{name}` of an earlier root hides this one");
    Diagnostic::of_path(Code::GroupShadowed, path, message)
        .help(format!("the group that runs is {}", shell_word(owner)))
}
