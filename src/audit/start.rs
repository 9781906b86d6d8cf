//! What the first record of a run tells: what is about to run, or was refused,
//! for whom and from where.

use std::ffi::OsString;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

use super::FileFacts;
use super::record::is_zero;
use super::redact::recorded_claim;
use crate::host::{HostView, LoginUid, Signal};
use crate::names::{Digest, Sha256, Text};

/// What a `start` record adds.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct StartRecord {
    /// Names of the secrets handed over.
    pub env_var_names: Vec<String>,
    /// How many more were handed over, whose names there was no room for.
    #[serde(skip_serializing_if = "is_zero")]
    #[schemars(default)]
    pub env_vars_left_out: u64,
    /// What is about to run.
    #[serde(flatten)]
    pub run: RunFacts,
}

/// What a `refused` record adds.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RefusedRecord {
    /// The step that refused; absent where qli could not begin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<&'static str>,
    /// The refusal's stable name, such as `requires-env`; `signal` for a signal.
    pub reason: &'static str,
    /// Why, in words.
    pub message: String,
    /// The code a shell shows: 125, or 128+N for a signal.
    pub exit_code: i32,
    /// The signal.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub signal: Option<Signal>,
    /// What would have run.
    #[serde(flatten)]
    pub run: RunFacts,
}

/// What runs, or was to run: for whom, from where, under which guards.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RunFacts {
    /// Arguments of the script, secrets replaced.
    pub args: RecordedArgs,
    /// The steps that were passed, and the one that refused.
    pub guards: Vec<Passed>,
    /// The digest that `qli explain` prints.
    pub plan: Digest,
    /// The script.
    pub program: ProgramFacts,
    /// The manifest.
    pub manifest: FileFacts,
    /// The root the group came from.
    pub origin: Text,
    /// The manifest in a system root that this group hides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hides: Option<Text>,
    /// Working directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwd: Option<Text>,
    /// Terminal behind the standard streams.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tty: Option<Text>,
    /// Process id of qli.
    pub pid: u32,
    /// When it started, in clock ticks since the machine did (Linux). Together
    /// with `pid` and `boot_id` it means this process and no other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process_start: Option<u64>,
    /// The id of the time since the machine started (Linux).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boot_id: Option<String>,
    /// Its parent's process id.
    pub ppid: u32,
    /// Its parent's program, where it may be asked (Linux).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_exe: Option<Text>,
    /// Who logged in to the session, whoever they have become since (Linux);
    /// null where nobody did.
    #[serde(skip_serializing_if = "Login::is_unknown")]
    #[schemars(default = "unknown_login")]
    pub login_uid: Login,
    /// What the environment says of who is behind the run.
    #[serde(skip_serializing_if = "Claimed::is_empty")]
    #[schemars(default)]
    pub claimed: Claimed,
}

/// Stands for an absent `login_uid` in the schema.
fn unknown_login() -> Login {
    Login(LoginUid::Unknown)
}

/// The script with its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ProgramFacts {
    /// Its path.
    pub path: Text,
    /// Its inode when it was hashed; absent for an embedded script.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inode: Option<u64>,
    /// SHA-256 of its bytes.
    pub sha256: Sha256,
}

/// What the environment says of who is behind a run. Anybody can set these
/// variables, hence the name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Claimed {
    /// Who called sudo.
    #[serde(rename = "SUDO_USER", skip_serializing_if = "Option::is_none")]
    pub sudo_user: Option<RecordedArg>,
    /// With which uid.
    #[serde(rename = "SUDO_UID", skip_serializing_if = "Option::is_none")]
    pub sudo_uid: Option<RecordedArg>,
    /// From where somebody came by ssh: addresses and ports.
    #[serde(rename = "SSH_CONNECTION", skip_serializing_if = "Option::is_none")]
    pub ssh_connection: Option<RecordedArg>,
}

impl Claimed {
    /// Collects the claims; `shown` prepares a value for the record.
    pub fn of(view: &dyn HostView, shown: impl Fn(OsString) -> Text) -> Self {
        let claim = |name: &str| view.var(name).map(|value| recorded_claim(&shown(value)));
        Self {
            sudo_user: claim("SUDO_USER"),
            sudo_uid: claim("SUDO_UID"),
            ssh_connection: claim("SSH_CONNECTION"),
        }
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The uid of whoever logged in to the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Login(pub LoginUid);

impl Login {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde calls it with a reference"
    )]
    fn is_unknown(&self) -> bool {
        self.0 == LoginUid::Unknown
    }
}

impl Serialize for Login {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            LoginUid::Uid(uid) => serializer.serialize_u32(uid),
            LoginUid::None | LoginUid::Unknown => serializer.serialize_none(),
        }
    }
}

impl JsonSchema for Login {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Login".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A uid, or null where nobody logged in",
            "oneOf": [ { "type": "integer", "minimum": 0 }, { "type": "null" } ]
        })
    }
}

/// A step that was passed before the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Passed {
    /// The step's name.
    pub step: &'static str,
    /// `pass`, or `refuse` for the step that refused.
    pub verdict: &'static str,
    /// How: `tty`, `typed`, `yes-flag` or `confirm-flag` for a confirmation; the
    /// name of the refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<&'static str>,
}

/// Arguments as they are recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(deny_unknown_fields)]
pub enum RecordedArgs {
    /// Each of them.
    List(Vec<RecordedArg>),
    /// Too many for one record: how many, and the SHA-256 of all of them, each
    /// followed by NUL.
    Digest {
        /// Number of arguments.
        count: usize,
        /// SHA-256.
        sha256: Sha256,
    },
}

/// One argument, or one claim of the environment, as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(deny_unknown_fields)]
pub enum RecordedArg {
    /// As it was typed, secrets replaced.
    Whole(Text),
    /// The beginning of a long one.
    Cut {
        /// Its first bytes.
        head: Text,
        /// Length of the whole, in bytes.
        len: usize,
        /// SHA-256 of the whole.
        sha256: Sha256,
    },
    /// Nothing but what tells it apart; secrets are replaced before it is hashed.
    Digest {
        /// SHA-256.
        sha256: Sha256,
        /// Length, in bytes.
        len: usize,
    },
}
