//! Step 5: the start is on disk before anything runs.

use std::path::PathBuf;

use serde::Serialize;

use super::{Enforce, Launch, Plan, Refusal, Step, Verdict};
use crate::audit::{
    Claimed, LogObstacle, Login, Opening, ProgramFacts, StartRecord, Trail, Unopened, exposed,
    obstacle, recorded_args,
};
use crate::diagnostics::{Code, Diagnostic, Source};
use crate::host::{FileId, Host, HostView, lookup};
use crate::manifest::Located;
use crate::names::{PathTemplate, Text, path_as_text};
use crate::providers::Redactor;

/// Appends the start record, durable before the script starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditStart {
    /// The log.
    #[serde(serialize_with = "path_as_text")]
    pub log: PathBuf,
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
        log: Option<&Located<PathTemplate>>,
        own: Vec<FileId>,
        source: &std::sync::Arc<Source>,
        view: &dyn HostView,
    ) -> Result<Option<Self>, Diagnostic> {
        let Some(Located { value, span }) = log else {
            return Ok(None);
        };
        let at = |code, message| Diagnostic::at(code, source, span.clone(), message);
        let log = value.expand(|name| lookup(name, view)).map_err(|unset| {
            let message = format!("`audit_log` needs `{}`, which is not set", unset.0);
            let help = match unset.0.as_str() {
                "HOME" => "set `HOME`, or the XDG variable that the path begins with".to_owned(),
                other => format!("set `{other}`, or name the path without it"),
            };
            at(Code::AuditPathVariableUnset, message).help(help)
        })?;
        if log.is_relative() {
            let message = "`audit_log` must be absolute once its variables are filled in";
            return Err(at(Code::AuditPathRelative, message.to_owned())
                .help("set its first variable to an absolute path"));
        }
        Ok(Some(Self { log, own }))
    }

    /// What the trail does not look at when it opens the log; together with its
    /// [`obstacle`] this is the one predicate.
    fn misplaced(&self, view: &dyn HostView) -> Option<LogObstacle> {
        let found = view.lstat(&self.log);
        if found.is_ok_and(|stat| self.own.contains(&stat.id)) {
            return Some(LogObstacle::OfGroup(self.log.clone()));
        }
        exposed(&self.log, view)
    }
}

fn start_record(launch: &Launch<'_>, host: &dyn Host) -> StartRecord {
    let plan = launch.plan();
    let process = host.process();
    let redactor = Redactor::of(launch.secrets());
    let text = |path: PathBuf| Text::from(path);
    StartRecord {
        args: recorded_args(&plan.args, &redactor),
        env_var_names: plan.secret_names().map(ToString::to_string).collect(),
        guards: launch.passed().to_vec(),
        plan: plan.digest,
        program: program_facts(plan),
        manifest: plan.manifest.clone(),
        origin: plan.home.root.path.as_os_str().into(),
        hides: plan.home.hides.clone().map(text),
        cwd: process.cwd.map(|cwd| redactor.text(cwd.as_os_str())),
        tty: process.tty.map(text),
        pid: process.pid,
        process_start: process.start,
        boot_id: process.boot_id,
        ppid: process.ppid,
        parent_exe: process.parent_exe.map(text),
        login_uid: Login(process.login_uid),
        claimed: Claimed::of(host, |value| redactor.text(&value)),
    }
}

fn program_facts(plan: &Plan) -> ProgramFacts {
    let program = &plan.spawn.program;
    ProgramFacts {
        path: program.path.as_os_str().into(),
        inode: program.id.map(|id| id.inode),
        sha256: program.sha256,
    }
}

impl Enforce for AuditStart {
    fn preview(&self, view: &dyn HostView) -> Verdict {
        match self.misplaced(view).or_else(|| obstacle(&self.log, view)) {
            Some(obstacle) => Verdict::Refuse(Refusal::LogObstacle(obstacle)),
            None => Verdict::Act,
        }
    }

    fn enforce(&self, launch: &mut Launch<'_>, host: &mut dyn Host) -> Result<(), Refusal> {
        if let Some(obstacle) = self.misplaced(host) {
            return Err(Refusal::LogObstacle(obstacle));
        }
        let start = start_record(launch, host);
        let opening = Opening {
            log: self.log.clone(),
            run_id: launch.run_id().clone(),
            group: launch.plan().group.clone(),
            extension: launch.plan().extension.clone(),
        };
        match Trail::open(opening, start, host) {
            Ok(trail) => launch.set_trail(trail),
            Err(Unopened { error, unrecorded }) => {
                launch.set_unrecorded(unrecorded);
                return Err(Refusal::of_append(error, &self.log));
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
