//! One line of a log: a record as JSON whose last three fields, `prev`, `seq`
//! and `hash`, seal it into its chain. Whatever reads or writes a record goes
//! through here.

use std::borrow::Cow;
use std::ops::Deref;

use schemars::JsonSchema;
use serde::de::IntoDeserializer as _;
use serde::{Deserialize, Serialize};

use crate::names::Sha256;

/// Largest record, in bytes, with its line end.
pub const RECORD_MAX: usize = 64 * 1024;

/// Longest id of a chain, in bytes: it is repeated in every record.
const CHAIN_MAX: usize = 64;

/// No log has so many records: the largest whole number that every JSON reader keeps
/// exactly (RFC 8259, section 6).
const SEQ_MAX: u64 = 1 << 53;

/// What a record reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventName {
    /// The script is about to be started.
    Start,
    /// The script ran and ended.
    Finish,
    /// The run was interrupted.
    Interrupted,
    /// The script could not be started.
    SpawnFailed,
    /// A guard refused the run, or a signal ended it, before its start.
    Refused,
    /// The line before this one is torn.
    Recovered,
}

impl EventName {
    /// Reads a name; `None` for an event that this version does not know.
    pub fn of(name: &str) -> Option<Self> {
        let name: serde::de::value::StrDeserializer<'_, serde::de::value::Error> =
            name.into_deserializer();
        Self::deserialize(name).ok()
    }

    /// Returns whether it ends a run that has started.
    pub fn is_end(self) -> bool {
        matches!(self, Self::Finish | Self::Interrupted | Self::SpawnFailed)
    }
}

/// A string of a record, borrowed unless something in it is escaped. (serde
/// borrows a `Cow`, but not one inside an `Option`.)
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Str<'a>(#[serde(borrow)] Cow<'a, str>);

impl Deref for Str<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// The fields that every record has, and those that matter to its chain.
#[derive(Debug, Deserialize)]
pub struct Envelope<'a> {
    #[serde(borrow)]
    event: Str<'a>,
    #[serde(borrow)]
    pub timestamp: Str<'a>,
    #[serde(borrow)]
    pub host: Str<'a>,
    #[serde(borrow)]
    pub chain: Str<'a>,
    #[serde(borrow)]
    pub run_id: Option<Str<'a>>,
    #[serde(default)]
    pub spooled: bool,
    #[serde(default)]
    pub start_gone: bool,
    torn_bytes: Option<u64>,
    #[serde(borrow)]
    torn_hash: Option<Str<'a>>,
}

impl<'a> Envelope<'a> {
    pub fn of(json: &'a [u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(json)
    }

    /// Returns the event; `None` for one that this version does not know.
    pub fn event(&self) -> Option<EventName> {
        EventName::of(&self.event)
    }

    /// Returns when it was written, in milliseconds since 1970.
    pub fn millis(&self) -> Option<i64> {
        let time = chrono::DateTime::parse_from_rfc3339(&self.timestamp).ok()?;
        Some(time.timestamp_millis())
    }

    /// Returns the length and hash of the torn line that a `recovered` record
    /// describes.
    pub fn torn(&self) -> Option<(u64, Sha256)> {
        let hash = Sha256::from_hex(self.torn_hash.as_ref()?.as_bytes())?;
        Some((self.torn_bytes?, hash))
    }
}

/// The three fields that end a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seal {
    /// The hash of the record before; zeros in the first.
    pub prev: Sha256,
    /// The record's number, from 0.
    pub seq: u64,
    /// The hash over the line up to `,"hash"`.
    pub hash: Sha256,
}

impl Seal {
    /// Reads the seal that a line claims, and the bytes its hash is over. Only
    /// these exact bytes end a record: the same JSON spaced differently has
    /// another hash.
    pub fn of(line: &[u8]) -> Option<(Self, &[u8])> {
        let (hashed, hash) = strip_hash(line.strip_suffix(b"\"}")?, b",\"hash\":\"")?;
        let digits = hashed.iter().rev().take_while(|byte| byte.is_ascii_digit());
        let (before, seq) = hashed.split_at_checked(hashed.len() - digits.count())?;
        let seq = str::from_utf8(seq).ok()?.parse().ok()?;
        let (_, prev) = strip_hash(before.strip_suffix(b"\",\"seq\":")?, b",\"prev\":\"")?;
        Some((Self { prev, seq, hash }, hashed))
    }
}

/// Splits a text that ends in a key and 64 digits.
fn strip_hash<'a>(text: &'a [u8], key: &[u8]) -> Option<(&'a [u8], Sha256)> {
    let (before, digits) = text.split_at_checked(text.len().checked_sub(64)?)?;
    Some((before.strip_suffix(key)?, Sha256::from_hex(digits)?))
}

/// Seals a record. Returns its line, with the line end, and its hash.
pub fn seal(json: &str, prev: Sha256, seq: u64) -> (String, Sha256) {
    let open = json.strip_suffix('}').unwrap_or(json);
    let hashed = format!("{open},\"prev\":\"{prev}\",\"seq\":{seq}");
    let hash = Sha256::of(hashed.as_bytes());
    (format!("{hashed},\"hash\":\"{hash}\"}}\n"), hash)
}

/// A line that is a record.
#[derive(Debug)]
pub struct ParsedLine<'a> {
    pub envelope: Envelope<'a>,
    pub seal: Seal,
    /// The hash of what the line contains; it differs from the sealed one if
    /// the record was changed.
    pub computed: Sha256,
}

/// Why a line is not a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotARecord {
    NotJson,
    /// It lacks a field that every record has.
    MissingField,
    /// It does not end in `prev`, `seq` and `hash` exactly as qli writes them.
    NotSealed,
    TooLong,
}

impl<'a> ParsedLine<'a> {
    /// Parses a line, without its line end.
    pub fn of(line: &'a [u8]) -> Result<Self, NotARecord> {
        let envelope = Envelope::of(line).map_err(|error| {
            if error.is_data() {
                NotARecord::MissingField
            } else {
                NotARecord::NotJson
            }
        })?;
        let (seal, hashed) = Seal::of(line).ok_or(NotARecord::NotSealed)?;
        if line.len() >= RECORD_MAX {
            return Err(NotARecord::TooLong);
        }
        Ok(Self {
            envelope,
            seal,
            computed: Sha256::of(hashed),
        })
    }

    pub fn is_intact(&self) -> bool {
        self.computed == self.seal.hash
    }

    /// Parses a line that is an intact record, whose chain can continue. Anything
    /// else may be in a log, and none of its fields is used.
    pub fn intact(line: &'a [u8]) -> Option<Self> {
        let can_continue =
            |one: &Self| one.seal.seq < SEQ_MAX && one.envelope.chain.len() <= CHAIN_MAX;
        let record = Self::of(line).ok().filter(can_continue)?;
        record.is_intact().then_some(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#""event":"start","timestamp":"t","host":"h","chain":"c""#;

    fn record(body: &str) -> String {
        let (line, _) = seal(&format!("{{{body}}}"), Sha256::of(b""), 7);
        line.trim_end().to_owned()
    }

    #[test]
    fn a_sealed_record_is_read_back_and_a_change_is_detected() {
        let line = record(BODY);
        let parsed = ParsedLine::of(line.as_bytes()).unwrap();
        assert!(parsed.is_intact());
        assert_eq!(parsed.seal.prev, Sha256::of(b""));
        assert_eq!(parsed.seal.seq, 7);
        assert_eq!(parsed.envelope.event(), Some(EventName::Start));
        let changed = line.replace("start", "finish");
        assert!(!ParsedLine::of(changed.as_bytes()).unwrap().is_intact());
    }

    #[test]
    fn the_hash_covers_the_line_up_to_itself() {
        let line = record(BODY);
        let (hashed, _) = line.split_once(",\"hash\"").unwrap();
        let hash = Sha256::of(hashed.as_bytes());
        assert_eq!(line, format!("{hashed},\"hash\":\"{hash}\"}}"));
    }

    #[test]
    fn a_line_that_is_not_a_record_says_why() {
        let why = |line: &str| ParsedLine::of(line.as_bytes()).unwrap_err();
        assert_eq!(why("hello"), NotARecord::NotJson);
        assert_eq!(why("{}"), NotARecord::MissingField);
        assert_eq!(why(&"[".repeat(9000)), NotARecord::MissingField);
        assert_eq!(why(&format!("{{{BODY}}}")), NotARecord::NotSealed);
        let spaced = record(BODY).replace(",\"seq\":7", ", \"seq\":7");
        assert_eq!(why(&spaced), NotARecord::NotSealed);
        let broken = record(BODY).replace("\"event\"", "\"event");
        assert_eq!(why(&broken), NotARecord::NotJson);
        assert!(Seal::of(broken.as_bytes()).is_some());
    }

    #[test]
    fn an_event_of_a_later_version_has_no_name() {
        let line = record(&BODY.replace("start", "sealed"));
        let parsed = ParsedLine::of(line.as_bytes()).unwrap();
        assert_eq!(parsed.envelope.event(), None);
    }
}
