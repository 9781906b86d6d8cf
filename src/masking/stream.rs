//! One stream: what may be written is handed on at once, and the rest held.

use super::Masker;
use super::forms::{Found, Match, Scratch};

pub struct Stream<'m> {
    masker: &'m Masker,
    /// Bytes that may begin a form.
    pub(super) held: Vec<u8>,
    /// How many of them are part of one that has been replaced.
    covered: usize,
    /// The secret that was replaced last, if nothing has been handed on since.
    replaced: Option<usize>,
    scratch: Scratch,
}

impl std::fmt::Debug for Stream<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stream")
    }
}

impl<'m> Stream<'m> {
    pub fn new(masker: &'m Masker) -> Self {
        Self {
            masker,
            held: Vec::new(),
            covered: 0,
            replaced: None,
            scratch: Scratch::default(),
        }
    }

    /// Hands on what cannot be part of a value, and holds the rest.
    pub fn push(&mut self, bytes: &[u8], sink: &mut impl FnMut(&[u8])) {
        if self.held.is_empty() {
            let from = self.scan(bytes, false, sink);
            self.held
                .extend_from_slice(bytes.get(from..).unwrap_or_default());
            return;
        }
        let mut text = std::mem::take(&mut self.held);
        text.extend_from_slice(bytes);
        let from = self.scan(&text, false, sink);
        self.held = text.split_off(from);
    }

    /// Whether bytes are held because they may begin a value.
    pub fn is_holding(&self) -> bool {
        !self.held.is_empty()
    }

    /// Hands on what is held: its time is over, or the stream has ended.
    pub fn release(&mut self, sink: &mut impl FnMut(&[u8])) {
        let text = std::mem::take(&mut self.held);
        self.scan(&text, true, sink);
    }

    /// Returns from where on the text must be held.
    fn scan(&mut self, text: &[u8], is_last: bool, sink: &mut impl FnMut(&[u8])) -> usize {
        let mut covered = std::mem::take(&mut self.covered);
        let mut handed_on = covered;
        let mut at = 0;
        while let Some(candidate) = self.masker.next(text, at) {
            at = candidate;
            let rest = text.get(at..).unwrap_or_default();
            let Found { matched, begins } = self.masker.forms().find(rest, &mut self.scratch);
            let begins = begins.filter(|_| !is_last);
            let waits = begins.is_some_and(|first| matched.is_none_or(|one| first < one.secret));
            if let Some(matched) = matched.filter(|_| !waits) {
                if at >= covered {
                    self.hand_on(text.get(handed_on..at), sink);
                    self.replace(matched, sink);
                }
                covered = covered.max(at + matched.length);
                handed_on = covered;
            }
            if begins.is_some() {
                self.hand_on(text.get(handed_on..at), sink);
                self.covered = covered.saturating_sub(at);
                return at;
            }
            at += 1;
        }
        self.hand_on(text.get(handed_on..), sink);
        text.len()
    }

    fn hand_on(&mut self, bytes: Option<&[u8]>, sink: &mut impl FnMut(&[u8])) {
        if let Some(bytes) = bytes.filter(|bytes| !bytes.is_empty()) {
            self.replaced = None;
            sink(bytes);
        }
    }

    /// The pieces of a long value are one.
    fn replace(&mut self, matched: Match, sink: &mut impl FnMut(&[u8])) {
        let before = self.replaced.replace(matched.secret);
        if !(matched.continues && before == Some(matched.secret)) {
            sink(self.masker.replacement(matched.secret).as_bytes());
        }
    }
}
