//! Records whose hashes were kept elsewhere.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::rc::Rc;

use super::Kind;
use super::parsed::Tail;
use crate::audit::Checkpoint;

/// A record that must be there.
#[derive(Debug)]
pub(super) struct Anchor {
    pub(super) head: Checkpoint,
    pub(super) state: AnchorState,
}

/// What is known of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AnchorState {
    /// Its record has not come yet.
    Awaited,
    /// Its record is there, as it was.
    Met,
    /// What is wrong with it was told.
    Reported,
}

/// The anchors of one verification, by chain and host, then by number.
#[derive(Debug, Default)]
pub(super) struct Anchors(BTreeMap<(String, String), BTreeMap<u64, Vec<Anchor>>>);

impl Anchors {
    pub(super) fn new(heads: Vec<Checkpoint>) -> Self {
        let mut all = Self::default();
        for head in heads {
            let of = (head.chain.clone(), head.host.clone());
            let of_chain = all.0.entry(of).or_default();
            of_chain.entry(head.seq).or_default().push(Anchor {
                head,
                state: AnchorState::Awaited,
            });
        }
        all
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Holds a record of a chain against its anchors; returns those that name
    /// another hash.
    pub(super) fn hold(
        &mut self,
        of: &(String, String),
        tail: Tail,
        sound: bool,
    ) -> Vec<Checkpoint> {
        let of_chain = self.0.get_mut(of);
        let of_record = of_chain.and_then(|of_chain| of_chain.get_mut(&tail.seq));
        let mut missed = Vec::new();
        for anchor in of_record.into_iter().flatten() {
            if anchor.state != AnchorState::Awaited {
                continue;
            }
            match (anchor.head.hash == tail.hash, sound) {
                (true, true) => anchor.state = AnchorState::Met,
                // That it was changed is told already.
                (true, false) => {}
                (false, _) => {
                    anchor.state = AnchorState::Reported;
                    missed.push(anchor.head.clone());
                }
            }
        }
        missed
    }

    pub(super) fn into_all(self) -> impl Iterator<Item = Anchor> {
        self.0
            .into_values()
            .flat_map(BTreeMap::into_values)
            .flatten()
    }
}

/// Says whether the log that was anchored is among the inputs: a stream may
/// hold any, a copy or a rotated file begins with its name.
pub(super) fn is_given(head: &Checkpoint, given: &[(Rc<Path>, Kind)]) -> bool {
    let name = |path: &Path| path.file_name().map(|name| name.as_bytes().to_vec());
    let anchored = head.log.as_ref().and_then(|log| name(log.as_ref()));
    let anchored = anchored.unwrap_or_default();
    let begins = |log: &Path| name(log).is_some_and(|name| name.starts_with(&anchored));
    given
        .iter()
        .any(|(log, kind)| *kind == Kind::Stream || begins(log))
}
