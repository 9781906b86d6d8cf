//! Counts the work on references, so that a test sees whether it grows with their square.

use std::cell::Cell;

thread_local! {
    static STEPS: Cell<usize> = const { Cell::new(0) };
}

pub(super) fn count(steps: usize) {
    STEPS.set(STEPS.get() + steps);
}

/// The steps since the last call.
pub(super) fn taken() -> usize {
    STEPS.take()
}
