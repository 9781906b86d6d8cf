//! The options of every command, what names a script, and the layout of every help.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Args, ValueHint};

use crate::discovery::command_with;
use crate::report::Color;

/// The help of a command: examples before arguments and options.
pub(super) const LEAF: &str =
    "{about-with-newline}\n{usage-heading} {usage}\n\n{before-help}{all-args}";

/// The help of a command that has commands.
pub(super) const GROUP: &str = "{about-with-newline}\n{usage-heading} {usage}\n\n\
    \x1b[1mCommands:\x1b[0m\n{subcommands}\n\n{before-help}\
    \x1b[1mGlobal options:\x1b[0m\n{options}";

/// The heading of [`Global`], which is last in every help.
pub(super) const GLOBAL: &str = "Global options";

// Every command accepts these before the extension's name; what follows is passed to
// the script.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub(super) struct Global {
    /// Answer yes to the confirmation
    #[arg(short, long, help_heading = GLOBAL)]
    pub(super) yes: bool,
    /// Confirm by name, for groups that require it
    #[arg(long, help_heading = GLOBAL, value_name = "GROUP")]
    pub(super) confirm: Option<OsString>,
    /// Print no notes or hints
    #[arg(short, long, help_heading = GLOBAL)]
    pub(super) quiet: bool,
    /// Print more, such as warnings about a manifest
    #[arg(short, long, help_heading = GLOBAL)]
    pub(super) verbose: bool,
    /// Use colour: auto (the default), always or never
    #[arg(long, help_heading = GLOBAL, value_enum, value_name = "WHEN", hide_possible_values = true)]
    pub(super) color: Option<Color>,
    /// Use groups in DIR, not `$QLI_EXTENSIONS` (repeatable)
    #[arg(long, help_heading = GLOBAL, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(super) extensions: Vec<PathBuf>,
    /// Print this help
    #[arg(short, long, help_heading = GLOBAL, action = ArgAction::HelpShort)]
    pub(super) help: Option<bool>,
}

impl Global {
    /// Merges the options before a command's name with those after it. clap's own
    /// `global` would drop the first of two lists.
    pub(super) fn merge(mut self, after: &Self) -> Self {
        let Self {
            yes,
            confirm,
            quiet,
            verbose,
            color,
            extensions,
            help: _,
        } = after;
        self.yes |= yes;
        self.confirm = confirm.clone().or(self.confirm);
        self.quiet |= quiet;
        self.verbose |= verbose;
        self.color = color.or(self.color);
        self.extensions.extend_from_slice(extensions);
        self
    }

    /// How to type qli again so that it searches the same roots.
    pub(super) fn qli(&self) -> String {
        command_with(&self.extensions)
    }

    pub(super) fn color(&self) -> Color {
        self.color.unwrap_or_default()
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub(super) struct TargetArgs {
    #[command(flatten)]
    pub(super) global: Global,
    /// The group
    pub(super) group: OsString,
    /// The extension, and arguments for its script
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "EXTENSION] [ARGS"
    )]
    pub(super) words: Vec<OsString>,
}
