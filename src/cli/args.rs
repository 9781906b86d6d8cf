//! The command line as clap reads it.

use std::ffi::OsString;
use std::path::PathBuf;

use anstyle::Style;
use clap::builder::Styles;
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum, ValueHint};

use super::audit::AuditArgs;
use super::examples;
use super::global::{GLOBAL, GROUP, Global, LEAF, TargetArgs};
use crate::report::Format;

/// Runs a team's scripts under guards that their group declares.
#[derive(Debug, Parser)]
#[command(
    name = "qli",
    override_usage = "qli [OPTIONS] <GROUP> <EXTENSION> [ARGS]...\n       qli [OPTIONS] <COMMAND>",
    version,
    before_help = examples::QLI,
    disable_help_subcommand = true,
    disable_help_flag = true,
    disable_version_flag = true,
    max_term_width = 100,
    styles = STYLES
)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) global: Global,
    /// Print the version
    #[arg(short = 'V', long, action = ArgAction::Version, help_heading = GLOBAL)]
    version: Option<bool>,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

const STYLES: Styles = Styles::styled()
    .header(Style::new().bold())
    .usage(Style::new().bold());

// Deferred: clap builds the arguments of a command when it is used; building all of
// them cost `--help` a third more instructions. A doc comment on an arguments type
// would replace the description of its command.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(super) enum Command {
    /// Run an extension under its group's guards
    #[command(
        help_template = LEAF,
        before_help = examples::RUN,
        override_usage = "qli run [OPTIONS] <GROUP> <EXTENSION> [ARGS]..."
    )]
    Run(TargetArgs),
    /// Show what each step of a run would do, without running it
    #[command(help_template = LEAF, before_help = examples::EXPLAIN)]
    Explain {
        /// Output format
        #[arg(long, value_enum, default_value_t = Format::Human)]
        format: Format,
        #[command(flatten)]
        target: TargetArgs,
    },
    /// Check manifests
    #[command(help_template = LEAF, before_help = examples::VALIDATE)]
    Validate(ValidateArgs),
    /// Read and verify audit logs
    #[command(help_template = GROUP, before_help = examples::AUDIT)]
    Audit(AuditArgs),
    /// List and create groups
    #[command(help_template = GROUP, before_help = examples::EXT)]
    Ext {
        #[command(flatten)]
        global: Global,
        #[command(subcommand)]
        command: ExtCommand,
    },
    /// Check that this machine can run the installed groups
    #[command(help_template = LEAF, before_help = examples::DOCTOR)]
    Doctor {
        #[command(flatten)]
        global: Global,
        /// Also ask providers' programs whether you are signed in
        #[arg(long)]
        online: bool,
        /// Output format
        #[arg(long, value_enum, default_value_t = Format::Human)]
        format: Format,
    },
    /// Print a shell completion script
    #[command(help_template = LEAF, before_help = examples::COMPLETIONS)]
    Completions {
        #[command(flatten)]
        global: Global,
        /// The shell
        shell: Shell,
    },
    /// Print a JSON Schema
    #[command(help_template = LEAF, before_help = examples::SCHEMA)]
    Schema {
        #[command(flatten)]
        global: Global,
        /// The document
        #[arg(value_enum, value_name = "DOCUMENT", default_value_t = SchemaName::Manifest, hide_possible_values = true)]
        of: SchemaName,
    },
    /// Print a page for man(1)
    #[command(help_template = LEAF, before_help = examples::MAN)]
    Man {
        #[command(flatten)]
        global: Global,
        /// Write every page to this directory
        #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with = "command")]
        out: Option<PathBuf>,
        /// The command; without one, the whole manual
        command: Vec<OsString>,
    },
    /// Explain a command, a topic or an error code
    #[command(help_template = LEAF, before_help = examples::HELP)]
    Help {
        #[command(flatten)]
        global: Global,
        /// A command, a topic or an error code, such as QLI0102
        #[arg(value_name = "COMMAND|TOPIC|CODE")]
        about: Vec<OsString>,
    },
}

#[derive(Debug, Args)]
pub(super) struct ValidateArgs {
    #[command(flatten)]
    pub(super) global: Global,
    /// Output format
    #[arg(long, value_enum, default_value_t = ValidateFormat::Human)]
    pub(super) format: ValidateFormat,
    /// Treat warnings as errors
    #[arg(long)]
    pub(super) deny_warnings: bool,
    /// Apply this policy, not `$QLI_POLICY` (repeatable)
    #[arg(long, value_name = "FILE")]
    pub(super) policy: Vec<PathBuf>,
    /// Apply safe fixes, then check
    #[arg(long)]
    pub(super) fix: bool,
    /// Print safe fixes as a diff; change nothing
    #[arg(long, conflicts_with_all = ["fix", "format"])]
    pub(super) diff: bool,
    /// Manifests, groups or directories of groups
    pub(super) path: Vec<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ValidateFormat {
    /// Each problem with its lines and what to do
    Human,
    /// One line per problem: `path:line:column: severity[code]: message`
    Concise,
    /// A JSON document
    Json,
    /// SARIF 2.1.0, with paths relative to the repository
    Sarif,
    /// Annotations for GitHub Actions
    Github,
}

#[derive(Debug, Subcommand)]
pub(super) enum ExtCommand {
    /// List groups and their extensions
    #[command(help_template = LEAF, before_help = examples::EXT_LIST)]
    List {
        #[command(flatten)]
        global: Global,
        /// Output format
        #[arg(long, value_enum, default_value_t = Format::Human)]
        format: Format,
        /// Only this group
        group: Option<OsString>,
    },
    /// Create a group with a manifest and a first script
    #[command(help_template = LEAF, before_help = examples::EXT_NEW)]
    New {
        #[command(flatten)]
        global: Global,
        /// Add a banner, a required variable, a confirmation and a log
        #[arg(long)]
        guarded: bool,
        /// Create it in this directory of groups
        #[arg(long = "in", value_name = "DIR", value_hint = ValueHint::DirPath)]
        root: Option<PathBuf>,
        /// The group's name
        #[arg(value_name = "GROUP")]
        name: OsString,
    },
    /// Copy the built-in groups so that you can change them
    #[command(help_template = LEAF, before_help = examples::EXT_DEFAULTS)]
    InstallDefaults {
        #[command(flatten)]
        global: Global,
        /// Overwrite copies that were changed
        #[arg(long)]
        force: bool,
        /// Copy them to this directory of groups
        #[arg(long = "in", value_name = "DIR", value_hint = ValueHint::DirPath)]
        root: Option<PathBuf>,
    },
    /// Print the path of an extension
    #[command(help_template = LEAF, before_help = examples::EXT_WHICH)]
    Which {
        #[command(flatten)]
        global: Global,
        /// Output format
        #[arg(long, value_enum, default_value_t = Format::Human)]
        format: Format,
        /// The group
        group: OsString,
        /// The extension
        extension: OsString,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Shell {
    /// GNU bash
    Bash,
    /// Z shell
    Zsh,
    /// fish
    Fish,
    /// Elvish
    Elvish,
    /// PowerShell
    Powershell,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SchemaName {
    /// A group's `_manifest.toml`
    Manifest,
    /// `explain <GROUP> <EXTENSION> --format json`
    Plan,
    /// A line of an audit log
    Audit,
    /// `validate --format json`
    Diagnostics,
    /// `ext list --format json`
    Catalogue,
    /// The smaller reports: `explain <GROUP>` and `ext which`
    Report,
    /// `audit list`, `show`, `verify`, `unfinished` and `head --format json`
    AuditReport,
    /// `doctor --format json`
    Doctor,
}
