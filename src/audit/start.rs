//! The first record of a run: what is about to run or was refused, for which
//! user, and from where.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;

use super::redact::{RecordedArg, RecordedArgs, recorded_claim};
use crate::host::{HostView, LoginUid, Signal};
use crate::manifest::{Deliver, EnvironmentPolicy, Mask};
use crate::names::{Digest, Sha256, Text};

/// What a `start` record adds.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct StartRecord {
    /// Names of the secrets that the script gets.
    pub env_var_names: Vec<String>,
    /// How many more it gets, whose names did not fit.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(default)]
    pub env_vars_left_out: u64,
    /// Those of them that do not have the value itself, but the path of a `file`, or of an
    /// open descriptor (`fd`).
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(default)]
    pub deliver: BTreeMap<String, Deliver>,
    /// Where their values are replaced in what the script prints.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(default)]
    pub mask: Mask,
    #[serde(flatten)]
    pub environment: EnvironmentFacts,
    #[serde(flatten)]
    pub run: RunFacts,
}

/// What the script gets of the environment of qli: names, never values of its variables.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct EnvironmentFacts {
    /// `scrub` or `clean`; absent if the script gets everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<EnvironmentPolicy>,
    /// Names of the variables that the script does not get.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(default)]
    pub env_removed: Vec<Text>,
    /// How many more it does not get, whose names did not fit.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(default)]
    pub env_removed_left_out: u64,
    /// Variables that the manifest sets, with secrets replaced.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(default)]
    pub env_set: BTreeMap<String, RecordedArg>,
    /// How many more it sets, which did not fit.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(default)]
    pub env_set_left_out: u64,
}

/// What a `refused` record adds.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RefusedRecord {
    /// The step that refused; absent if qli failed before the first step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<&'static str>,
    /// The refusal's stable name, such as `requires-env`; `signal` for a signal.
    pub reason: &'static str,
    /// Why it was refused, as a message.
    pub message: String,
    /// The code a shell shows: 125, or 128+N for a signal.
    pub exit_code: i32,
    /// The signal that ended the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub signal: Option<Signal>,
    #[serde(flatten)]
    pub run: RunFacts,
}

/// What runs or would have run, for which user, and under which guards.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RunFacts {
    /// The script's arguments, with secrets replaced.
    pub args: RecordedArgs,
    /// The steps that passed, and the one that refused.
    pub guards: Vec<Passed>,
    /// The digest that `qli explain` prints.
    pub plan: Digest,
    /// The script.
    pub program: ProgramFacts,
    /// The manifest.
    pub manifest: FileFacts,
    /// The root that the group came from.
    pub origin: Text,
    /// The manifest that this group shadows: one in a system root, or one with guards
    /// that it lacks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hides: Option<Text>,
    /// The working directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwd: Option<Text>,
    /// The terminal of the standard streams.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tty: Option<Text>,
    /// The process id of qli.
    pub pid: u32,
    /// When qli started, in clock ticks since boot (Linux). With `pid` and
    /// `boot_id` it identifies this process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process_start: Option<u64>,
    /// The kernel's boot id (Linux).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boot_id: Option<String>,
    /// The parent's process id.
    pub ppid: u32,
    /// The parent's program, if qli may read it (Linux).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_exe: Option<Text>,
    /// The uid that logged in to the session, before any su or sudo (Linux); null
    /// if no user did.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(default, schema_with = "uid_or_null")]
    pub login_uid: LoginUid,
    /// Who started the run according to the environment.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(default)]
    pub claimed: Claimed,
}

/// A file and its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct FileFacts {
    /// Its path.
    pub path: Text,
    /// SHA-256 of its bytes.
    pub sha256: Sha256,
}

impl FileFacts {
    pub fn new(path: &Path, sha256: Sha256) -> Self {
        Self {
            path: path.as_os_str().into(),
            sha256,
        }
    }
}

/// The script and its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ProgramFacts {
    /// Its path.
    pub path: Text,
    /// Its inode when it was hashed; absent for a built-in script.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inode: Option<u64>,
    /// SHA-256 of its bytes.
    pub sha256: Sha256,
}

/// Who started a run according to the environment. Any user can set these
/// variables, hence the name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Claimed {
    /// The user who called sudo.
    #[serde(rename = "SUDO_USER", skip_serializing_if = "Option::is_none")]
    pub sudo_user: Option<RecordedArg>,
    /// The uid of that user.
    #[serde(rename = "SUDO_UID", skip_serializing_if = "Option::is_none")]
    pub sudo_uid: Option<RecordedArg>,
    /// The ssh connection: addresses and ports.
    #[serde(rename = "SSH_CONNECTION", skip_serializing_if = "Option::is_none")]
    pub ssh_connection: Option<RecordedArg>,
}

impl Claimed {
    /// Collects the claims; `redact` prepares a value for the record.
    pub fn of(view: &dyn HostView, redact: impl Fn(OsString) -> Text) -> Self {
        let claim = |name: &str| view.var(name).map(|value| recorded_claim(&redact(value)));
        Self {
            sudo_user: claim("SUDO_USER"),
            sudo_uid: claim("SUDO_UID"),
            ssh_connection: claim("SSH_CONNECTION"),
        }
    }
}

/// A step that ran before the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Passed {
    /// The step's name.
    pub step: &'static str,
    /// `pass` or `refuse`.
    pub verdict: &'static str,
    /// For a confirmation `tty`, `typed`, `yes-flag` or `confirm-flag`; for a
    /// refusal its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<&'static str>,
}

/// Whether a field is left out of its record.
pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn uid_or_null(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "oneOf": [{ "type": "integer", "minimum": 0 }, { "type": "null" }] })
}
