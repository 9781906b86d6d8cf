//! The newest record of a log, in one line to keep where the log's owner cannot
//! rewrite it.

use std::io;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::backwards::search_back;
use super::codec::ParsedLine;
use super::log::{AnchorSink, Log, LogSetting};
use super::log_obstacle::LogObstacle;
use super::log_permissions::obstacle;
use super::open_log::{AppendError, Unanchored, open, put_bytes};
use crate::host::{FileKind, Host, HostView, beyond_the_path, diagnosis, reason};
use crate::manifest::LogAccess;
use crate::names::{Sha256, Text, shell_word, to_json_line};

/// The socket of the system log (syslog(3)).
const SYSLOG: &str = "/dev/log";

/// The newest record of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Checkpoint {
    /// The machine's name.
    pub host: String,
    /// The id of the log's chain.
    pub chain: String,
    /// The record's number.
    pub seq: u64,
    /// The record's hash.
    pub hash: Sha256,
    /// When it was written.
    pub timestamp: String,
    /// The record's run, if it belongs to one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    /// The log it was in; `-` for standard input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<Text>,
}

impl Checkpoint {
    pub fn of(line: &ParsedLine<'_>, log: &Path) -> Self {
        let envelope = &line.envelope;
        Self {
            host: envelope.host.to_string(),
            chain: envelope.chain.to_string(),
            seq: line.seal.seq,
            hash: line.seal.hash,
            timestamp: envelope.timestamp.to_string(),
            run_id: envelope.run_id.as_deref().map(str::to_owned),
            log: Some(log.as_os_str().into()),
        }
    }

    /// Describes the last intact record of a log of some length.
    pub fn newest(
        length: u64,
        before: impl FnMut(u64, u64) -> io::Result<Vec<u8>>,
        log: &Path,
    ) -> io::Result<Option<Self>> {
        search_back(length, before, |line| {
            ParsedLine::intact(line.bytes).map(|record| Self::of(&record, log))
        })
    }
}

impl AnchorSink {
    /// Treats the file as a log: it may belong to root, and its group may append
    /// to it.
    pub fn file(path: &Path) -> Log {
        Log {
            path: path.to_owned(),
            sync: true,
            access: LogAccess::Group,
            anchor: None,
            setting: LogSetting::Anchor,
        }
    }

    /// Returns why it cannot be written, without modifying anything.
    pub fn obstacle(&self, view: &dyn HostView) -> Option<LogObstacle> {
        match self {
            Self::File(path) => obstacle(&Self::file(path), view),
            Self::Syslog => syslog_obstacle(view),
        }
    }

    /// Writes a checkpoint.
    pub(super) fn write(
        &self,
        checkpoint: &Checkpoint,
        access: LogAccess,
        host: &mut dyn Host,
    ) -> Result<(), Unanchored> {
        let line = to_json_line(checkpoint);
        match self {
            Self::Syslog => host.syslog(&line).map_err(|error| Unanchored {
                reason: format!("cannot write to the system log: {}", reason(&error)),
                diagnosis: Some(diagnosis(&error, Path::new(SYSLOG))),
            }),
            Self::File(path) => append(path, access, &(line + "\n"), host),
        }
    }
}

fn syslog_obstacle(view: &dyn HostView) -> Option<LogObstacle> {
    let socket = Path::new(SYSLOG);
    let found = match view.stat(socket) {
        Ok(stat) if stat.kind == FileKind::Special => return None,
        Ok(stat) => format!("it is {}", stat.kind.as_str()),
        Err(error) => reason(&error),
    };
    Some(LogObstacle::of_setting(
        LogSetting::Anchor,
        format!("cannot write to the system log {SYSLOG}: {found}"),
        "start the system log, or use a file for `anchor`",
    ))
}

fn append(
    path: &Path,
    access: LogAccess,
    line: &str,
    host: &mut dyn Host,
) -> Result<(), Unanchored> {
    let log = AnchorSink::file(path);
    let failed = |error: io::Error| Unanchored {
        diagnosis: beyond_the_path(&error, path.parent().unwrap_or(path)),
        reason: format!(
            "cannot write the anchor {}: {}",
            shell_word(path),
            reason(&error)
        ),
    };
    let mut file = match open(&log, access, host) {
        Ok(file) => file,
        Err(AppendError::Write(error)) => return Err(failed(error)),
        Err(error) => {
            let (reason, diagnosis) = (error.reason(path), error.diagnosis(path));
            return Err(Unanchored { reason, diagnosis });
        }
    };
    // A line cut short by a full disk is left as it is.
    let length = file.length().map_err(failed)?;
    let last = file.before(length, 1).map_err(failed)?;
    let line = if last.is_empty() || last == b"\n" {
        line.to_owned()
    } else {
        format!("\n{line}")
    };
    put_bytes(&mut *file, line.as_bytes()).map_err(failed)?;
    file.sync().map_err(failed)
}
