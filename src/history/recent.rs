//! Records that a collector delivers twice.

use std::collections::{BTreeSet, VecDeque};

use crate::names::Sha256;

/// How many records of a stream are remembered.
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

    /// Adds a hash; returns whether it is new.
    pub(super) fn insert(&mut self, hash: Sha256) -> bool {
        let is_new = self.all.insert(hash);
        if is_new {
            self.order.push_back(hash);
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.all.remove(&oldest);
        }
        is_new
    }
}
