//! Which process a script is, for a later run: qli may be killed before its script ends.

use std::fmt;
use std::str::FromStr;

use super::{process, user};

/// The file that names the script, among a run's secrets. No variable has such a name.
pub(super) const MARK: &str = ".script";

/// A process of some machine since some boot, in some pid namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ScriptMark {
    pid: u32,
    /// In clock ticks since boot.
    start: Option<u64>,
    boot_id: String,
    namespace: String,
    /// A directory may be shared by machines, and outlive a boot.
    host: String,
}

impl ScriptMark {
    pub(super) fn of(pid: u32) -> Self {
        Self {
            pid,
            start: process::start_of(pid),
            boot_id: process::boot_id().unwrap_or_else(unknown),
            namespace: process::pid_namespace().unwrap_or_else(unknown),
            host: user::host(),
        }
    }

    /// Whether it may still run: in another pid namespace or on another machine that cannot
    /// be known.
    pub(super) fn may_run(&self) -> bool {
        if self.host != user::host() {
            return true;
        }
        if process::boot_id().is_some_and(|now| now != self.boot_id) {
            return false;
        }
        let here = process::pid_namespace().unwrap_or_else(unknown);
        self.namespace != here || process::is_alive(self.pid, self.start)
    }
}

/// Where the system does not tell (not Linux).
fn unknown() -> String {
    "-".to_owned()
}

impl fmt::Display for ScriptMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            pid,
            start,
            boot_id,
            namespace,
            host,
        } = self;
        let start = start.map_or_else(unknown, |start| start.to_string());
        writeln!(f, "{pid} {start} {boot_id} {namespace} {host}")
    }
}

impl FromStr for ScriptMark {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let line = text.strip_suffix('\n').ok_or(())?;
        let words: Vec<_> = line.splitn(5, ' ').collect();
        let [pid, start, boot_id, namespace, host] = *words.as_slice() else {
            return Err(());
        };
        Ok(Self {
            pid: pid.parse().map_err(drop)?,
            start: match start {
                "-" => None,
                start => Some(start.parse().map_err(drop)?),
            },
            boot_id: boot_id.to_owned(),
            namespace: namespace.to_owned(),
            host: host.to_owned(),
        })
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_runs_is_found_by_what_was_written() {
        let own = ScriptMark::of(std::process::id());
        assert_eq!(own.to_string().parse(), Ok(own.clone()));
        assert!(own.may_run());
        for torn in ["", "1 2", "1 2 boot namespace", "1 2 boot namespace host"] {
            assert_eq!(torn.parse::<ScriptMark>(), Err(()), "{torn}");
        }
    }

    #[test]
    fn an_ended_process_is_gone_and_one_out_of_sight_may_run() {
        let own = || ScriptMark::of(std::process::id());
        let start = own().start.map(|start| start + 1);
        assert!(!ScriptMark { start, ..own() }.may_run());
        let pid = 1 << 23; // process ids end below 2^22 (proc(5), pid_max)
        assert!(!ScriptMark { pid, ..own() }.may_run());
        let boot_id = "6a6f2d4c-0000-4000-8000-000000000000".to_owned();
        assert!(!ScriptMark { boot_id, ..own() }.may_run());
        let namespace = "pid:[1]".to_owned();
        assert!(ScriptMark { namespace, ..own() }.may_run());
        let elsewhere = ScriptMark {
            boot_id: "another".to_owned(),
            host: "elsewhere.invalid".to_owned(),
            ..own()
        };
        assert!(elsewhere.may_run());
    }
}
