//! What a run costs, in figures that do not depend on the load of the machine: system
//! calls, instructions, memory and size.
#![expect(
    clippy::disallowed_methods,
    clippy::panic,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test touches the system, may panic, and prints what it measured"
)]

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use support::write_program;
use tempfile::TempDir;

#[expect(dead_code, reason = "shared with other test programs")]
mod support;

/// Instructions of `qli --yes g end`, without those of the script.
///
/// This limits what every run pays. It was set about 10 % above the count, for the
/// unoptimised program that the tests run, with default features, loader and libc
/// included. `cargo test --test costs -- --nocapture` prints the current count.
///
/// Raise it only in the commit that makes every run pay for something, with both
/// counts and the reason in its message. Lower it when a change saves much. A new
/// compiler or libc changes the counts too: set the limits again in their own commit,
/// from counts of the same source.
///
/// Runs differ by 0.1 %, since the log grows and its records contain times and
/// process ids. Between machines, libc's choice of `memcpy` makes 2 %, and looking up
/// the user's name costs a little for each line of `/etc/passwd`, more where another
/// service is asked. SHA-256 makes no difference: the processor that valgrind emulates
/// has no instructions for it.
const RUN_LIMIT: u64 = 6_400_000;

/// Instructions of the same run with a secret from a program, `qli --yes p end`. They
/// depend a little on how often qli wakes before the program ends.
const PROVIDER_LIMIT: u64 = 10_900_000;

/// Instructions of `qli --version`: a start without a run.
const VERSION_LIMIT: u64 = 385_000;

/// Instructions of the answer to a TAB among 1,000 groups, either all groups or the
/// extensions of one: about ten milliseconds.
const TAB_LIMIT: u64 = 42_000_000;

/// System calls of the qli process in the same run, without those that read its own
/// `/proc` files. Most are the loader's and the runtime's.
const CALLS_LIMIT: usize = 266;

/// KiB of private memory of qli while the script of the same run is running: its heap
/// and what it may write of the program (`VmData` of `proc_pid_status(5)`), without the
/// stack.
const MEMORY_LIMIT: usize = 270;

/// KiB of private memory that the program needs at most (`ulimit -d`, getrlimit(2)).
/// The most is needed by the loader, in a run as in `--version`, before it protects the
/// tables that it filled in; so this grows with the program, like `SIZE_LIMIT`.
const PEAK_LIMIT: usize = 1_320;

/// Bytes of code and data in the program, as size(1) counts them. This shows what a
/// dependency adds.
///
/// Delivered files, the environment policy and masking, with its relay on a terminal,
/// are 7,000 lines of source in an unoptimised program, and no dependency: 24.9 MB
/// became 26.6 MB.
const SIZE_LIMIT: u64 = 27_200_000;

const MANIFEST: &str = "schema_version = 1
description = \"A group\"
banner = \"Careful\"
confirm = true
audit_log = \"$XDG_STATE_HOME/log\"
[requires_env]
QLI_ENV = \"prod\"
[[secrets]]
env = \"TOKEN\"
ref = \"CI_TOKEN\"
provider = \"env\"
";

/// The table of a provider that calls `tool`, and its secret.
const PROVIDER: &str = "[[secrets]]
env = \"OTHER\"
ref = \"r\"
provider = \"corp\"
[providers.corp]
program = \"TOOL\"
one = [\"{ref}\"]
";

/// Ends once qli is asleep, so that the signal of its end always finds qli at
/// the same call.
const SCRIPT: &str = "#!/bin/sh
while [ -e /proc/$PPID ]; do
    while read -r key state rest; do
        [ \"$key\" = State: ] && [ \"$state\" = S ] && exit 0
    done </proc/$PPID/status
done
";

/// A group `g` with the extensions `end`, and `far` on `PATH`, in a directory whose
/// name always has the same length.
struct World {
    directory: TempDir,
}

impl World {
    fn new() -> Self {
        // A run also pays for the warning that a group may change its script.
        nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o022));
        let mut location = tempfile::Builder::new();
        location.prefix("qli-costs-").rand_bytes(8);
        let directory = location.tempdir_in("/tmp").unwrap();
        let world = Self { directory };
        for name in ["root", "root/g", "root/p", "state", "1", "2", "3", "bin"] {
            std::fs::create_dir(world.path(name)).unwrap();
        }
        symlink(env!("CARGO_BIN_EXE_qli"), world.path("qli")).unwrap();
        std::fs::write(world.path("root/g/_manifest.toml"), MANIFEST).unwrap();
        let tool = world.path("tool");
        let provider = PROVIDER.replace("TOOL", tool.to_str().unwrap());
        let manifest = MANIFEST.to_owned() + &provider;
        std::fs::write(world.path("root/p/_manifest.toml"), manifest).unwrap();
        write_program(&tool, "#!/bin/sh\necho value\n", 0o755);
        write_program(&world.path("root/g/end"), SCRIPT, 0o755);
        write_program(&world.path("root/p/end"), SCRIPT, 0o755);
        write_program(&world.path("bin/qli-g-far"), SCRIPT, 0o755);
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Adds groups like the first one.
    fn groups(self, count: usize) -> Self {
        for nth in 0..count {
            let group = self.path(&format!("root/g-{nth:05}"));
            std::fs::create_dir(&group).unwrap();
            for name in ["_manifest.toml", "end"] {
                let same = self.path("root/g").join(name);
                std::fs::hard_link(same, group.join(name)).unwrap();
            }
        }
        self
    }

    /// Adds programs to each of the three empty directories on `PATH`.
    fn programs(self, count: usize) -> Self {
        for directory in ["1", "2", "3"] {
            for nth in 0..count {
                let program = self.path(&format!("{directory}/qli-g-{nth:05}"));
                std::fs::hard_link(self.path("bin/qli-g-far"), program).unwrap();
            }
        }
        self
    }

    /// A tool that will trace qli, without the user's environment.
    fn watched_by(&self, tool: &str) -> Command {
        let mut command = Command::new(tool);
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", self.path("home"))
            .env("XDG_STATE_HOME", self.path("state"))
            .env("XDG_RUNTIME_DIR", self.path("run"))
            .env("XDG_DATA_DIRS", "/nowhere")
            .env("LC_ALL", "C")
            .env("QLI_ENV", "prod")
            .env("CI_TOKEN", "from-ci")
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// The system calls of a second run of the qli process, with the error of each.
    ///
    /// Reads of its own `/proc` files are left out: their length changes with addresses
    /// and process ids.
    fn calls(&self, extension: &str) -> Vec<String> {
        let path = ["1", "2", "3", "bin"].map(|name| self.path(name).display().to_string());
        for _ in 0..2 {
            let mut command = self.watched_by("strace");
            command.args(["-qq", "-y", "-o", "trace", "-E"]);
            command.arg(format!("PATH={}", path.join(":")));
            command.arg(self.path("qli")).arg("--extensions");
            command.arg(self.path("root"));
            succeeds(command.args(["--yes", "g", extension]));
        }
        let trace = std::fs::read_to_string(self.path("trace")).unwrap();
        let calls: Vec<_> = trace.lines().filter_map(shape).collect();
        for there in ["execve", "fdatasync", "wait4"] {
            assert!(calls.iter().any(|call| call == there), "{there}");
        }
        calls
    }

    /// The instructions of the qli process, which exits with 0.
    fn instructions(&self, words: &[&str]) -> u64 {
        self.instructions_until(0, words)
    }

    fn instructions_until(&self, code: i32, words: &[&str]) -> u64 {
        let mut command = self.watched_by("valgrind");
        command.args(["-q", "--tool=callgrind", "--trace-children=no"]);
        command.arg("--callgrind-out-file=callgrind");
        ends(command.arg(self.path("qli")).args(words), code);
        let profile = std::fs::read_to_string(self.path("callgrind")).unwrap();
        let summary = profile
            .lines()
            .find_map(|line| line.strip_prefix("summary: "));
        summary.unwrap().parse().unwrap()
    }
}

fn succeeds(command: &mut Command) {
    ends(command, 0);
}

fn ends(command: &mut Command, code: i32) {
    assert_eq!(command.status().unwrap().code(), Some(code), "{command:?}");
}

/// Returns a call's name, and its error if it failed.
fn shape(line: &str) -> Option<String> {
    let (name, rest) = line.split_once('(')?;
    if line.starts_with("---") || name == "read" && rest.contains("</proc/") {
        return None;
    }
    let error = rest.rsplit_once(" = -1 ");
    let error = error.and_then(|(_, error)| error.split(' ').next());
    Some(error.map_or(name.to_owned(), |error| format!("{name} {error}")))
}

/// Compares two lists of calls, one by one.
fn assert_same(few: &[String], many: &[String]) {
    let mut pairs = few.iter().zip(many).enumerate();
    let differs = pairs.find(|(_, (few, many))| few != many);
    assert_eq!(differs, None, "of {} and {}", few.len(), many.len());
    assert_eq!(few.len(), many.len());
}

#[test]
fn a_run_makes_the_same_calls_among_one_group_and_among_ten_thousand() {
    let (one, many) = (World::new(), World::new().groups(9_999));
    for extension in ["end", "far"] {
        assert_same(&one.calls(extension), &many.calls(extension));
    }
}

#[test]
fn a_run_makes_the_same_calls_whatever_is_on_path() {
    let (none, many) = (World::new(), World::new().programs(2_000));
    for extension in ["end", "far"] {
        assert_same(&none.calls(extension), &many.calls(extension));
    }
}

/// How often each directory on `PATH` is opened by a command that looks at all groups.
fn opened_on_path(world: &World, words: &[&str]) -> Vec<usize> {
    let directories = ["1", "2", "3", "bin"].map(|name| world.path(name).display().to_string());
    let mut command = world.watched_by("strace");
    command.args(["-f", "-qq", "-e", "trace=openat", "-o", "trace", "-E"]);
    command.arg(format!("PATH={}", directories.join(":")));
    command.env("QLI_EXTENSIONS", world.path("root"));
    let status = command.arg(world.path("qli")).args(words).status().unwrap();
    assert!(matches!(status.code(), Some(0 | 1)), "{command:?}");
    let trace = std::fs::read_to_string(world.path("trace")).unwrap();
    let opened = directories.map(|name| trace.matches(&format!("\"{name}\"")).count());
    opened.into()
}

#[test]
fn a_directory_of_path_is_listed_once_whatever_the_number_of_groups() {
    let world = World::new().groups(199).programs(20);
    for words in [
        &["ext", "list"][..],
        &["ext", "list", "g"],
        &["doctor"],
        &["validate"],
    ] {
        assert_eq!(opened_on_path(&world, words), [1; 4], "{words:?}");
    }
}

/// Counts twice: a limit is only useful for a count that repeats.
fn assert_within(limit: u64, words: &[&str]) {
    let world = World::new();
    // After this run there is a log, and every file has been read once.
    succeeds(world.watched_by("./qli").args(words));
    let counts = [(); 2].map(|()| world.instructions(words));
    println!("{words:?}: {counts:?}");
    assert!(
        counts[0].abs_diff(counts[1]) * 50 < counts[0],
        "{counts:?} differ by more than 2 %"
    );
    assert!(counts[0] <= limit, "{counts:?} instructions, limit {limit}");
}

#[test]
fn a_guarded_run_stays_within_its_instructions() {
    assert_within(RUN_LIMIT, &["--extensions", "root", "--yes", "g", "end"]);
}

#[test]
fn a_run_with_a_provider_stays_within_its_instructions() {
    assert_within(
        PROVIDER_LIMIT,
        &["--extensions", "root", "--yes", "p", "end"],
    );
}

#[test]
fn printing_the_version_stays_within_its_instructions() {
    assert_within(VERSION_LIMIT, &["--version"]);
}

/// A TAB after `qli` and these words, as a shell's stub asks for it.
fn tab(world: &World, tool: &str, words: &[&str]) -> Command {
    let mut command = world.watched_by(tool);
    command.env("QLI_COMPLETE", "bash");
    command.env("QLI_EXTENSIONS", world.path("root"));
    match tool {
        "strace" => command.args(["-qq", "-o", "trace"]),
        _ => command.args(["-q", "--tool=callgrind", "--callgrind-out-file=callgrind"]),
    };
    command.arg(world.path("qli")).arg("--");
    command.arg(words.len().to_string()).arg("qli").args(words);
    command
}

#[test]
fn a_group_is_completed_among_a_thousand_without_reading_a_manifest() {
    let world = World::new().groups(999);
    succeeds(&mut tab(&world, "strace", &["g-00"]));
    let trace = std::fs::read_to_string(world.path("trace")).unwrap();
    let opened = |name: &str| {
        let lines = trace.lines().filter(|line| line.starts_with("open"));
        lines.filter(|line| line.contains(name)).count()
    };
    assert_eq!((opened("_manifest.toml"), opened("/root")), (0, 1));
    assert!(!trace.contains("clone") && trace.matches("execve(").count() == 1);
    succeeds(&mut tab(&world, "strace", &["g-00500", "e"]));
    let trace = std::fs::read_to_string(world.path("trace")).unwrap();
    let lines = trace.lines().filter(|line| line.starts_with("open"));
    let read = lines.filter(|line| line.contains("_manifest.toml"));
    assert_eq!(read.count(), 1);
}

#[test]
fn a_tab_among_a_thousand_groups_stays_within_its_instructions() {
    let world = World::new().groups(999);
    for words in [&["g-00"][..], &[""], &["g-00500", "e"]] {
        succeeds(&mut tab(&world, "valgrind", words));
        let profile = std::fs::read_to_string(world.path("callgrind")).unwrap();
        let mut lines = profile.lines();
        let count = lines.find_map(|line| line.strip_prefix("summary: "));
        let count: u64 = count.unwrap().parse().unwrap();
        println!("TAB behind {words:?}: {count}");
        assert!(count <= TAB_LIMIT, "{words:?}: {count} instructions");
    }
}

/// Manifests: what begins them, what is repeated with a number for `@` in each half,
/// and the exit code of `validate`.
const REPEATED: [(&str, &str, &str, i32); 10] = [
    ("", "", "[extensions.s@]\nconfirm = true\n", 0),
    // Each section is compared with its group.
    ("[requires_env]\n", "A@ = \"x\"\n", "[extensions.s@]\n", 0),
    ("", SECRET, "[extensions.s@]\n", 0),
    ("", SECRET, "[extensions.s@.requires_env]\nX@ = \"x\"\n", 0),
    ("audit_log = \"/", "$A@", SECRET, 0),
    // Wrong in every section.
    ("", "", "[extensions.s@]\nbanner = \"x\"\n", 1),
    ("", "", "[[extensions.s@.secrets]]\nbanner = \"x\"\n", 1),
    // One line for TOML, with as many errors as characters.
    ("", "", "a\r", 1),
    ("", "", "\u{2028}a\r", 1),
    ("", "", "\"\r", 1),
];

const SECRET: &str = "[[secrets]]\nenv = \"B@\"\nref = \"C@\"\nprovider = \"env\"\n";

/// A manifest with each part repeated until it has so many bytes.
fn repeated(begin: &str, parts: [&str; 2], size: usize) -> String {
    let mut text = format!("schema_version = 1\ndescription = \"d\"\n{begin}");
    for part in parts.into_iter().filter(|part| !part.is_empty()) {
        let count = size / part.len();
        text.extend((0..count).map(|nth| part.replace('@', &format!("{nth:04}"))));
        if part == "$A@" {
            text.push_str("\"\n");
        }
    }
    text
}

#[test]
fn twice_as_long_a_manifest_costs_at_most_twice_as_much() {
    let world = World::new();
    for (begin, first, second, code) in REPEATED {
        let [small, large] = [4_000, 8_000].map(|size| {
            let text = repeated(begin, [first, second], size);
            std::fs::write(world.path("root/g/_manifest.toml"), text).unwrap();
            world.instructions_until(code, &["validate", "--format", "concise", "root/g"])
        });
        println!("{first:?} {second:?}: {small}, {large}");
        assert!(large * 10 < small * 22, "{second:?}: {small}, then {large}");
    }
}

/// Directories of runs that were killed before their script was started.
fn leave(base: &Path, count: usize) {
    for nth in 0..count {
        let run = base.join(format!("019fb800-0000-7000-8000-{nth:012x}"));
        std::fs::create_dir_all(&run).unwrap();
        std::fs::write(run.join("TOKEN"), "value").unwrap();
    }
}

#[test]
fn twice_as_many_leftovers_cost_at_most_twice_as_much() {
    let world = World::new();
    let base = world.path("run/qli");
    let manifest = MANIFEST.to_owned() + "deliver = \"file\"\n";
    std::fs::write(world.path("root/g/_manifest.toml"), manifest).unwrap();
    let [small, large] = [500, 1_000].map(|count| {
        leave(&base, count);
        let needed = world.instructions(&["--extensions", "root", "--yes", "g", "end"]);
        assert_eq!(std::fs::read_dir(&base).unwrap().count(), 0);
        needed
    });
    println!("leftovers: {small}, {large}");
    assert!(large * 10 < small * 22, "{small}, then {large}");
}

#[test]
fn a_guarded_run_stays_within_its_system_calls() {
    let world = World::new();
    let calls = world.calls("end");
    println!("system calls: {}", calls.len());
    assert!(calls.len() <= CALLS_LIMIT, "{} calls", calls.len());
}

#[test]
fn a_guarded_run_stays_within_its_memory() {
    let world = World::new();
    let script = "#!/bin/sh\nexec cat /proc/$PPID/status >status\n";
    write_program(&world.path("root/g/end"), script, 0o755);
    let line = format!("ulimit -d {PEAK_LIMIT} && exec ./qli --extensions root --yes g end");
    succeeds(world.watched_by("/bin/sh").args(["-c", &line]));
    let status = std::fs::read_to_string(world.path("status")).unwrap();
    let data = status.lines().find_map(|line| line.strip_prefix("VmData:"));
    let data = data.and_then(|data| data.trim().strip_suffix(" kB"));
    let data: usize = data.unwrap().parse().unwrap();
    println!("memory: {data} KiB");
    assert!(data <= MEMORY_LIMIT, "{data} KiB");
}

#[test]
fn the_program_stays_within_its_size() {
    let printed = Command::new("size").arg(env!("CARGO_BIN_EXE_qli")).output();
    let printed = String::from_utf8(printed.unwrap().stdout).unwrap();
    // A heading, then: text, data, bss, their sum and more.
    let sum = printed.lines().nth(1).unwrap().split_whitespace().nth(3);
    let sum: u64 = sum.unwrap().parse().unwrap();
    println!("size: {sum}");
    assert!(sum <= SIZE_LIMIT, "{sum} bytes");
}

/// Only a panic needs it, and every start would pay for it. The compiler must have the
/// archive, as those of all distributions do.
#[test]
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn the_unwinder_is_linked_statically() {
    let words = ["-dW", env!("CARGO_BIN_EXE_qli")];
    let printed = Command::new("readelf").args(words).output().unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    assert!(printed.contains("libc.so"), "{printed}");
    assert!(!printed.contains("libgcc_s"), "{printed}");
}

/// Every start would pay for the relocations of a position-independent program.
#[test]
#[cfg(all(feature = "fixed-address", target_os = "linux", target_env = "gnu"))]
fn the_program_is_at_a_fixed_address() {
    let program = std::fs::read(env!("CARGO_BIN_EXE_qli")).unwrap();
    // `e_type` of elf(5), in the byte order of this machine.
    let kind = u16::from_ne_bytes([program[16], program[17]]);
    assert_eq!(kind, 2, "ET_EXEC");
}
