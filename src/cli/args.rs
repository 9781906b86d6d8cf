//! The command line as clap reads it.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

use super::audit::AuditArgs;
use super::complete::Shell;
use super::examples;
use crate::discovery::command_with;
use crate::report::{Color, Format};

/// Runs a team's scripts under the guards that their group declares.
#[derive(Debug, Parser)]
#[command(
    name = "qli",
    version,
    before_long_help = examples::QLI,
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

/// The heading that keeps a command's own options together in its help.
const EVERYWHERE: &str = "Options of every command";

// Options of every command. They stand before the extension's name: what
// follows it is the script's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub(super) struct Global {
    /// Answer the question of `confirm` with yes
    #[arg(short, long, help_heading = EVERYWHERE)]
    pub(super) yes: bool,
    /// Answer it with the group's name, where `confirm_by` wants that
    #[arg(long, help_heading = EVERYWHERE, value_name = "GROUP")]
    pub(super) confirm: Option<OsString>,
    /// Drop notes and hints, never a banner, question, refusal or warning
    #[arg(short, long, help_heading = EVERYWHERE)]
    pub(super) quiet: bool,
    /// Say more, such as a manifest's warnings
    #[arg(short, long, help_heading = EVERYWHERE)]
    pub(super) verbose: bool,
    /// Whether to use colour, `auto` by default
    #[arg(long, help_heading = EVERYWHERE, value_enum, value_name = "WHEN")]
    pub(super) color: Option<Color>,
    /// Look for groups here instead of in `$QLI_EXTENSIONS` (repeatable)
    #[arg(long, help_heading = EVERYWHERE, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(super) extensions: Vec<PathBuf>,
}

impl Global {
    /// Joins the options that stand before a command's name with those that
    /// stand behind it. clap's own `global` would drop the first of two lists.
    pub(super) fn and(mut self, behind: &Self) -> Self {
        let Self {
            yes,
            confirm,
            quiet,
            verbose,
            color,
            extensions,
        } = behind;
        self.yes |= yes;
        self.confirm = confirm.clone().or(self.confirm);
        self.quiet |= quiet;
        self.verbose |= verbose;
        self.color = color.or(self.color);
        self.extensions.extend_from_slice(extensions);
        self
    }

    /// Returns how qli is typed again so that it looks in the same roots.
    pub(super) fn qli(&self) -> String {
        command_with(&self.extensions)
    }

    /// Returns what `--color` asks for.
    pub(super) fn color(&self) -> Color {
        self.color.unwrap_or_default()
    }
}

/// The commands.
// Deferred: the arguments of a command are put together when it is asked for; with
// those of all commands `--help` took a third more instructions. A doc comment on
// arguments would then take the place of what describes their command: they have
// ordinary comments.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(super) enum Command {
    /// Run an extension under its group's guards
    ///
    /// The steps, each gating the next: banner, `requires_env`, confirm,
    /// secrets, audit start, spawn, wait, audit finish. The script's exit code
    /// becomes qli's; 125 means refused, 126 that the script cannot be
    /// executed, 127 that there is no such group or extension.
    #[command(
        before_long_help = examples::RUN,
        override_usage = "qli run [OPTIONS] <GROUP> <EXTENSION> [ARGS]..."
    )]
    Run(TargetArgs),
    /// Show the plan and what each step would do now; touches nothing
    #[command(before_long_help = examples::EXPLAIN)]
    Explain(ExplainArgs),
    /// Check manifests
    ///
    /// A file is a manifest, a directory that holds `_manifest.toml` is a
    /// group, any other directory is a root. Without a path every root is
    /// checked. Exits 0 if there is no error, 1 if there is one, 2 if the job
    /// could not be done.
    #[command(before_long_help = examples::VALIDATE)]
    Validate(ValidateArgs),
    /// Read audit logs: list, show, verify
    #[command(before_long_help = examples::AUDIT)]
    Audit(AuditArgs),
    /// Show what is installed, and where; make a group
    #[command(before_long_help = examples::EXT)]
    Ext(ExtArgs),
    /// Check whether this machine is ready to run what is installed
    ///
    /// Looks at the roots, `PATH`, owners and modes, manifests, completion, the
    /// programs of providers, logs and their spool. Changes nothing, calls no
    /// program. Exits 0 if everything can run, 1 if something cannot.
    #[command(before_long_help = examples::DOCTOR)]
    Doctor(DoctorArgs),
    /// Print what makes a shell complete the words of qli
    ///
    /// Groups, extensions with what they do, options, topics and runs are
    /// completed from what is installed at that moment. No extension is started.
    /// The first lines of what is printed say where to put it.
    #[command(before_long_help = examples::COMPLETIONS)]
    Completions(CompletionsArgs),
    /// Print a JSON Schema
    #[command(before_long_help = examples::SCHEMA)]
    Schema(SchemaArgs),
    /// Print pages for man(1)
    #[command(before_long_help = examples::MAN)]
    Man(ManArgs),
    /// Explain a command, a topic or a message
    #[command(before_long_help = examples::HELP)]
    Help(HelpArgs),
}

// What is run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub(super) struct TargetArgs {
    #[command(flatten)]
    pub(super) global: Global,
    /// The group
    pub(super) group: OsString,
    /// The extension, and arguments of its script
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "EXTENSION] [ARGS"
    )]
    pub(super) words: Vec<OsString>,
}

// What is explained.
#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// How it is written
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(super) format: Format,
    #[command(flatten)]
    pub(super) target: TargetArgs,
}

// What is checked.
#[derive(Debug, Args)]
pub(super) struct ValidateArgs {
    #[command(flatten)]
    pub(super) global: Global,
    /// How the report is written
    #[arg(long, value_enum, default_value_t = ValidateFormat::Human)]
    pub(super) format: ValidateFormat,
    /// Let warnings count as errors
    #[arg(long)]
    pub(super) deny_warnings: bool,
    /// Check manifests against rules of your own, too, instead of those in
    /// `$QLI_POLICY` (repeatable)
    ///
    /// A policy is a JSON Schema over the manifest, in JSON, or in TOML if its
    /// name ends in `.toml`. What it says of a manifest stands at the
    /// manifest's line; a policy that cannot be used exits 2.
    #[arg(long, value_name = "FILE")]
    pub(super) policy: Vec<PathBuf>,
    /// Make the changes that need not be looked at, then check and report
    ///
    /// A misspelt field gets its name, `schema_version = "1"` becomes `1`, and
    /// where the schema lies beside the groups, a first line names it to
    /// editors. No guard and no value is ever changed, added or removed; all
    /// other bytes, the file's owner and its mode stay.
    #[arg(long)]
    pub(super) fix: bool,
    /// Print these changes as a unified diff instead of the report; write nothing
    #[arg(long, conflicts_with_all = ["fix", "format"])]
    pub(super) diff: bool,
    /// Manifests, groups or roots
    pub(super) path: Vec<PathBuf>,
}

/// How the report of `validate` is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ValidateFormat {
    /// For people: each problem with its lines and what to do
    Human,
    /// One line per problem: `path:line:column: severity[code]: message`
    Concise,
    /// One JSON document
    Json,
    /// SARIF 2.1.0, for a code host; paths from the repository on
    Sarif,
    /// Annotations of GitHub Actions; paths from the repository on
    Github,
}

// `qli ext`.
#[derive(Debug, Args)]
pub(super) struct ExtArgs {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: ExtCommand,
}

// The commands of `qli ext`.
#[derive(Debug, Subcommand)]
pub(super) enum ExtCommand {
    /// List groups and their extensions
    #[command(before_long_help = examples::EXT_LIST)]
    List {
        #[command(flatten)]
        global: Global,
        /// How the list is written
        #[arg(long, value_enum, default_value_t = Format::Human)]
        format: Format,
        /// Only this group
        group: Option<OsString>,
    },
    /// Make a group with a manifest and a first script
    ///
    /// It goes into `$XDG_DATA_HOME/qli/extensions`, or into the directory that
    /// `--in` names. Nothing that is there is replaced, and where there is a
    /// group of this name in any root, none is made; if `--in` names a directory
    /// that is no root yet, such a group elsewhere is only told. The manifest's
    /// schema is put beside the groups, into `.schema`, for editors.
    #[command(before_long_help = examples::EXT_NEW)]
    New {
        #[command(flatten)]
        global: Global,
        /// Declare guards: a banner, a required variable, a confirmation, a log
        #[arg(long)]
        guarded: bool,
        /// Make it in this root instead of in your own
        #[arg(long = "in", value_name = "DIR", value_hint = ValueHint::DirPath)]
        root: Option<PathBuf>,
        /// The group's name
        #[arg(value_name = "GROUP")]
        name: OsString,
    },
    /// Copy the groups of qli itself, to change them
    ///
    /// They go into `$XDG_DATA_HOME/qli/extensions`, or into the directory that
    /// `--in` names. A group that is there and differs stays as it is, unless
    /// `--force` is given.
    #[command(before_long_help = examples::EXT_DEFAULTS)]
    InstallDefaults {
        #[command(flatten)]
        global: Global,
        /// Overwrite the files of theirs that differ
        #[arg(long)]
        force: bool,
        /// Copy them into this root instead of into your own
        #[arg(long = "in", value_name = "DIR", value_hint = ValueHint::DirPath)]
        root: Option<PathBuf>,
    },
    /// Print the path of the program that an extension is
    #[command(before_long_help = examples::EXT_WHICH)]
    Which {
        #[command(flatten)]
        global: Global,
        /// How it is written
        #[arg(long, value_enum, default_value_t = Format::Human)]
        format: Format,
        /// The group
        group: OsString,
        /// The extension
        extension: OsString,
    },
}

// `qli doctor`.
#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    #[command(flatten)]
    pub(super) global: Global,
    /// How the report is written
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(super) format: Format,
}

// `qli completions`.
#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    #[command(flatten)]
    pub(super) global: Global,
    /// Of which shell
    #[arg(value_enum)]
    pub(super) shell: Shell,
}

// `qli man`.
#[derive(Debug, Args)]
pub(super) struct ManArgs {
    #[command(flatten)]
    pub(super) global: Global,
    /// Write every page into this directory
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with = "command")]
    pub(super) out: Option<PathBuf>,
    /// The command whose page is printed
    pub(super) command: Vec<OsString>,
}

// `qli help`.
#[derive(Debug, Args)]
pub(super) struct HelpArgs {
    #[command(flatten)]
    pub(super) global: Global,
    /// A command, a topic, or the number or the name of a message
    #[arg(value_name = "COMMAND|TOPIC|CODE")]
    pub(super) about: Vec<OsString>,
}

// `qli schema`.
#[derive(Debug, Args)]
pub(super) struct SchemaArgs {
    #[command(flatten)]
    pub(super) global: Global,
    /// Of which document
    #[arg(value_enum, default_value_t = SchemaName::Manifest)]
    pub(super) of: SchemaName,
}

/// The documents that have a schema.
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
