//! How much a program can be given when it is started (execve(2)).

#[cfg(target_os = "linux")]
use nix::sys::resource::{Resource, getrlimit};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExecLimits {
    /// Bytes of one variable or argument, with the NUL at its end.
    pub string: usize,
    /// Bytes of all variables and arguments, and of the pointers to them.
    pub all: usize,
}

impl ExecLimits {
    /// A quarter of the stack, but at least 32 pages and at most 6 MiB; each string has at
    /// most 32 pages.
    #[cfg(target_os = "linux")]
    pub(super) fn of_system() -> Self {
        const LEAST: u64 = 128 * 1024;
        const MOST: u64 = 6 * 1024 * 1024;
        let stack = getrlimit(Resource::RLIMIT_STACK).map_or(u64::MAX, |(soft, _)| soft);
        let all = (stack / 4).clamp(LEAST, MOST);
        Self {
            string: 32 * rustix::param::page_size(),
            all: usize::try_from(all).unwrap_or(usize::MAX),
        }
    }

    /// `ARG_MAX` of macOS; a string may take all of it.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn of_system() -> Self {
        let all = 1024 * 1024;
        Self { string: all, all }
    }
}
