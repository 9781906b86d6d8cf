//! Roots, `PATH`, who may change what, and manifests.

use std::path::{Path, PathBuf};

use super::{Check, Finding, Installed, Level, RootFacts};
use crate::diagnostics::Code;
use crate::discovery::{Entry, RootKind, Roots, distrusted};
use crate::host::{
    HostView, OnPath, Stat, is_absent, is_draft, is_world_writable, path_entries, search_path,
};
use crate::manifest::FILE_NAME;
use crate::names::{plural, shell_word};
use crate::survey::Survey;

/// Which qli a shell and a completion find.
pub(super) fn program(view: &dyn HostView) -> Check {
    let version = env!("CARGO_PKG_VERSION");
    let (found, findings) = match search_path("qli", view) {
        OnPath::Found(path) => (shell_word(&path), vec![]),
        OnPath::Untrusted(suspicion) => {
            let path = Some(suspicion.path.clone());
            let message = format!("the `qli` of PATH {}", suspicion.finding());
            let one = Finding::new(Level::Problem, path, message, suspicion.help());
            ("not to be trusted".to_owned(), vec![one])
        }
        OnPath::Missing => {
            let message = "`qli` is not on PATH: scripts and completion do not find it";
            let help = "echo \"$PATH\"  # copy it to one of these directories";
            let one = Finding::new(Level::Warning, None, message.to_owned(), help.to_owned());
            ("not on PATH".to_owned(), vec![one])
        }
    };
    Check::new("program", format!("qli {version}, {found}"), findings)
}

pub(super) fn root_facts(installed: Installed<'_>, view: &dyn HostView) -> Vec<RootFacts> {
    let facts = installed.roots.iter().map(|root| {
        let stat = view.stat(&root.path).ok();
        let stat = stat.filter(Stat::is_directory);
        let groups = installed.catalogue.groups.iter();
        RootFacts {
            kind: root.kind,
            path: root.path.clone(),
            stat: stat.map(|stat| (stat.owner, stat.mode)),
            groups: groups.filter(|group| group.root == *root).count(),
        }
    });
    facts.collect()
}

/// Drafts below a root, and beside the files of its directories.
fn drafts(root: &Path, view: &dyn HostView) -> Vec<PathBuf> {
    let list = |directory: &Path| {
        let names = view.list(directory).unwrap_or_default().into_iter();
        let paths = names.map(|name| directory.join(name));
        paths.collect::<Vec<_>>()
    };
    let is_left = |path: &PathBuf| path.file_name().is_some_and(is_draft);
    let (mut left, others): (Vec<_>, Vec<_>) = list(root).into_iter().partition(is_left);
    left.extend(others.iter().flat_map(|path| list(path)).filter(is_left));
    left
}

/// What has to be done until a first group can be made, or what makes it.
fn first_group(view: &dyn HostView) -> String {
    let Ok(root) = Roots::of_user(view) else {
        return "export HOME=\"$(eval echo \"~$(id -un)\")\"".to_owned();
    };
    let word = shell_word(&root);
    match (view.lstat(&root), view.stat(&root)) {
        (Ok(stat), Err(_)) if stat.is_link() => format!("ls -l {word}"),
        (_, Err(error)) if !is_absent(&error) => format!("ls -ld {word}"),
        (_, Ok(stat)) if !stat.is_directory() => format!("ls -ld {word}"),
        _ => "qli ext new ops".to_owned(),
    }
}

fn left_behind(path: PathBuf) -> Finding {
    let message = "a qli that was killed has left it behind".to_owned();
    let help = format!("rm -r {}", shell_word(&path));
    Finding::new(Level::Warning, Some(path), message, help)
}

pub(super) fn roots(facts: &[RootFacts], survey: &Survey, view: &dyn HostView) -> Check {
    let there = facts.iter().filter(|root| root.stat.is_some()).count();
    let groups: usize = facts.iter().map(|root| root.groups).sum();
    let mut findings = of_codes(survey, is_of_roots);
    let left = facts.iter().flat_map(|root| drafts(&root.path, view));
    findings.extend(left.map(left_behind));
    // Where something hides what is in it, nobody knows that there is none.
    let hides = |one: &Finding| one.code == Some(Code::RootUnreadable);
    if groups == 0 && !findings.iter().any(hides) {
        let message = "no root holds a group: there are only qli's own".to_owned();
        let help = first_group(view);
        findings.push(Finding::new(Level::Warning, None, message, help));
    }
    let summary = format!(
        "{} in {there} of {} roots",
        plural(groups, "group"),
        facts.len()
    );
    Check::new("roots", summary, findings)
}

pub(super) fn path(survey: &Survey, view: &dyn HostView) -> Check {
    let entries = path_entries(view);
    let mut findings = of_codes(survey, is_of_path);
    let open = entries
        .iter()
        .filter(|entry| is_world_writable(entry, view));
    findings.extend(open.map(|entry| {
        let message = "everyone can put a program here, so its extensions do not run";
        let help = format!("chmod o-w {}  # or take it out of PATH", shell_word(entry));
        Finding::new(
            Level::Warning,
            Some(entry.clone()),
            message.to_owned(),
            help,
        )
    }));
    let summary = format!("usable entries: {}", entries.len());
    Check::new("path", summary, findings)
}

/// Owners and modes of all that a run would trust, and of the ways there.
pub(super) fn trust(installed: Installed<'_>, view: &dyn HostView) -> Check {
    let groups = installed.catalogue.groups.iter();
    let files: Vec<_> = groups.flat_map(files).collect();
    let there = installed.roots.iter().map(|root| root.path.clone());
    let there = there.filter(|root| view.stat(root).is_ok());
    let paths: Vec<_> = there.chain(files.iter().cloned()).collect();
    let paths: Vec<_> = paths.iter().map(PathBuf::as_path).collect();
    let found = distrusted(&paths, view);
    let summary = format!("owners and modes of {}", plural(files.len(), "file"));
    Check::new("trust", summary, found.iter().map(Finding::of).collect())
}

/// The manifest and the scripts of a group that is no part of qli itself.
fn files(entry: &Entry) -> Vec<PathBuf> {
    if entry.root.kind == RootKind::Embedded {
        return Vec::new();
    }
    let manifest = entry.root.path.join(entry.name.as_str()).join(FILE_NAME);
    let good = entry.group.iter();
    let scripts = good.flat_map(|group| group.extensions.iter().map(|one| one.path.clone()));
    std::iter::once(manifest).chain(scripts).collect()
}

pub(super) fn manifests(survey: &Survey) -> Check {
    let findings = of_codes(survey, |code| !is_of_roots(code) && !is_of_path(code));
    let summary = format!("{} read", survey.manifests.len());
    Check::new("manifests", summary, findings)
}

fn is_of_roots(code: Code) -> bool {
    matches!(
        code,
        Code::RootMissing | Code::RootUnreadable | Code::GroupShadowed
    )
}

fn is_of_path(code: Code) -> bool {
    matches!(
        code,
        Code::PathEntryEmpty
            | Code::PathEntryRelative
            | Code::CommandShadowed
            | Code::CommandWithoutGroup
    )
}

fn of_codes(survey: &Survey, wanted: impl Fn(Code) -> bool) -> Vec<Finding> {
    let found = survey.found.iter().filter(|one| wanted(one.code));
    found.map(Finding::of).collect()
}
