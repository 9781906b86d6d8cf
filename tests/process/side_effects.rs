//! The effects of qli, seen in its system calls: none before a plan is run; then one
//! after the other, in order.

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::pty::Terminal;
use crate::world::{World, code};

/// Every guard, and a provider that calls a program.
const GUARDED: &str = "banner = \"Careful\"
confirm = true
[requires_env]
QLI_ENV = \"prod\"
[[secrets]]
env = \"BY_TOOL\"
ref = \"op://v/i/f\"
provider = \"one_password\"
[[secrets]]
env = \"BY_VARIABLE\"
ref = \"CI_TOKEN\"
provider = \"env\"";

/// Variables that let every guard except `confirm` pass.
const GOOD: [(&str, &str); 2] = [("QLI_ENV", "prod"), ("CI_TOKEN", "from-ci")];

const STRACE: [&str; 6] = ["strace", "-f", "-qq", "-y", "-o", "trace"];

fn world() -> World {
    let op = "#!/bin/sh\necho from-op\n";
    let world = World::new(GUARDED).script("hello", "test $BY_TOOL = from-op && exit 4");
    let world = world.executable("bin/op", op);
    // The first record creates the log's directory.
    std::fs::remove_dir(world.path("state")).unwrap();
    world
}

/// qli with these arguments and variables, under strace, and without a terminal.
fn traced(world: &World, words: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = world.program("setsid");
    command.arg("--wait").args(STRACE);
    for (name, value) in variables {
        command.args(["-E", &format!("{name}={value}")]);
    }
    command.arg(env!("CARGO_BIN_EXE_qli"));
    command.arg("--extensions").arg(world.path("root"));
    command.args(words);
    command.stderr(File::create(world.path("stderr")).unwrap());
    command
}

/// A system call: the line of the trace on which it started, and the one on which it
/// ended.
#[derive(Debug)]
struct Call {
    pid: String,
    name: String,
    /// Arguments and result, as strace writes them.
    rest: String,
    started: usize,
    ended: Option<usize>,
}

impl Call {
    /// Whether it creates a process, or changes anything that outlives this one. A failed
    /// attempt counts; writing to standard output and error, and opening `/dev/null`, do
    /// not.
    fn is_effect(&self) -> bool {
        const CHANGES: [&str; 26] = [
            "exec",
            "fork",
            "vfork",
            "clone",
            "kill",
            "tkill",
            "tgkill",
            "creat",
            "mkdir",
            "rmdir",
            "rename",
            "unlink",
            "link",
            "symlink",
            "mknod",
            "chmod",
            "fchmod",
            "chown",
            "fchown",
            "lchown",
            "truncate",
            "ftruncate",
            "fallocate",
            "utime",
            "futime",
            "setxattr",
        ];
        const FLAGS: [&str; 5] = ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_TMPFILE"];
        const WRITES: [&str; 5] = ["write", "writev", "pwrite64", "pwritev", "sendfile"];
        let name = self.name.as_str();
        if name.starts_with("open") {
            return !self.rest.starts_with("AT_FDCWD, \"/dev/null\"")
                && FLAGS.iter().any(|flag| self.rest.contains(flag));
        }
        if WRITES.contains(&name) {
            return !["1<", "2<"].iter().any(|fd| self.rest.starts_with(fd));
        }
        CHANGES.iter().any(|change| name.starts_with(change))
    }

    fn succeeded(&self) -> bool {
        let result = self.rest.rsplit_once(" = ");
        result.is_some_and(|(_, result)| !result.starts_with('-'))
    }
}

/// The output of strace; its first process is qli.
struct Trace(Vec<Call>);

impl Trace {
    fn read(world: &World) -> Self {
        let text = std::fs::read_to_string(world.path("trace")).unwrap();
        let mut calls: Vec<Call> = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let (pid, line) = line.split_once(' ').unwrap();
            let line = line.trim_start();
            if line.starts_with("---") || line.starts_with("+++") {
                continue;
            }
            if line.starts_with("<... ") {
                let open = |call: &&mut Call| call.pid == pid && call.ended.is_none();
                let call = calls.iter_mut().rev().find(open).unwrap();
                call.rest.push_str(line.split_once("resumed>").unwrap().1);
                call.ended = Some(at);
                continue;
            }
            let (name, rest) = line.split_once('(').unwrap();
            let cut = rest.strip_suffix("<unfinished ...>");
            calls.push(Call {
                pid: pid.to_owned(),
                name: name.to_owned(),
                rest: cut.unwrap_or(rest).to_owned(),
                started: at,
                ended: cut.is_none().then_some(at),
            });
        }
        let trace = Self(calls);
        assert!(trace.executed()[0].ends_with("/qli"));
        assert_eq!(trace.0[0].name, "execve");
        trace
    }

    /// The calls of the qli process, without the one that started it.
    fn own(&self) -> impl Iterator<Item = &Call> {
        let qli = &self.0[0].pid;
        self.0.iter().skip(1).filter(move |call| call.pid == *qli)
    }

    fn effects(&self) -> Vec<&Call> {
        let all = self.0.iter().skip(1);
        all.filter(|call| call.is_effect()).collect()
    }

    /// The programs, in the order in which they were executed.
    fn executed(&self) -> Vec<&str> {
        let calls = self.0.iter().filter(|call| call.name.starts_with("exec"));
        calls
            .map(|call| call.rest.split('"').nth(1).unwrap())
            .collect()
    }

    fn start_of(&self, name: &str, part: &str) -> usize {
        let mut calls = self.0.iter();
        let call = calls.find(|call| call.name == name && call.rest.contains(part));
        call.unwrap().started
    }

    /// When the log was first synced.
    fn synced(&self) -> usize {
        let mut calls = self.own().filter(|call| call.name == "fdatasync");
        let first = calls.next().unwrap();
        assert!(first.rest.contains("/state/log>)") && first.rest.ends_with("= 0"));
        first.ended.unwrap()
    }
}

#[test]
fn read_only_commands_execute_write_and_change_nothing() {
    let world = world();
    for (words, end) in [
        // It predicts a refusal: there is no terminal to confirm on.
        ("explain g hello", 125),
        ("explain --format json g hello", 125),
        ("--yes --verbose explain g hello", 0),
        ("--yes explain --format json g hello", 0),
        ("explain g", 0),
        ("explain --format json g", 0),
        ("validate", 0),
        ("validate --format json", 0),
        ("ext list", 0),
        ("ext list --format json", 0),
        ("ext which g hello", 0),
        ("schema", 0),
        ("schema plan", 0),
        ("help", 0),
        ("help run", 0),
        ("--version", 0),
    ] {
        let words: Vec<_> = words.split(' ').collect();
        assert_eq!(
            code(&mut traced(&world, &words, &GOOD)),
            Some(end),
            "{words:?}"
        );
        assert_no_effect(&world, &words);
    }
    assert!(!world.path("state").exists());
}

fn assert_no_effect(world: &World, words: &[&str]) {
    let trace = Trace::read(world);
    let effects = trace.effects();
    assert!(effects.is_empty(), "{words:?}: {effects:#?}");
}

/// Checks that a run is refused with this exit code and message, and has no effect.
fn refused(world: &World, words: &[&str], variables: &[(&str, &str)], end: i32, why: &str) {
    let ended = code(&mut traced(world, words, variables));
    let result = std::fs::read_to_string(world.path("stderr")).unwrap();
    assert_eq!(ended, Some(end), "{why}: {result}");
    assert!(result.contains(why), "{why}: {result}");
    assert_no_effect(world, words);
}

#[test]
fn a_run_that_a_guard_refuses_executes_writes_and_changes_nothing() {
    let run = ["--yes", "g", "hello"];
    let world = world();
    refused(&world, &run, &GOOD[1..], 125, "`QLI_ENV` must be");
    refused(&world, &run[1..], &GOOD, 125, "no terminal to confirm on");
    refused(&world, &run, &GOOD[..1], 125, "the variable `CI_TOKEN`");
    let empty = world.path("home").into_os_string().into_string().unwrap();
    let without_op = [GOOD[0], GOOD[1], ("PATH", &empty)];
    refused(&world, &run, &without_op, 125, "`op`");
    assert!(!world.path("state").exists());
}

#[test]
fn a_run_whose_log_cannot_be_written_changes_nothing() {
    let world = World::new("").script("hello", "exit 4");
    let log = world.path("state/log");
    std::fs::write(&log, "").unwrap();
    std::fs::set_permissions(&log, Permissions::from_mode(0o644)).unwrap();
    refused(&world, &["g", "hello"], &[], 125, "must be private");
    std::fs::remove_file(&log).unwrap();
    std::fs::create_dir(&log).unwrap();
    refused(&world, &["g", "hello"], &[], 125, "directory");
}

#[test]
fn a_log_that_cannot_be_written_is_found_before_a_secret_is_fetched() {
    let world = world();
    std::fs::create_dir(world.path("state")).unwrap();
    std::fs::create_dir(world.path("state/log")).unwrap();
    let mut command = traced(&world, &["--yes", "g", "hello"], &GOOD);
    assert_eq!(code(&mut command), Some(125));
    let trace = Trace::read(&world);
    assert_eq!(trace.executed().len(), 1, "{:?}", trace.executed());
    let made: Vec<_> = trace.own().filter(|call| call.is_effect()).collect();
    assert!(made.is_empty(), "{made:#?}");
}

#[test]
fn a_run_without_a_plan_executes_writes_and_changes_nothing() {
    let world = world();
    std::fs::write(world.path("root/g/flat"), "#!/bin/sh\n").unwrap();
    let run = |words: &[&str], end, why| {
        let words = [&["--yes"], words].concat();
        refused(&world, &words, &GOOD, end, why);
    };
    run(&["g", "flat"], 126, "not executable");
    run(&["g", "helo"], 127, "no extension `helo`");
    run(&["h", "hello"], 127, "no group `h`");
    std::fs::write(world.path("root/g/_manifest.toml"), "schema_version = 1\n!").unwrap();
    run(&["g", "hello"], 125, "error");
    assert!(!world.path("state").exists());
}

/// The provider ran first, then the record was synced, then the script started.
fn assert_in_order(world: &World, trace: &Trace) {
    let [op, hello] = ["bin/op", "root/g/hello"].map(|name| world.path(name));
    let [op, hello] = [&op, &hello].map(|path| path.to_str().unwrap());
    assert_eq!(trace.executed()[1..], [op, hello]);
    let [op, hello] = [op, hello].map(|path| trace.start_of("execve", path));
    assert!(op < trace.synced() && trace.synced() < hello);
}

#[test]
fn a_successful_run_calls_its_provider_syncs_its_record_and_then_starts_its_script() {
    let world = world();
    let mut command = traced(&world, &["--yes", "g", "hello"], &GOOD);
    assert_eq!(code(&mut command), Some(4));
    let trace = Trace::read(&world);
    assert_in_order(&world, &trace);
    // The effects that the tests above look for are recognised.
    let made = |name| trace.own().find(|call| call.name == name);
    assert!(made("mkdir").unwrap().is_effect());
    let log = |call: &&Call| call.name == "openat" && call.rest.contains("\"log\"");
    assert!(trace.own().filter(log).any(Call::is_effect));
    let record = |call: &&Call| call.name == "write" && call.rest.contains("/state/log>");
    assert_eq!(
        trace
            .own()
            .filter(record)
            .filter(|call| call.is_effect())
            .count(),
        2
    );
}

#[test]
fn a_second_run_lists_and_creates_no_directory_and_starts_no_thread() {
    let world = world();
    for _ in 0..2 {
        let mut command = traced(&world, &["--yes", "g", "hello"], &GOOD);
        assert_eq!(code(&mut command), Some(4));
    }
    let trace = Trace::read(&world);
    assert_in_order(&world, &trace);
    for call in trace.own() {
        let needless = call.name.starts_with("mkdir")
            || call.name.starts_with("getdents")
            || call.rest.contains("CLONE_THREAD");
        assert!(!needless, "{call:#?}");
    }
}

#[test]
fn a_provider_is_called_only_after_the_question_is_answered() {
    for (typed, end) in [("y\n", 4), ("n\n", 125)] {
        let world = world();
        let line = format!("exec {} $QLI hello", STRACE.join(" "));
        let mut command = world.sh(&line);
        command.envs(GOOD);
        let mut terminal = Terminal::start(command);
        terminal.wait_for("[y/N] ");
        terminal.press(typed);
        assert_eq!(terminal.end().code(), Some(end));
        let trace = Trace::read(&world);
        let answered = |call: &&Call| call.name == "read" && call.rest.contains("</dev/tty>");
        let answer = trace.own().find(answered).unwrap();
        assert!(answer.succeeded(), "{answer:#?}");
        if end == 4 {
            assert_in_order(&world, &trace);
            assert!(answer.ended.unwrap() < trace.start_of("execve", "/bin/op"));
            continue;
        }
        // The terminal is all that is written to.
        let elsewhere = |call: &&&Call| !call.rest.contains("/dev/tty");
        let effects = trace.effects();
        let others: Vec<_> = effects.iter().filter(elsewhere).collect();
        assert!(others.is_empty(), "{others:#?}");
        assert!(!world.path("state").exists());
    }
}
