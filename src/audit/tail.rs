//! The end of a log: where its chain continues, and whether its last line is
//! complete.

use std::io::{self, BufRead as _};

use sha2::Digest as _;

use super::backwards::search_back;
use super::codec::{self, Envelope, ParsedLine, RECORD_MAX};
use super::id::RunId;
use crate::host::{Host, LogFile};
use crate::names::Sha256;

/// How much of a log's beginning is read first: usually a record and more.
const FIRST_READ: u64 = 4 << 10;

/// How much of a torn line is hashed at once.
const PIECE: u64 = 1 << 20;

/// Where the next record goes in a log's chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The log's id; `None` before its first record.
    pub chain: Option<String>,
    /// The hash of the record before; zeros for the first.
    pub prev: Sha256,
    /// The number of the next record.
    pub seq: u64,
}

impl Link {
    /// The beginning of a chain.
    pub const FIRST: Self = Self {
        chain: None,
        prev: Sha256::from_bytes([0; 32]),
        seq: 0,
    };

    /// Continues after a line, if it is an intact record.
    fn after(line: &[u8]) -> Option<Self> {
        let record = ParsedLine::intact(line)?;
        Some(Self {
            chain: Some(record.envelope.chain.to_string()),
            prev: record.seal.hash,
            seq: record.seal.seq + 1,
        })
    }

    /// Gives a chain that begins here its id.
    pub(super) fn with_chain(mut self, host: &mut dyn Host) -> io::Result<Self> {
        if self.chain.is_none() {
            self.chain = Some(RunId::new(host)?.as_str().to_owned());
        }
        Ok(self)
    }

    /// Seals a record as the next one. Returns its line, with the line end,
    /// and where the record after it goes.
    pub fn seal(&self, json: &str) -> (String, Self) {
        let (line, prev) = codec::seal(json, self.prev, self.seq);
        let next = Self {
            chain: self.chain.clone(),
            prev,
            seq: self.seq + 1,
        };
        (line, next)
    }
}

/// How a log ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LogEnd {
    /// Where the chain continues.
    pub(super) link: Link,
    pub(super) last_line: LastLine,
}

/// Whether a log's last line is complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LastLine {
    /// It is, or the log is empty.
    Complete,
    /// An intact record that lacks only its line end.
    NoLineEnd,
    /// A torn line: its length and hash.
    Torn(u64, Sha256),
}

/// Reads how an open log of some length ends. Its chain continues after the last
/// intact record of the chain that the log begins with. Whatever else is in it was
/// written by another program, and neither ends the chain nor changes it. The log's
/// chain may be `known`.
pub(super) fn log_end(log: &dyn LogFile, length: u64, known: Option<&str>) -> io::Result<LogEnd> {
    let (mut link, last_line) = log_end_of(log, length, None)?;
    let found = link.chain.as_deref();
    if found != known && found.is_none_or(|chain| !begins_with(log, length, chain)) {
        let own = first_record(log, length)?.map(|(chain, _)| chain);
        if own.is_some() && own != link.chain {
            link = log_end_of(log, length, own.as_deref())?.0;
        }
    }
    Ok(LogEnd { link, last_line })
}

/// Returns whether the first line of a log claims to be of a chain: it usually is, and
/// this costs less than to check its hash.
fn begins_with(log: &dyn LogFile, length: u64, chain: &str) -> bool {
    let size = FIRST_READ.min(length);
    let beginning = log.before(size, size).unwrap_or_default();
    // This searches many bytes at once; reading from memory never fails.
    let end = beginning.as_slice().skip_until(b'\n').unwrap_or_default();
    let line = beginning.get(..end).unwrap_or_default();
    Envelope::of(line).is_ok_and(|record| *record.chain == *chain)
}

/// Where a chain continues, or any chain, and whether the last line is complete.
fn log_end_of(log: &dyn LogFile, length: u64, chain: Option<&str>) -> io::Result<(Link, LastLine)> {
    let is_wanted = |link: &Link| chain.is_none() || link.chain.as_deref() == chain;
    let mut last_line = LastLine::Complete;
    let mut torn = None;
    let before = |at, size| log.before(at, size);
    let link = search_back(length, before, |line| {
        let link = Link::after(line.bytes).filter(is_wanted);
        if !line.has_line_end {
            last_line = LastLine::NoLineEnd;
            torn = link.is_none().then_some(line.begin);
        }
        link
    })?;
    if let Some(begin) = torn {
        last_line = LastLine::Torn(length - begin, hash(log, begin, length)?);
    }
    Ok((link.unwrap_or(Link::FIRST), last_line))
}

/// Hashes a part of a log, piece by piece.
fn hash(log: &dyn LogFile, begin: u64, end: u64) -> io::Result<Sha256> {
    let mut hasher = sha2::Sha256::new();
    let mut at = begin;
    while at < end {
        let next = end.min(at + PIECE);
        hasher.update(log.before(next, next - at)?);
        at = next;
    }
    Ok(Sha256::from_bytes(hasher.finalize().into()))
}

/// Reads the chain and the number of a log's first intact record. Only its
/// beginning is read.
pub(super) fn first_record(log: &dyn LogFile, length: u64) -> io::Result<Option<(String, u64)>> {
    for size in [FIRST_READ, 2 * RECORD_MAX as u64] {
        let size = size.min(length);
        let beginning = log.before(size, size)?;
        let mut lines = beginning.split(|&byte| byte == b'\n');
        let first = lines.find_map(ParsedLine::intact);
        if first.is_some() || size == length {
            return Ok(first.map(|one| (one.envelope.chain.to_string(), one.seal.seq)));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::OpenLog;
    use crate::host::fake::World;

    fn record(number: u32) -> String {
        format!(
            r#"{{"event":"start","timestamp":"t","host":"h","chain":"c","exit_code":{number}}}"#
        )
    }

    /// Two chained records and the link after them.
    fn two() -> (String, String, Link) {
        let link = Link {
            chain: Some("c".into()),
            ..Link::FIRST
        };
        let (first, link) = link.seal(&record(1));
        let (second, link) = link.seal(&record(2));
        (first, second, link)
    }

    fn end(link: Link, last_line: LastLine) -> LogEnd {
        LogEnd { link, last_line }
    }

    #[test]
    fn a_record_names_the_hash_of_the_one_before() {
        let (first, second, _) = two();
        let (seal, _) = codec::Seal::of(first.trim_end().as_bytes()).unwrap();
        assert!(second.contains(&format!("\"prev\":\"{}\",\"seq\":1", seal.hash)));
    }

    fn end_of(text: &str) -> LogEnd {
        let mut world = World::new().file("/l", text);
        let log = world.open_log("/l".as_ref(), OpenLog::Read).unwrap();
        log_end(&*log, text.len() as u64, None).unwrap()
    }

    #[test]
    fn the_chain_continues_after_the_last_line() {
        let (first, second, link) = two();
        assert_eq!(end_of(""), end(Link::FIRST, LastLine::Complete));
        let whole = format!("{first}{second}");
        assert_eq!(end_of(&whole), end(link.clone(), LastLine::Complete));
        assert_eq!(end_of(whole.trim_end()), end(link, LastLine::NoLineEnd));
    }

    #[test]
    fn a_line_cut_anywhere_is_torn_and_the_chain_continues_before_it() {
        let (first, second, _) = two();
        let after_first = Link::after(first.trim_end().as_bytes()).unwrap();
        for cut in 1..second.len() - 1 {
            let tail = format!("{first}{}", second.get(..cut).unwrap());
            let hash = Sha256::of(&second.as_bytes()[..cut]);
            let torn = end(after_first.clone(), LastLine::Torn(cut as u64, hash));
            assert_eq!(end_of(&tail), torn, "{cut}");
        }
    }

    /// Lines that other programs may have written.
    fn foreign() -> Vec<String> {
        let of = |link: Link, json: &str| link.seal(json).0.trim_end().to_owned();
        let (first, second, link) = two();
        let other = Link {
            seq: 7,
            ..link.clone()
        };
        let last = Link {
            seq: 1 << 53,
            ..link.clone()
        };
        let long_name = record(3).replace("\"c\"", &format!("\"{}\"", "c".repeat(9000)));
        vec![
            String::new(),
            "garbage".to_owned(),
            "x".repeat(70_000),
            "x".repeat(3 << 20),
            "{\"chain\":\"x\",\"seq\":18446744073709551615,\"hash\":\"a\\\",\"evil\":\"b\"}"
                .to_owned(),
            second.trim_end().replace("exit_code\":2", "exit_code\":3"),
            first.trim_end().replacen('{', "[{", 1),
            // Intact records, but not of this chain, or not as qli writes them.
            of(other, &record(3).replace("\"c\"", "\"d\"")),
            of(last, &record(3)),
            of(link.clone(), &long_name),
            of(
                link,
                &record(3).replace("\"t\"", &format!("\"{}\"", "t".repeat(70_000))),
            ),
        ]
    }

    #[test]
    fn a_foreign_line_of_any_length_and_content_does_not_end_the_chain() {
        let (first, second, link) = two();
        for line in foreign() {
            let text = format!("{first}{second}{line}\n");
            let expected = end(link.clone(), LastLine::Complete);
            assert_eq!(end_of(&text), expected, "{line:.200}");
            let text = text.strip_suffix('\n').unwrap();
            let LogEnd {
                link: found,
                last_line,
            } = end_of(text);
            assert_eq!(found, link, "{line:.200}");
            let bytes = line.as_bytes();
            let expected = match (line.as_str(), ParsedLine::intact(bytes)) {
                ("", _) => LastLine::Complete,
                (_, Some(_)) => LastLine::NoLineEnd,
                (_, None) => LastLine::Torn(bytes.len() as u64, Sha256::of(bytes)),
            };
            assert_eq!(last_line, expected, "{line:.200}");
        }
        let all = foreign().join("\n");
        let text = format!("{first}{second}{all}\n");
        assert_eq!(end_of(&text), end(link, LastLine::Complete));
    }

    #[test]
    fn a_log_with_only_a_torn_or_a_foreign_line_starts_a_new_chain() {
        let torn = LastLine::Torn(4, Sha256::of(b"{\"ev"));
        assert_eq!(end_of("{\"ev"), end(Link::FIRST, torn));
        for foreign in ["hello\n", "\n"] {
            assert_eq!(end_of(foreign), end(Link::FIRST, LastLine::Complete));
        }
    }
}
