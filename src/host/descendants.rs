//! What a script has started: found and signalled, but never anything outside its run.

use std::collections::BTreeMap;

use super::process::{self, Place};
use super::signals::Signal;

/// The descendants of a process, nearest first.
pub(super) fn of(ancestor: i32) -> Vec<Place> {
    nearest_first(ancestor, &process::all())
}

fn nearest_first(ancestor: i32, all: &[Place]) -> Vec<Place> {
    let mut children: BTreeMap<i32, Vec<Place>> = BTreeMap::new();
    for one in all {
        children.entry(one.parent).or_default().push(*one);
    }
    // Each list is taken once: a tree that changed while it was read may have a circle.
    let mut found = children.remove(&ancestor).unwrap_or_default();
    let mut at = 0;
    while let Some(parent) = found.get(at) {
        found.extend(children.remove(&parent.pid).unwrap_or_default());
        at += 1;
    }
    found
}

/// Sends a signal to a process if it is still a descendant, in the group in which it was
/// found.
pub(super) fn signal(found: Place, ancestor: i32, signal: Signal) -> Option<()> {
    Descendant::open(found, ancestor)?.signal(signal)
}

/// A process that may be signalled, whoever its parent is by then: by its descriptor, since
/// its id may be reused at any moment. There is none where descriptors are not known.
#[cfg(target_os = "linux")]
pub(super) struct Descendant(std::os::fd::OwnedFd);

#[cfg(target_os = "linux")]
impl Descendant {
    pub(super) fn open(found: Place, ancestor: i32) -> Option<Self> {
        use rustix::process::{Pid, PidfdFlags, pidfd_open};
        let process = pidfd_open(Pid::from_raw(found.pid)?, PidfdFlags::empty()).ok()?;
        let same_group = process::place(found.pid)?.group == found.group;
        (same_group && process::descends_from(found.pid, ancestor)).then_some(Self(process))
    }

    pub(super) fn signal(&self, signal: Signal) -> Option<()> {
        rustix::process::pidfd_send_signal(&self.0, signal.as_rustix()?).ok()
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) struct Descendant;

#[cfg(not(target_os = "linux"))]
impl Descendant {
    pub(super) fn open(_found: Place, _ancestor: i32) -> Option<Self> {
        None
    }

    pub(super) fn signal(&self, _signal: Signal) -> Option<()> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descendants_are_children_and_their_children_and_nothing_else() {
        let place = |pid, parent| Place {
            pid,
            parent,
            group: 1,
        };
        let all = [
            place(5, 4),
            place(2, 1),
            place(4, 2),
            place(3, 1),
            place(9, 0),
            place(2, 2),
        ];
        let found = nearest_first(2, &all);
        let pids: Vec<_> = found.iter().map(|one| one.pid).collect();
        assert_eq!(pids, [4, 2, 5]);
    }
}
