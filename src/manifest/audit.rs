//! The settings of the audit log, `[audit]`: what is recorded, how surely, and
//! who else may read it.

use std::ops::Range;

use super::Located;
use super::choice::choice;
use crate::names::PathTemplate;

choice! {
    /// How the arguments of a script are recorded. No choice ever writes the value
    /// of a secret.
    ArgsMode "value of `args`" {
        /// As they were typed.
        Full = "full",
        /// Without the values of options such as `--password`, of `Authorization`
        /// headers, and of passwords in URLs.
        #[default]
        Redacted = "redacted",
        /// Only the length and the SHA-256 of each.
        Digest = "digest",
    }
}

choice! {
    /// Who else may use the log.
    LogAccess "value of `access`" {
        /// Nobody: mode 0600.
        #[default]
        Private = "private",
        /// The file's group may read it, for a collector: mode 0640.
        GroupRead = "group-read",
        /// The file's group may append to it, for a team with one log: mode 0660.
        Group = "group",
    }
}

impl LogAccess {
    /// Returns the mode that a new log is given, the most that an old one may
    /// have.
    pub fn mode(self) -> u32 {
        match self {
            Self::Private => 0o600,
            Self::GroupRead => 0o640,
            Self::Group => 0o660,
        }
    }
}

/// Where the newest record's hash is also sent, so that a log that was cut or
/// rewritten can be found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnchorTarget {
    /// The system's log, by `/dev/log`.
    Syslog,
    /// A file that is only ever appended to.
    File(PathTemplate),
}

/// How runs are recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditSettings {
    /// Whether a run that was refused before its start record is recorded too.
    pub refusals: bool,
    /// Whether a record is on disk before the run goes on.
    pub sync: bool,
    /// How arguments are recorded.
    pub args: ArgsMode,
    /// Who else may use the log.
    pub access: LogAccess,
    /// Where the newest record's hash is sent.
    pub anchor: Option<Located<AnchorTarget>>,
}

impl Default for AuditSettings {
    fn default() -> Self {
        Self {
            refusals: false,
            sync: true,
            args: ArgsMode::default(),
            access: LogAccess::default(),
            anchor: None,
        }
    }
}

/// The log that a manifest declares, with its settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLog {
    /// Its path.
    pub path: PathTemplate,
    /// Bytes of the manifest's text: the path.
    pub span: Range<usize>,
    /// How runs are recorded in it.
    pub settings: AuditSettings,
}

impl AuditLog {
    /// Returns the paths that it names: the field, the path, its place.
    pub fn paths(&self) -> impl Iterator<Item = (&'static str, &PathTemplate, &Range<usize>)> {
        let anchor = self.settings.anchor.as_ref();
        let anchor = anchor.and_then(|anchor| match &anchor.value {
            AnchorTarget::Syslog => None,
            AnchorTarget::File(path) => Some(("anchor", path, &anchor.span)),
        });
        std::iter::once(("audit_log", &self.path, &self.span)).chain(anchor)
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::super::choice::Choice;
    use super::*;

    fn words_are_serialised<T: Choice + Serialize>() {
        for one in T::ALL {
            assert_eq!(serde_json::to_value(one).unwrap(), one.word());
        }
    }

    #[test]
    fn every_choice_has_the_word_that_is_serialised() {
        words_are_serialised::<ArgsMode>();
        words_are_serialised::<LogAccess>();
    }
}
