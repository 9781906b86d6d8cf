//! `qli ext new` and `qli ext install-defaults`: what was made, and what to type
//! next.

use std::path::PathBuf;

use super::Style;
use super::style::put;
use crate::discovery::scaffold::{FIRST_SCRIPT, Guarded, Installed, Made};
use crate::manifest::FILE_NAME;
use crate::names::{GroupName, shell_word};

/// How a run finds the groups of a root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reached {
    /// It is one of the roots in force.
    AsIs,
    /// It must be named.
    ByOption(PathBuf),
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
    let path = |path: &std::path::Path| style.shortened(&shell_word(path));
    let qli = match reached {
        Reached::AsIs => "qli".to_owned(),
        Reached::ByOption(root) => format!("qli --extensions {}", path(root)),
    };
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
            path(&made.directory)
        ),
    );
    if let Reached::ByOption(root) = reached {
        put(
            &mut out,
            format_args!("name it once  export QLI_EXTENSIONS={}\n", path(root)),
        );
    }
    if let Some(schema) = &made.other_schema {
        let schema = path(schema);
        put(
            &mut out,
            format_args!(
                "\n{schema} is of another version of qli\nrenew it      qli schema > {schema}\n"
            ),
        );
    }
    out
}

/// Says what has become of each embedded group.
pub fn installed(installed: &[Installed], style: &Style) -> String {
    let mut out = String::new();
    let mut kept = false;
    for one in installed {
        let none = Vec::new();
        let (word, directory, files) = match one {
            Installed::Made(directory) => ("made", directory, &none),
            Installed::Same(directory) => ("same", directory, &none),
            Installed::Overwritten(directory, files) => ("overwritten", directory, files),
            Installed::Kept(directory, files) => ("kept", directory, files),
        };
        let is_kept = matches!(one, Installed::Kept(..));
        kept |= is_kept;
        let differs = if is_kept { "differs" } else { "differed" };
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
    out.push_str(if kept {
        "\nwhat differs was not touched; to lose the changes: qli ext install-defaults --force\n"
    } else {
        "\nsee them  qli ext list\n"
    });
    out
}
