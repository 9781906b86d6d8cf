//! Generated runs: manifests, environments, and files in any state.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Output;

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

use crate::support::{output, set_mode, write_program as write};
use crate::world::World;

/// Everything a run depends on.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) manifest: Manifest,
    script: Script,
    location: Place,
    root: Root,
    trust: Trust,
    log: Log,
    pub(crate) op: Op,
    vars: BTreeMap<&'static str, Vec<u8>>,
    args: Vec<Vec<u8>>,
    yes: bool,
}

/// What the manifest declares.
#[derive(Debug, Clone)]
pub(crate) struct Manifest {
    pub(crate) banner: Option<&'static str>,
    confirm: bool,
    pub(crate) audit_log: Option<&'static str>,
    required: BTreeMap<&'static str, &'static str>,
    pub(crate) secrets: BTreeMap<&'static str, (&'static str, &'static str)>,
    /// Which of these the script's section requires, not the group.
    own: BTreeSet<&'static str>,
    mistake: Option<&'static str>,
}

/// What kind of file the script is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Script {
    Good,
    ByEnv,
    Linked,
    NoInterpreter,
    ClosedInterpreter,
    DirectoryInterpreter,
    EmptyInterpreter,
    TextInterpreter,
    OpenInterpreter,
    OwnInterpreter,
    CarriageReturn,
    ByEnvCarriageReturn,
    ByEnvMissing,
    NestedTooDeep,
    LongLine,
    LongArgument,
    ByteOrderMark,
    Utf16,
    NoLine,
    Empty,
    Binary,
    OtherMachine,
    NoLoader,
    NotExecutable,
    Directory,
    Dangling,
}

/// Scripts that run.
const RUNS: [Script; 4] = [
    Script::ByEnv,
    Script::Linked,
    Script::OwnInterpreter,
    Script::LongArgument,
];

const FAILS: [Script; 21] = [
    Script::NoInterpreter,
    Script::ClosedInterpreter,
    Script::DirectoryInterpreter,
    Script::EmptyInterpreter,
    Script::TextInterpreter,
    Script::OpenInterpreter,
    Script::CarriageReturn,
    Script::ByEnvCarriageReturn,
    Script::ByEnvMissing,
    Script::NestedTooDeep,
    Script::LongLine,
    Script::ByteOrderMark,
    Script::Utf16,
    Script::NoLine,
    Script::Empty,
    Script::Binary,
    Script::OtherMachine,
    Script::NoLoader,
    Script::NotExecutable,
    Script::Directory,
    Script::Dangling,
];

/// Where the script is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Place {
    OfGroup,
    OnPath,
    OnBoth,
    OnOpenPath,
    Nowhere,
}

/// Where the group is, and how qli finds it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Root {
    Option,
    Variable,
    User,
    Shadowing,
}

/// Who can change which file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Trust {
    Fine,
    Mode(&'static str, u32),
    NotARecord(&'static str),
}

/// What is at the path of the log.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Log {
    Absent,
    Good,
    OtherLines,
    Torn,
    Loose,
    Directory,
    Link,
    HardLink,
    Pipe,
    NotARecord,
    OpenDirectory,
    FileAbove,
}

/// How the provider's program behaves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Op {
    PrintsValue,
    PrintsNothing,
    Fails,
    Absent,
    Open,
}

/// Generates the usual value most of the time.
fn mostly<T: Clone + std::fmt::Debug + 'static>(
    usual: T,
    weight: u32,
    others: Vec<T>,
) -> impl Strategy<Value = T> {
    prop_oneof![weight => Just(usual), 1 => select(others)]
}

/// A case for root only, who can change the owner of a file.
fn if_root<T>(one: T) -> impl Iterator<Item = T> {
    nix::unistd::geteuid().is_root().then_some(one).into_iter()
}

const ODD: &str = "\u{fc} \"q'\\ $x; y";

fn manifest() -> impl Strategy<Value = Manifest> {
    let banners = vec!["B", "two\nlines", "\u{1b}[31mred\u{202e}"];
    let logs = vec![Some("$XDG_STATE_HOME/log"), Some("$LOGS/log"), None];
    let value = mostly("1", 2, vec!["2", "", ODD]);
    let secret = select(vec![
        ("env", "CI_S"),
        ("env", "CI_T"),
        ("one_password", "op://v/i/f"),
        ("one_password", "op://v/i/s/g"),
    ]);
    let mistakes = vec![
        "[confrim]",
        "[[secrets]]\nenv = \"Z\"\nref = \"x\"\nprovider = \"vault\"",
        "[[secrets]]\nenv = \"Z\"\nref = \"no/op/ref\"\nprovider = \"one_password\"",
        "[[secrets]]\nprovider = \"env\"",
        "= \u{7f}",
        "[requires_env]\n\"a b\" = \"1\"",
    ];
    (
        prop::option::of(select(banners)),
        any::<bool>(),
        mostly(Some("$LOGS/log"), 3, logs),
        prop::collection::btree_map(select(vec!["A", "B", "API_TOKEN"]), value, 0..3),
        prop::collection::btree_map(select(vec!["S", "T", "U"]), secret, 0..4),
        prop::collection::btree_set(select(vec!["confirm", "A", "B", "S", "T"]), 0..3),
        prop::option::weighted(0.08, select(mistakes)),
    )
        .prop_map(
            |(banner, confirm, audit_log, required, secrets, own, mistake)| Manifest {
                banner,
                confirm,
                audit_log,
                required,
                secrets,
                own,
                mistake,
            },
        )
}

fn vars() -> impl Strategy<Value = BTreeMap<&'static str, Vec<u8>>> {
    let odd: Vec<Vec<u8>> = vec![
        b"2".into(),
        b"".into(),
        ODD.into(),
        b"\x1b[31m".into(),
        b"\xff".into(),
    ];
    let value = || prop::option::weighted(0.9, mostly(b"1".to_vec(), 9, odd.clone()));
    let logs: Vec<Vec<u8>> = vec![b"".into(), b"relative".into()];
    (
        (value(), value(), value(), value(), value()),
        prop::option::weighted(0.97, mostly(b"LOGS".to_vec(), 20, logs)),
    )
        .prop_map(|((a, b, token, s, t), logs)| {
            let names = ["A", "B", "API_TOKEN", "CI_S", "CI_T", "LOGS"];
            let values = [a, b, token, s, t, logs];
            let set = names.into_iter().zip(values);
            set.filter_map(|(name, value)| Some((name, value?)))
                .collect()
        })
}

fn trust() -> impl Strategy<Value = Trust> {
    let loose = [
        Trust::Mode("_manifest.toml", 0o666),
        Trust::Mode("hello", 0o757),
        Trust::Mode(".", 0o777),
        Trust::Mode("..", 0o777),
        Trust::Mode("..", 0o1777),
        Trust::Mode("_manifest.toml", 0o664),
        Trust::Mode("hello", 0o775),
        Trust::Mode(".", 0o775),
    ];
    let foreign = if_root(["_manifest.toml", "hello", "."].map(Trust::NotARecord));
    let others = loose.into_iter().chain(foreign.flatten()).collect();
    mostly(Trust::Fine, 6, others)
}

fn log() -> impl Strategy<Value = Log> {
    let mut others = vec![
        Log::Good,
        Log::OtherLines,
        Log::Torn,
        Log::Loose,
        Log::Directory,
        Log::Link,
        Log::HardLink,
        Log::Pipe,
        Log::OpenDirectory,
        Log::FileAbove,
    ];
    others.extend(if_root(Log::NotARecord));
    mostly(Log::Absent, 2, others)
}

/// Generates a run.
pub(crate) fn case() -> impl Strategy<Value = Case> {
    let script = prop_oneof![
        6 => Just(Script::Good),
        1 => select(RUNS.to_vec()),
        1 => select(FAILS.to_vec()),
    ];
    let locations = vec![
        Place::OnPath,
        Place::OnPath,
        Place::OnBoth,
        Place::OnBoth,
        Place::OnOpenPath,
        Place::Nowhere,
    ];
    let roots = vec![Root::Option, Root::Variable, Root::User, Root::Shadowing];
    let arg = select(vec![
        b"a b".to_vec(),
        b"".into(),
        b"--yes".into(),
        b"-h".into(),
        b"--".into(),
        b"two\nlines".into(),
        ODD.into(),
        b"\xff".into(),
    ]);
    let ops = vec![Op::PrintsNothing, Op::Fails, Op::Absent, Op::Open];
    (
        manifest(),
        script,
        mostly(Place::OfGroup, 4, locations),
        select(roots),
        trust(),
        log(),
        mostly(Op::PrintsValue, 3, ops),
        vars(),
        prop::collection::vec(arg, 0..4),
        prop::bool::weighted(0.8),
    )
        .prop_map(
            |(manifest, script, location, root, trust, log, op, vars, args, yes)| Case {
                manifest,
                script,
                location,
                root,
                trust,
                log,
                op,
                vars,
                args,
                yes,
            },
        )
}

impl Manifest {
    fn text(&self) -> String {
        let quoted = |text: &str| Value::from(text).to_string();
        let mut text = "schema_version = 1\ndescription = \"A group\"\n".to_owned();
        let mut line = |words: String| text.push_str(&(words + "\n"));
        if let Some(banner) = self.banner {
            line(format!("banner = {}", quoted(banner)));
        }
        if let Some(log) = self.audit_log {
            line(format!("audit_log = {}", quoted(log)));
        }
        for own in [false, true] {
            let is_here = |name: &str| self.own.contains(name) == own;
            let path = if own { "extensions.hello." } else { "" };
            if is_here("confirm") {
                line(format!("{path}confirm = {}", self.confirm));
            }
            // Dotted keys, which are allowed before every header.
            for (name, value) in self.required.iter().filter(|(name, _)| is_here(name)) {
                line(format!("{path}requires_env.{name} = {}", quoted(value)));
            }
        }
        for (name, (provider, reference)) in &self.secrets {
            let own = self.own.contains(name);
            let path = if own { "extensions.hello." } else { "" };
            line(format!("[[{path}secrets]]\nenv = \"{name}\""));
            line(format!("ref = \"{reference}\"\nprovider = \"{provider}\""));
        }
        text + self.mistake.unwrap_or_default()
    }
}

/// Writes its arguments to a file, and nothing else.
const BODY: &str = "for one; do printf '%s\\0' \"$one\"; done >\"$MARK\"\n";

impl Script {
    fn put(self, world: &World, path: &Path) {
        let put = |line: &str, mode| write(path, &format!("{line}\n{BODY}"), mode);
        let by = |text: &str, mode| {
            write(&world.path("by"), text, mode);
            put(&format!("#!{}", world.path("by").display()), 0o755);
        };
        match self {
            Self::Good => put("#!/bin/sh", 0o755),
            Self::ByEnv => put("#!/usr/bin/env sh", 0o755),
            Self::NoInterpreter => put("#!/no/such/shell", 0o755),
            Self::CarriageReturn => put("#!/bin/sh\r", 0o755),
            Self::NoLine => put("", 0o755),
            Self::NotExecutable => put("#!/bin/sh", 0o644),
            Self::Empty => write(path, "", 0o755),
            Self::ClosedInterpreter => by("#!/bin/sh\n", 0o644),
            Self::EmptyInterpreter => by("", 0o755),
            Self::TextInterpreter => by("exec sh \"$@\"\n", 0o755),
            Self::OpenInterpreter => by("#!/bin/sh\nexec sh \"$@\"\n", 0o757),
            Self::OwnInterpreter => by("#!/bin/sh\nexec sh \"$@\"\n", 0o755),
            Self::NestedTooDeep => by(&format!("#!{}\n", world.path("by").display()), 0o755),
            Self::DirectoryInterpreter => {
                std::fs::create_dir(world.path("by")).unwrap();
                put(&format!("#!{}", world.path("by").display()), 0o755);
            }
            Self::ByEnvCarriageReturn => put("#!/usr/bin/env sh\r", 0o755),
            Self::ByEnvMissing => put("#!/usr/bin/env no-such-shell", 0o755),
            Self::LongLine => put(&format!("#!/{}bin/sh", "/".repeat(256)), 0o755),
            Self::LongArgument => {
                let env = format!("#!/usr/bin/env -S {}sh", "A=1 ".repeat(20));
                put(&format!("{env} {}", " ".repeat(256)), 0o755);
            }
            Self::ByteOrderMark => put("\u{feff}#!/bin/sh", 0o755),
            Self::Utf16 => put_bytes(path, b"\xff\xfe#\0!\0/\0b\0i\0n\0/\0s\0h\0\n\0"),
            Self::Binary => put_bytes(path, b"abc\0def"),
            Self::NoLoader => {
                let mut program = std::fs::read("/bin/sh").unwrap();
                let named = program.windows(4).position(|part| part == b"/ld-").unwrap();
                program[named + 1] = b'n';
                put_bytes(path, &program);
            }
            Self::OtherMachine => {
                let mut program = std::fs::read("/bin/sh").unwrap();
                program[18..20].copy_from_slice(&[0xf7, 0]); // EM_BPF
                put_bytes(path, &program);
            }
            Self::Linked => {
                let target = world.path("elsewhere");
                write(&target, &format!("#!/bin/sh\n{BODY}"), 0o755);
                symlink(target, path).unwrap();
            }
            Self::Directory => std::fs::create_dir(path).unwrap(),
            Self::Dangling => symlink("nothing", path).unwrap(),
        }
    }
}

/// Writes a file that nothing executes.
fn put_bytes(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap();
    set_mode(path, 0o755);
}

const FOREIGNER: u32 = 12345;

impl Log {
    fn put(self, world: &World) {
        let directory = world.path("logs");
        let log = directory.join("log");
        if self != Self::FileAbove {
            std::fs::create_dir(&directory).unwrap();
        }
        match self {
            Self::Absent => {}
            Self::Good => write(&log, "", 0o600),
            Self::OtherLines => write(&log, "a line from another program\n{}\n", 0o600),
            Self::Torn => write(&log, "{\"event\":\"st", 0o600),
            Self::Loose => write(&log, "", 0o644),
            Self::Directory => std::fs::create_dir(&log).unwrap(),
            Self::Link => symlink("another", &log).unwrap(),
            Self::HardLink => {
                write(&log, "", 0o600);
                std::fs::hard_link(&log, directory.join("another")).unwrap();
            }
            Self::Pipe => nix::unistd::mkfifo(&log, nix::sys::stat::Mode::S_IRUSR).unwrap(),
            Self::NotARecord => {
                write(&log, "", 0o600);
                chown(&log, Some(FOREIGNER), None).unwrap();
            }
            Self::OpenDirectory => set_mode(&directory, 0o777),
            Self::FileAbove => write(&directory, "", 0o600),
        }
    }
}

impl Op {
    fn put(self, world: &World) {
        let body = match self {
            Self::PrintsValue | Self::Open => "echo value",
            Self::PrintsNothing => "echo",
            Self::Fails => "echo no >&2; exit 1",
            Self::Absent => return,
        };
        let path = world.path("bin/op");
        write(&path, &format!("#!/bin/sh\n{body}\n"), 0o755);
        if self == Self::Open {
            set_mode(&path, 0o757);
        }
    }
}

impl Case {
    pub(crate) fn world(&self) -> World {
        let world = World::new("");
        let root = self.root(&world);
        let group = root.join("g");
        std::fs::create_dir_all(&group).unwrap();
        std::fs::write(group.join("_manifest.toml"), self.manifest.text()).unwrap();
        if self.root == Root::Shadowing {
            let hidden = world.path("system/qli/extensions/g");
            std::fs::create_dir_all(&hidden).unwrap();
            std::fs::write(hidden.join("_manifest.toml"), "schema_version = 1\n").unwrap();
        }
        std::fs::create_dir(world.path("open")).unwrap();
        set_mode(&world.path("open"), 0o777);
        if matches!(self.location, Place::OfGroup | Place::OnBoth) {
            self.script.put(&world, &group.join("hello"));
        }
        let on_path = match self.location {
            Place::OnPath => Some("bin"),
            Place::OnOpenPath => Some("open"),
            Place::OfGroup | Place::OnBoth | Place::Nowhere => None,
        };
        if let Some(directory) = on_path {
            self.script
                .put(&world, &world.path(directory).join("qli-g-hello"));
        }
        if self.location == Place::OnBoth {
            write(&world.path("bin/qli-g-hello"), "#!/bin/sh\nexit 9\n", 0o755);
        }
        match self.trust {
            Trust::Fine => {}
            Trust::Mode(name, mode) => {
                if group.join(name).exists() {
                    set_mode(&group.join(name), mode);
                }
            }
            Trust::NotARecord(name) => {
                if group.join(name).exists() {
                    chown(group.join(name), Some(FOREIGNER), None).unwrap();
                }
            }
        }
        self.log.put(&world);
        self.op.put(&world);
        world
    }

    fn root(&self, world: &World) -> PathBuf {
        world.path(match self.root {
            Root::Option | Root::Variable => "root",
            Root::User | Root::Shadowing => "data/qli/extensions",
        })
    }

    /// `qli COMMAND g hello ARGS`, with no controlling terminal.
    pub(crate) fn qli(&self, world: &World, command: &[&str]) -> Output {
        let mut qli = world.program("setsid");
        qli.arg(env!("CARGO_BIN_EXE_qli"));
        if self.yes {
            qli.arg("--yes");
        }
        match self.root {
            Root::Option => drop(qli.arg("--extensions").arg(world.path("root"))),
            Root::Variable => drop(qli.env("QLI_EXTENSIONS", world.path("root"))),
            Root::User | Root::Shadowing => {}
        }
        let path = ["open", "bin"].map(|name| world.path(name));
        let usual = ["/usr/bin", "/bin"].map(PathBuf::from);
        let path = std::env::join_paths(path.into_iter().chain(usual)).unwrap();
        qli.args(command).args(["g", "hello"]).args(self.args());
        qli.env("PATH", path)
            .env("XDG_DATA_HOME", world.path("data"))
            .env("XDG_DATA_DIRS", world.path("system"))
            .env("MARK", world.path("marker"))
            .env("COLUMNS", "200");
        for (name, value) in &self.vars {
            let value = match value.as_slice() {
                b"LOGS" => world.path("logs").into_os_string(),
                value => OsString::from_vec(value.into()),
            };
            qli.env(name, value);
        }
        output(&mut qli)
    }

    fn args(&self) -> impl Iterator<Item = &OsStr> {
        self.args.iter().map(|arg| OsStr::from_bytes(arg))
    }

    /// What the script writes when it runs.
    pub(crate) fn mark(&self) -> Vec<u8> {
        let args = self.args.iter();
        args.flat_map(|arg| arg.iter().copied().chain([0]))
            .collect()
    }

    fn log_path(&self, world: &World) -> PathBuf {
        match self.manifest.audit_log {
            Some("$XDG_STATE_HOME/log") => world.path("state/log"),
            _ => world.path("logs/log"),
        }
    }

    /// The records of qli in the log.
    pub(crate) fn records(&self, world: &World) -> Vec<Value> {
        let path = self.log_path(world);
        if !path.is_file() {
            return Vec::new();
        }
        let text = std::fs::read_to_string(path).unwrap();
        let records = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        let ours = |record: &Value| record["event"].is_string() && record["event"] != "recovered";
        records.filter(ours).collect()
    }
}
