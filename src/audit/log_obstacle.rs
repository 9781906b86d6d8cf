//! Why a log or an anchor cannot be used, as messages.

use std::io;
use std::path::Path;

use super::log::{Log, LogSetting};
use crate::host::{
    FileKind, HostView, MAP_OWNER, STICKY, Stat, beyond_the_path, diagnosis, is_link, is_unmapped,
    reason,
};
use crate::manifest::LogAccess;
use crate::names::{shell_path, shell_word};

/// Why a log cannot be trusted or written, and the next step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogObstacle {
    pub reason: String,
    pub help: String,
    /// The setting that names it.
    pub setting: LogSetting,
}

impl LogObstacle {
    pub(super) fn new(log: &Log, reason: String, help: impl Into<String>) -> Self {
        Self::of_setting(log.setting, reason, help)
    }

    pub(super) fn of_setting(setting: LogSetting, reason: String, help: impl Into<String>) -> Self {
        let help = help.into();
        Self {
            reason,
            help,
            setting,
        }
    }

    fn other_file(log: &Log, reason: String) -> Self {
        let help = format!("use another file for `{}`", log.setting.field());
        Self::new(log, reason, help)
    }

    pub(super) fn not_regular(log: &Log, stat: &Stat, view: &dyn HostView) -> Self {
        let (noun, path) = (log.setting.noun(), shell_word(&log.path));
        let kind = named_kind(&log.path, stat.kind, view);
        let reason = format!("the {noun} {path} must be a regular file, but is {kind}");
        Self::other_file(log, reason)
    }

    /// The log's directory, or something above it, is not a directory.
    pub(super) fn not_a_directory(
        log: &Log,
        path: &Path,
        kind: FileKind,
        view: &dyn HostView,
    ) -> Self {
        let kind = named_kind(path, kind, view);
        let path = shell_word(path);
        Self::other_file(log, format!("{path} must be a directory, but is {kind}"))
    }

    /// The log is the group's own manifest or script.
    pub fn of_group(log: &Log) -> Self {
        let (noun, path) = (log.setting.noun(), shell_word(&log.path));
        Self::other_file(
            log,
            format!("{path} is a file of the group, not its {noun}"),
        )
    }

    pub(super) fn hard_linked(log: &Log) -> Self {
        let (noun, field) = (log.setting.noun(), log.setting.field());
        let path = shell_word(&log.path);
        Self::new(
            log,
            format!("the {noun} {path} must not have hard links"),
            format!("move {path} away, or use another file for `{field}`"),
        )
    }

    pub(super) fn foreign_owner(log: &Log, path: &Path, owner: u32, view: &dyn HostView) -> Self {
        let path = shell_word(path);
        let must = format!("{path} must belong to you or root, but");
        if is_unmapped(owner, view) {
            let reason = format!("{must} has no owner in this user namespace");
            return Self::new(log, reason, MAP_OWNER);
        }
        Self::new(
            log,
            format!("{must} belongs to uid {owner}"),
            format!("sudo chown \"$(id -u)\" {path}"),
        )
    }

    /// A log that root has written before, with permissions of which none lets this
    /// user write.
    pub(super) fn of_root(log: &Log) -> Self {
        let (noun, path) = (log.setting.noun(), shell_word(&log.path));
        Self::new(
            log,
            format!("the {noun} {path} must belong to you, but belongs to root"),
            format!("sudo chown \"$(id -u)\" {path}  # or run it as root"),
        )
    }

    /// The log has other permissions than it may have at most.
    pub(super) fn loose_file(log: &Log, stat: &Stat, euid: u32) -> Self {
        let (noun, path) = (log.setting.noun(), shell_word(&log.path));
        let (most, mode) = (log.access.mode(), stat.mode);
        let allowed = match most {
            0o600 => "be private (0600)".to_owned(),
            most => format!("have the mode {most:04o}"),
        };
        Self::new(
            log,
            format!("the {noun} {path} must {allowed}, but has the mode {mode:04o}"),
            format!("{}chmod {most:03o} {path}", sudo(stat, euid)),
        )
    }

    pub(super) fn loose_directory(log: &Log, path: &Path, stat: &Stat, euid: u32) -> Self {
        let (noun, path) = (log.setting.noun(), shell_word(path));
        let mode = stat.mode;
        let help = match mode & STICKY {
            0 => {
                let sudo = sudo(stat, euid);
                format!("{sudo}chmod o-w {path}  # or use a separate directory")
            }
            // A directory such as `/tmp` stays shared.
            _ => format!("use a separate directory for the {noun}"),
        };
        let reason = format!(
            "the {noun}'s directory {path} must not be writable by everyone, but has the mode \
             {mode:04o}"
        );
        Self::new(log, reason, help)
    }

    pub(super) fn not_writable(log: &Log, path: &Path, error: &io::Error) -> Self {
        let help = diagnosis(error, path);
        let path = shell_word(path);
        Self::new(log, format!("cannot write {path}: {}", reason(error)), help)
    }

    /// The log's directory is missing and cannot be created.
    pub(super) fn no_directory(
        log: &Log,
        above: &Path,
        error: &io::Error,
        view: &dyn HostView,
    ) -> Self {
        let noun = log.setting.noun();
        if is_dangling(above, view) {
            let reason = format!(
                "the {noun}'s directory cannot be created: {} is {DANGLING}",
                shell_word(above)
            );
            let help = format!("ls -l {}  # where it leads", shell_path(above));
            return Self::new(log, reason, help);
        }
        let directory = shell_word(log.path.parent().unwrap_or(&log.path));
        let owned = match log.access {
            LogAccess::Private => "-o \"$(id -u)\" -m 700",
            LogAccess::GroupRead => "-o \"$(id -u)\" -g GROUP -m 2750",
            LogAccess::Group => "-g GROUP -m 2770",
        };
        let help = beyond_the_path(error, above)
            .unwrap_or_else(|| format!("sudo install -d {owned} {directory}"));
        let (above, error) = (shell_word(above), reason(error));
        let reason = format!(
            "the {noun}'s directory {directory} is missing, and cannot write {above}: {error}"
        );
        Self::new(log, reason, help)
    }
}

const DANGLING: &str = "a broken symbolic link";

fn is_dangling(path: &Path, view: &dyn HostView) -> bool {
    let target = || view.stat(path).err();
    is_link(path, view) && target().is_some_and(|error| error.kind() == io::ErrorKind::NotFound)
}

fn named_kind(path: &Path, kind: FileKind, view: &dyn HostView) -> &'static str {
    if is_dangling(path, view) {
        return DANGLING;
    }
    kind.as_str()
}

/// Only root and its owner may change the mode of a file (chmod(2)).
fn sudo(stat: &Stat, euid: u32) -> &'static str {
    if stat.owner == euid || euid == 0 {
        ""
    } else {
        "sudo "
    }
}
