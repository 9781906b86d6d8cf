//! qli: a declarative guard engine for a team's operations scripts.
//!
//! A group of scripts carries one manifest. Its text becomes a
//! [`manifest::Manifest`]; a manifest and a command line become a
//! [`guard::Plan`]; `explain` previews that plan, `run` enforces that same
//! plan, and the audit record identifies it by its digest.
//!
//! The layers are listed in the order in which data flows. A layer imports
//! those above it, never those below; `tests/tree/layers.rs` checks the imports
//! against this order.
//!
//! | on disk | read or written by |
//! |---|---|
//! | `<root>/<group>/_manifest.toml` | [`discovery::find`] reads it |
//! | `<root>/<group>/`, `<root>/.schema/` | [`discovery::scaffold`] creates them |
//! | `<root>/<group>/<extension>` | [`discovery::find`] hashes it, [`guard::Spawn`] starts it |
//! | `qli-<group>-<extension>` on `PATH` | the same |
//! | the log named by `audit_log` | [`audit::OpenRecord`] appends to it, [`history`] reads it |
//! | `$XDG_STATE_HOME/qli/spool/<run_id>.json` | [`audit::OpenRecord::close`] keeps an end record there that could not be appended to its log |
//! | `$XDG_CACHE_HOME/qli/embedded/<sha256>/<extension>` | [`guard::Spawn::prepare`] puts an embedded script there |
//! | what `--policy` or `$QLI_POLICY` names | [`policy::Policies::load`] reads it, for `validate` alone |
//! | `/dev/tty` | [`host::Host::ask`] asks there |

// ---- The path of a run ----------------------------------------------------

// Names and texts that are valid by construction.
pub(crate) mod names;

// Problems: what is wrong, where, and what to type next; the table of codes.
pub(crate) mod diagnostics;

// The system: reading it, acting on it; a real one and one held in memory.
#[expect(
    clippy::disallowed_methods,
    reason = "this layer is the one that may touch the system"
)]
pub(crate) mod host;

// Where secret values come from: one file a provider, one row in a table.
pub(crate) mod providers;

// The text of a manifest to a `Manifest` and every problem, in one pass.
pub(crate) mod manifest;

// An organisation's rules over manifests.
pub(crate) mod policy;

// Roots and `PATH` to one extension, or all of them.
pub(crate) mod discovery;

// The record of a run, and the append-only log it is written to.
pub(crate) mod audit;

// Guards, the plan that orders them, verdicts and refusals.
pub(crate) mod guard;

// Running a plan, and the one table of exit codes.
pub(crate) mod dispatch;

// ---- Tools beside it --------------------------------------------------------

// What `validate` checks: every group of a root, and the scripts beside it.
pub(crate) mod survey;

// Reading audit logs: runs, and whether a log is as qli wrote it.
pub(crate) mod history;

// Whether this machine is ready to run what is installed on it.
pub(crate) mod doctor;

// ---- What users see ----------------------------------------------------------

// What people and machines read.
pub(crate) mod report;

// The command line: one thin file a subcommand.
pub(crate) mod cli;

// What the integration tests use.
#[doc(hidden)]
pub mod testing;

pub use cli::main;
