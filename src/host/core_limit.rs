//! No core dump of a process that holds secrets.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// The limit of core dumps that qli was started with. It is inherited, so the
/// soft one is closed for qli and the tools it calls, and given back to the
/// script.
#[derive(Debug)]
pub(super) struct CoreLimit {
    soft: u64,
    hard: u64,
}

impl CoreLimit {
    /// Closes it; none if it is closed already.
    pub(super) fn close() -> Option<Self> {
        let (soft, hard) = getrlimit(Resource::RLIMIT_CORE).ok()?;
        if soft == 0 {
            return None; // as it is, and so the script gets it
        }
        setrlimit(Resource::RLIMIT_CORE, 0, hard).ok()?;
        Some(Self { soft, hard })
    }

    /// Gives it back.
    pub(super) fn restore(self) {
        // A soft limit may always be raised again up to the hard one (setrlimit(2)).
        let _ = setrlimit(Resource::RLIMIT_CORE, self.soft, self.hard);
    }
}
