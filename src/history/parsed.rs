//! What one line shows by itself: whether it is a record, whether it is intact,
//! and where in its chain it claims to be.

use std::collections::BTreeMap;

use super::blocks::{Block, lines};
use super::short_text::ShortText;
use crate::audit::EventName;
use crate::audit::codec::{NotARecord, ParsedLine, Seal};
use crate::names::Sha256;

/// A line that is a record, as far as it concerns its chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ParsedRecord {
    /// An index into [`Examined::chains`].
    pub(super) chain: usize,
    pub(super) event: Option<EventName>,
    /// The length and hash of the torn line that it reports.
    pub(super) torn: Option<(u64, Sha256)>,
    pub(super) run_id: Option<ShortText>,
    pub(super) timestamp: ShortText,
    pub(super) spooled: bool,
    pub(super) seal: Seal,
    pub(super) computed: Sha256,
}

impl ParsedRecord {
    pub(super) fn is_intact(&self) -> bool {
        self.computed == self.seal.hash
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LineContent {
    Empty,
    Record(ParsedRecord),
    /// Not a record; its end may still claim a position. The last is the hash
    /// of the whole line.
    NotARecord(NotARecord, Option<Seal>, Sha256),
}

/// A line that was examined by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ExaminedLine {
    pub(super) offset: u64,
    pub(super) length: u64,
    /// Whether it has a line end.
    pub(super) ended: bool,
    pub(super) content: LineContent,
}

/// A block whose lines were examined.
#[derive(Debug, Default)]
pub(super) struct Examined {
    /// The host and chain of its records.
    pub(super) chains: Vec<(String, String)>,
    pub(super) lines: Vec<ExaminedLine>,
}

/// Examines each line of a block. This is nearly all the work of verifying, and
/// depends on nothing else, so it can run on any processor.
pub(super) fn examine(block: &Block) -> Examined {
    let mut chains = Chains::default();
    let lines = match block {
        Block::Lines { offset, bytes } => lines(*offset, bytes)
            .map(|line| ExaminedLine {
                offset: line.offset,
                length: line.bytes.len() as u64,
                ended: line.ended,
                content: content(line.bytes, &mut chains),
            })
            .collect(),
        Block::TooLong { offset, length } => vec![ExaminedLine {
            offset: *offset,
            length: *length,
            ended: true,
            content: LineContent::NotARecord(NotARecord::TooLong, None, Sha256::of(b"")),
        }],
    };
    Examined {
        chains: chains.names,
        lines,
    }
}

fn content(line: &[u8], chains: &mut Chains) -> LineContent {
    if line.is_empty() {
        return LineContent::Empty;
    }
    match ParsedLine::of(line) {
        Ok(ParsedLine {
            envelope,
            seal,
            computed,
        }) => LineContent::Record(ParsedRecord {
            chain: chains.index(&envelope.host, &envelope.chain),
            event: envelope.event(),
            torn: envelope.torn(),
            run_id: envelope.run_id.as_deref().map(ShortText::of),
            timestamp: ShortText::of(&envelope.timestamp),
            spooled: envelope.spooled,
            seal,
            computed,
        }),
        Err(why) => {
            let seal = Seal::of(line).map(|(seal, _)| seal);
            LineContent::NotARecord(why, seal, Sha256::of(line))
        }
    }
}

/// The chains of one block.
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
