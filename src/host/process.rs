//! Facts about processes from `/proc` (proc(5)); unknown where there is none, or only
//! that of another PID namespace, such as the host's in a container: its ids are those
//! of other processes (`pid_namespaces(7)`).

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;
use rustix::termios::ttyname;

use super::{LoginUid, ProcessFacts};

/// Fields of `/proc/PID/stat` (`proc_pid_stat(5)`).
const PARENT: usize = 4;
const GROUP: usize = 5;
const START: usize = 22;
const IGNORED: usize = 33;

/// The `loginuid` of a session without a login, `(uid_t) -1`.
const NO_LOGIN: u32 = u32::MAX;

/// Without `/proc/self/stat` the start is unknown and no signal counts as ignored.
#[derive(Debug, Default)]
pub(super) struct OwnStat {
    /// Start time in clock ticks since boot.
    pub(super) start: Option<u64>,
    /// Bit mask of the ignored signals, of the first 31: those ignored on entry, if
    /// it is read before qli installs its handlers.
    pub(super) ignored: u64,
}

pub(super) fn own_stat() -> OwnStat {
    let found = read("self/stat").map(|stat| OwnStat {
        start: field(&stat, START),
        ignored: field(&stat, IGNORED).unwrap_or(0),
    });
    found.unwrap_or_default()
}

pub(super) fn own_facts(start: Option<u64>) -> ProcessFacts {
    let tty = ttyname(io::stdin(), Vec::new())
        .or_else(|_| ttyname(io::stdout(), Vec::new()))
        .or_else(|_| ttyname(io::stderr(), Vec::new()));
    let ppid = std::os::unix::process::parent_id();
    ProcessFacts {
        pid: std::process::id(),
        ppid,
        tty: tty
            .ok()
            .map(|name| OsString::from_vec(name.into_bytes()).into()),
        start,
        boot_id: boot_id(),
        parent_exe: exe(ppid),
        login_uid: login_uid(),
    }
}

fn exe(pid: u32) -> Option<PathBuf> {
    let link = || std::fs::read_link(format!("/proc/{pid}/exe")).ok();
    is_own().then(link)?
}

pub(super) fn boot_id() -> Option<String> {
    Some(read("sys/kernel/random/boot_id")?.trim_end().to_owned())
}

/// Whether a process is still running; `None` if that is unknown, since another user's
/// processes may be hidden.
pub(super) fn is_running(pid: u32, start: u64, since_boot: &str) -> Option<bool> {
    if boot_id()? != since_boot {
        return Some(false);
    }
    if let Some(found) = start_of(pid) {
        return Some(found == start);
    }
    let pid = i32::try_from(pid).ok()?;
    is_absent(pid).then_some(false)
}

fn is_absent(pid: i32) -> bool {
    kill(Pid::from_raw(pid), None) == Err(Errno::ESRCH)
}

/// When a process started, in clock ticks since boot.
pub(super) fn start_of(pid: u32) -> Option<u64> {
    field(&read_of(pid.try_into().ok()?, "stat")?, START)
}

/// Whether a process of this machine still runs. One that has ended and is not reaped does
/// not. Where its start is unknown, any process of that id counts.
pub(super) fn is_alive(pid: u32, start: Option<u64>) -> bool {
    let Ok(pid) = i32::try_from(pid) else {
        return false;
    };
    match read_of(pid, "stat") {
        Some(found) if is_ended(&found) => false,
        Some(found) => start.is_none_or(|start| field(&found, START) == Some(start)),
        None => !is_absent(pid),
    }
}

/// Whether a process has ended: a zombie, or dead (`proc_pid_stat(5)`).
fn is_ended(stat: &str) -> bool {
    let state = stat.rsplit_once(')').map_or("", |(_, rest)| rest.trim());
    state.starts_with(['Z', 'X'])
}

/// The pid namespace of this process, which decides what an id means.
pub(super) fn pid_namespace() -> Option<String> {
    let link = std::fs::read_link("/proc/self/ns/pid").ok()?;
    Some(link.to_string_lossy().into_owned())
}

/// The ids of all runs of this user that have a process, by the variable that every script
/// gets; `None` if that cannot be known.
pub(super) fn run_ids() -> Option<BTreeSet<String>> {
    if cfg!(not(target_os = "linux")) {
        return Some(BTreeSet::new());
    }
    let ids = is_own().then(|| pids().filter_map(run_id));
    ids.map(Iterator::collect)
}

fn run_id(pid: i32) -> Option<String> {
    let variables = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
    let mut lines = variables.split(|byte| *byte == 0);
    let id = lines.find_map(|line| line.strip_prefix(b"QLI_RUN_ID="))?;
    Some(String::from_utf8_lossy(id).into_owned())
}

fn login_uid() -> LoginUid {
    match read("self/loginuid").and_then(|text| text.trim_end().parse().ok()) {
        None => LoginUid::Unknown,
        Some(NO_LOGIN) => LoginUid::None,
        Some(uid) => LoginUid::Uid(uid),
    }
}

/// Finds a field of `/proc/PID/stat`. The second one, a name in parentheses, may
/// contain parentheses and spaces, so fields are counted from the last parenthesis.
fn field(stat: &str, number: usize) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut from_third = after_name.split_ascii_whitespace();
    from_third.nth(number.checked_sub(3)?)?.parse().ok()
}

/// Where a process is in the tree of processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) pid: i32,
    pub(super) parent: i32,
    pub(super) group: i32,
}

pub(super) fn place(pid: i32) -> Option<Place> {
    let stat = read_of(pid, "stat")?;
    let find = |number| i32::try_from(field(&stat, number)?).ok();
    Some(Place {
        pid,
        parent: find(PARENT)?,
        group: find(GROUP)?,
    })
}

pub(super) fn descends_from(pid: i32, ancestor: i32) -> bool {
    // Longer than any real chain, in case it changes while it is read.
    const LONGEST: usize = 10_000;
    let parent = |pid: &i32| place(*pid).map(|found| found.parent);
    let mut ancestors = std::iter::successors(parent(&pid), parent).take(LONGEST);
    ancestors.any(|one| one == ancestor)
}

/// All processes that can be seen.
pub(super) fn all() -> Vec<Place> {
    pids().filter_map(place).collect()
}

fn pids() -> impl Iterator<Item = i32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// The name of a process, as `ps` shows it.
pub(super) fn name(pid: i32) -> Option<String> {
    Some(read_of(pid, "comm")?.trim_end().to_owned())
}

/// The processes whose parent is qli's only thread.
pub(super) fn children() -> Vec<i32> {
    let children = is_own().then(|| read("thread-self/children")).flatten();
    let children = children.unwrap_or_default();
    let pids = children.split_whitespace().map(str::parse);
    pids.filter_map(Result::ok).collect()
}

/// Whether an id in `/proc` is that of the same process for qli.
fn is_own() -> bool {
    static OWN: OnceLock<bool> = OnceLock::new();
    *OWN.get_or_init(|| {
        let link = std::fs::read_link("/proc/self");
        link.is_ok_and(|link| names(&link, std::process::id()))
    })
}

fn names(link: &Path, pid: u32) -> bool {
    link.as_os_str() == pid.to_string().as_str()
}

/// Reads a file of a process below `/proc`.
pub(super) fn read_of(pid: i32, file: &str) -> Option<String> {
    is_own().then(|| read(&format!("{pid}/{file}")))?
}

/// Reads a file below `/proc`. These report no length, so the buffer is made large
/// enough to read most of them at once.
fn read(below_proc: &str) -> Option<String> {
    let file = File::open(PathBuf::from("/proc").join(below_proc)).ok()?;
    let mut text = Vec::with_capacity(4096);
    file.take(u64::MAX).read_to_end(&mut text).ok()?;
    Some(String::from_utf8_lossy(&text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_is_found_after_any_name() {
        let fields: Vec<_> = (3..=52).map(|field| field.to_string()).collect();
        let stat = format!("7 (a) b) 22 ) {}\n", fields.join(" "));
        assert_eq!(field(&stat, START), Some(22));
        assert_eq!(field("7 (a", START), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_descends_from_its_parent_and_not_from_itself() {
        let own = std::process::id().cast_signed();
        let parent = std::os::unix::process::parent_id().cast_signed();
        assert!(descends_from(own, parent));
        assert!(!descends_from(own, own) && !descends_from(1 << 23, parent));
        assert!(all().contains(&place(own).unwrap()));
    }

    #[test]
    fn a_zombie_has_ended() {
        assert!(is_ended("7 (a) b) Z 1 7 7") && is_ended("7 (Z) X 1"));
        assert!(!is_ended("7 (a) Z) S 1 7 7") && !is_ended("7 (Z"));
    }

    #[test]
    fn the_proc_of_another_namespace_gives_this_process_another_id() {
        assert!(names(Path::new("12"), 12));
        assert!(!names(Path::new("4711"), 12) && !names(Path::new(""), 12));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_is_running_and_an_absent_one_is_not() {
        let own = own_facts(own_stat().start);
        assert!(own.start.is_some() && own.boot_id.is_some() && own.parent_exe.is_some());
        let running = |pid| is_running(pid, own.start.unwrap(), own.boot_id.as_ref().unwrap());
        assert_eq!(running(own.pid), Some(true));
        // Process ids end below 2^22 on every Linux (proc(5), pid_max).
        assert_eq!(running(1 << 23), Some(false));
        assert_eq!(running(u32::MAX), None);
    }
}
