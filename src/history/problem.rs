//! What is wrong with a log, and where.

use std::path::Path;
use std::rc::Rc;

use schemars::JsonSchema;
use serde::Serialize;

use super::parsed::{ChainName, ParsedRecord};
use super::short_text::ShortText;
use crate::audit::codec::NotARecord;
use crate::audit::{Checkpoint, to_seconds};
use crate::names::{Sha256, Text, path_as_text, plural, visible};

/// Something that is not as qli wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Problem {
    /// Its name: `changed`, `missing-before`, `out-of-place`, `detached`,
    /// `forked`, `foreign-chain`, `not-a-record`, `empty-line`, `empty-log`, `torn`, `no-line-end`, `torn-line-gone`,
    /// `second-start`, `end-without-start`, `rewritten`, `cut-tail`,
    /// `chain-gone`.
    pub fault: &'static str,
    /// What is wrong, as a message.
    pub message: String,
    /// Where; a record that only an anchor knows has no line.
    #[serde(flatten)]
    pub location: Option<LineLocation>,
    /// The record in that line, if it is one.
    #[serde(flatten)]
    pub record: Option<RecordName>,
    /// What belongs there: a number or a hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// The anchor that does not match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anchor: Option<Checkpoint>,
}

/// A line of an input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LineLocation {
    /// The log; `-` for standard input.
    #[serde(serialize_with = "path_as_text")]
    #[schemars(with = "Text")]
    pub log: Rc<Path>,
    /// The line, from 1.
    pub line: u64,
    /// Where the line begins, in bytes from 0.
    pub offset: u64,
}

/// A record, by the chain it claims.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RecordName {
    /// The machine of the record.
    pub host: String,
    /// The chain of the record.
    pub chain: String,
    /// The number of the record in its chain.
    pub seq: u64,
    /// The run of the record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
}

impl RecordName {
    pub(super) fn new(chain: &ChainName, seq: u64, run_id: Option<&ShortText>) -> Self {
        Self {
            host: chain.host.clone(),
            chain: chain.chain.clone(),
            seq,
            run_id: run_id.map(|id| id.as_str().to_owned()),
        }
    }
}

impl Problem {
    /// Where there is a record, it is the subject of the message.
    fn new(fault: &'static str, message: impl Into<String>) -> Self {
        Self {
            fault,
            message: message.into(),
            location: None,
            record: None,
            expected: None,
            found: None,
            anchor: None,
        }
    }

    fn sides(self, expected: &impl ToString, found: &impl ToString) -> Self {
        Self {
            expected: Some(expected.to_string()),
            found: Some(found.to_string()),
            ..self
        }
    }

    pub(super) fn empty_log() -> Self {
        let message = "the log is empty: its records were removed, or none was written yet";
        Self::new("empty-log", message)
    }

    pub(super) fn empty_line() -> Self {
        Self::new("empty-line", "the line is empty")
    }

    pub(super) fn not_a_record(why: NotARecord) -> Self {
        let why = match why {
            NotARecord::NotJson => "it is not JSON",
            NotARecord::MissingField => "it lacks a field that every record has",
            NotARecord::NotSealed => {
                "it does not end in `prev`, `seq` and `hash` as qli writes them"
            }
            NotARecord::TooLong => "it is too long",
        };
        Self::new("not-a-record", format!("the line is not a record: {why}"))
    }

    pub(super) fn torn(bytes: u64) -> Self {
        let bytes = plural(bytes, "byte");
        Self::new("torn", format!("the last line is cut off after {bytes}"))
    }

    pub(super) fn no_line_end() -> Self {
        Self::new("no-line-end", "is complete, but its line end is missing")
    }

    pub(super) fn changed(sealed: Sha256, computed: Sha256) -> Self {
        let message =
            format!("was changed: its hash must be {sealed:.12}…, but is {computed:.12}…");
        Self::new("changed", message).sides(&sealed, &computed)
    }

    /// Records are missing before this one, or it was moved here.
    pub(super) fn missing_before(due: u64, seq: u64) -> Self {
        let message = match seq - due {
            1 => format!("does not belong here: seq {due} is missing before it"),
            _ => format!(
                "does not belong here: seq {due} to {} are missing before it",
                seq - 1
            ),
        };
        Self::new("missing-before", message).sides(&due, &seq)
    }

    /// The record is a copy of an earlier one, or was moved here.
    pub(super) fn out_of_place(due: u64, seq: u64) -> Self {
        let message =
            format!("does not belong here: it was copied or moved, and seq {due} is next");
        Self::new("out-of-place", message).sides(&due, &seq)
    }

    /// Two records follow the same one.
    pub(super) fn forked() -> Self {
        Self::new(
            "forked",
            "is a second record of this number: one of the two was inserted",
        )
    }

    /// The record belongs to another chain than the log.
    pub(super) fn foreign_chain(own: &str, record: &ParsedRecord) -> Self {
        let (own, found) = (visible(own), visible(&record.chain.chain));
        let message = format!(
            "belongs to chain {found}, not to the chain {own} of this log: it was inserted, \
             or logs were merged"
        );
        Self::new("foreign-chain", message).sides(&own, &found)
    }

    /// The number is right, but the record before it is another one.
    pub(super) fn detached(due: Sha256, prev: Sha256) -> Self {
        let message = format!(
            "must follow the hash {due:.12}… of the record before, but follows {prev:.12}…: \
             one of the two was changed and rehashed"
        );
        Self::new("detached", message).sides(&due, &prev)
    }

    pub(super) fn second_start() -> Self {
        Self::new("second-start", "is a second start of its run")
    }

    pub(super) fn end_without_start() -> Self {
        Self::new("end-without-start", "is an end without a start")
    }

    pub(super) fn torn_line_gone() -> Self {
        let message = "reports a torn line above it, but that line is a different one";
        Self::new("torn-line-gone", message)
    }

    /// The record has another hash than the one that was anchored.
    pub(super) fn rewritten(anchor: Checkpoint) -> Self {
        let time = to_seconds(&anchor.timestamp);
        let message = format!(
            "must have the hash {:.12}…, which was anchored at {time}: the log was rewritten",
            anchor.hash
        );
        Self {
            expected: Some(anchor.hash.to_string()),
            anchor: Some(anchor),
            ..Self::new("rewritten", message)
        }
    }

    /// The log ends before the record that was anchored.
    pub(super) fn cut_tail(anchor: &Checkpoint, last: u64) -> Self {
        let message = format!(
            "seq {}, anchored at {}, is missing: chain {} of {} ends with seq {last}",
            anchor.seq,
            to_seconds(&anchor.timestamp),
            visible(&anchor.chain),
            visible(&anchor.host)
        );
        Self {
            anchor: Some(anchor.clone()),
            ..Self::new("cut-tail", message).sides(&anchor.seq, &last)
        }
    }

    pub(super) fn chain_gone(anchor: Checkpoint) -> Self {
        let message = format!(
            "chain {} of {}, anchored at {}, is missing",
            visible(&anchor.chain),
            visible(&anchor.host),
            to_seconds(&anchor.timestamp)
        );
        Self {
            anchor: Some(anchor),
            ..Self::new("chain-gone", message)
        }
    }

    /// Says where it is. Lines count from 1 and the `seq` of records from 0, so
    /// the message names a record by that word.
    pub(super) fn at(self, location: LineLocation, record: Option<RecordName>) -> Self {
        let subject = record.as_ref().map(|record| {
            let run = record.run_id.as_deref().map(visible);
            let run = run.map_or(String::new(), |run| format!(" of run {run}"));
            format!("seq {}{run} ", record.seq)
        });
        Self {
            message: subject.unwrap_or_default() + &self.message,
            location: Some(location),
            record,
            ..self
        }
    }
}
