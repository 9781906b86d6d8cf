//! `qli ext new` and `qli ext install-defaults`: what was created, and what to do
//! next.

use std::path::{Path, PathBuf};

use super::message::{Message, rows};
use super::style::{Style, put};
use crate::discovery::command_with;
use crate::discovery::scaffold::{CopyOutcome, FIRST_SCRIPT, NewGroup};
use crate::manifest::FILE_NAME;
use crate::names::{GroupName, shell_path};

/// How a run finds the groups of a root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RootAccess {
    /// The root is searched if qli is typed like this.
    InForce(String),
    /// The root must be named on the command line.
    ByOption {
        root: PathBuf,
        /// Whether `$QLI_EXTENSIONS` names other roots.
        has_others: bool,
    },
}

impl RootAccess {
    /// Returns how to type qli.
    fn qli(&self) -> String {
        match self {
            Self::InForce(qli) => qli.clone(),
            Self::ByOption { root, .. } => command_with(std::slice::from_ref(root)),
        }
    }

    /// Returns a command that makes the option unnecessary. `$QLI_EXTENSIONS` cannot
    /// hold a path with a colon.
    fn export(&self) -> Option<String> {
        let Self::ByOption { root, has_others } = self else {
            return None;
        };
        let others = if *has_others {
            ":\"$QLI_EXTENSIONS\""
        } else {
            ""
        };
        let has_colon = root.as_os_str().as_encoded_bytes().contains(&b':');
        let root = shell_path(root);
        (!has_colon).then(|| format!("export QLI_EXTENSIONS={root}{others}"))
    }
}

/// Renders a new group.
pub fn created(
    name: &GroupName,
    group: &NewGroup,
    guarded: bool,
    access: &RootAccess,
    style: &Style,
) -> String {
    let script = "a first script; every executable file here is an extension";
    let files = [
        (FILE_NAME, "the guards of its scripts; edit it"),
        (FIRST_SCRIPT, script),
    ];
    let qli = access.qli();
    let env = if guarded { "QLI_ENV=prod " } else { "" };
    let directory = shell_path(&group.directory);
    let mut next = vec![
        (
            "see the plan",
            format!("{qli} explain {name} {FIRST_SCRIPT}"),
        ),
        ("run it", format!("{env}{qli} {name} {FIRST_SCRIPT}")),
        ("check it", format!("qli validate {directory}")),
    ];
    next.extend(access.export().map(|export| ("use this root", export)));
    let mut out = format!(
        "created {}\n\n{}\n{}",
        style.path(&group.directory),
        rows(&files, style),
        rows(&next, style)
    );
    if let Some(schema) = &group.other_schema {
        let schema = shell_path(schema);
        let note = Message::note(format!("{schema} is of another version of qli"))
            .step("replace it", format!("qli schema > {schema}"));
        out += "\n";
        out += &note.render(style);
    }
    out
}

/// Renders what happened to the copy of each built-in group; `root` is the directory
/// that `--in` names.
pub fn copied(
    outcomes: &[CopyOutcome],
    root: Option<&Path>,
    access: &RootAccess,
    style: &Style,
) -> String {
    let mut out = String::new();
    for one in outcomes {
        let (word, directory, files, what) = match one {
            CopyOutcome::Created(path) => ("created", path, &[][..], ""),
            CopyOutcome::Unchanged(path) => ("unchanged", path, &[][..], ""),
            CopyOutcome::Overwritten(path, files) => ("overwritten", path, &files[..], "differed"),
            CopyOutcome::Completed(path, files) => ("completed", path, &files[..], "was missing"),
            CopyOutcome::Kept(path, files) => ("kept", path, &files[..], "differs"),
        };
        let directory = style.path(directory);
        put!(out, "{word:11}  {directory}\n");
        for file in files {
            let file = style.path(file);
            put!(out, "{:11}  {file} {what}\n", "");
        }
    }
    let is_kept = |one: &CopyOutcome| matches!(one, CopyOutcome::Kept(..));
    let (label, command) = if outcomes.iter().any(is_kept) {
        let root = root.map(|root| format!(" --in {}", shell_path(root)));
        let root = root.unwrap_or_default();
        let command = format!("qli ext install-defaults{root} --force");
        ("lose your changes", command)
    } else {
        ("list groups", format!("{} ext list", access.qli()))
    };
    out + "\n" + &rows(&[(label, command)], style)
}
