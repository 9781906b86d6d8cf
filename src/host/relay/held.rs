//! A masked stream, and how long it holds what may begin a value.

use std::time::{Duration, Instant};

use crate::masking::{Masker, Stream};

pub(super) struct Held<'m> {
    stream: Stream<'m>,
    at_most: Duration,
    /// When the last bytes came, while some are held.
    since: Option<Instant>,
}

impl<'m> Held<'m> {
    pub(super) fn new(masker: &'m Masker, at_most: Duration) -> Self {
        Self {
            stream: Stream::new(masker),
            at_most,
            since: None,
        }
    }

    pub(super) fn push(&mut self, bytes: &[u8], mut sink: &mut dyn FnMut(&[u8])) {
        self.stream.push(bytes, &mut sink);
        self.since = self.stream.is_holding().then(Instant::now);
    }

    /// How long the held bytes stay held; none if there are none.
    pub(super) fn left(&self) -> Option<Duration> {
        Some(self.at_most.saturating_sub(self.since?.elapsed()))
    }

    pub(super) fn release_if_due(&mut self, sink: &mut dyn FnMut(&[u8])) {
        if self.left() == Some(Duration::ZERO) {
            self.release(sink);
        }
    }

    pub(super) fn release(&mut self, mut sink: &mut dyn FnMut(&[u8])) {
        if self.since.take().is_some() {
            self.stream.release(&mut sink);
        }
    }
}
