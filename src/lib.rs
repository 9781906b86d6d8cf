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
//! | `$XDG_STATE_HOME/qli/spool/<run_id>.json` | [`audit::OpenRecord::close`] writes an end record there that could not be appended to its log |
//! | `$XDG_CACHE_HOME/qli/embedded/<sha256>/<extension>` | [`guard::Spawn::prepare`] unpacks an embedded script there |
//! | `$XDG_RUNTIME_DIR/qli/<run_id>/` | [`guard::Launch`] has secrets written there as files, removes them at the end of the run, and clears those of killed runs |
//! | what `--policy` or `$QLI_POLICY` names | [`policy::Policies::load`] reads it, for `validate` only |
//! | `/dev/tty` | [`host::Host::ask`] asks on it |

// The host that unit and integration tests share names this crate from outside.
#[cfg(test)]
extern crate self as qli;

// ---- The path of a run -----------------------------------------------------

// Names and texts that are valid by construction.
pub(crate) mod names;

// What is wrong, where, and what to type next; the table of codes.
pub(crate) mod diagnostics;

// Finds the values of secrets in what a script prints.
pub(crate) mod masking;

// The system, to read and to act on; tests have one in memory.
#[expect(
    clippy::disallowed_methods,
    reason = "only this layer touches the system"
)]
pub(crate) mod host;

// Where secret values come from: one file and one row for each provider.
pub(crate) mod providers;

// From the text of a manifest to a `Manifest`, or to every problem in it.
pub(crate) mod manifest;

// An organisation's rules for manifests.
pub(crate) mod policy;

// From roots and `PATH` to one extension, or to all of them.
pub(crate) mod discovery;

// The record of a run, and the append-only log it is written to.
pub(crate) mod audit;

// Guards, the plan that orders them, verdicts and refusals.
pub(crate) mod guard;

// Runs a plan.
pub(crate) mod dispatch;

// ---- Tools that a run does not use -----------------------------------------

// What `validate` checks: every group of a root, and its scripts.
pub(crate) mod survey;

// Reads audit logs: the runs in them, and whether they are intact.
pub(crate) mod history;

// Whether this machine is ready to run what is installed on it.
pub(crate) mod doctor;

// ---- What users see ---------------------------------------------------------

// What people and machines read.
pub(crate) mod report;

// The command line: one thin file for each subcommand.
pub(crate) mod cli;

// What the integration tests use.
#[doc(hidden)]
pub mod testing;

pub use cli::main;
