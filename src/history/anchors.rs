//! Records whose checkpoints were kept elsewhere.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use super::verified::{InputKind, VerifiedInput};
use crate::audit::Checkpoint;
use crate::audit::codec::Seal;

/// A record that must be present.
#[derive(Debug)]
pub(super) struct Anchored {
    pub(super) checkpoint: Checkpoint,
    pub(super) state: AnchorState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AnchorState {
    /// Its record has not come yet.
    Pending,
    /// Its record is present and unchanged.
    Met,
    /// A problem with its record was reported.
    Reported,
}

/// The anchors of one verification, by chain and host, then by number.
#[derive(Debug, Default)]
pub(super) struct Anchors(BTreeMap<(String, String), BTreeMap<u64, Vec<Anchored>>>);

impl Anchors {
    pub(super) fn new(checkpoints: Vec<Checkpoint>) -> Self {
        let mut all = Self::default();
        for checkpoint in checkpoints {
            let of = (checkpoint.chain.clone(), checkpoint.host.clone());
            let of_chain = all.0.entry(of).or_default();
            of_chain.entry(checkpoint.seq).or_default().push(Anchored {
                checkpoint,
                state: AnchorState::Pending,
            });
        }
        all
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Compares a record of a chain with its anchors; returns those that have
    /// another hash.
    pub(super) fn check(
        &mut self,
        of: &(String, String),
        seal: Seal,
        intact: bool,
    ) -> Vec<Checkpoint> {
        let of_chain = self.0.get_mut(of);
        let of_record = of_chain.and_then(|of_chain| of_chain.get_mut(&seal.seq));
        let mut mismatched = Vec::new();
        for anchor in of_record.into_iter().flatten() {
            if anchor.state != AnchorState::Pending {
                continue;
            }
            match (anchor.checkpoint.hash == seal.hash, intact) {
                (true, true) => anchor.state = AnchorState::Met,
                // That it was changed is reported already.
                (true, false) => {}
                (false, _) => {
                    anchor.state = AnchorState::Reported;
                    mismatched.push(anchor.checkpoint.clone());
                }
            }
        }
        mismatched
    }

    pub(super) fn into_all(self) -> impl Iterator<Item = Anchored> {
        self.0
            .into_values()
            .flat_map(BTreeMap::into_values)
            .flatten()
    }
}

/// Says whether the anchored log is among the inputs: a stream may contain any
/// log, and the name of a copy or a rotated file begins with the log's name.
pub(super) fn is_given(checkpoint: &Checkpoint, given: &[VerifiedInput]) -> bool {
    let name = |path: &Path| path.file_name().map(|name| name.as_bytes().to_vec());
    let anchored = checkpoint.log.as_ref().and_then(|log| name(log.as_ref()));
    let anchored = anchored.unwrap_or_default();
    let begins = |log: &Path| name(log).is_some_and(|name| name.starts_with(&anchored));
    given
        .iter()
        .any(|input| input.kind == InputKind::Stream || begins(&input.log))
}
