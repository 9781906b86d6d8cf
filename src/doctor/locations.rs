//! Roots, `PATH`, owners and modes, and manifests.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{Check, Finding, RootFacts};
use crate::diagnostics::Code;
use crate::discovery::{CatalogueGroup, RootKind, Roots, SET_HOME, distrusted};
use crate::host::{
    self, HostView, OnPath, Stat, diagnosis, interpreters, is_absent, is_world_writable, lookup,
    path_entries, search_path,
};
use crate::manifest::FILE_NAME;
use crate::names::{ls_command, plural, shell_path};
use crate::survey::Survey;

/// Which qli the shell and its completion find.
pub(super) fn program(view: &dyn HostView) -> Check {
    let (found, findings) = match search_path("qli", view) {
        OnPath::Found(path) => (format!("at {}", shell_path(&path)), vec![]),
        OnPath::Untrusted(insecure) => {
            let message = format!("`qli` on PATH {}", insecure.finding());
            let one = Finding::problem(message, insecure.help()).at(&insecure.path);
            ("is insecure".to_owned(), vec![one])
        }
        OnPath::Missing => {
            let message = "`qli` is not on PATH; scripts and completion cannot find it";
            let help = "echo \"$PATH\"  # copy it to one of these directories";
            let one = Finding::warning(message, help);
            ("is not on PATH".to_owned(), vec![one])
        }
    };
    let version = env!("CARGO_PKG_VERSION");
    Check::new("program", format!("qli {version} {found}"), findings)
}

pub(super) fn root_facts(
    roots: &Roots,
    catalogue: &[CatalogueGroup],
    view: &dyn HostView,
) -> Vec<RootFacts> {
    let facts = roots.iter().map(|root| {
        let stat = view.stat(&root.path).ok().filter(Stat::is_directory);
        let groups = catalogue.iter();
        RootFacts {
            kind: root.kind,
            path: root.path.as_os_str().into(),
            exists: stat.is_some(),
            owner: stat.map(|stat| stat.owner),
            mode: stat.map(|stat| format!("{:04o}", stat.mode)),
            groups: groups.filter(|group| group.root == *root).count(),
        }
    });
    facts.collect()
}

/// The directories in which qli creates files, but for the spool, which has its own check.
fn written(facts: &[RootFacts], logs: &[PathBuf], view: &dyn HostView) -> BTreeSet<PathBuf> {
    let own = |home: &str, name: &str| Some(Path::new(&lookup(home, view).ok()?).join(name));
    let copies = own("XDG_CACHE_HOME", "qli/embedded");
    let spool = own("XDG_STATE_HOME", "qli/spool");
    let roots = facts
        .iter()
        .map(|root| PathBuf::from(root.path.as_os_str()));
    let whole: Vec<_> = roots.chain(copies.clone()).collect();
    let below = whole.iter().flat_map(|one| list(one, view));
    // A missing directory is created in the one above it.
    let files = logs.iter().chain(&copies).chain(&spool);
    let above = files.flat_map(|file| file.ancestors().skip(1).take(2));
    let above: Vec<_> = above.map(Path::to_owned).collect();
    below.chain(above).chain(whole.clone()).collect()
}

fn list(directory: &Path, view: &dyn HostView) -> Vec<PathBuf> {
    let names = view.list(directory).unwrap_or_default().into_iter();
    names.map(|name| directory.join(name)).collect()
}

fn drafts(directories: &BTreeSet<PathBuf>, view: &dyn HostView) -> BTreeSet<PathBuf> {
    let files = directories.iter().flat_map(|one| list(one, view));
    files
        .filter(|path| path.file_name().is_some_and(host::is_draft))
        .collect()
}

/// The command that creates a first group, or shows what prevents that.
fn first_group(view: &dyn HostView) -> String {
    let Ok(root) = Roots::of_user(view) else {
        return SET_HOME.to_owned();
    };
    match (view.lstat(&root), view.stat(&root)) {
        (Ok(stat), Err(_)) if stat.is_link() => format!("ls -l {}", shell_path(&root)),
        (_, Err(error)) if !is_absent(&error) => diagnosis(&error, &root),
        (_, Ok(stat)) if !stat.is_directory() => ls_command(&root),
        _ => "qli ext new ops".to_owned(),
    }
}

pub(super) fn roots(
    facts: &[RootFacts],
    survey: &Survey,
    logs: &[PathBuf],
    view: &dyn HostView,
) -> Check {
    let existing = facts.iter().filter(|root| root.exists).count();
    let groups: usize = facts.iter().map(|root| root.groups).sum();
    let mut findings = of_codes(survey, |code| OF_ROOTS.contains(code));
    let drafts = drafts(&written(facts, logs, view), view);
    findings.extend(drafts.iter().map(|path| {
        let help = format!("rm -r {}", shell_path(path));
        Finding::warning("temporary file of a qli process that was killed", help).at(path)
    }));
    // A root that cannot be read may contain groups.
    let unreadable = |one: &Finding| one.code == Some(Code::RootUnreadable);
    if groups == 0 && !findings.iter().any(unreadable) {
        let message = "no groups are installed; only the built-in ones are available";
        findings.push(Finding::warning(message, first_group(view)));
    }
    let groups = plural(groups, "group");
    let summary = format!("{groups} in {existing} of {} roots", facts.len());
    Check::new("roots", summary, findings)
}

pub(super) fn path(survey: &Survey, view: &dyn HostView) -> Check {
    let entries = path_entries(view);
    let mut findings = of_codes(survey, |code| OF_PATH.contains(code));
    let open = entries
        .iter()
        .filter(|entry| is_world_writable(entry, view));
    findings.extend(open.map(|entry| {
        let message = "everyone can put a program here, so its extensions do not run";
        let help = format!("chmod o-w {}  # or take it out of PATH", shell_path(entry));
        Finding::warning(message, help).at(entry)
    }));
    Check::new(
        "path",
        format!("usable entries: {}", entries.len()),
        findings,
    )
}

/// Owners and modes of everything that a run would trust.
pub(super) fn trust(roots: &Roots, catalogue: &[CatalogueGroup], view: &dyn HostView) -> Check {
    let files: Vec<_> = catalogue.iter().flat_map(files).collect();
    let roots = roots.iter().map(|root| root.path.as_path());
    let roots = roots.filter(|root| view.stat(root).is_ok());
    let paths = roots.chain(files.iter().map(PathBuf::as_path));
    let interpreters = interpreters_of(&files, view);
    let paths: Vec<_> = paths
        .chain(interpreters.iter().map(PathBuf::as_path))
        .collect();
    let found = distrusted(&paths, view);
    let summary = format!("owner and mode of {}", plural(files.len(), "file"));
    Check::new("trust", summary, found.iter().map(Finding::of).collect())
}

/// The programs that start some files, as far as they can.
fn interpreters_of(files: &[PathBuf], view: &dyn HostView) -> BTreeSet<PathBuf> {
    let path = view.var("PATH");
    let found = files.iter().filter_map(|file| {
        let head = view.head(file).ok()?;
        interpreters(file, Some(&head), path.as_deref(), &[], view).ok()
    });
    found.flatten().map(|one| one.path).collect()
}

/// The manifest and the scripts of a group, unless it is built in.
fn files(entry: &CatalogueGroup) -> Vec<PathBuf> {
    if entry.root.kind == RootKind::Embedded {
        return Vec::new();
    }
    let manifest = entry.root.path.join(entry.name.as_str()).join(FILE_NAME);
    let group = entry.group.iter();
    let scripts = group.flat_map(|group| {
        let listed = group.extensions.values();
        listed.map(|one| one.path.clone())
    });
    std::iter::once(manifest).chain(scripts).collect()
}

pub(super) fn manifests(survey: &Survey) -> Check {
    let findings = of_codes(survey, |code| {
        !OF_ROOTS.contains(code) && !OF_PATH.contains(code)
    });
    let summary = format!("{} read", survey.manifests.len());
    Check::new("manifests", summary, findings)
}

/// What `validate` finds and the check of the roots, or of `PATH`, reports.
const OF_ROOTS: [Code; 3] = [Code::RootMissing, Code::RootUnreadable, Code::GroupShadowed];
const OF_PATH: [Code; 5] = [
    Code::AmbiguousCommand,
    Code::PathEntryEmpty,
    Code::PathEntryRelative,
    Code::CommandShadowed,
    Code::CommandWithoutGroup,
];

fn of_codes(survey: &Survey, wanted: impl Fn(&Code) -> bool) -> Vec<Finding> {
    let found = survey.found.iter().filter(|one| wanted(&one.code));
    found.map(Finding::of).collect()
}
