//! A temporary environment on a real machine, and ways to wait without sleeping.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use nix::libc::O_NONBLOCK;
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::unistd::{Pid, mkfifo};
use serde_json::Value;
use tempfile::TempDir;

use crate::masks::{self, is_masked};
use crate::support::{restore_signals_for_children, until, write_program};

/// How often a race is provoked; more often if `QLI_STRESS` is set.
pub(crate) fn rounds(usual: u32, stress: u32) -> u32 {
    if std::env::var_os("QLI_STRESS").is_some() {
        stress
    } else if is_masked() {
        usual.div_ceil(5)
    } else {
        usual
    }
}

/// Logs `READY` and its pid, then each signal with its sender's pid. With the
/// argument `parent` or `group` it first sends TERM there. URG ends it with 7.
const PROBE: &str = "#!/usr/bin/env -S python3 -IS
import os, signal, sys
watched = [getattr(signal, 'SIG' + name) for name in
    'HUP INT QUIT USR1 USR2 ALRM TERM CONT WINCH URG'.split()]
signal.pthread_sigmask(signal.SIG_BLOCK, watched)
out = os.open(os.environ['OUT'], os.O_WRONLY)
def say(*words):
    os.write(out, (' '.join(map(str, words)) + '\\n').encode())
if 'parent' in sys.argv:
    os.kill(os.getppid(), signal.SIGTERM)
if 'group' in sys.argv:
    os.kill(0, signal.SIGTERM)
say('READY', os.getpid())
while True:
    got = signal.sigwaitinfo(watched)
    if got.si_signo == signal.SIGURG:
        sys.exit(7)
    say(signal.Signals(got.si_signo).name, got.si_pid)
";

/// One group `g` in a temporary root, and nothing from the user's own environment.
///
/// Scripts have two pipes: [`Lines`] reads what they write to `$OUT`, and a read from
/// `$HOLD` waits until [`World::release`].
pub(crate) struct World {
    directory: TempDir,
}

impl World {
    /// A group with an audit log, and with these lines in its manifest.
    pub(crate) fn new(manifest: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let world = Self { directory };
        for name in ["root", "root/g", "bin", "home", "state"] {
            std::fs::create_dir(world.path(name)).unwrap();
        }
        for name in ["out", "hold"] {
            mkfifo(&world.path(name), Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
        }
        symlink(env!("CARGO_BIN_EXE_qli"), world.path("bin/qli")).unwrap();
        let [mask, secret] = masks::lines();
        let text = format!(
            "schema_version = 1\ndescription = \"A group\"\n\
             audit_log = \"$XDG_STATE_HOME/log\"\n{mask}{manifest}\n{secret}"
        );
        std::fs::write(world.path("root/g/_manifest.toml"), text).unwrap();
        world.executable("root/g/probe", PROBE)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Adds an extension in sh.
    pub(crate) fn script(self, name: &str, text: &str) -> Self {
        self.executable(&format!("root/g/{name}"), &format!("#!/bin/sh\n{text}\n"))
    }

    pub(crate) fn executable(self, name: &str, text: &str) -> Self {
        write_program(&self.path(name), text, 0o755);
        self
    }

    /// Adds a provider's program. It gets few variables, so it begins by setting those
    /// of a test.
    pub(crate) fn provider(self, name: &str, body: &str) -> Self {
        let [out, hold, mark] = ["out", "hold", "marker"].map(|name| self.path(name));
        let set = format!(
            "OUT={} HOLD={} MARK={}",
            out.display(),
            hold.display(),
            mark.display()
        );
        self.executable(
            &format!("bin/{name}"),
            &format!("#!/bin/sh\n{set}\n{body}\n"),
        )
    }

    /// `qli g` with these arguments, its streams at `/dev/null`.
    pub(crate) fn qli<I: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = I>) -> Command {
        let mut command = self.program(env!("CARGO_BIN_EXE_qli"));
        command.arg("--extensions").arg(self.path("root"));
        command.arg("g").args(words);
        command
    }

    /// A line of sh, in which `$QLI` is `qli --extensions ROOT g`.
    pub(crate) fn sh(&self, line: &str) -> Command {
        let mut command = self.program("/bin/sh");
        command.args(["-c", line]);
        command
    }

    pub(crate) fn program(&self, program: &str) -> Command {
        restore_signals_for_children();
        let mut command = Command::new(program);
        let root = self.path("root");
        let path = format!("{}:/usr/bin:/bin", self.path("bin").display());
        command
            .env_clear()
            .env("PATH", path)
            .env("SEED", "supersecretvalue")
            .env("HOME", self.path("home"))
            .env("XDG_STATE_HOME", self.path("state"))
            .env("XDG_DATA_DIRS", "/nowhere")
            .env("OUT", self.path("out"))
            .env("HOLD", self.path("hold"))
            .env("QLI", format!("qli --extensions {} g", root.display()))
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// Opens the reading end of `$OUT`, so that scripts can write.
    pub(crate) fn lines(&self) -> Lines {
        Lines {
            pipe: open_both_ways(&self.path("out")),
            text: String::new(),
        }
    }

    pub(crate) fn log(&self) -> Vec<Value> {
        let text = self.log_text();
        assert!(text.is_empty() || text.ends_with('\n'), "torn: {text}");
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    pub(crate) fn log_text(&self) -> String {
        std::fs::read_to_string(self.path("state/log")).unwrap_or_default()
    }

    /// Waits for the start record and returns the pid of its qli.
    pub(crate) fn qli_pid(&self) -> Pid {
        let start = until("a start record", || {
            self.log_text()
                .ends_with('\n')
                .then(|| self.log().remove(0))
        });
        Pid::from_raw(start["pid"].as_i64().unwrap().try_into().unwrap())
    }

    /// Lets the process that reads `$HOLD` continue.
    pub(crate) fn release(&self) {
        let mut options = OpenOptions::new();
        options.write(true).custom_flags(O_NONBLOCK);
        let mut hold = until("a reader of $HOLD", || options.open(self.path("hold")).ok());
        hold.write_all(b"go\n").unwrap();
    }

    /// The end record of the only run.
    pub(crate) fn end(&self) -> Value {
        let log = self.log();
        assert_eq!(log.len(), 2, "{log:#?}");
        assert_eq!(log[0]["event"], "start");
        assert_eq!(log[0]["run_id"], log[1]["run_id"]);
        log[1].clone()
    }
}

impl Drop for World {
    /// Releases every process that still reads `$HOLD`.
    fn drop(&mut self) {
        drop(open_both_ways(&self.path("hold")));
    }
}

/// Opens a pipe for reading and writing, which never blocks.
fn open_both_ways(path: &Path) -> File {
    let mut options = OpenOptions::new();
    options.read(true).write(true).custom_flags(O_NONBLOCK);
    options.open(path).unwrap()
}

/// What was written to `$OUT`.
pub(crate) struct Lines {
    pipe: File,
    text: String,
}

impl Lines {
    /// The complete lines so far.
    pub(crate) fn all(&mut self) -> Vec<String> {
        let mut buffer = [0; 4096];
        while let Ok(length) = self.pipe.read(&mut buffer) {
            self.text
                .push_str(str::from_utf8(&buffer[..length]).unwrap());
        }
        let whole = self.text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole.lines().map(str::to_owned).collect()
    }

    /// Waits for a line that starts with `word`, and returns its second word.
    pub(crate) fn wait_for(&mut self, word: &str) -> String {
        self.wait_for_nth(word, 1)
    }

    /// Waits for the nth line that starts with `word`, and returns its second word.
    pub(crate) fn wait_for_nth(&mut self, word: &str, nth: usize) -> String {
        until(word, || {
            let lines = self.all();
            let words = lines.iter().filter_map(|line| line.split_once(' '));
            let mut found = words.filter(|(first, _)| *first == word);
            found.nth(nth - 1).map(|(_, rest)| rest.to_owned())
        })
    }

    /// Waits until the probe is ready under a qli that waits for it.
    pub(crate) fn ready(&mut self, qli: Pid) -> Pid {
        let probe = Pid::from_raw(self.wait_for("READY").parse().unwrap());
        wait_for_state(qli, 'S');
        probe
    }

    /// The signals that the probe received.
    pub(crate) fn signals(&mut self) -> Vec<String> {
        let lines = self.all();
        let signals = lines.iter().filter(|line| line.starts_with("SIG"));
        signals
            .filter_map(|line| line.split_once(' '))
            .map(|(name, _)| name.to_owned())
            .collect()
    }
}

/// Reads `/proc/PID/status`; none if the process is gone.
pub(crate) fn status_of(pid: Pid) -> Option<String> {
    std::fs::read_to_string(format!("/proc/{pid}/status")).ok()
}

fn state_of(pid: Pid) -> Option<char> {
    let status = status_of(pid)?;
    field(&status, "State")?.chars().next()
}

fn field<'a>(status: &'a str, key: &str) -> Option<&'a str> {
    let mut lines = status.lines();
    let rest = lines.find_map(|line| line.strip_prefix(key))?;
    Some(rest.trim_start_matches(':').trim())
}

/// The child processes of a process.
pub(crate) fn children(pid: Pid) -> Vec<Pid> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    let text = text.unwrap_or_default();
    let pids = text.split_whitespace().map(|pid| pid.parse().unwrap());
    pids.map(Pid::from_raw).collect()
}

/// The command line of a process; empty if it is gone.
pub(crate) fn command_line(pid: Pid) -> String {
    let bytes = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8(bytes).unwrap().replace('\0', " ")
}

/// Waits for the process that qli starts to learn which signals its group gets.
pub(crate) fn witness_of(qli: Pid) -> Pid {
    until("the witness", || {
        let mut all = children(qli).into_iter();
        let witness = all.find(|&child| command_line(child).starts_with("signal-witness "))?;
        wait_for_state(qli, 'S');
        Some(witness)
    })
}

/// A mask of signals in the text of `/proc/PID/status`.
pub(crate) fn mask(status: &str, key: &str) -> u64 {
    u64::from_str_radix(field(status, key).unwrap(), 16).unwrap()
}

pub(crate) fn bit(signal: Signal) -> u64 {
    1 << (signal as i32 - 1)
}

/// Waits until a process is in a state: `S` asleep, `T` stopped.
pub(crate) fn wait_for_state(pid: Pid, letter: char) {
    until(&format!("{pid} to be {letter}"), || {
        state_of(pid).filter(|&state| state == letter)
    });
}

/// Waits until a process has a file open.
pub(crate) fn wait_until_open(pid: Pid, path: &Path) {
    until("an open log", || {
        let mut entries = std::fs::read_dir(format!("/proc/{pid}/fd")).ok()?;
        let leads_there = |link: PathBuf| std::fs::read_link(link).is_ok_and(|to| to == path);
        entries
            .any(|entry| entry.is_ok_and(|entry| leads_there(entry.path())))
            .then_some(())
    });
}

/// Whether a process has ended, reaped or not.
pub(crate) fn is_gone(pid: Pid) -> bool {
    state_of(pid).is_none_or(|state| state == 'Z')
}

/// A running qli, which is killed if its test fails.
pub(crate) struct Run(Child);

impl Run {
    /// Starts a program as the leader of a process group, as a shell would.
    pub(crate) fn start(command: &mut Command) -> Self {
        Self(command.process_group(0).spawn().unwrap())
    }

    /// Takes the reading end of its piped standard output.
    pub(crate) fn stdout(&mut self) -> ChildStdout {
        self.0.stdout.take().unwrap()
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_raw(self.0.id().cast_signed())
    }

    pub(crate) fn send(&self, signal: Signal) {
        kill(self.pid(), signal).unwrap();
    }

    pub(crate) fn end(mut self) -> ExitStatus {
        until("the end of qli", || self.0.try_wait().unwrap())
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Runs to the end and returns the exit code.
pub(crate) fn code(command: &mut Command) -> Option<i32> {
    Run::start(command).end().code()
}
