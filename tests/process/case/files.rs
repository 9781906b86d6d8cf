//! The files of a generated run.

use std::os::unix::fs::{chown, symlink};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Bad, Case, Log, Manifest, Named, Op, Place, Root, Script, Trust};
use crate::support::{set_mode, write_program as write};
use crate::trust::let_stranger_write;
use crate::world::World;

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

/// Writes its arguments and the variable `A` to a file, and nothing else.
const BODY: &str =
    "umask 022; for one in \"$@\" \"${A-unset}\"; do printf '%s\\0' \"$one\"; done >\"$MARK\"\n";

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
            Self::ByEnvWords => put("#!/usr/bin/env sh -e", 0o755),
            Self::ByEnvOption => put("#!/usr/bin/env -i sh", 0o755),
            Self::ByEnvNothing => put("#!/usr/bin/env", 0o755),
            Self::Relative => put("#!no-such-shell", 0o755),
            Self::DirectoryName => put("#!/bin/", 0o755),
            Self::ByEnvMissing => put("#!/usr/bin/env no-such-shell", 0o755),
            Self::LongLine => put(&format!("#!/{}bin/sh", "/".repeat(256)), 0o755),
            Self::LongArgument => {
                let env = format!("#!/usr/bin/env -S {}sh", "Z=1 ".repeat(20));
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
            Self::OtherMachine => put_bytes(path, &of_other_machine()),
            Self::OtherMachineInterpreter => {
                by("", 0o755);
                put_bytes(&world.path("by"), &of_other_machine());
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

fn of_other_machine() -> Vec<u8> {
    let mut program = std::fs::read("/bin/sh").unwrap();
    program[18..20].copy_from_slice(&[0xf7, 0]); // EM_BPF
    program
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
        if self == Self::LinkAbove {
            symlink("elsewhere-logs", &directory).unwrap();
            std::fs::create_dir(world.path("elsewhere-logs")).unwrap();
        } else if !matches!(self, Self::FileAbove | Self::DanglingAbove) {
            std::fs::create_dir(&directory).unwrap();
        }
        match self {
            Self::Absent | Self::LinkAbove => {}
            Self::DanglingLink => symlink("nothing/log", &log).unwrap(),
            Self::Unreadable => write(&log, "", 0o200),
            Self::Acl => {
                write(&log, "", 0o600);
                let_stranger_write(&log);
            }
            Self::AclOfDirectory => let_stranger_write(&directory),
            Self::DanglingAbove => symlink("nothing", &directory).unwrap(),
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
            Self::Foreign => {
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
            Self::PrintsNothing => ":",
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

impl Trust {
    fn put(self, group: &Path) {
        let existing = |name: &str| Some(group.join(name)).filter(|path| path.exists());
        match self {
            Self::Fine => {}
            Self::Mode(name, mode) => {
                existing(name).inspect(|path| set_mode(path, mode));
            }
            Self::Foreign(name) => {
                existing(name).inspect(|path| chown(path, Some(FOREIGNER), None).unwrap());
            }
            Self::Acl(name) => {
                existing(name).inspect(|path| let_stranger_write(path));
            }
        }
    }
}

/// A group with more guards than any that is generated.
const GUARDED: &str = "description = \"Guarded\"\nconfirm_by = \"name\"\n\
    requires_env.HIDDEN = \"1\"\ntimeout = \"1h\"\n";

impl Case {
    pub(crate) fn world(&self) -> World {
        let world = World::new("");
        let root = self.root(&world);
        let group = root.join("g");
        std::fs::create_dir_all(&group).unwrap();
        std::fs::write(group.join("_manifest.toml"), self.manifest.text()).unwrap();
        self.put_other_roots(&world);
        std::fs::create_dir(world.path("open")).unwrap();
        set_mode(&world.path("open"), 0o777);
        if let Some(path) = self.script_path(&world) {
            self.script.put(&world, &path);
        }
        if self.location == Place::OnBoth {
            write(&world.path("bin/qli-g-hello"), "#!/bin/sh\nexit 9\n", 0o755);
        }
        self.trust.put(&group);
        self.log.put(&world);
        self.op.put(&world);
        world
    }

    /// Where the script is, or would be.
    pub(super) fn script_path(&self, world: &World) -> Option<PathBuf> {
        match self.location {
            Place::OfGroup | Place::OnBoth => Some(self.root(world).join("g/hello")),
            Place::OnPath => Some(world.path("bin/qli-g-hello")),
            Place::OnOpenPath => Some(world.path("open/qli-g-hello")),
            Place::Nowhere => None,
        }
    }

    fn put_other_roots(&self, world: &World) {
        let hidden = |root: &str, fields: &str| {
            let group = world.path(root).join("g");
            std::fs::create_dir_all(&group).unwrap();
            let text = format!("schema_version = 1\n{fields}");
            std::fs::write(group.join("_manifest.toml"), text).unwrap();
        };
        let bad = world.path("bad");
        match self.root {
            Root::Option | Root::Variable | Root::User | Root::Bad(Bad::Missing, _) => {}
            Root::Shadowing => hidden("system/qli/extensions", ""),
            Root::Hiding => hidden("data/qli/extensions", GUARDED),
            Root::Bad(Bad::File, _) => std::fs::write(&bad, "").unwrap(),
            Root::Bad(Bad::Group, _) => {
                std::fs::create_dir(&bad).unwrap();
                std::fs::write(bad.join("_manifest.toml"), GUARDED).unwrap();
            }
        }
    }

    /// The root that has the group.
    pub(super) fn root(&self, world: &World) -> PathBuf {
        world.path(match self.root {
            Root::Option
            | Root::Variable
            | Root::Hiding
            | Root::Bad(_, Named::Before | Named::After) => "root",
            Root::User | Root::Shadowing | Root::Bad(..) => "data/qli/extensions",
        })
    }

    pub(crate) fn group(&self, world: &World) -> PathBuf {
        self.root(world).join("g")
    }

    /// The group that is hidden.
    pub(crate) fn hidden(&self, world: &World) -> Option<PathBuf> {
        match self.root {
            Root::Shadowing => Some(world.path("system/qli/extensions/g")),
            Root::Hiding => Some(world.path("data/qli/extensions/g")),
            Root::Option | Root::Variable | Root::User | Root::Bad(..) => None,
        }
    }

    pub(crate) fn hides_guards(&self) -> bool {
        self.root == Root::Hiding
    }
}
