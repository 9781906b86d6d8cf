//! `qli ext new` and `qli ext install-defaults`: what was made, and what to type
//! next.

use std::path::{Path, PathBuf};

use super::Style;
use super::style::put;
use crate::discovery::command_with;
use crate::discovery::scaffold::{FIRST_SCRIPT, Guarded, Installed, Made};
use crate::manifest::FILE_NAME;
use crate::names::{GroupName, shell_word};

/// How a run finds the groups of a root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reached {
    /// It is one of the roots in force, where qli is typed like this.
    AsTyped(String),
    /// It must be named.
    ByOption {
        /// The root.
        root: PathBuf,
        /// Whether `$QLI_EXTENSIONS` names others already.
        beside_others: bool,
    },
}

impl Reached {
    /// Returns how qli is typed to reach it.
    fn qli(&self, style: &Style) -> String {
        match self {
            Self::AsTyped(qli) => qli.clone(),
            Self::ByOption { root, .. } => {
                style.shortened(&command_with(std::slice::from_ref(root)))
            }
        }
    }
}

fn word(path: &Path, style: &Style) -> String {
    style.shortened(&shell_word(path))
}

/// Says what was made, and what to do with it.
pub fn made(
    name: &GroupName,
    made: &Made,
    guarded: Guarded,
    reached: &Reached,
    style: &Style,
) -> String {
    let directory = style.path(&made.directory);
    let mut out = format!(
        "made {directory}\n\n  {FILE_NAME}  what its scripts run under; edit it\n  \
         {FIRST_SCRIPT:14}  a first script; what else is executable there is one too\n\n"
    );
    let qli = reached.qli(style);
    let env = match guarded {
        Guarded::Yes => "QLI_ENV=prod ",
        Guarded::No => "",
    };
    put(
        &mut out,
        format_args!(
            "see its plan  {qli} explain {name} {FIRST_SCRIPT}\n\
             run it        {env}{qli} {name} {FIRST_SCRIPT}\n\
             check it      qli validate {}\n",
            word(&made.directory, style)
        ),
    );
    // A list cannot hold a path with a colon.
    if let Reached::ByOption {
        root,
        beside_others,
    } = reached
        && !root.as_os_str().as_encoded_bytes().contains(&b':')
    {
        let others = if *beside_others {
            ":\"$QLI_EXTENSIONS\""
        } else {
            ""
        };
        put(
            &mut out,
            format_args!(
                "in this shell export QLI_EXTENSIONS={}{others}\n",
                word(root, style)
            ),
        );
    }
    if let Some(schema) = &made.other_schema {
        let schema = word(schema, style);
        put(
            &mut out,
            format_args!(
                "\n{schema} is of another version of qli\nrenew it      qli schema > {schema}\n"
            ),
        );
    }
    out
}

/// Says what has become of each embedded group; `root` is the one that was named.
pub fn installed(
    installed: &[Installed],
    root: Option<&Path>,
    reached: &Reached,
    style: &Style,
) -> String {
    let mut out = String::new();
    let mut kept = false;
    for one in installed {
        let none = Vec::new();
        let (word, directory, files) = match one {
            Installed::Made(directory) => ("made", directory, &none),
            Installed::Same(directory) => ("same", directory, &none),
            Installed::Overwritten(directory, files) => ("overwritten", directory, files),
            Installed::Completed(directory, files) => ("completed", directory, files),
            Installed::Kept(directory, files) => ("kept", directory, files),
        };
        kept |= matches!(one, Installed::Kept(..));
        let differs = match one {
            Installed::Kept(..) => "is not as qli has it",
            Installed::Completed(..) => "was missing",
            Installed::Made(_) | Installed::Same(_) | Installed::Overwritten(..) => {
                "was not as qli has it"
            }
        };
        put(
            &mut out,
            format_args!("{word:11}  {}\n", style.path(directory)),
        );
        for file in files {
            put(
                &mut out,
                format_args!("{:11}  {} {differs}\n", "", style.path(file)),
            );
        }
    }
    let root = root.map(|root| format!(" --in {}", shell_word(root)));
    let root = root.unwrap_or_default();
    let next = if kept {
        format!(
            "what differs was not touched; to lose the changes:\n\
             qli ext install-defaults{root} --force"
        )
    } else {
        format!("see them  {} ext list", reached.qli(style))
    };
    out + "\n" + &next + "\n"
}
