//! What a process does about signals, from `/proc/PID/status` (`proc_pid_status(5)`).

use super::process;
use super::signals::Signal;

/// A process that lives; bit masks of signals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Disposition {
    pub(super) caught: u64,
    ignored: u64,
    blocked: u64,
    pending: u64,
}

impl Disposition {
    /// None if the process has ended or is ending, or where there is no `/proc`.
    pub(super) fn of(pid: i32) -> Option<Self> {
        // While it is in sigtimedwait(2), what it waits for shows as not blocked.
        let waits_in = process::read_of(pid, "wchan").unwrap_or_default();
        let mut found = parse(&process::read_of(pid, "status")?)?;
        if waits_in.contains("sigtimedwait") {
            found.blocked = u64::MAX;
        }
        Some(found)
    }

    /// Whether the process may not have got a signal of which it would have died.
    pub(super) fn may_lack(&self, signal: Signal) -> bool {
        let got = self.caught | self.ignored | self.pending;
        signal.ends_before_start() && got & bit(signal) == 0
    }

    /// Whether it has not got that signal. One that is blocked may have been taken by
    /// sigwait(3).
    pub(super) fn lacks(&self, signal: Signal) -> bool {
        self.may_lack(signal) && self.blocked & bit(signal) == 0
    }
}

fn bit(signal: Signal) -> u64 {
    1 << (signal.number() - 1)
}

fn parse(status: &str) -> Option<Disposition> {
    let find = |key: &str| {
        let found = status.lines().find_map(|line| line.strip_prefix(key))?;
        found.strip_prefix(':').map(str::trim)
    };
    let mask = |key| u64::from_str_radix(find(key)?, 16).ok();
    let pending = mask("SigPnd")? | mask("ShdPnd")?;
    // The kernel adds KILL to a signal that ends a process.
    let is_killed = pending & bit(Signal::new(nix::libc::SIGKILL)) != 0;
    let is_dead = find("State")?.starts_with(['Z', 'X']);
    if is_dead || is_killed || find("CoreDumping") == Some("1") {
        return None;
    }
    Some(Disposition {
        caught: mask("SigCgt")?,
        ignored: mask("SigIgn")?,
        blocked: mask("SigBlk")?,
        pending,
    })
}

#[cfg(test)]
mod tests {
    use nix::libc::{SIGCONT, SIGHUP, SIGTERM, SIGTSTP, SIGWINCH};

    use super::*;

    /// As the kernel writes it: TERM is the bit 0x4000, HUP 0x1, KILL 0x100.
    fn status(state: &str, masks: [u64; 5]) -> String {
        let keys = ["SigPnd", "ShdPnd", "SigBlk", "SigIgn", "SigCgt"];
        let lines = keys.iter().zip(masks);
        let lines = lines.map(|(key, mask)| format!("{key}:\t{mask:016x}"));
        let lines: Vec<_> = lines.collect();
        let lines = lines.join("\n");
        format!("Name:\ta State: Z\nState:\t{state}\nCoreDumping:\t0\n{lines}\n")
    }

    fn lacks(masks: [u64; 5], number: i32) -> [bool; 2] {
        let found = parse(&status("S (sleeping)", masks)).unwrap();
        let signal = Signal::new(number);
        [found.may_lack(signal), found.lacks(signal)]
    }

    #[test]
    fn a_process_that_lives_lacks_a_signal_whose_default_would_have_ended_it() {
        assert_eq!(lacks([0; 5], SIGTERM), [true; 2]);
        for caught_ignored_or_pending in [0, 1, 3, 4] {
            let mut masks = [0; 5];
            masks[caught_ignored_or_pending] = 0x4000;
            assert_eq!(lacks(masks, SIGTERM), [false; 2], "{masks:?}");
            assert_eq!(lacks(masks, SIGHUP), [true; 2], "{masks:?}");
        }
        assert_eq!(lacks([0, 0, 0x4000, 0, 0], SIGTERM), [true, false]);
        for survived in [SIGCONT, SIGTSTP, SIGWINCH] {
            assert_eq!(lacks([0; 5], survived), [false; 2]);
        }
    }

    #[test]
    fn a_process_that_ends_lacks_nothing() {
        assert_eq!(parse(&status("Z (zombie)", [0; 5])), None);
        assert_eq!(parse(&status("R (running)", [0x100, 0, 0, 0, 0])), None);
        let dumps = status("R (running)", [0; 5]).replace("CoreDumping:\t0", "CoreDumping:\t1");
        assert_eq!(parse(&dumps), None);
        assert_eq!(parse(""), None);
    }
}
