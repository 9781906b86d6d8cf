//! The newest record of a log, in one line that can be kept where the log's
//! owner cannot rewrite it.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use super::Log;
use super::append::{AppendError, open};
use super::log_permissions::{LogObstacle, obstacle};
use super::record::Record;
use super::tail::Link;
use crate::host::{Host, HostView, reason};
use crate::manifest::LogAccess;
use crate::names::{Sha256, Text, path_as_text, shell_word, to_json_line};

/// Where the system's log takes what programs tell it (syslog(3)).
const SYSLOG: &str = "/dev/log";

/// Where the newest record of a log is told as well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Anchor {
    /// The system's log.
    Syslog,
    /// A file that is only ever appended to.
    File(#[serde(serialize_with = "path_as_text")] std::path::PathBuf),
}

/// The newest record of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Checkpoint {
    /// The machine.
    pub host: String,
    /// The id of the log's chain.
    pub chain: String,
    /// The record's number.
    pub seq: u64,
    /// Its hash.
    pub hash: Sha256,
    /// When it was written.
    pub timestamp: String,
    /// Its run, if it is of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    /// The log it was in; `-` for standard input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<Text>,
}

impl Checkpoint {
    /// Describes the record before a place in a chain.
    pub(super) fn before<B>(next: &Link, record: &Record<B>, log: &Path) -> Option<Self> {
        Some(Self {
            host: record.host.clone(),
            chain: record.chain.clone(),
            seq: next.seq.checked_sub(1)?,
            hash: Sha256::from_hex(next.prev.as_bytes())?,
            timestamp: record.timestamp.clone(),
            run_id: record.run_id.as_ref().map(ToString::to_string),
            log: Some(log.as_os_str().into()),
        })
    }
}

impl Anchor {
    /// Returns the file that is appended to, as a log whose records are heads:
    /// it may belong to root, and its group may append to it.
    pub(super) fn file(path: &Path) -> Log {
        Log {
            path: path.to_owned(),
            sync: true,
            access: LogAccess::Group,
            anchor: None,
        }
    }

    /// Says why nothing can be told there, as far as looking tells.
    pub fn obstacle(&self, view: &dyn HostView) -> Option<LogObstacle> {
        match self {
            Self::File(path) => obstacle(&Self::file(path), view),
            Self::Syslog => {
                let error = view.stat(Path::new(SYSLOG)).err()?;
                Some(LogObstacle::NoSyslog(SYSLOG.into(), reason(&error)))
            }
        }
    }

    /// Tells a head.
    ///
    /// # Errors
    ///
    /// Why it could not be told, in words.
    pub(super) fn tell(
        &self,
        head: &Checkpoint,
        access: LogAccess,
        host: &mut dyn Host,
    ) -> Result<(), String> {
        let line = to_json_line(head);
        match self {
            Self::Syslog => host
                .syslog(&line)
                .map_err(|error| format!("the system's log takes nothing: {}", reason(&error))),
            Self::File(path) => append(path, access, &(line + "\n"), host),
        }
    }
}

fn append(path: &Path, access: LogAccess, line: &str, host: &mut dyn Host) -> Result<(), String> {
    let log = Anchor::file(path);
    let failed = |error: std::io::Error| {
        let path = shell_word(path);
        format!("the anchor {path} cannot be written: {}", reason(&error))
    };
    let mut file = match open(&log, access, host) {
        Ok(file) => file,
        Err(AppendError::Write(error)) => return Err(failed(error)),
        Err(error) => return Err(error.reason(path)),
    };
    // A line that a full disk cut short is left to itself.
    let length = file.length().map_err(failed)?;
    let last = file.before(length, 1).map_err(failed)?;
    let line = if last.is_empty() || last == b"\n" {
        line.to_owned()
    } else {
        format!("\n{line}")
    };
    let taken = file.append(line.as_bytes()).map_err(failed)?;
    if taken != line.len() {
        return Err(failed(std::io::ErrorKind::WriteZero.into()));
    }
    file.sync().map_err(failed)
}
