//! What a collector delivers twice.

use std::collections::{BTreeSet, VecDeque};

use crate::names::Sha256;

/// How many records of a stream are remembered, to know one that a collector
/// delivers again.
const REMEMBERED: usize = 4096;

/// The hashes of the last records of a stream.
#[derive(Debug, Default)]
pub(super) struct Recent {
    order: VecDeque<Sha256>,
    all: BTreeSet<Sha256>,
}

impl Recent {
    pub(super) fn has(&self, hash: Sha256) -> bool {
        self.all.contains(&hash)
    }

    pub(super) fn add(&mut self, hash: Sha256) {
        if self.all.insert(hash) {
            self.order.push_back(hash);
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.all.remove(&oldest);
        }
    }
}
