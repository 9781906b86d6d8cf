//! What one line tells of itself: is it a record, is it as it was written,
//! and where in its chain does it belong?

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

use super::blocks::{Block, lines};
use super::compact::{Id, Time};
use crate::names::Sha256;

/// A text of a record, borrowed where nothing in it is escaped.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(super) struct Str<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// The fields of a record that decide about its chain.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    event: Str<'a>,
    #[serde(borrow)]
    timestamp: Str<'a>,
    #[serde(borrow)]
    host: Str<'a>,
    #[serde(borrow)]
    chain: Str<'a>,
    #[serde(borrow)]
    run_id: Option<Str<'a>>,
    #[serde(default)]
    spooled: bool,
    torn_bytes: Option<u64>,
    #[serde(borrow)]
    torn_hash: Option<Str<'a>>,
}

/// The fields that end a record, and the bytes that its hash is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ending<'a> {
    pub(super) hashed: &'a [u8],
    pub(super) tail: Tail,
}

/// The place in the chain that a line claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tail {
    pub(super) prev: Sha256,
    pub(super) seq: u64,
    pub(super) hash: Sha256,
}

/// Reads `,"prev":"…","seq":…,"hash":"…"}` off the end of a line. Only these
/// exact bytes end a record: another JSON text of the same value has another
/// hash.
pub(super) fn ending(line: &[u8]) -> Option<Ending<'_>> {
    let (hashed, hash) = quoted_hash(line.strip_suffix(b"\"}")?, b",\"hash\":\"")?;
    let digits = hashed.iter().rev().take_while(|byte| byte.is_ascii_digit());
    let (before, seq) = hashed.split_at_checked(hashed.len() - digits.count())?;
    let seq = str::from_utf8(seq).ok()?.parse().ok()?;
    let (_, prev) = quoted_hash(before.strip_suffix(b"\",\"seq\":")?, b",\"prev\":\"")?;
    let tail = Tail { prev, seq, hash };
    Some(Ending { hashed, tail })
}

/// Splits a text that ends in a key and 64 digits.
fn quoted_hash<'a>(text: &'a [u8], key: &[u8]) -> Option<(&'a [u8], Sha256)> {
    let (before, digits) = text.split_at_checked(text.len().checked_sub(64)?)?;
    Some((before.strip_suffix(key)?, Sha256::from_hex(digits)?))
}

/// What a record is about, as far as it concerns the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EventKind {
    /// A run begins.
    Start,
    /// A run ends.
    End,
    /// The line above is torn: its length and hash.
    Recovered(Option<(u64, Sha256)>),
    /// Anything else.
    Other,
}

/// A line that is a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ParsedRecord {
    /// Which of [`Examined::chains`] it belongs to.
    pub(super) of: usize,
    pub(super) role: EventKind,
    pub(super) run_id: Option<Id>,
    pub(super) timestamp: Time,
    pub(super) spooled: bool,
    pub(super) tail: Tail,
    /// The hash of what it holds now; another than the one it claims if it was
    /// changed.
    pub(super) computed: Sha256,
}

/// Why a line is no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotARecord {
    /// It is no JSON text.
    NoJson,
    /// It lacks what every record has.
    NoRecord,
    /// It does not end in `prev`, `seq` and `hash` as qli writes them.
    NoEnding,
    /// It is longer than any record.
    TooLong,
}

/// What a line is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    Empty,
    Record(ParsedRecord),
    /// No record; where its end still claims a place, that too.
    NotARecord(NotARecord, Option<Tail>, Sha256),
}

/// A line that was looked at by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) offset: u64,
    pub(super) length: u64,
    pub(super) ended: bool,
    pub(super) what: What,
}

/// A block whose lines were looked at, each by itself.
#[derive(Debug, Default)]
pub(super) struct Examined {
    /// The chains that its records belong to: host and chain.
    pub(super) chains: Vec<(String, String)>,
    pub(super) seen: Vec<Seen>,
}

/// Looks at each line of a block. This is nearly all the work there is, and it
/// depends on nothing else: it can be done on any processor.
pub(super) fn examine(block: &Block) -> Examined {
    let (offset, bytes) = match block {
        Block::Lines { offset, bytes } => (*offset, bytes),
        Block::TooLong { offset, length } => {
            let what = What::NotARecord(NotARecord::TooLong, None, Sha256::of(b""));
            let seen = Seen {
                offset: *offset,
                length: *length,
                ended: true,
                what,
            };
            return Examined {
                seen: vec![seen],
                ..Examined::default()
            };
        }
    };
    let mut chains = Chains::default();
    let seen = lines(offset, bytes).map(|line| Seen {
        offset: line.offset,
        length: line.bytes.len() as u64,
        ended: line.ended,
        what: what(line.bytes, &mut chains),
    });
    Examined {
        seen: seen.collect(),
        chains: chains.names,
    }
}

fn what(line: &[u8], chains: &mut Chains) -> What {
    if line.is_empty() {
        return What::Empty;
    }
    let ending = ending(line);
    let front = serde_json::from_slice::<Envelope<'_>>(line);
    let (front, Ending { hashed, tail }) = match (front, ending) {
        (Ok(front), Some(ending)) => (front, ending),
        (front, ending) => {
            let why = match front {
                Err(error) if error.is_data() => NotARecord::NoRecord,
                Err(_) => NotARecord::NoJson,
                Ok(_) => NotARecord::NoEnding,
            };
            return What::NotARecord(why, ending.map(|ending| ending.tail), Sha256::of(line));
        }
    };
    let torn_hash = front
        .torn_hash
        .and_then(|hash| Sha256::from_hex(hash.0.as_bytes()));
    What::Record(ParsedRecord {
        of: chains.index(&front.host.0, &front.chain.0),
        role: match &*front.event.0 {
            "start" => EventKind::Start,
            "finish" | "interrupted" | "spawn_failed" => EventKind::End,
            "recovered" => EventKind::Recovered(front.torn_bytes.zip(torn_hash)),
            _ => EventKind::Other,
        },
        run_id: front.run_id.map(|id| Id::of(&id.0)),
        timestamp: Time::of(&front.timestamp.0),
        spooled: front.spooled,
        tail,
        computed: Sha256::of(hashed),
    })
}

/// The chains met in one block, each with its number.
#[derive(Default)]
struct Chains {
    names: Vec<(String, String)>,
    numbers: BTreeMap<(String, String), usize>,
    latest: usize,
}

impl Chains {
    fn index(&mut self, host: &str, chain: &str) -> usize {
        let latest = self.names.get(self.latest);
        if !latest.is_some_and(|(h, c)| h == host && c == chain) {
            let name = (host.to_owned(), chain.to_owned());
            let next = self.names.len();
            self.latest = *self.numbers.entry(name.clone()).or_insert(next);
            if self.latest == next {
                self.names.push(name);
            }
        }
        self.latest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> What {
        let block = Block::Lines {
            offset: 0,
            bytes: line.as_bytes().to_vec(),
        };
        examine(&block).seen.remove(0).what
    }

    fn record(body: &str) -> String {
        let hashed = format!("{{{body},\"prev\":\"{}\",\"seq\":7", "0".repeat(64));
        let hash = Sha256::of(hashed.as_bytes());
        format!("{hashed},\"hash\":\"{hash}\"}}")
    }

    const BODY: &str = r#""event":"start","timestamp":"t","host":"h","chain":"c""#;

    #[test]
    fn a_record_is_read_with_its_place_and_its_real_hash() {
        let What::Record(facts) = of(&record(BODY)) else {
            panic!("no record")
        };
        assert_eq!((facts.tail.seq, facts.role), (7, EventKind::Start));
        assert_eq!(facts.computed, facts.tail.hash);
        let What::Record(facts) = of(&record(BODY).replace("start", "finish")) else {
            panic!("no record")
        };
        assert_ne!(facts.computed, facts.tail.hash);
    }

    #[test]
    fn what_is_no_record_says_why_and_keeps_the_place_it_claims() {
        let why = |line: &str| match of(line) {
            What::NotARecord(why, tail, _) => (why, tail.is_some()),
            other @ (What::Empty | What::Record(_)) => panic!("{other:?}"),
        };
        assert_eq!(why("hello"), (NotARecord::NoJson, false));
        assert_eq!(why("{}"), (NotARecord::NoRecord, false));
        assert_eq!(why(&"[".repeat(9000)), (NotARecord::NoRecord, false));
        assert_eq!(why(&format!("{{{BODY}}}")), (NotARecord::NoEnding, false));
        let broken = record(BODY).replace("\"event\"", "\"event");
        assert_eq!(why(&broken), (NotARecord::NoJson, true));
        let spaced = record(BODY).replace(",\"seq\":7", ", \"seq\":7");
        assert_eq!(why(&spaced), (NotARecord::NoEnding, false));
        assert_eq!(of("\n"), What::Empty);
    }
}
