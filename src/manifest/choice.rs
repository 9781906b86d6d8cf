//! Fields with a few fixed values.

use crate::providers::Meaning;

/// A field with a few fixed values.
pub(super) trait Choice: Copy + schemars::JsonSchema + 'static {
    const ALL: &'static [Self];

    /// The value as a manifest writes it.
    fn word(self) -> &'static str;
}

impl Choice for Meaning {
    const ALL: &'static [Self] = &Self::ALL;

    fn word(self) -> &'static str {
        self.as_str()
    }
}

macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
        #[derive(serde::Serialize, schemars::JsonSchema)]
        pub enum $name { $($(#[$of])* #[serde(rename = $word)] $variant,)* }

        impl Choice for $name {
            const ALL: &'static [Self] = &[$(Self::$variant,)*];

            fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }
    };
}

choice! {
    /// What the user types to confirm a run. Later values are stricter.
    ConfirmBy {
        /// `y`; `--yes` answers it too.
        #[default]
        Key = "key",
        /// The name of the group. `--yes` does not answer it; without a terminal
        /// `--confirm NAME` does.
        Name = "name",
    }
}

choice! {
    /// What a script gets of qli's environment. Later values are stricter.
    EnvironmentPolicy {
        /// Everything.
        #[default]
        Inherit = "inherit",
        /// Everything but what decides which code runs, such as `BASH_ENV`.
        Scrub = "scrub",
        /// Only what is kept, and a few variables that most scripts need.
        Clean = "clean",
    }
}

choice! {
    /// Whether the values of secrets are replaced in what a script prints. Later values
    /// mask more.
    Mask {
        /// Nothing is replaced, and the script gets qli's own streams.
        #[default]
        Off = "off",
        /// In standard output and standard error, each unless it is a terminal.
        Pipes = "pipes",
        /// On a terminal, too: the script gets a terminal of its own.
        Terminal = "terminal",
    }
}

choice! {
    /// How the arguments of a script are recorded. The value of a secret is never
    /// written.
    ArgsMode {
        /// As they were typed.
        Full = "full",
        /// Without the values of options such as `--password`, of `Authorization`
        /// headers, passwords in URLs, and tokens of well-known services.
        #[default]
        Redacted = "redacted",
        /// Only the length and the SHA-256 of each.
        Digest = "digest",
    }
}

choice! {
    /// Who else may use the log.
    LogAccess {
        /// No one: mode 0600.
        #[default]
        Private = "private",
        /// The file's group may read it, for a collector: mode 0640.
        GroupRead = "group-read",
        /// The file's group may append to it, for a log that a team shares: mode 0660.
        Group = "group",
    }
}

impl Mask {
    /// As a manifest writes it.
    pub fn as_str(self) -> &'static str {
        self.word()
    }
}

impl EnvironmentPolicy {
    /// As a manifest writes it.
    pub fn as_str(self) -> &'static str {
        self.word()
    }
}

impl LogAccess {
    /// The mode of a new log, and the most that an existing one may have.
    pub fn mode(self) -> u32 {
        match self {
            Self::Private => 0o600,
            Self::GroupRead => 0o640,
            Self::Group => 0o660,
        }
    }
}

choice! {
    /// How a script gets a secret.
    Deliver {
        /// Its variable has the value.
        #[default]
        Env = "env",
        /// Its variable has the path of a private file, which is removed when the script
        /// ends.
        File = "file",
        /// Its variable has the path of an open descriptor, `/dev/fd/N`, which only the
        /// script and what it starts inherit.
        Fd = "fd",
    }
}

impl Deliver {
    pub fn is_env(self) -> bool {
        self == Self::Env
    }
}
