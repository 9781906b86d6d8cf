//! `qli audit` as clap reads it.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::super::examples;
use super::super::global::{Global, LEAF};
use crate::history::Outcome;
use crate::report::Format;

#[derive(Debug, Args)]
pub(in crate::cli) struct AuditArgs {
    #[command(flatten)]
    pub(in crate::cli) global: Global,
    #[command(subcommand)]
    pub(in crate::cli) command: AuditCommand,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum AuditCommand {
    /// List runs, in the order they started
    #[command(help_template = LEAF, before_help = examples::AUDIT_LIST)]
    List(ListArgs),
    /// Show everything recorded about one run
    #[command(help_template = LEAF, before_help = examples::AUDIT_SHOW)]
    Show(ShowArgs),
    /// Check that no record was changed, removed or inserted
    #[command(help_template = LEAF, before_help = examples::AUDIT_VERIFY)]
    Verify(VerifyArgs),
    /// List runs without an end record, and why
    #[command(help_template = LEAF, before_help = examples::AUDIT_UNFINISHED)]
    Unfinished(LogsArgs),
    /// Print a checkpoint of each log, to store elsewhere
    #[command(help_template = LEAF, before_help = examples::AUDIT_HEAD)]
    Head(LogsArgs),
    /// Print the newest records; with --follow, new ones as they arrive
    #[command(help_template = LEAF, before_help = examples::AUDIT_TAIL)]
    Tail(TailArgs),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct LogsArgs {
    #[command(flatten)]
    pub(super) global: Global,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(super) format: Format,
    /// Logs (- is standard input) [default: those of all groups]
    pub(super) log: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ListArgs {
    /// Only runs of this group
    #[arg(long)]
    pub(super) group: Option<String>,
    /// Only runs of this extension
    #[arg(long)]
    pub(super) extension: Option<String>,
    /// Only runs of this user, by name or uid
    #[arg(long)]
    pub(super) user: Option<String>,
    /// Only runs on this machine
    #[arg(long)]
    pub(super) host: Option<String>,
    /// Only runs with this outcome (repeatable)
    #[arg(long, value_enum)]
    pub(super) outcome: Vec<Outcome>,
    /// Only runs since this time: an age such as `1d`, `12h` or `30m`, or an
    /// RFC 3339 date or time in UTC
    #[arg(long, value_name = "TIME")]
    pub(super) since: Option<String>,
    /// Only runs before this time
    #[arg(long, value_name = "TIME")]
    pub(super) until: Option<String>,
    #[command(flatten)]
    pub(super) logs: LogsArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ShowArgs {
    /// The run's id, or any unique beginning or end of it
    pub(super) run_id: OsString,
    #[command(flatten)]
    pub(super) logs: LogsArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct VerifyArgs {
    /// Also check against the output of `qli audit head` saved in this file
    /// (repeatable)
    #[arg(long, value_name = "FILE")]
    pub(super) anchor: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) logs: LogsArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct TailArgs {
    /// How many records to print of each log
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    pub(super) lines: usize,
    /// Keep printing records as they are appended, across rotation
    #[arg(short, long)]
    pub(super) follow: bool,
    #[command(flatten)]
    pub(super) logs: LogsArgs,
}
