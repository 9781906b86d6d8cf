//! A log, and how it is written.

use std::path::PathBuf;

use serde::Serialize;

use crate::manifest::LogAccess;
use crate::names::path_as_text;

/// A log, and how it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Log {
    /// Absolute.
    #[serde(rename = "log", serialize_with = "path_as_text")]
    pub path: PathBuf,
    /// Whether a record is on disk before the run continues.
    pub sync: bool,
    pub access: LogAccess,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anchor: Option<AnchorSink>,
    #[serde(skip)]
    pub setting: LogSetting,
}

/// The setting of a manifest that names a file to append to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogSetting {
    AuditLog,
    Anchor,
}

impl LogSetting {
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::AuditLog => "log",
            Self::Anchor => "anchor",
        }
    }

    pub(super) fn field(self) -> &'static str {
        match self {
            Self::AuditLog => "audit_log",
            Self::Anchor => "anchor",
        }
    }

    /// Where it is in a manifest.
    pub fn path(self) -> &'static [&'static str] {
        match self {
            Self::AuditLog => &["audit_log"],
            Self::Anchor => &["audit", "anchor"],
        }
    }
}

/// Where a copy of each log's newest checkpoint goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AnchorSink {
    Syslog,
    /// An append-only file.
    File(#[serde(serialize_with = "path_as_text")] PathBuf),
}

#[cfg(test)]
impl Log {
    /// A log with the settings that a manifest has without `[audit]`.
    pub(super) fn plain(path: &str) -> Self {
        Self {
            path: path.into(),
            sync: true,
            access: LogAccess::Private,
            anchor: None,
            setting: LogSetting::AuditLog,
        }
    }
}
