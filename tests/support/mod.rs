//! What several test programs use: files, processes, and installed tools.

use std::fmt::Write as _;
use std::io::{Seek as _, Write as _};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Once};
use std::time::{Duration, Instant};

use nix::poll::{PollTimeout, poll};
use nix::sys::signal::Signal;

/// A user who owns nothing.
pub(crate) const NOBODY: u32 = 65534;

/// Polls until there is a value. Panics after a minute.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_mins(1);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "timed out waiting for {what}");
        poll(&mut [], PollTimeout::from(1_u8)).unwrap();
    }
}

/// Lets children start with HUP, INT and QUIT in force, also where these are ignored: under
/// nohup(1), and in the background of a script. A signal with a handler gets its default
/// back in execve(2).
pub(crate) fn restore_signals_for_children() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let ignored = ignored.map_or(0, |mask| u64::from_str_radix(mask.trim(), 16).unwrap());
        for signal in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT].map(|one| one as i32) {
            if ignored >> (signal - 1) & 1 == 1 {
                signal_hook::flag::register(signal, Arc::default()).unwrap();
            }
        }
    });
}

/// Writes a file that may be executed right away.
///
/// Another process writes it. A file this process has open for writing is
/// inherited for a moment by every child that another thread is starting, and
/// until that child calls `execve` the file cannot be executed (ETXTBSY).
pub(crate) fn write_program(path: &Path, text: &str, mode: u32) {
    let mut sh = Command::new("/bin/sh");
    sh.args(["-c", "printf %s \"$1\" >\"$0\" && chmod \"$2\" \"$0\""]);
    assert_success(sh.arg(path).args([text, &format!("{mode:o}")]));
}

/// Copies a file that may be executed right away, see [`write_program`].
pub(crate) fn copy_program(from: impl AsRef<Path>, to: &Path) {
    assert_success(Command::new("/bin/cp").arg(from.as_ref()).arg(to));
}

fn assert_success(command: &mut Command) {
    let ended = output(command);
    assert!(ended.status.success(), "{command:?}: {ended:?}");
}

/// Runs a command to its end and collects what it writes.
pub(crate) fn output(command: &mut Command) -> Output {
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// Runs a command with this input; it must succeed. Returns what it prints.
pub(crate) fn fed(command: &mut Command, input: &[u8]) -> String {
    let mut source = tempfile::tempfile().unwrap();
    source.write_all(input).unwrap();
    source.rewind().unwrap();
    let ended = output(command.stdin(source));
    assert!(ended.status.success(), "{command:?}: {ended:?}");
    String::from_utf8_lossy(&ended.stdout).into_owned()
}

pub(crate) fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

pub(crate) fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// Gives a file, or a directory with everything in it, to another user. Only
/// root can.
pub(crate) fn give_away(path: &Path, uid: u32) {
    std::os::unix::fs::lchown(path, Some(uid), Some(uid)).unwrap();
    if std::fs::symlink_metadata(path).unwrap().is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            give_away(&entry.unwrap().path(), uid);
        }
    }
}

/// The names in a directory, sorted.
pub(crate) fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    names
}

/// Compares a generated file with what generates it, or rewrites it where
/// `QLI_BLESS` is set. `test` selects the test that does so.
pub(crate) fn assert_current(file: &Path, fresh: &str, test: &str) {
    if std::env::var_os("QLI_BLESS").is_some() {
        std::fs::write(file, fresh).unwrap();
    }
    let kept = std::fs::read_to_string(file).unwrap_or_default();
    assert!(
        kept == fresh,
        "{} is out of date, run: QLI_BLESS=1 cargo test --test {test}",
        file.display()
    );
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// The path of a program that `tests/tools` installs, by its name below the
/// tools' directory.
pub(crate) fn tool(name: &str) -> PathBuf {
    let tools = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("tools");
    let installed = std::fs::read(tools.join("installed")).unwrap_or_default();
    assert!(
        installed == include_bytes!("../tools"),
        "{} is out of date, run: tests/tools",
        tools.display()
    );
    tools.join(name)
}
