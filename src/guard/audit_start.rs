//! Step 5: the start is on disk before the script starts.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use super::{Detail, Guard, Launch, Passage, Refusal, Verdict, record};
use crate::audit::{
    AnchorSink, Fallback, Log, LogObstacle, LogSetting, OpenRecord, StartRecord, Unopened,
    Unrecorded, exposed, obstacle, recorded_names, refuse, wrong_kind,
};
use crate::diagnostics::{Code, Diagnostic, Source};
use crate::discovery::Group;
use crate::host::{FileId, Host, HostView, lookup};
use crate::manifest::{AnchorTarget, ArgsMode, AuditLog, LogAccess, Manifest};
use crate::names::{PathTemplate, shell_word};

/// Appends the start record, on disk before the script starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditStart {
    #[serde(flatten)]
    pub log: Log,
    /// Whether a refusal before this step is recorded too.
    pub refusals: bool,
    pub args: ArgsMode,
    /// The group's own files, which cannot be its log.
    #[serde(skip)]
    pub own: Vec<FileId>,
}

impl AuditStart {
    /// Plans the guard of a group, for any of its scripts.
    ///
    /// # Errors
    ///
    /// A variable of the path has no value (QLI0502), or the expanded path is not
    /// absolute (QLI0503).
    pub fn of_group(group: &Group, view: &dyn HostView) -> Result<Option<Self>, Diagnostic> {
        let own = group.location.manifest_id.into_iter().collect();
        Self::plan(&group.manifest, own, view)
    }

    pub(super) fn plan(
        manifest: &Manifest,
        own: Vec<FileId>,
        view: &dyn HostView,
    ) -> Result<Option<Self>, Diagnostic> {
        let Some(log) = &manifest.audit_log else {
            return Ok(None);
        };
        let AuditLog {
            path,
            span,
            refusals,
            sync,
            args,
            access,
            anchor,
        } = log;
        let source = &manifest.source;
        let anchor = anchor.as_ref().map(|one| match &one.value {
            AnchorTarget::Syslog => Ok(AnchorSink::Syslog),
            AnchorTarget::File(path) => {
                expand("anchor", path, &one.span, source, view).map(AnchorSink::File)
            }
        });
        Ok(Some(Self {
            log: Log {
                path: expand("audit_log", path, span, source, view)?,
                sync: *sync,
                access: *access,
                anchor: anchor.transpose()?,
                setting: LogSetting::AuditLog,
            },
            refusals: *refusals,
            args: *args,
            own,
        }))
    }

    /// Why a start cannot be recorded now, found without modifying anything.
    pub fn obstacle(&self, view: &dyn HostView) -> Option<LogObstacle> {
        self.misplaced(view).or_else(|| obstacle(&self.log, view))
    }

    /// What opening the log does not check.
    fn misplaced(&self, view: &dyn HostView) -> Option<LogObstacle> {
        let anchor = match &self.log.anchor {
            Some(AnchorSink::File(path)) => Some(AnchorSink::file(path)),
            Some(AnchorSink::Syslog) | None => None,
        };
        let mut logs = std::iter::once(&self.log).chain(&anchor);
        let found = logs.find_map(|log| {
            let found = view.lstat(&log.path);
            if found.is_ok_and(|stat| self.own.contains(&stat.id)) {
                return Some(LogObstacle::of_group(log));
            }
            wrong_kind(log, view).or_else(|| exposed(log, view))
        });
        found.or_else(|| self.log.anchor.as_ref()?.obstacle(view))
    }

    /// Records that a run was refused before this step, if the manifest asks for
    /// it; returns what could not be recorded.
    pub(super) fn record_refusal(
        &self,
        launch: &Launch<'_>,
        refusal: &Refusal,
        host: &mut dyn Host,
    ) -> Option<Unrecorded> {
        if !self.refusals {
            return None;
        }
        if let Some(obstacle) = self.misplaced(host) {
            let reason = obstacle.reason;
            let left = Fallback::Dropped;
            let diagnosis = None;
            return Some(Unrecorded {
                reason,
                diagnosis,
                left,
            });
        }
        let body = record::refused(launch, refusal, self.args, host);
        refuse(&record::context(launch, &self.log), body, host)
    }

    /// When the record is on disk, and the settings that are not the default.
    fn shown(&self) -> Vec<String> {
        let sync = Some(if self.log.sync {
            "on disk before the script starts"
        } else {
            "written, but not synced to disk, before the script starts"
        });
        let refusals = self.refusals.then_some("refusals are recorded too");
        let args = match self.args {
            ArgsMode::Full => Some("arguments are recorded as typed"),
            ArgsMode::Redacted => None,
            ArgsMode::Digest => Some("arguments are recorded as digests"),
        };
        let access = match self.log.access {
            LogAccess::Private => None,
            LogAccess::GroupRead => Some("the log's Unix group may read it"),
            LogAccess::Group => Some("the log's Unix group may append to it"),
        };
        let anchor = self.log.anchor.as_ref().map(|anchor| match anchor {
            AnchorSink::Syslog => "anchored in syslog".to_owned(),
            AnchorSink::File(path) => format!("anchored in {}", shell_word(path)),
        });
        let fixed = [sync, refusals, args, access].into_iter().flatten();
        fixed.map(str::to_owned).chain(anchor).collect()
    }
}

fn expand(
    field: &str,
    path: &PathTemplate,
    span: &Range<usize>,
    source: &Arc<Source>,
    view: &dyn HostView,
) -> Result<PathBuf, Diagnostic> {
    let at = |code, message| Diagnostic::at(code, source, span.clone(), message);
    let path = path.expand(|name| lookup(name, view)).map_err(|unset| {
        let message = format!("`{field}` needs `{}`, which is not set", unset.0);
        let help = match unset.0.as_str() {
            "HOME" => "set `HOME`, or the XDG variable that the path begins with".to_owned(),
            other => format!("set `{other}`, or write the path without it"),
        };
        at(Code::AuditPathVariableUnset, message).help(help)
    })?;
    if path.is_relative() {
        let message = format!("`{field}` must be an absolute path, with its variables expanded");
        return Err(
            at(Code::AuditPathRelative, message).help("set its first variable to an absolute path")
        );
    }
    Ok(path)
}

impl Guard for AuditStart {
    fn preview(&self, view: &dyn HostView) -> Verdict {
        match self.obstacle(view) {
            Some(obstacle) => Verdict::Refuse(Refusal::LogObstacle(obstacle)),
            None => Verdict::Act,
        }
    }

    fn enforce(&self, launch: &mut Launch<'_>, host: &mut dyn Host) -> Result<Passage, Refusal> {
        if let Some(obstacle) = self.misplaced(host) {
            return Err(Refusal::LogObstacle(obstacle));
        }
        let plan = launch.plan;
        let secrets = || plan.guards.secrets.iter().flat_map(|one| &one.wanted);
        let names = secrets().map(|one| one.env.to_string());
        let (env_var_names, env_vars_left_out) = recorded_names(names, String::len);
        let others = secrets().take(env_var_names.len());
        let others = others.filter(|one| !one.deliver.is_env());
        let start = StartRecord {
            env_var_names,
            env_vars_left_out,
            environment: record::environment(launch, host),
            deliver: others
                .map(|one| (one.env.to_string(), one.deliver))
                .collect(),
            mask: plan.masking.mask,
            run: record::run_facts(launch, &plan.args, self.args, host),
        };
        match OpenRecord::open(record::context(launch, &self.log), start, host) {
            Ok(record) => launch.record = Some(record),
            Err(Unopened { error, unrecorded }) => {
                launch.unrecorded = unrecorded;
                return Err(Refusal::of_append(error, &self.log.path));
            }
        }
        Ok(None)
    }

    fn details(&self, verdict: &Verdict) -> Vec<Detail> {
        if let Some(refusal) = verdict.refusal() {
            return refusal.details();
        }
        let path = shell_word(&self.log.path);
        let lines = std::iter::once(path).chain(self.shown());
        lines.map(|line| Detail::of_group("act", line)).collect()
    }
}

#[cfg(test)]
mod tests {
    use nix::errno::Errno;

    use super::super::Step;
    use super::super::plan::tests::{enforce_only, plan};
    use super::*;
    use crate::host::fake::{Op, World};

    fn world() -> World {
        World::new().manifest("g", "audit_log = \"$XDG_STATE_HOME/qli/g.log\"")
    }

    fn code(world: &World) -> Code {
        plan(world).unwrap_err().first().unwrap().code
    }

    #[test]
    fn the_path_is_expanded_while_planning() {
        assert_eq!(
            code(
                &world()
                    .unset("HOME")
                    .var("XDG_DATA_HOME", "/home/ops/.local/share")
            ),
            Code::AuditPathVariableUnset
        );
        let relative = World::new()
            .manifest("g", "audit_log = \"$LOGS/a\"")
            .var("LOGS", "rel");
        assert_eq!(code(&relative), Code::AuditPathRelative);
    }

    #[test]
    fn a_file_of_the_group_cannot_be_its_log() {
        for file in ["_manifest.toml", "hello"] {
            let path = format!("/home/ops/.local/share/qli/extensions/g/{file}");
            let log = path.replace("/home/ops", "$HOME");
            let world = World::new().manifest("g", &format!("audit_log = \"{log}\""));
            let world = world.alter(&path, |stat| stat.mode = 0o700);
            let before = world.text(&path);
            let (world, result) = enforce_only(world, Step::AuditStart);
            let reason = result.unwrap_err().reason();
            assert_eq!(
                reason,
                format!("{path} is a file of the group, not its log")
            );
            assert_eq!(world.text(&path), before);
        }
    }

    #[test]
    fn what_is_wrong_with_an_anchor_is_reported_at_the_anchor() {
        let anchor = "audit_log = \"/home/ops/a.log\"\n[audit]\nanchor = \"file:/dev/other\"";
        let special = crate::host::FileKind::Special;
        let world = World::new()
            .manifest("g", anchor)
            .node("/dev/other", special, 0o666, "");
        let plan = plan(&world).unwrap();
        let verdict = plan.guards.audit_start.as_ref().unwrap().preview(&world);
        let refusal = verdict.refusal().unwrap();
        let reason = refusal.reason();
        assert!(
            reason.starts_with("the anchor /dev/other must be"),
            "{reason}"
        );
        let at = plan.required_at(refusal).unwrap();
        assert_eq!((at.line, at.column), (5, 1));
    }

    #[test]
    fn a_log_that_cannot_be_written_refuses() {
        for (op, errno) in [
            (Op::OpenLog, Errno::ELOOP),
            (Op::Append, Errno::ENOSPC),
            (Op::Sync, Errno::EIO),
        ] {
            let (_, result) = enforce_only(world().fails(op, 1, errno), Step::AuditStart);
            let refusal = result.unwrap_err();
            assert_eq!(refusal.name(), "audit-unwritable", "{op:?}");
        }
    }

    #[test]
    fn after_a_failed_sync_the_end_is_attempted() {
        let (world, _) = enforce_only(world().fails(Op::Sync, 1, Errno::EIO), Step::AuditStart);
        let log = world.text("/home/ops/.local/state/qli/g.log").unwrap();
        let events: Vec<_> = log
            .lines()
            .map(|line| line.split('"').nth(3).unwrap())
            .collect();
        assert_eq!(events, ["start", "interrupted"]);
        assert!(
            log.contains("\"spawned\":false,\"reason\":\"sync\""),
            "{log}"
        );
    }
}
