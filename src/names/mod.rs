//! Names and texts that are valid by construction: they are checked once, when they are
//! made.

mod command;
mod decoded;
mod digest;
#[cfg(test)]
pub mod encoders;
pub mod exit_code;
mod leftover;
mod loader_variables;
mod named_secrets;
mod path_template;
mod secret_names;
mod spelling;
mod text;
mod time_limit;
mod token;

use std::ffi::OsStr;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

pub use command::{COMMANDS, RESERVED, alternative_for, is_command};
pub use decoded::each_reading;
pub use digest::{Digest, Sha256};
pub use leftover::leftover;
pub use loader_variables::{
    LOADER_VARIABLES, is_loader_variable, name_covers, name_matches, reader_of,
};
pub use named_secrets::{contains_secret, redact_args};
pub use path_template::{PathTemplate, TemplateError, Unset};
pub use secret_names::promises_secret;
pub use text::{
    Text, escaped, grouped, is_hidden, ls_command, path_as_text, plural, shell_line, shell_path,
    shell_word, to_json_line, to_json_pretty, visible, visible_lines, visible_path,
};
pub use time_limit::{TIME_LIMIT_PATTERN, TimeLimit};
pub use token::{is_token, without_tokens};

/// Longest group or extension name, in bytes.
pub const NAME_MAX: usize = 64;

/// The grammar of group and extension names, as a regular expression.
pub const NAME_PATTERN: &str = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$";

/// The grammar of the names of environment variables, as a regular expression.
pub const ENV_NAME_PATTERN: &str = "^[A-Za-z_][A-Za-z0-9_]*$";

/// The grammar of [`EnvPattern`], as a regular expression.
pub const ENV_PATTERN_PATTERN: &str = "^[A-Za-z_][A-Za-z0-9_]*\\*?$";

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("a name cannot be empty")]
    Empty,
    /// In bytes.
    #[error("a name may have at most {NAME_MAX} bytes, this one has {0}")]
    TooLong(usize),
    #[error("a name cannot start with {0:?}")]
    Start(char),
    #[error("a name cannot contain {0:?}")]
    Character(char),
    /// What the file with this name is.
    #[error("such a name is that of {0}")]
    Leftover(&'static str),
}

fn check(
    text: &str,
    start: impl Fn(char) -> bool,
    rest: impl Fn(char) -> bool,
) -> Result<(), NameError> {
    let first = text.chars().next().ok_or(NameError::Empty)?;
    if !start(first) {
        return Err(NameError::Start(first));
    }
    match text.chars().find(|&c| !rest(c)) {
        Some(bad) => Err(NameError::Character(bad)),
        None => Ok(()),
    }
}

fn check_characters(text: &str) -> Result<(), NameError> {
    if text.len() > NAME_MAX {
        return Err(NameError::TooLong(text.len()));
    }
    check(
        text,
        |c| c.is_ascii_alphanumeric(),
        |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'),
    )
}

/// The copy of a group lacks the guards that its original got later, as that of a script.
fn check_name(text: &str) -> Result<(), NameError> {
    check_characters(text)?;
    leftover(text).map_or(Ok(()), |what| Err(NameError::Leftover(what)))
}

/// Whether a text is a UUID in lower case.
pub fn is_uuid(text: &str) -> bool {
    let fits = |(at, byte)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
    };
    text.len() == 36 && text.bytes().enumerate().all(fits)
}

fn check_env_name(text: &str) -> Result<(), NameError> {
    check(
        text,
        |c| c.is_ascii_alphabetic() || c == '_',
        |c| c.is_ascii_alphanumeric() || c == '_',
    )
}

/// Declares a newtype over `String` that only `FromStr` creates.
macro_rules! checked_name {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                let check: fn(&str) -> Result<(), NameError> = $check;
                check(text).map(|()| Self(text.to_owned()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

checked_name!(
    /// The name of a group: the directory that contains its `_manifest.toml`, which is
    /// no copy of another one.
    GroupName,
    check_name
);

checked_name!(
    /// The name of an extension: the file name of a script of a group, which no
    /// editor or package manager has left behind.
    ExtensionName,
    check_name
);

checked_name!(
    /// The name of an environment variable, `[A-Za-z_][A-Za-z0-9_]*`.
    ///
    /// It contains neither `=` nor NUL, so that setting it can never fail.
    EnvName,
    check_env_name
);

checked_name!(
    /// The name of an environment variable, or the beginning of several with a final `*`.
    EnvPattern,
    |text| check_env_name(text.strip_suffix('*').unwrap_or(text))
);

impl EnvPattern {
    pub fn matches(&self, name: &OsStr) -> bool {
        name_matches(&self.0, name)
    }
}

/// The reference of a secret, in the grammar of its provider. If it looks like the
/// value of a secret, only its beginning is displayed and serialised.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, JsonSchema)]
#[schemars(with = "String")]
pub struct SecretRef(String);

impl SecretRef {
    /// For the provider only.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_token(&self) -> bool {
        is_token(&self.0)
    }

    /// A text about this reference. If it looks like the value of a secret, so do its
    /// parts, which a path or a command contains.
    pub fn hidden_in(&self, text: String) -> String {
        if !self.is_token() {
            return text;
        }
        without_tokens(&text.replace(&self.0, &self.to_string())).into_owned()
    }
}

impl FromStr for SecretRef {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretRef({self})")
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_token() {
            return f.write_str(&token::shortened(&self.0));
        }
        f.write_str(&visible(&self.0))
    }
}

impl Serialize for SecretRef {
    /// What is hidden is still in the digest of a plan, by its own digest.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !self.is_token() {
            return serializer.serialize_str(&self.0);
        }
        let sha256 = Sha256::of(self.0.as_bytes());
        serializer.collect_str(&format_args!("{self} (sha256:{sha256})"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_name_consists_of_letters_digits_and_three_marks() {
        for good in ["a", "db-prod", "k8s.eu", "0x", "A_b"] {
            assert_eq!(good.parse::<GroupName>().unwrap().as_str(), good);
        }
        assert_eq!("".parse::<GroupName>(), Err(NameError::Empty));
        assert_eq!("_x".parse::<GroupName>(), Err(NameError::Start('_')));
        assert_eq!(".x".parse::<GroupName>(), Err(NameError::Start('.')));
        assert_eq!("a/b".parse::<GroupName>(), Err(NameError::Character('/')));
        assert_eq!("é".parse::<GroupName>(), Err(NameError::Start('é')));
        assert_eq!(
            "a".repeat(65).parse::<GroupName>(),
            Err(NameError::TooLong(65))
        );
        assert!("a".repeat(64).parse::<GroupName>().is_ok());
    }

    #[test]
    fn a_leftover_is_no_extension_and_no_group() {
        let error = "deploy.orig".parse::<ExtensionName>().unwrap_err();
        assert_eq!(error, NameError::Leftover("a backup"));
        let error = "ops.bak".parse::<GroupName>().unwrap_err();
        assert_eq!(error, NameError::Leftover("a backup"));
    }

    #[test]
    fn an_env_name_is_what_every_shell_accepts() {
        assert!("_A1".parse::<EnvName>().is_ok());
        assert_eq!("1A".parse::<EnvName>(), Err(NameError::Start('1')));
        assert_eq!("A=B".parse::<EnvName>(), Err(NameError::Character('=')));
        assert_eq!("A\0".parse::<EnvName>(), Err(NameError::Character('\0')));
    }
}
