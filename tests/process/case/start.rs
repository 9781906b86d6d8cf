//! How qli is started in a generated run.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::PathBuf;
use std::process::{Command, Output};

use proptest::prelude::*;
use proptest::sample::select;

use super::{Case, Named, Root, if_root, mostly};
use crate::support::output;
use crate::world::World;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Start {
    pub(super) umask: u32,
    /// If `A` is set, it is in the environment twice, first with this value.
    pub(super) twice: Option<&'static str>,
    pub(crate) mount: Mount,
    pub(super) size: Size,
}

/// What is mounted over the case's files.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Mount {
    Nothing,
    /// Without execution.
    Script,
    Interpreter,
    Tool,
    /// Read-only.
    Logs,
    /// A full disk.
    FullLogs,
}

/// How much the script gets besides its arguments.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Size {
    Usual,
    /// A variable that is as long as can be, so that a secret of a longer name is not.
    LongValue,
    /// Two secrets more than the kernel takes with a small stack.
    SmallStack,
}

/// Linux: 32 pages with the name, `=` and the end (`MAX_ARG_STRLEN`).
const LONGEST: usize = 128 * 1024 - "CI_S=".len() - 1;

/// Twice this fits into the least that Linux takes in all (128 KiB), three times does not.
const LONG: usize = 50_000;

impl Start {
    pub(super) const USUAL: Self = Self {
        umask: 0o022,
        twice: None,
        mount: Mount::Nothing,
        size: Size::Usual,
    };
}

const UMASKS: [u32; 5] = [0, 0o002, 0o077, 0o177, 0o777];
const FIRST: [&str; 2] = ["1", "2"];
const SIZES: [Size; 2] = [Size::LongValue, Size::SmallStack];

/// Only root can mount files that others own.
fn mounts() -> impl Iterator<Item = Mount> {
    let mounts = [
        Mount::Script,
        Mount::Interpreter,
        Mount::Tool,
        Mount::Logs,
        Mount::FullLogs,
    ];
    mounts.into_iter().flat_map(if_root)
}

pub(super) fn start() -> impl Strategy<Value = Start> {
    let mounts = std::iter::once(Mount::Nothing).chain(mounts());
    (
        mostly(0o022, 3, UMASKS.to_vec()),
        prop::option::weighted(0.1, select(FIRST.to_vec())),
        mostly(Mount::Nothing, 5, mounts.collect()),
        mostly(Size::Usual, 15, SIZES.to_vec()),
    )
        .prop_map(|(umask, twice, mount, size)| Start {
            umask,
            twice,
            mount,
            size,
        })
}

/// Those that differ from the usual one in one thing.
pub(super) fn starts() -> impl Iterator<Item = Start> {
    let usual = Start::USUAL;
    let umasks = UMASKS.map(|umask| Start { umask, ..usual });
    let twice = FIRST.map(|first| Start {
        twice: Some(first),
        ..usual
    });
    let sizes = SIZES.map(|size| Start { size, ..usual });
    let mounts = mounts().map(move |mount| Start { mount, ..usual });
    let all = umasks.into_iter().chain(twice).chain(sizes);
    all.chain(mounts)
}

/// Runs the rest of its arguments in an environment that has a variable twice: what no
/// shell can do, and `execve` allows.
const TWICE: &str = "import os, sys
class Twice(dict):
    def __len__(self): return len(self.pairs)
    def keys(self): return [key for key, _ in self.pairs]
    def values(self): return [value for _, value in self.pairs]
twice = Twice()
twice.pairs = [(b'A', os.fsencode(sys.argv[1])), *os.environb.items()]
os.execve(sys.argv[2], sys.argv[2:], twice)
";

impl Case {
    /// `qli COMMAND g hello ARGS`, with no controlling terminal.
    pub(crate) fn qli(&self, world: &World, command: &[&str]) -> Output {
        let mut qli = self.start(world);
        if self.yes {
            qli.arg("--yes");
        }
        qli.args(self.named_roots(world));
        qli.args(command).args(["g", "hello"]).args(self.args());
        output(&mut qli)
    }

    /// `qli validate`.
    pub(crate) fn validate(&self, world: &World) -> Output {
        let mut qli = self.start(world);
        qli.args(self.named_roots(world));
        output(qli.args(["validate", "--format", "json"]))
    }

    /// The program, without its arguments.
    fn start(&self, world: &World) -> Command {
        let mut command = world.program("setsid");
        let mount = self.mounted(world);
        if mount.is_some() {
            command.args(["unshare", "--map-root-user", "--mount"]);
        }
        let (target, mount) = mount.unwrap_or_default();
        let stack = match self.start.size {
            Size::SmallStack => "ulimit -s 512;",
            Size::Usual | Size::LongValue => "",
        };
        let umask = self.start.umask;
        let line = format!("umask {umask:04o}; {stack} it=$1; shift; {mount} exec \"$@\"");
        command.args(["sh", "-ec", &line, "sh"]).arg(target);
        let is_set = self.vars.contains_key("A");
        if let Some(first) = self.start.twice.filter(|_| is_set) {
            command.args(["python3", "-ISc", TWICE, first]);
        }
        command.arg(env!("CARGO_BIN_EXE_qli"));
        self.set_variables(world, &mut command);
        command
    }

    fn set_variables(&self, world: &World, command: &mut Command) {
        let path = ["open", "bin"].map(|name| world.path(name));
        let usual = ["/usr/bin", "/bin"].map(PathBuf::from);
        let path = std::env::join_paths(path.into_iter().chain(usual)).unwrap();
        command
            .env("PATH", path)
            .env("XDG_DATA_HOME", world.path("data"))
            .env("XDG_DATA_DIRS", world.path("system"))
            .env("MARK", world.path("marker"))
            .env("COLUMNS", "200");
        for (name, value) in &self.vars {
            let value = match value.as_slice() {
                b"LOGS" => world.path("logs").into_os_string(),
                value => OsString::from_vec(value.into()),
            };
            command.env(name, value);
        }
        match self.start.size {
            Size::Usual => {}
            Size::LongValue => drop(command.env("CI_S", "x".repeat(LONGEST))),
            Size::SmallStack => drop(command.env("CI_S", "x".repeat(LONG))),
        }
        let named = match self.root {
            Root::Variable => "root",
            Root::Bad(_, Named::Variable) => "bad",
            Root::Option | Root::User | Root::Shadowing | Root::Hiding | Root::Bad(..) => return,
        };
        command.env("QLI_EXTENSIONS", world.path(named));
    }

    fn named_roots(&self, world: &World) -> Vec<OsString> {
        let names: &[&str] = match self.root {
            Root::Option | Root::Hiding => &["root"],
            Root::Bad(_, Named::Option) => &["bad"],
            Root::Bad(_, Named::Before) => &["bad", "root"],
            Root::Bad(_, Named::After) => &["root", "bad"],
            Root::Variable | Root::User | Root::Shadowing | Root::Bad(_, Named::Variable) => &[],
        };
        let option = |name: &&str| ["--extensions".into(), world.path(name).into_os_string()];
        names.iter().flat_map(option).collect()
    }

    /// What is mounted over, if it exists, and the commands that do so.
    fn mounted(&self, world: &World) -> Option<(PathBuf, &'static str)> {
        const NOEXEC: &str =
            "[ ! -f $it ] || { mount --bind $it $it; mount -o remount,bind,noexec $it; };";
        const READ_ONLY: &str =
            "[ ! -d $it ] || { mount --bind $it $it; mount -o remount,bind,ro $it; };";
        const FULL: &str = "[ ! -d $it ] || { mount -t tmpfs -o size=4k,mode=700 none $it;
            dd if=/dev/zero of=$it/fill bs=1k count=9 2>/dev/null || :; };";
        match self.start.mount {
            Mount::Nothing => None,
            Mount::Script => Some((self.script_path(world)?, NOEXEC)),
            Mount::Interpreter => Some((world.path("by"), NOEXEC)),
            Mount::Tool => Some((world.path("bin/op"), NOEXEC)),
            Mount::Logs => Some((world.path("logs"), READ_ONLY)),
            Mount::FullLogs => Some((world.path("logs"), FULL)),
        }
    }

    fn args(&self) -> impl Iterator<Item = &OsStr> {
        self.args.iter().map(|arg| OsStr::from_bytes(arg))
    }
}
