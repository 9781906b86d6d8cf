//! Generated manifests and systems in memory.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use qli::testing::guard::Answer;
use qli::testing::host::{Acl, FileKind};

use super::plan_of;
use crate::fake::{EXEC_LIMITS, Op, UID, World, native_program};

pub(super) const LOG: &str = "/home/ops/log/a.log";
const SCRIPT: &str = "/home/ops/.local/share/qli/extensions/g/hello";

/// What a manifest declares.
#[derive(Debug, Clone)]
pub(super) struct Declared {
    pub(super) banner: bool,
    pub(super) confirm: Ask,
    pub(super) audited: bool,
    /// Whether refusals are recorded too.
    pub(super) refusals: bool,
    pub(super) required: BTreeMap<String, String>,
    /// With how each is delivered.
    pub(super) secrets: BTreeMap<String, (Provider, &'static str)>,
    pub(super) environment: Environment,
    /// Which of these the script's section requires, not the group.
    pub(super) own: BTreeSet<String>,
}

/// How the user is asked.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ask {
    No,
    Key,
    Name,
}

/// What the script gets of the environment.
#[derive(Debug, Clone, Default)]
pub(super) struct Environment {
    /// The group's policy and the section's, which is as strict.
    pub(super) policies: Option<(&'static str, &'static str)>,
    pub(super) keep: BTreeSet<String>,
    pub(super) set: BTreeMap<String, String>,
}

const POLICIES: [(&str, &str); 5] = [
    ("inherit", "inherit"),
    ("inherit", "scrub"),
    ("scrub", "scrub"),
    ("scrub", "clean"),
    ("clean", "clean"),
];

impl Environment {
    fn lines(&self) -> String {
        let policies = self.policies.iter().map(|(group, section)| {
            let keep: Vec<_> = self.keep.iter().collect();
            let keep = (*group != "inherit").then(|| format!("keep = {keep:?}\n"));
            format!(
                "environment = \"{group}\"\nextensions.hello.environment = \"{section}\"\n{}",
                keep.unwrap_or_default()
            )
        });
        let set = self.set.iter();
        let set = set.map(|(name, value)| format!("set_env.{name} = \"{value}\"\n"));
        policies.chain(set).collect()
    }
}

fn environment() -> impl Strategy<Value = Environment> {
    (
        prop::option::of(prop::sample::select(POLICIES.to_vec())),
        prop::collection::btree_set("[AC]|CI_\\*|LD_\\*|BASH_ENV|H\\*|PATH", 0..3),
        prop::collection::btree_map("[CD]|HOME|LD_X|PATH", "/usr/bin|/opt/x|", 0..3),
    )
        .prop_map(|(policies, keep, set)| Environment {
            policies,
            keep,
            set,
        })
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Provider {
    Env,
    File,
    OnePassword,
}

impl Declared {
    fn fields(&self) -> String {
        let mut fields = String::new();
        let mut line = |text: String| fields.push_str(&(text + "\n"));
        if self.banner {
            line("banner = \"B\"".into());
        }
        let path = |name: &str| {
            if self.own.contains(name) {
                "extensions.hello."
            } else {
                ""
            }
        };
        let confirm = match self.confirm {
            Ask::No => "confirm = false",
            Ask::Key => "confirm = true",
            Ask::Name => "confirm_by = \"name\"",
        };
        line(format!("{}{confirm}", path("confirm")));
        if self.audited {
            line(format!("audit_log = \"{LOG}\""));
            line(format!("audit.refusals = {}", self.refusals));
        }
        line(self.environment.lines());
        for (name, value) in &self.required {
            line(format!("{}requires_env.{name} = \"{value}\"", path(name)));
        }
        for (name, (provider, deliver)) in &self.secrets {
            let (reference, provider) = match provider {
                Provider::Env => (format!("CI_{name}"), "env"),
                Provider::File => (format!("~/CI_{name}"), "file"),
                Provider::OnePassword => (format!("op://v/{name}/f"), "one_password"),
            };
            line(format!(
                "[[{}secrets]]\nenv = \"{name}\"\nref = \"{reference}\"\n\
                 provider = \"{provider}\"\ndeliver = \"{deliver}\"",
                path(name)
            ));
        }
        fields
    }
}

pub(super) fn declared() -> impl Strategy<Value = Declared> {
    let provider = prop::sample::select(vec![Provider::Env, Provider::File, Provider::OnePassword]);
    let deliver = prop::sample::select(vec!["env", "file", "fd"]);
    (
        any::<bool>(),
        prop::sample::select(vec![Ask::No, Ask::Key, Ask::Name]),
        any::<(bool, bool)>(),
        prop::collection::btree_map("[AB]", "[12]?", 0..3),
        prop::collection::btree_map("[STU]", (provider, deliver), 0..3),
        environment(),
        prop::collection::btree_set("confirm|[ABST]", 0..4),
    )
        .prop_map(
            |(banner, confirm, (audited, refusals), required, secrets, environment, own)| {
                Declared {
                    banner,
                    confirm,
                    audited,
                    refusals,
                    required,
                    secrets,
                    environment,
                    own,
                }
            },
        )
}

/// The environment of a run.
#[derive(Debug, Clone)]
pub(super) struct Circumstances {
    pub(super) vars: BTreeMap<String, String>,
    pub(super) typed: Option<String>,
    pub(super) answer: Answer,
    pub(super) op: Option<(i32, String)>,
    pub(super) tool: Tool,
    pub(super) log: Log,
    pub(super) start: Start,
    pub(super) runtime: Runtime,
    /// A variable that leaves no room for the others.
    pub(super) huge: bool,
}

pub(super) const RUNTIME: &str = "/home/ops/run/qli";

/// The directory for the files of secrets, and what descriptors need.
#[derive(Debug, Clone, Copy)]
pub(super) enum Runtime {
    Good,
    Closed,
    Open,
    Foreign,
    Linked,
    NotADirectory,
    /// No user of this machine has one.
    Absent,
    NoDescriptors,
    /// No more can be written, which only writing shows.
    Full,
}

pub(super) const RUNTIMES: [Runtime; 8] = [
    Runtime::Closed,
    Runtime::Open,
    Runtime::Foreign,
    Runtime::Linked,
    Runtime::NotADirectory,
    Runtime::Absent,
    Runtime::NoDescriptors,
    Runtime::Full,
];

impl Runtime {
    fn put(self, world: World) -> World {
        let world = world.directory("/dev/fd", 0o755);
        let with = |world: World, mode| {
            let world = world.var("XDG_RUNTIME_DIR", "/home/ops/run");
            world
                .directory("/home/ops/run", 0o700)
                .directory(RUNTIME, mode)
        };
        match self {
            Self::Good => with(world, 0o700),
            Self::Closed => with(world, 0o500),
            Self::Open => with(world, 0o777),
            Self::Foreign => with(world, 0o700).alter(RUNTIME, |stat| stat.owner = UID + 1),
            Self::Linked => with(world, 0o700).link(RUNTIME, "/home/ops"),
            Self::NotADirectory => with(world, 0o700).file(RUNTIME, ""),
            Self::Absent => world,
            Self::NoDescriptors => with(world, 0o700).without("/dev/fd"),
            Self::Full => with(world, 0o700).fails(Op::Deliver, 1, nix::errno::Errno::ENOSPC),
        }
    }
}

/// What is the matter with the provider's program.
#[derive(Debug, Clone, Copy)]
pub(super) enum Tool {
    Good,
    /// On a filesystem without execution.
    Noexec,
    /// An access control list lets a stranger write.
    Acl,
}

/// How the system would start the script.
#[derive(Debug, Clone, Copy)]
pub(super) enum Start {
    Good,
    ByEnv,
    ByEnvAndShim,
    /// The interpreter is missing, or what is at its path cannot start anything.
    Missing,
    Directory,
    Closed,
    Dangling,
    Empty,
    Text,
    Odd,
    OtherProgramAbove,
    Noexec,
    Nested,
    CarriageReturn,
    CutArgument,
    /// `env` finds nothing.
    EnvMissing,
    EnvCarriageReturn,
    EnvWords,
    EnvNothing,
    /// The script is a program itself.
    Program,
    OddProgram,
    OtherProgram,
}

pub(super) const STARTS: [Start; 21] = [
    Start::ByEnv,
    Start::ByEnvAndShim,
    Start::Missing,
    Start::Directory,
    Start::Closed,
    Start::Dangling,
    Start::Empty,
    Start::Text,
    Start::Odd,
    Start::OtherProgramAbove,
    Start::Noexec,
    Start::Nested,
    Start::CarriageReturn,
    Start::CutArgument,
    Start::EnvMissing,
    Start::EnvCarriageReturn,
    Start::EnvWords,
    Start::EnvNothing,
    Start::Program,
    Start::OddProgram,
    Start::OtherProgram,
];

impl Start {
    pub(super) fn put(self, world: World) -> World {
        const BY: &str = "/opt/by";
        let by = |world: World| world.executable(SCRIPT, &format!("#!{BY} -x\n"));
        let by_env = |world: World, name: &str| {
            let env = world.program("/usr/bin/env", &native_program());
            env.executable(SCRIPT, &format!("#!/usr/bin/env {name}\n"))
        };
        match self {
            Self::Good => world,
            Self::ByEnv => by_env(world, "sh"),
            Self::ByEnvAndShim => by_env(world.executable("/usr/bin/shim", "#!/bin/sh\n"), "shim"),
            Self::Missing => by(world),
            Self::Directory => by(world).directory(BY, 0o755),
            Self::Closed => by(world).file(BY, "x"),
            Self::Dangling => by(world).link(BY, "/none"),
            Self::Empty => by(world).executable(BY, ""),
            Self::Text => by(world).executable(BY, "echo\n"),
            Self::Odd => by(world).executable(BY, "a\0b"),
            Self::OtherProgramAbove => by(world).program(BY, &other_program()),
            Self::Noexec => by(world).program(BY, &native_program()).noexec("/opt"),
            Self::CarriageReturn => world.executable(SCRIPT, "#!/bin/sh\r\n"),
            Self::CutArgument => {
                let line = format!("#!/bin/sh {}\n", "a".repeat(300));
                world.executable(SCRIPT, &line)
            }
            Self::Nested => by(world).executable(BY, &format!("#!{BY}\n")),
            Self::EnvMissing => by_env(world, "none"),
            Self::EnvCarriageReturn => by_env(world, "sh\r"),
            Self::EnvWords => by_env(world, "sh -e"),
            Self::EnvNothing => by_env(world, ""),
            Self::Program => world.program(SCRIPT, &native_program()),
            Self::OddProgram => world.executable(SCRIPT, "a\0b"),
            Self::OtherProgram => world.program(SCRIPT, &other_program()),
        }
    }
}

fn other_program() -> Vec<u8> {
    let mut program = native_program();
    let machine = program.iter_mut().skip(18).take(2);
    machine.zip([8, 0]).for_each(|(byte, mips)| *byte = mips);
    program
}

/// Gives a path an access control list by which a stranger may write.
fn let_stranger_write(world: World, path: &str) -> World {
    let acl = Acl {
        users: vec![UID + 1],
        by_group: false,
    };
    let world = world.alter(path, |stat| stat.mode |= 0o020);
    world.acl_of(path, acl)
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Log {
    Absent,
    Good,
    Loose,
    Directory,
    Link,
    Foreign,
    ReadOnly,
    Unreadable,
    OpenDirectory,
    ClosedDirectory,
    LinkedDirectory,
    /// An access control list lets a stranger write to the directory.
    AclOfDirectory,
    /// No more can be written, which only writing shows.
    Full,
}

pub(super) const LOGS: [Log; 14] = [
    Log::Absent,
    Log::Good,
    Log::Good,
    Log::Loose,
    Log::Directory,
    Log::Link,
    Log::Foreign,
    Log::ReadOnly,
    Log::Unreadable,
    Log::OpenDirectory,
    Log::ClosedDirectory,
    Log::LinkedDirectory,
    Log::AclOfDirectory,
    Log::Full,
];

pub(super) fn circumstances() -> impl Strategy<Value = Circumstances> {
    let var = prop::sample::select(vec![
        "A",
        "B",
        "C",
        "CI_S",
        "CI_T",
        "CI_U",
        "BASH_ENV",
        "LD_X",
        "QLI_GROUP",
    ]);
    let value = prop_oneof![
        20 => "[12]?",
        1 => Just("() { :; }".to_owned()),
        1 => Just("x".repeat(EXEC_LIMITS.string - 1)),
    ];
    let op = (0..2, "[a-z]{0,2}\n?");
    let log = prop::sample::select(LOGS.to_vec());
    let tool = prop_oneof![
        8 => Just(Tool::Good),
        1 => prop::sample::select(vec![Tool::Noexec, Tool::Acl]),
    ];
    (
        prop::collection::btree_map(var.prop_map(str::to_owned), value, 0..6),
        prop::option::of("y|n|g|"),
        prop::sample::select(vec![
            Answer::AskPerson,
            Answer::YesGiven,
            Answer::NameGiven("g".to_owned()),
            Answer::NameGiven("h".to_owned()),
        ]),
        (prop::option::weighted(0.8, op), tool),
        log,
        prop_oneof![4 => Just(Start::Good), 1 => prop::sample::select(STARTS.to_vec())],
        prop_oneof![4 => Just(Runtime::Good), 1 => prop::sample::select(RUNTIMES.to_vec())],
        prop::bool::weighted(0.03),
    )
        .prop_map(
            |(vars, typed, answer, (op, tool), log, start, runtime, huge)| Circumstances {
                vars,
                typed,
                answer,
                op,
                tool,
                log,
                start,
                runtime,
                huge,
            },
        )
}

pub(super) fn world(declared: &Declared, now: &Circumstances) -> World {
    let mut world = World::new().manifest("g", &declared.fields());
    for (name, value) in &now.vars {
        world = world.var(name, value);
        world = world.file(&format!("/home/ops/{name}"), value);
    }
    if let Some(typed) = &now.typed {
        world = world.terminal(typed);
    }
    if let Some((code, value)) = &now.op {
        world = world.tool("op", *code, value.as_bytes(), b"no");
    }
    world = match now.tool {
        Tool::Good => world,
        Tool::Noexec => world.noexec("/usr/bin/op"),
        Tool::Acl => let_stranger_write(world, "/usr/bin/op"),
    };
    if now.huge {
        world = world.var("HUGE", "x".repeat(EXEC_LIMITS.all));
    }
    world = now.runtime.put(now.start.put(world));
    let log = |world: World, kind, mode| world.node(LOG, kind, mode, "");
    match now.log {
        Log::Absent => world,
        Log::Good => log(world, FileKind::File, 0o600),
        Log::Loose => log(world, FileKind::File, 0o644),
        Log::Directory => log(world, FileKind::Directory, 0o700),
        Log::Link => log(world, FileKind::Link, 0o777),
        Log::ReadOnly => log(world, FileKind::File, 0o400),
        Log::Unreadable => log(world, FileKind::File, 0o200),
        Log::Foreign => log(world, FileKind::File, 0o600).alter(LOG, |stat| stat.owner = UID + 1),
        Log::OpenDirectory => world.directory("/home/ops/log", 0o777),
        Log::ClosedDirectory => world.directory("/home/ops/log", 0o500),
        Log::LinkedDirectory => world.link("/home/ops/log", "/home/ops"),
        Log::AclOfDirectory => {
            let_stranger_write(world.directory("/home/ops/log", 0o700), "/home/ops/log")
        }
        Log::Full => world.fails(Op::Append, 1, nix::errno::Errno::ENOSPC),
    }
}

/// The cache from which an embedded script runs.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cache {
    Absent,
    Noexec,
    Closed,
    NotADirectory,
    Copied,
    CopyDiffers,
    CopyClosed,
    CopyUnreadable,
}

pub(super) const CACHES: [Cache; 8] = [
    Cache::Absent,
    Cache::Noexec,
    Cache::Closed,
    Cache::NotADirectory,
    Cache::Copied,
    Cache::CopyDiffers,
    Cache::CopyClosed,
    Cache::CopyUnreadable,
];

impl Cache {
    pub(super) fn world(self) -> World {
        const CACHE: &str = "/home/ops/.cache";
        let program = plan_of(&World::new(), "prod", &Answer::YesGiven)
            .spawn
            .program;
        let path = program.file().to_str().unwrap();
        let script = || str::from_utf8(&program.head).unwrap();
        let copy = |text: &str, mode| World::new().node(path, FileKind::File, mode, text);
        match self {
            Self::Absent => World::new(),
            Self::Noexec => World::new().directory(CACHE, 0o700).noexec(CACHE),
            Self::Closed => World::new().directory(CACHE, 0o500),
            Self::NotADirectory => World::new().file(CACHE, ""),
            Self::Copied => copy(script(), 0o700),
            Self::CopyDiffers => copy("#!/bin/sh\n", 0o700),
            Self::CopyClosed => copy(script(), 0o600),
            Self::CopyUnreadable => copy(script(), 0o100),
        }
    }
}
