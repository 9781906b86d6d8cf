//! Step 5: the start is on disk before anything runs.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use super::{Enforce, Launch, Refusal, Step, Verdict, record};
use crate::audit::{
    AnchorSink, Fallback, Log, LogObstacle, OpenRecord, StartRecord, Unopened, Unrecorded, exposed,
    obstacle, recorded_names, refuse,
};
use crate::diagnostics::{Code, Diagnostic, Source};
use crate::discovery::Group;
use crate::host::{FileId, Host, HostView, lookup};
use crate::manifest::{AnchorTarget, ArgsMode, AuditLog};
use crate::names::PathTemplate;

/// Appends the start record, durable before the script starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditStart {
    /// The log.
    #[serde(flatten)]
    pub log: Log,
    /// Whether a refusal before this step is recorded too.
    pub refusals: bool,
    /// How arguments are recorded.
    pub args: ArgsMode,
    /// The group's own files, which are no log.
    #[serde(skip)]
    pub own: Vec<FileId>,
}

impl AuditStart {
    /// Plans the guard, if there is a log, and expands the log's path.
    ///
    /// # Errors
    ///
    /// A variable of the path has no value (QLI0502), or what comes out is not
    /// absolute (QLI0503).
    pub(super) fn plan(
        log: Option<&AuditLog>,
        own: Vec<FileId>,
        source: &Arc<Source>,
        view: &dyn HostView,
    ) -> Result<Option<Self>, Diagnostic> {
        let Some(AuditLog {
            path,
            span,
            settings,
        }) = log
        else {
            return Ok(None);
        };
        let anchor = settings.anchor.as_ref();
        let anchor = anchor.map(|one| match &one.value {
            AnchorTarget::Syslog => Ok(AnchorSink::Syslog),
            AnchorTarget::File(path) => {
                expand("anchor", path, &one.span, source, view).map(AnchorSink::File)
            }
        });
        Ok(Some(Self {
            log: Log {
                path: expand("audit_log", path, span, source, view)?,
                sync: settings.sync,
                access: settings.access,
                anchor: anchor.transpose()?,
            },
            refusals: settings.refusals,
            args: settings.args,
            own,
        }))
    }

    /// Plans the guard of a group, whichever of its scripts runs.
    ///
    /// # Errors
    ///
    /// As for a run: a path that cannot be filled in.
    pub fn of_group(group: &Group, view: &dyn HostView) -> Result<Option<Self>, Diagnostic> {
        let own = group.home.manifest_id.into_iter().collect();
        let manifest = &group.manifest;
        Self::plan(manifest.audit_log.as_ref(), own, &manifest.source, view)
    }

    /// Says why a start cannot be recorded now, as far as looking tells.
    pub fn obstacle(&self, view: &dyn HostView) -> Option<LogObstacle> {
        self.misplaced(view).or_else(|| obstacle(&self.log, view))
    }

    /// What the trail does not look at when it opens the log; together with its
    /// [`obstacle`] this is the one predicate.
    fn misplaced(&self, view: &dyn HostView) -> Option<LogObstacle> {
        let anchor = match &self.log.anchor {
            Some(AnchorSink::File(path)) => Some(path),
            Some(AnchorSink::Syslog) | None => None,
        };
        let mut paths = std::iter::once(&self.log.path).chain(anchor);
        let found = paths.find_map(|path| {
            let found = view.lstat(path);
            if found.is_ok_and(|stat| self.own.contains(&stat.id)) {
                return Some(LogObstacle::OfGroup(path.clone()));
            }
            exposed(path, view)
        });
        let anchor = self.log.anchor.as_ref();
        found.or_else(|| anchor?.obstacle(view))
    }
}

impl AuditStart {
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
            let reason = obstacle.reason();
            let left = Fallback::Dropped;
            return Some(Unrecorded { reason, left });
        }
        let body = record::refused(launch, refusal, self.args, host);
        refuse(&record::opening(launch, &self.log), body, host)
    }
}

/// Fills in the variables of the path that a field names.
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
            other => format!("set `{other}`, or name the path without it"),
        };
        at(Code::AuditPathVariableUnset, message).help(help)
    })?;
    if path.is_relative() {
        let message = format!("`{field}` must be absolute once its variables are filled in");
        return Err(
            at(Code::AuditPathRelative, message).help("set its first variable to an absolute path")
        );
    }
    Ok(path)
}

impl Enforce for AuditStart {
    fn preview(&self, view: &dyn HostView) -> Verdict {
        match self.obstacle(view) {
            Some(obstacle) => Verdict::Refuse(Refusal::LogObstacle(obstacle)),
            None => Verdict::Act,
        }
    }

    fn enforce(&self, launch: &mut Launch<'_>, host: &mut dyn Host) -> Result<(), Refusal> {
        if let Some(obstacle) = self.misplaced(host) {
            return Err(Refusal::LogObstacle(obstacle));
        }
        let plan = launch.plan();
        let (env_var_names, env_vars_left_out) = recorded_names(plan.secret_names());
        let start = StartRecord {
            env_var_names,
            env_vars_left_out,
            run: record::run_facts(launch, &plan.args, self.args, host),
        };
        match OpenRecord::open(record::opening(launch, &self.log), start, host) {
            Ok(trail) => launch.set_trail(trail),
            Err(Unopened { error, unrecorded }) => {
                launch.set_unrecorded(unrecorded);
                return Err(Refusal::of_append(error, &self.log.path));
            }
        }
        launch.pass(Step::AuditStart, None);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use nix::errno::Errno;

    use super::super::plan::tests::{enforce_only, plan};
    use super::*;
    use crate::host::fake::{Op, World};

    fn world() -> World {
        World::new().manifest("g", "audit_log = \"$XDG_STATE_HOME/qli/g.log\"")
    }

    fn code(world: &World) -> Code {
        plan(world).unwrap_err().iter().next().unwrap().code
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
    fn a_file_of_the_group_is_no_log() {
        for file in ["_manifest.toml", "hello"] {
            let path = format!("/home/ops/.local/share/qli/extensions/g/{file}");
            let log = path.replace("/home/ops", "$HOME");
            let world = World::new().manifest("g", &format!("audit_log = \"{log}\""));
            let world = world.alter(&path, |stat| stat.mode = 0o700);
            let before = world.text(&path);
            let (world, result) = enforce_only(world, Step::AuditStart);
            let refusal = Refusal::LogObstacle(LogObstacle::OfGroup(path.clone().into()));
            assert_eq!(result, Err(refusal));
            assert_eq!(world.text(&path), before);
        }
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
