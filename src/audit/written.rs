//! Where a record was written, and whether it is still there.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::checkpoint::Checkpoint;
use super::record::Record;
use super::tail::{Link, first_record};
use crate::host::LogFile;
use crate::names::Sha256;

/// Where a record was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Written {
    pub(super) chain: String,
    seq: u64,
    hash: Sha256,
    /// Where its line ends, with the line end.
    end: u64,
}

impl Written {
    /// Describes the record before a link, which is the last one of its log.
    pub(super) fn before(next: &Link, end: u64) -> Self {
        Self {
            chain: next.chain.clone().unwrap_or_default(),
            seq: next.seq.saturating_sub(1),
            hash: next.prev,
            end,
        }
    }

    pub(super) fn checkpoint<B>(&self, record: &Record<B>, log: &Path) -> Checkpoint {
        Checkpoint {
            host: record.host.clone(),
            chain: self.chain.clone(),
            seq: self.seq,
            hash: self.hash,
            timestamp: record.timestamp.clone(),
            run_id: record.run_id.as_ref().map(ToString::to_string),
            log: Some(log.as_os_str().into()),
        }
    }

    /// Returns whether the record is no longer in its log, which is locked and
    /// continues at a link: the log was removed, emptied or replaced.
    ///
    /// After a rotation it is in an older file. Then this file's chain continues
    /// that one's, and its first record has a higher number.
    pub(super) fn is_gone(&self, log: &dyn LogFile, length: u64, next: &Link) -> io::Result<bool> {
        if next.chain.as_ref() != Some(&self.chain) || next.seq <= self.seq {
            return Ok(true);
        }
        if self.end <= length {
            let seal = format!("\"hash\":\"{}\"}}\n", self.hash);
            if log.before(self.end, seal.len() as u64)? == seal.as_bytes() {
                return Ok(false);
            }
        }
        let first = first_record(log, length)?;
        Ok(first.is_some_and(|(_, seq)| seq <= self.seq))
    }
}
