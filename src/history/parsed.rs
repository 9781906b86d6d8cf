//! What one line shows by itself: whether it is a record, whether it is intact,
//! and where in its chain it claims to be.

use std::sync::Arc;

use super::blocks::{Block, lines};
use super::short_text::ShortText;
use crate::audit::EventName;
use crate::audit::codec::{NotARecord, ParsedLine, Seal};
use crate::names::Sha256;

/// What identifies a chain: two machines may have a copy of one.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ChainName {
    pub(super) chain: String,
    pub(super) host: String,
}

impl ChainName {
    pub(super) fn new(chain: &str, host: &str) -> Self {
        let (chain, host) = (chain.to_owned(), host.to_owned());
        Self { chain, host }
    }
}

/// A line that is a record, as far as it concerns its chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ParsedRecord {
    pub(super) chain: Arc<ChainName>,
    pub(super) event: Option<EventName>,
    /// The length and hash of the torn line that it reports.
    pub(super) torn: Option<(u64, Sha256)>,
    pub(super) run_id: Option<ShortText>,
    pub(super) timestamp: ShortText,
    pub(super) spooled: bool,
    pub(super) start_gone: bool,
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

/// Examines each line of a block. This is nearly all the work of verifying, and
/// depends on nothing else, so it can run on any processor.
pub(super) fn examine(block: &Block) -> Vec<ExaminedLine> {
    let mut latest = None;
    match block {
        Block::Lines { offset, bytes } => lines(*offset, bytes)
            .map(|line| ExaminedLine {
                offset: line.offset,
                length: line.bytes.len() as u64,
                ended: line.ended,
                content: content(line.bytes, &mut latest),
            })
            .collect(),
        Block::TooLong {
            offset,
            length,
            ended,
            sha256,
        } => vec![ExaminedLine {
            offset: *offset,
            length: *length,
            ended: *ended,
            content: LineContent::NotARecord(NotARecord::TooLong, None, *sha256),
        }],
    }
}

/// Examines one line. Successive records of a chain share its name.
fn content(line: &[u8], latest: &mut Option<Arc<ChainName>>) -> LineContent {
    if line.is_empty() {
        return LineContent::Empty;
    }
    match ParsedLine::of(line) {
        Ok(ParsedLine {
            envelope,
            seal,
            computed,
        }) => {
            let (host, chain) = (&*envelope.host, &*envelope.chain);
            let same = latest
                .take()
                .filter(|one| one.host == host && one.chain == chain);
            let new = || Arc::new(ChainName::new(chain, host));
            LineContent::Record(ParsedRecord {
                chain: Arc::clone(latest.insert(same.unwrap_or_else(new))),
                event: envelope.event(),
                torn: envelope.torn(),
                run_id: envelope.run_id.as_deref().map(ShortText::of),
                timestamp: ShortText::of(&envelope.timestamp),
                spooled: envelope.spooled,
                start_gone: envelope.start_gone,
                seal,
                computed,
            })
        }
        Err(why) => {
            let seal = Seal::of(line).map(|(seal, _)| seal);
            LineContent::NotARecord(why, seal, Sha256::of(line))
        }
    }
}
