//! A process that holds secrets must not dump core.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// The limit of core dumps that qli was started with. The soft limit is set to zero
/// for qli and the tools it runs, and restored for the script, which inherits it.
#[derive(Debug)]
pub(super) struct CoreLimit {
    soft: u64,
    hard: u64,
}

impl CoreLimit {
    /// Disables core dumps; `None` if they are already disabled.
    pub(super) fn disable() -> Option<Self> {
        let (soft, hard) = getrlimit(Resource::RLIMIT_CORE).ok()?;
        if soft == 0 {
            return None;
        }
        setrlimit(Resource::RLIMIT_CORE, 0, hard).ok()?;
        Some(Self { soft, hard })
    }

    pub(super) fn restore(self) {
        // A soft limit can always be raised up to the hard one (setrlimit(2)).
        let _ = setrlimit(Resource::RLIMIT_CORE, self.soft, self.hard);
    }
}
