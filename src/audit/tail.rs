//! The end of a log: where its chain goes on, and whether its last line is
//! whole.

use std::io;

use serde::Deserialize;

use super::RunId;
use crate::host::Host;
use crate::names::Sha256;

/// Largest record, in bytes.
pub(super) const RECORD_MAX: usize = 64 * 1024;

/// The place of the next record in a log's chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The log's id; none before its first record.
    pub chain: Option<String>,
    /// The hash of the record before; zeros for the first.
    pub prev: String,
    /// The number of the next record.
    pub seq: u64,
}

impl Link {
    /// The beginning of a chain.
    pub fn first() -> Self {
        Self {
            chain: None,
            prev: "0".repeat(64),
            seq: 0,
        }
    }

    /// Goes on from the last of some whole lines that is a record of ours. A
    /// line that is none was put there by somebody else, and does not end the
    /// chain; only where no record is left it starts anew.
    pub fn after(lines: &[u8]) -> Self {
        Self::after_record(lines).unwrap_or_else(Self::first)
    }

    /// Goes on from the last record of ours in some lines, if there is one.
    fn after_record(lines: &[u8]) -> Option<Self> {
        let record = last_record(lines)?;
        Some(Self {
            chain: Some(record.chain),
            prev: record.hash,
            seq: record.seq.checked_add(1)?,
        })
    }

    /// Makes sure that there is a chain: one that begins here gets an id.
    pub fn with_chain(mut self, host: &mut dyn Host) -> io::Result<Self> {
        if self.chain.is_none() {
            self.chain = Some(RunId::new(host)?.as_str().to_owned());
        }
        Ok(self)
    }

    /// Ends a record: appends `prev`, `seq` and the hash over the exact bytes
    /// before it. Returns the line with its line end, and the next place.
    pub fn close(&self, json: &str) -> (String, Self) {
        let open = json.strip_suffix('}').unwrap_or(json);
        let hashed = format!("{open},\"prev\":\"{}\",\"seq\":{}", self.prev, self.seq);
        let hash = Sha256::of(hashed.as_bytes()).to_string();
        let line = format!("{hashed},\"hash\":\"{hash}\"}}\n");
        let next = Self {
            chain: self.chain.clone(),
            prev: hash,
            seq: self.seq + 1,
        };
        (line, next)
    }
}

/// What a record tells of its place.
#[derive(Debug, Deserialize)]
pub(super) struct Chained {
    pub(super) chain: String,
    pub(super) seq: u64,
    hash: String,
    #[serde(default)]
    pub(super) timestamp: String,
}

/// Returns the last of some lines that is a whole record of ours.
pub(super) fn last_record(lines: &[u8]) -> Option<Chained> {
    let mut newest_first = lines
        .rsplit(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty());
    newest_first.find_map(whole)
}

/// How a log ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    /// With a line end, or it is empty.
    Whole(Link),
    /// With a whole record that lacks only its line end.
    Unended(Link),
    /// With a torn line: its length and hash.
    Torn(Link, usize, Sha256),
}

impl Ending {
    /// Reads how a log ends that has these lines last, and perhaps others
    /// before them.
    pub(super) fn of(lines: &[u8]) -> Self {
        if lines.is_empty() || lines.ends_with(b"\n") {
            return Self::Whole(Link::after(lines));
        }
        let start = lines.iter().rposition(|&byte| byte == b'\n');
        let (before, last) = lines
            .split_at_checked(start.map_or(0, |at| at + 1))
            .unwrap_or_default();
        match Link::after_record(last) {
            Some(link) => Self::Unended(link),
            None => Self::Torn(Link::after(before), last.len(), Sha256::of(last)),
        }
    }

    /// Says where the chain goes on.
    pub(super) fn link(self) -> Link {
        match self {
            Self::Whole(link) | Self::Unended(link) | Self::Torn(link, ..) => link,
        }
    }

    /// Says whether a record of ours was found: what stands before it does not
    /// matter then.
    pub(super) fn is_known(&self) -> bool {
        let (Self::Whole(link) | Self::Unended(link) | Self::Torn(link, ..)) = self;
        link.chain.is_some()
    }
}

/// Reads a line that is a record of ours: its hash is right. Anything else may
/// stand in the file, and none of its fields is taken over.
fn whole(line: &[u8]) -> Option<Chained> {
    let record = serde_json::from_slice::<Chained>(line).ok()?;
    let ending = format!(",\"hash\":\"{}\"}}", record.hash);
    let hashed = line.strip_suffix(ending.as_bytes())?;
    (Sha256::of(hashed).to_string() == record.hash).then_some(record)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two chained records and the place after them.
    fn two() -> (String, String, Link) {
        let link = Link {
            chain: Some("c".into()),
            ..Link::first()
        };
        let (first, link) = link.close(r#"{"chain":"c","n":1}"#);
        let (second, link) = link.close(r#"{"chain":"c","n":2}"#);
        (first, second, link)
    }

    #[test]
    fn a_record_ends_with_prev_seq_and_a_hash_anyone_can_check() {
        let (first, second, _) = two();
        let hashed = first.split(",\"hash\"").next().unwrap();
        let hash = Sha256::of(hashed.as_bytes()).to_string();
        assert!(first.ends_with(&format!(",\"seq\":0,\"hash\":\"{hash}\"}}\n")));
        assert!(second.contains(&format!("\"prev\":\"{hash}\",\"seq\":1")));
    }

    #[test]
    fn the_chain_goes_on_from_the_last_line() {
        let (first, second, link) = two();
        assert_eq!(Ending::of(b""), Ending::Whole(Link::first()));
        assert_eq!(
            Ending::of(format!("{first}{second}").as_bytes()),
            Ending::Whole(link.clone())
        );
        let unended = format!("{first}{}", second.trim_end());
        assert_eq!(Ending::of(unended.as_bytes()), Ending::Unended(link));
    }

    #[test]
    fn a_line_cut_anywhere_is_torn_and_the_chain_goes_on_before_it() {
        let (first, second, _) = two();
        let after_first = Link::after(first.trim_end().as_bytes());
        for cut in 1..second.len() - 1 {
            let tail = format!("{first}{}", second.get(..cut).unwrap());
            let torn = Ending::Torn(
                after_first.clone(),
                cut,
                Sha256::of(&second.as_bytes()[..cut]),
            );
            assert_eq!(Ending::of(tail.as_bytes()), torn, "{cut}");
        }
    }

    #[test]
    fn a_foreign_line_does_not_end_the_chain() {
        let (first, second, link) = two();
        let forged = r#"{"chain":"x","seq":18446744073709551615,"hash":"a\",\"evil\":\"b"}"#;
        let tail = format!("{first}{second}garbage\n{forged}\n\n");
        assert_eq!(Ending::of(tail.as_bytes()), Ending::Whole(link));
    }

    #[test]
    fn a_torn_only_line_and_a_foreign_line_start_anew() {
        assert_eq!(
            Ending::of(b"{\"ev"),
            Ending::Torn(Link::first(), 4, Sha256::of(b"{\"ev"))
        );
        assert_eq!(Ending::of(b"hello\n"), Ending::Whole(Link::first()));
        assert_eq!(Ending::of(b"\n"), Ending::Whole(Link::first()));
    }
}
