//! The end of a log: where its chain continues, and whether its last line is
//! complete.

use std::io;

use super::codec::{self, ParsedLine};
use super::id::RunId;
use crate::host::{Host, LogFile};
use crate::names::Sha256;

/// How much of a log's end is read first: three records and more.
const FIRST_READ: u64 = 4 << 10;

/// How much of a log's end is read at most; a log without an intact record there
/// starts a new chain.
const READ_MAX: u64 = 16 << 20;

/// Reads the last lines of a log, more and more of them until `is_enough`:
/// usually a few are, however long the log is. `before_end` returns that many
/// bytes from the log's end.
pub fn read_last<T>(
    length: u64,
    mut before_end: impl FnMut(u64) -> io::Result<Vec<u8>>,
    read: impl Fn(&[u8]) -> T,
    is_enough: impl Fn(&T) -> bool,
) -> io::Result<T> {
    let mut window = FIRST_READ;
    loop {
        let tail = before_end(window)?;
        if window >= length.min(READ_MAX) {
            return Ok(read(&tail));
        }
        // The first line is cut, unless the window happens to begin with one.
        let first_end = tail.iter().position(|&byte| byte == b'\n');
        let lines = first_end.and_then(|at| tail.get(at + 1..));
        let found = read(lines.unwrap_or_default());
        if is_enough(&found) {
            return Ok(found);
        }
        window *= 4;
    }
}

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

    /// Continues after the last intact record of some lines. A line that is
    /// not a record was written by another program and does not end the chain.
    fn after(lines: &[u8]) -> Option<Self> {
        let record = ParsedLine::last_intact(lines)?;
        Some(Self {
            chain: Some(record.envelope.chain.to_string()),
            prev: record.seal.hash,
            seq: record.seal.seq.checked_add(1)?,
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
    Torn(usize, Sha256),
}

impl LogEnd {
    /// Reads how a log ends whose last lines are these.
    pub(super) fn of(lines: &[u8]) -> Self {
        let start = lines.iter().rposition(|&byte| byte == b'\n');
        let (before, last) = lines
            .split_at_checked(start.map_or(0, |at| at + 1))
            .unwrap_or_default();
        let (link, last_line) = match Link::after(last) {
            Some(link) => (Some(link), LastLine::NoLineEnd),
            None if last.is_empty() => (Link::after(before), LastLine::Complete),
            None => {
                let torn = LastLine::Torn(last.len(), Sha256::of(last));
                (Link::after(before), torn)
            }
        };
        Self {
            link: link.unwrap_or(Link::FIRST),
            last_line,
        }
    }

    /// Returns whether an intact record was found; nothing before it matters.
    pub(super) fn is_known(&self) -> bool {
        self.link.chain.is_some()
    }
}

/// Reads how an open log of some length ends.
pub(super) fn log_end(log: &dyn LogFile, length: u64) -> io::Result<LogEnd> {
    let before_end = |window| log.before(length, window);
    read_last(length, before_end, LogEnd::of, LogEnd::is_known)
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn the_chain_continues_after_the_last_line() {
        let (first, second, link) = two();
        assert_eq!(LogEnd::of(b""), end(Link::FIRST, LastLine::Complete));
        assert_eq!(
            LogEnd::of(format!("{first}{second}").as_bytes()),
            end(link.clone(), LastLine::Complete)
        );
        let unended = format!("{first}{}", second.trim_end());
        assert_eq!(
            LogEnd::of(unended.as_bytes()),
            end(link, LastLine::NoLineEnd)
        );
    }

    #[test]
    fn a_line_cut_anywhere_is_torn_and_the_chain_continues_before_it() {
        let (first, second, _) = two();
        let after_first = Link::after(first.as_bytes()).unwrap();
        for cut in 1..second.len() - 1 {
            let tail = format!("{first}{}", second.get(..cut).unwrap());
            let hash = Sha256::of(&second.as_bytes()[..cut]);
            let torn = end(after_first.clone(), LastLine::Torn(cut, hash));
            assert_eq!(LogEnd::of(tail.as_bytes()), torn, "{cut}");
        }
    }

    #[test]
    fn a_foreign_line_does_not_end_the_chain() {
        let (first, second, link) = two();
        let forged = r#"{"chain":"x","seq":18446744073709551615,"hash":"a\",\"evil\":\"b"}"#;
        let tail = format!("{first}{second}garbage\n{forged}\n\n");
        assert_eq!(LogEnd::of(tail.as_bytes()), end(link, LastLine::Complete));
    }

    #[test]
    fn a_log_with_only_a_torn_or_a_foreign_line_starts_a_new_chain() {
        let torn = LastLine::Torn(4, Sha256::of(b"{\"ev"));
        assert_eq!(LogEnd::of(b"{\"ev"), end(Link::FIRST, torn));
        for foreign in [&b"hello\n"[..], b"\n"] {
            let complete = end(Link::FIRST, LastLine::Complete);
            assert_eq!(LogEnd::of(foreign), complete);
        }
    }

    #[test]
    fn the_end_is_read_as_far_back_as_the_last_intact_record() {
        let (first, ..) = two();
        let text = first + &"x\n".repeat(20_000);
        let before_end = |window| {
            let start = text.len().saturating_sub(usize::try_from(window).unwrap());
            Ok(text.as_bytes()[start..].to_vec())
        };
        let length = text.len() as u64;
        let found = read_last(length, before_end, LogEnd::of, LogEnd::is_known).unwrap();
        assert_eq!(found.link.seq, 1);
    }
}
