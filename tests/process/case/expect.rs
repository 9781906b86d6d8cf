//! What a generated run is known to do, whatever qli says.

use std::path::PathBuf;

use serde_json::Value;

use super::{Case, FAILS, Log, Mount, Op, Place, Root, Script, Size, Trust};
use crate::world::World;

/// The system cannot read their first line, or takes a carriage return for a part of it.
const UNREADABLE: [Script; 7] = [
    Script::CarriageReturn,
    Script::ByEnvCarriageReturn,
    Script::LongLine,
    Script::ByteOrderMark,
    Script::Utf16,
    Script::NoLine,
    Script::Empty,
];

/// Their first line leads to no interpreter, whatever is installed.
const MISLEADING: [Script; 5] = [
    Script::ByEnvWords,
    Script::ByEnvOption,
    Script::ByEnvNothing,
    Script::Relative,
    Script::DirectoryName,
];

impl Script {
    /// The code with which `validate` warns, which knows only the file.
    fn warning(self) -> Option<&'static str> {
        if UNREADABLE.contains(&self) {
            return Some("QLI0609");
        }
        MISLEADING.contains(&self).then_some("QLI0618")
    }

    fn has_own_interpreter(self) -> bool {
        matches!(
            self,
            Self::OwnInterpreter
                | Self::OpenInterpreter
                | Self::ClosedInterpreter
                | Self::EmptyInterpreter
                | Self::TextInterpreter
                | Self::OtherMachineInterpreter
                | Self::NestedTooDeep
        )
    }
}

impl Case {
    /// Whether something is known that must stop the script. The generator has more that
    /// may.
    pub(crate) fn must_not_run(&self) -> bool {
        let fails = [
            matches!(self.root, Root::Bad(..)),
            FAILS.contains(&self.script),
            self.is_changeable(),
            self.log_is_unusable(),
            self.start.mount == Mount::Script,
            self.start.mount == Mount::Interpreter && self.script.has_own_interpreter(),
            self.lacks_secret(),
            self.is_too_large(),
            self.differs(),
        ];
        fails.contains(&true)
    }

    fn is_changeable(&self) -> bool {
        let has_file = matches!(self.location, Place::OfGroup | Place::OnBoth);
        let exists = |name: &str| name != "hello" || has_file;
        match self.trust {
            Trust::Mode(name, mode) => mode & 0o1002 == 0o002 && exists(name),
            Trust::Foreign(name) | Trust::Acl(name) => exists(name),
            Trust::Fine => false,
        }
    }

    /// Whether the manifest names a log among the case's own.
    fn is_logged(&self) -> bool {
        let is_own = self.vars.get("LOGS").is_some_and(|logs| logs == b"LOGS");
        self.manifest.audit_log == Some("$LOGS/log") && is_own
    }

    fn log_is_unusable(&self) -> bool {
        let is_good = matches!(
            self.log,
            Log::Absent | Log::Good | Log::OtherLines | Log::Torn
        );
        let is_mounted = matches!(self.start.mount, Mount::Logs | Mount::FullLogs);
        self.is_logged() && (!is_good || is_mounted)
    }

    /// Whether no more can be written to the log, which only writing shows.
    pub(crate) fn has_full_log(&self) -> bool {
        let has_directory = !matches!(self.log, Log::FileAbove | Log::DanglingAbove);
        self.start.mount == Mount::FullLogs && self.is_logged() && has_directory
    }

    fn lacks_secret(&self) -> bool {
        let mut secrets = self.manifest.secrets.values();
        let is_usable = self.op == Op::PrintsValue && self.start.mount != Mount::Tool;
        secrets.any(|(provider, _)| *provider == "one_password" && !is_usable)
    }

    fn is_too_large(&self) -> bool {
        let mut secrets = self.manifest.secrets.iter();
        match self.start.size {
            Size::Usual => false,
            Size::LongValue => {
                secrets.any(|(name, (_, reference))| *name == "LONG_NAME" && *reference == "CI_S")
            }
            Size::SmallStack => secrets.filter(|(_, (_, name))| *name == "CI_S").count() > 1,
        }
    }

    fn differs(&self) -> bool {
        let mut required = self.manifest.required.iter();
        required.any(|(name, value)| {
            self.vars
                .get(name)
                .is_none_or(|var| var != value.as_bytes())
        })
    }

    /// The warning of `validate` about the script, and its place.
    pub(crate) fn warning(&self, world: &World) -> Option<(PathBuf, &'static str)> {
        let is_read = matches!(
            self.location,
            Place::OfGroup | Place::OnBoth | Place::OnPath
        );
        let path = self.script_path(world).filter(|_| is_read)?;
        Some((path, self.script.warning()?))
    }

    /// What the script writes when it runs.
    pub(crate) fn mark(&self) -> Vec<u8> {
        let unset = b"unset".to_vec();
        let last = self.vars.get("A").unwrap_or(&unset);
        let words = self.args.iter().chain([last]);
        words
            .flat_map(|word| word.iter().copied().chain([0]))
            .collect()
    }

    pub(crate) fn log_path(&self, world: &World) -> PathBuf {
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
