//! qli: a declarative guard engine for a team's operations scripts.
//!
//! A group of scripts carries one manifest. Its text becomes a
//! [`manifest::Manifest`]; a manifest and a command line become a
//! [`guard::Plan`]; `explain` previews that plan, `run` enforces that same
//! plan, and the audit record names it by its digest.
//!
//! The rooms stand in the order in which data flows. A room imports those
//! above it, never those below; `tests/layers.rs` holds the order against the
//! imports.
//!
//! | on disk | read or written by |
//! |---|---|
//! | `<root>/<group>/_manifest.toml` | [`discovery::find`] reads it |
//! | `<root>/<group>/`, `<root>/.schema/` | [`discovery::scaffold`] makes them |
//! | `<root>/<group>/<extension>` | [`discovery::find`] hashes it, [`guard::Spawn`] starts it |
//! | `qli-<group>-<extension>` on `PATH` | the same |
//! | the log named by `audit_log` | [`audit::Trail`] appends to it, [`audit::read`] reads it |
//! | `$XDG_STATE_HOME/qli/spool/<run_id>.json` | [`audit::Trail::close`] keeps an end record there that its log does not take |
//! | `$XDG_CACHE_HOME/qli/embedded/<sha256>/<extension>` | [`guard::Spawn::prepare`] puts an embedded script there |
//! | what `--policy` or `$QLI_POLICY` names | [`manifest::Policies::load`] reads it, for `validate` alone |
//! | `/dev/tty` | [`host::Host::ask`] asks there |

// Names and texts that are valid by construction.
pub mod names;

// What is wrong, where, and what to type next: the table of codes, sources
// and spans, suggestions.
pub mod diagnostics;

// The world: reading it, acting on it; a real one and one held in memory.
#[expect(
    clippy::disallowed_methods,
    reason = "this room is the one that may touch the world"
)]
pub mod host;

// Where secret values come from: one file a provider, one row in a table.
pub mod providers;

// A manifest's text becomes a `Manifest` and every problem, in one pass.
pub mod manifest;

// Roots and `PATH` become one extension, or all of them.
pub mod discovery;

// The record of a run, and the append-only log it goes into.
pub mod audit;

// Guards, the plan that orders them, verdicts and refusals.
pub mod guard;

// Carrying a plan out, and the one table of exit codes.
pub mod dispatch;

// Whether this machine is ready to run what is installed on it.
pub mod doctor;

// What people and machines read.
pub mod report;

// The command line: one thin file a subcommand.
pub mod cli;
